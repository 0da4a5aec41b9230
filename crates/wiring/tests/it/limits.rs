//! Who asks too often is told when to come back, and providers never are.

use reqwest::Method;

use crate::{
    answer::answer,
    bench::{Bench, Wanted},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_person_who_asks_too_often_is_told_when_to_come_back_and_others_are_not() {
    let settings = [("ENABLE_RATE_LIMITING", "true"), ("RATE_LIMIT_USER", "3/hour")];
    let settings = settings.map(|(name, value)| (name, value.to_owned())).into();
    let bench = Bench::new(testkit::sqlite().await, Wanted { settings, ..Wanted::default() }).await;
    for _ in 0..3 {
        bench.get("/api/v1/leads").await.is(200);
    }
    let refused = bench.get("/api/v1/leads").await;
    refused.is_error(429, "RATE_LIMIT_EXCEEDED");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=3600).contains(&wait), "{wait}");
    let other = format!("dev:manager:somebody-else:{}", bench.tenants[0].company_id);
    bench.get_as(&other, "/api/v1/leads").await.is(200);
    // probes and providers are never counted
    for _ in 0..10 {
        bench.get("/health/live").await.is(200);
        let unsigned = bench.request(Method::POST, "/callrail/call.incoming").body("{}");
        assert_ne!(answer(unsigned).await.status, 429);
    }
}
