//! What is to be seen of Otto from outside: one trace over everything a call sets off, and every metric. In a program of its
//! own, because traces and metrics are set up once for a whole process.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests fail by panicking, and their words are plain"
)]

mod collector;
#[path = "../it/house.rs"]
#[expect(dead_code, reason = "the other tests use the rest of it")]
mod house;
mod scrape;
mod traces;

use telemetry::{LogFormat, Observing, OtlpSettings, TelemetrySettings};
use url::Url;

/// Otto observed, with its traces sent to a collector.
fn observe(collector: &str) -> Observing {
    telemetry::start(&TelemetrySettings {
        log_level: "error".to_owned(),
        log_format: LogFormat::Json,
        service: "otto-test".to_owned(),
        version: "1.2.3",
        environment: "development",
        otlp: Some(OtlpSettings {
            endpoint: Url::parse(collector).expect("an address"),
            headers: vec![("x-team".to_owned(), kernel::Secret::new("otto".to_owned()))],
        }),
        sentry: None,
        show_personal_data: false,
    })
    .expect("it can be observed")
}

/// One after the other: what is measured and traced is the whole process'.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn otto_is_seen() {
    let collector = collector::Collector::start().await;
    let observing = observe(&collector.url);
    traces::one_trace_holds_a_call_from_its_webhook_to_its_result(&collector).await;
    traces::an_answer_that_comes_before_its_question_is_confirmed_is_in_the_trace(&collector).await;
    traces::a_caller_names_a_trace_and_nothing_else(&collector).await;
    traces::a_collector_that_is_away_costs_spans_and_nothing_else(&collector).await;
    scrape::every_metric_is_there_and_no_other(&observing).await;
    collector.set(collector::Mood::Hanging);
    let began = std::time::Instant::now();
    observing.stop().await;
    // a fact about limits, not speed: it gives up by itself, long before anybody would kill it
    assert!(
        began.elapsed() < std::time::Duration::from_secs(20),
        "the end waited for a collector that hangs"
    );
}
