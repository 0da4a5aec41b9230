//! Stand-ins that were killed go on where they were.

use std::path::Path;

use simulators::{CallOrder, SimulatorSettings};

use crate::support::{CallrailClient, Otto, ShunyaClient, settings, start_with, tenant, within};

const BOOKED: &str = "roofing-storm-leak-booked";

fn kept_in(folder: &Path) -> SimulatorSettings {
    SimulatorSettings { state_dir: Some(folder.to_owned()), ..settings() }
}

#[tokio::test]
async fn results_and_untold_webhooks_survive() {
    let folder = tempfile::tempdir().unwrap();
    let mut otto = Otto::start();
    let url = otto.put_talk(BOOKED);
    // Otto's address is not set: nothing can be told
    let simulators = simulators::start(kept_in(folder.path())).unwrap();
    let shunya = ShunyaClient::of(&simulators);
    let submitted = shunya.submit(7, &url, "k").await;
    within(simulators.wait_for(|stats| stats.shunya.completed == 1)).await;
    let complete = shunya.get("/api/v1/analysis/complete/7").await;
    drop(simulators);

    let simulators = start_with(&otto, kept_in(folder.path()));
    let shunya = ShunyaClient::of(&simulators);
    let mut events: Vec<_> = otto.next_many(2).await.iter().map(crate::support::Received::event).collect();
    events.sort();
    assert_eq!(events, ["call.analysis.complete", "call.transcription.complete"]);
    assert_eq!(shunya.get("/api/v1/analysis/complete/7").await.body, complete.body);
    assert_eq!(shunya.submit(7, &url, "k").await.body, submitted.body, "the key is remembered");
    within(simulators.wait_for(|stats| stats.shunya.webhooks_delivered == 2)).await;
    simulators.stop().await;

    let simulators = start_with(&otto, kept_in(folder.path()));
    assert_eq!(simulators.stats().shunya.completed, 1);
    let other = ShunyaClient::of(&simulators).submit(8, &url, "l").await;
    assert_eq!(other.status, 200);
    otto.next_many(2).await.iter().for_each(|told| assert_eq!(told.json()["call_id"], 8, "7 was told"));
}

#[tokio::test]
async fn a_job_that_was_being_worked_on_is_taken_up_again() {
    let folder = tempfile::tempdir().unwrap();
    let mut otto = Otto::start();
    otto.hold_audio();
    let simulators = start_with(&otto, kept_in(folder.path()));
    let submitted = ShunyaClient::of(&simulators).submit(7, &otto.put_talk(BOOKED), "k").await;
    drop(simulators);
    otto.release_audio();
    let simulators = start_with(&otto, kept_in(folder.path()));
    within(simulators.wait_for(|stats| stats.shunya.completed == 1)).await;
    let told = otto.next_many(2).await;
    let ids =
        [submitted.body["task_id"].as_str().unwrap(), "call_7_org_1_analysis", "call_7_org_1_transcription"];
    assert!(told.iter().all(|told| ids.contains(&told.headers["x-shunya-task-id"].as_str())));
}

#[tokio::test]
async fn calls_whose_webhooks_were_lost_with_the_process_are_listed() {
    let folder = tempfile::tempdir().unwrap();
    let mut otto = Otto::start();
    let simulators = start_with(&otto, kept_in(folder.path()));
    otto.hold();
    let order =
        CallOrder { tenant: tenant(), conversation: BOOKED.to_owned(), index: 4, customer_phone: None };
    let sender = simulators.sender();
    let making = tokio::spawn(async move { sender.send(&order).await });
    // killed while it rings
    assert_eq!(otto.next().await.kind(), "call.incoming");
    making.abort();
    drop(simulators);
    otto.release();

    let simulators = start_with(&otto, kept_in(folder.path()));
    let callrail = CallrailClient::of(&simulators);
    let calls = callrail.get("/calls.json?fields=recording").await.body;
    let id = calls["calls"][0]["id"].as_str().unwrap();
    assert_eq!(calls["total_records"], 1);
    assert!(calls["calls"][0]["recording"].is_string());
    assert_eq!(callrail.get(&format!("/calls/{id}/recording.json")).await.status, 200);
    assert_eq!(simulators.sender().next_index(), 5);
    assert!(simulators.register_recording("766970532", BOOKED));
    drop(simulators);
    let simulators = start_with(&otto, kept_in(folder.path()));
    let callrail = CallrailClient::of(&simulators);
    assert_eq!(callrail.get("/calls/766970532/recording.json").await.status, 200);
    assert_eq!(simulators.traffic(vec![tenant()]).order(5).unwrap().index, 5);
}
