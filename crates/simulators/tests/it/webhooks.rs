//! How the vendor's webhooks are sent, and what can go wrong with them.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};
use simulators::{Faults, SimulatorSettings, Simulators, shunya_signature};

use crate::support::{Otto, ShunyaClient, settings, start_with, within};

const BOOKED: &str = "roofing-storm-leak-booked";

fn start(otto: &Otto, faults: Faults) -> (Simulators, ShunyaClient) {
    let simulators = start_with(otto, SimulatorSettings { faults, ..settings() });
    let client = ShunyaClient::of(&simulators);
    (simulators, client)
}

#[tokio::test]
async fn a_refused_webhook_comes_again_unchanged_but_for_its_signature() {
    let mut otto = Otto::start();
    let (simulators, shunya) = start(&otto, Faults::NONE);
    let seen = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&seen);
    otto.answer(move |received| {
        let is_analysis = received.event() == "call.analysis.complete";
        if is_analysis && count.fetch_add(1, Ordering::SeqCst) < 3 { 503 } else { 200 }
    });
    shunya.submit(7, &otto.put_talk(BOOKED), "k").await;
    within(simulators.wait_for(|stats| stats.shunya.webhooks_delivered == 2)).await;
    let all = otto.next_many(5).await;
    let analyses: Vec<_> = all.iter().filter(|told| told.event() == "call.analysis.complete").collect();
    assert_eq!(analyses.len(), 4);
    assert!(analyses.iter().all(|told| told.body == analyses[0].body));
    let secret = simulators.secrets().shunya_hmac_secret.expose();
    for told in analyses {
        let at = told.headers["x-shunya-timestamp"].parse().unwrap();
        assert_eq!(told.headers["x-shunya-signature"], shunya_signature(secret, at, &told.body));
    }
    assert_eq!(simulators.stats().shunya.webhooks_sent, 5);
}

#[tokio::test]
async fn webhooks_nobody_takes_are_given_up_and_the_result_is_there() {
    let otto = Otto::start();
    otto.answer(|_| 500);
    // half an hour of waiting in a fiftieth of a second
    let simulators = start_with(&otto, SimulatorSettings { time_scale: 0.000_01, ..settings() });
    let shunya = ShunyaClient::of(&simulators);
    shunya.submit(7, &otto.put_talk(BOOKED), "k").await;
    within(simulators.wait_for(|stats| stats.shunya.webhooks_abandoned == 2)).await;
    assert_eq!(simulators.stats().shunya.webhooks_sent, 28, "14 attempts each");
    assert_eq!(shunya.get("/api/v1/analysis/complete/7").await.status, 200);
}

#[tokio::test]
async fn webhooks_wait_until_it_is_known_where_to() {
    let mut otto = Otto::start();
    let simulators = simulators::start(settings()).unwrap();
    let shunya = ShunyaClient::of(&simulators);
    shunya.submit(7, &otto.put_talk(BOOKED), "k").await;
    within(simulators.wait_for(|stats| stats.shunya.completed == 1)).await;
    assert_eq!(simulators.stats().shunya.webhooks_sent, 0);
    simulators.set_otto_url(&otto.url);
    otto.next_many(2).await;
}

#[tokio::test]
async fn the_analysis_may_overtake_the_transcript() {
    let mut otto = Otto::start();
    let (_simulators, shunya) = start(&otto, Faults { reordered_webhooks: 1.0, ..Faults::NONE });
    for call in 1..4 {
        shunya.submit(call, &otto.put_talk(BOOKED), "k").await;
        assert_eq!(otto.next().await.event(), "call.analysis.complete");
        assert_eq!(otto.next().await.event(), "call.transcription.complete");
    }
}

#[tokio::test]
async fn the_webhook_may_overtake_the_answer_to_the_submission() {
    let mut otto = Otto::start();
    let (_simulators, shunya) = start(&otto, Faults { early_webhook: 1.0, ..Faults::NONE });
    otto.hold();
    let submitted = tokio::spawn(shunya.submission(7, &otto.put_talk(BOOKED), "k").send());
    let events: Vec<_> = otto.next_many(2).await.iter().map(crate::support::Received::event).collect();
    assert!(events.contains(&"call.analysis.complete".to_owned()), "{events:?}");
    assert!(!submitted.is_finished());
    otto.release();
    let answer = within(submitted).await.unwrap().unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn webhooks_come_twice_and_torn() {
    let mut otto = Otto::start();
    let faults = Faults { duplicate_webhook: 1.0, malformed_webhook: 1.0, ..Faults::NONE };
    let (simulators, shunya) = start(&otto, faults);
    shunya.submit(7, &otto.put_talk(BOOKED), "k").await;
    let all = otto.next_many(6).await;
    let secret = simulators.secrets().shunya_hmac_secret.expose();
    for told in &all {
        let at = told.headers["x-shunya-timestamp"].parse().unwrap();
        assert_eq!(told.headers["x-shunya-signature"], shunya_signature(secret, at, &told.body));
    }
    let (good, torn): (Vec<_>, Vec<_>) =
        all.iter().partition(|told| serde_json::from_slice::<Value>(&told.body).is_ok());
    assert_eq!((good.len(), torn.len()), (4, 2));
    for event in ["call.transcription.complete", "call.analysis.complete"] {
        let twice: Vec<_> = good.iter().filter(|told| told.event() == event).collect();
        assert!(twice.len() == 2 && twice[0].body == twice[1].body, "{event}");
        assert!(torn.iter().any(|torn| twice[0].body.starts_with(&torn.body)), "{event}");
    }
}

#[tokio::test]
async fn webhooks_may_never_come() {
    let mut otto = Otto::start();
    let (simulators, shunya) = start(&otto, Faults { unsent_webhook: 1.0, ..Faults::NONE });
    shunya.submit(7, &otto.put_talk(BOOKED), "k").await;
    within(simulators.wait_for(|stats| stats.shunya.webhooks_unsent == 2)).await;
    assert_eq!(shunya.get("/api/v1/analysis/status/7").await.body["status"], "completed");
    assert_eq!(shunya.get("/api/v1/analysis/complete/7").await.status, 200);
    assert!(otto.rest().is_empty());
}

#[tokio::test]
async fn the_vendor_may_fail_before_it_succeeds() {
    let mut otto = Otto::start();
    let (_simulators, shunya) = start(&otto, Faults { analysis_failure: 1.0, ..Faults::NONE });
    let url = otto.put_talk(BOOKED);
    let mut failures = 0;
    for call in 1..6 {
        for attempt in 0.. {
            assert!(attempt < 3, "two failures at most");
            shunya.submit(call, &url, &format!("k{attempt}")).await;
            let last = loop {
                let told = otto.next().await;
                if told.event() != "call.transcription.complete" {
                    break told;
                }
            };
            if last.event() == "call.analysis.complete" {
                assert!(attempt > 0, "the first fails");
                break;
            }
            assert_eq!(last.json()["status"], "failed");
            failures += 1;
        }
    }
    assert!((5..=10).contains(&failures), "{failures}");
    let again = shunya.post("/api/v1/analysis/start/1", &json!({})).await;
    assert_eq!(again.body["status"], "completed");
}
