//! [`ShortCache`](app::ports::ShortCache).

#![expect(missing_docs, reason = "the name of a case says what it is about")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use app::ports::{CacheKey, MAX_CACHED_BYTES};
use bytes::Bytes;
use kernel::{JobId, StoreError};
use tokio::sync::Notify;

use super::super::bench::{company, together};
use crate::{Process, Two, eventually};

const LIFE: Duration = Duration::from_mins(1);

fn key(org: &str, detail: &str) -> CacheKey {
    CacheKey { company: company(org), what: "numbers", detail: detail.to_owned() }
}

/// Gets a value that is made of `value` if it has to be; whether it was.
async fn get(process: &Process, key: &CacheKey, life: Duration, value: &str) -> (Bytes, bool) {
    let computed = AtomicUsize::new(0);
    let compute = Box::pin(async {
        computed.fetch_add(1, Ordering::SeqCst);
        Ok(Bytes::copy_from_slice(value.as_bytes()))
    });
    let value = process.shared.cache.get_or_compute(key, life, compute).await.unwrap();
    (value, computed.load(Ordering::SeqCst) > 0)
}

pub async fn of_many_at_once_one_computes(two: &Two) {
    let (computed, begun, key) = (&AtomicUsize::new(0), &AtomicUsize::new(0), &key("org_a", "x"));
    let getting = (0..30).map(|turn| async move {
        begun.fetch_add(1, Ordering::SeqCst);
        let process = if turn % 2 == 0 { &two.here } else { &two.there };
        let compute = Box::pin(async {
            computed.fetch_add(1, Ordering::SeqCst);
            // until all the others have come
            while begun.load(Ordering::SeqCst) < 30 {
                tokio::task::yield_now().await;
            }
            Ok(Bytes::from_static(b"value"))
        });
        process.shared.cache.get_or_compute(key, LIFE, compute).await.unwrap()
    });
    assert!(together(getting).await.iter().all(|value| value == "value"));
    assert_eq!(computed.load(Ordering::SeqCst), 1);
}

pub async fn the_other_process_finds_the_value(two: &Two) {
    let key = key("org_a", "x");
    assert_eq!(get(&two.here, &key, LIFE, "first").await, ("first".into(), true));
    assert_eq!(get(&two.there, &key, LIFE, "second").await, ("first".into(), false));
}

pub async fn a_failure_is_not_kept(two: &Two) {
    let key = key("org_a", "x");
    let failing = Box::pin(async { Err(StoreError::LeaseLost(JobId(uuid::Uuid::nil()))) });
    let failed = two.here.shared.cache.get_or_compute(&key, LIFE, failing).await;
    assert!(matches!(failed, Err(StoreError::LeaseLost(_))), "{failed:?}");
    assert_eq!(get(&two.there, &key, LIFE, "value").await, ("value".into(), true));
}

pub async fn who_dies_while_computing_holds_nobody_up(two: &Two) {
    let (key, begun) = (key("org_a", "x"), Arc::new(Notify::new()));
    let (cache, its_key, its_begun) = (two.here.shared.cache.clone(), key.clone(), begun.clone());
    let dying = tokio::spawn(async move {
        let compute = Box::pin(async move {
            its_begun.notify_one();
            std::future::pending().await
        });
        cache.get_or_compute(&its_key, LIFE, compute).await
    });
    begun.notified().await;
    dying.abort();
    assert_eq!(get(&two.there, &key, LIFE, "value").await, ("value".into(), true));
    assert_eq!(get(&two.here, &key, LIFE, "again").await, ("value".into(), false));
}

pub async fn a_value_runs_out(two: &Two) {
    let key = key("org_a", "x");
    get(&two.here, &key, Duration::from_millis(100), "first").await;
    eventually("it is computed again", async || get(&two.there, &key, LIFE, "second").await.0 == "second")
        .await;
}

pub async fn a_long_value_is_answered_and_not_kept(two: &Two) {
    let key = key("org_a", "x");
    let (long, most) = ("x".repeat(MAX_CACHED_BYTES + 1), "x".repeat(MAX_CACHED_BYTES));
    assert_eq!(get(&two.here, &key, LIFE, &long).await, (long.clone().into(), true));
    assert_eq!(get(&two.there, &key, LIFE, &most).await, (most.clone().into(), true));
    assert_eq!(get(&two.here, &key, LIFE, "").await, (most.into(), false));
}

pub async fn a_value_is_of_one_tenant_and_one_detail(two: &Two) {
    for (key, value) in [(key("org_a", "x"), "1"), (key("org_b", "x"), "2"), (key("org_a", "y"), "3")] {
        assert_eq!(get(&two.here, &key, LIFE, value).await, (Bytes::from_static(value.as_bytes()), true));
    }
}
