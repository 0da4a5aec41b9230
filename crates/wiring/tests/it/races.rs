//! Things that come at the same time, too early, too late, twice, or not at all.

use serde_json::{Value, json};
use simulators::{Faults, SimulatorSettings, StandIn};
use testkit::Database;
use tokio::task::JoinSet;

use crate::house::House;

const BOOKED: &str = "roofing-storm-leak-booked";

async fn house(database: Database, of_shunya: Faults) -> House {
    let house =
        House::open(database, SimulatorSettings { quirks: 0.0, ..SimulatorSettings::default() }).await;
    house.simulators.set_faults_of(StandIn::Shunya, of_shunya);
    house
}

/// One outcome of each call, whatever came how often.
async fn assert_single_outcomes(house: &House, calls: usize) {
    let calls = i64::try_from(calls).expect("a few calls");
    assert_eq!(house.database.rows("call_analyses").await, calls);
    assert_eq!(house.database.rows("call_transcripts").await, calls);
    assert_eq!(house.database.rows("shunya_jobs").await, calls);
    house.assert_once("tasks", "call_id, lower(description)").await;
    house.assert_once("key_signals", "call_id, signal_type, title").await;
    house.assert_once("appointments", "call_id").await;
    house.assert_once("leads", "contact_card_id").await;
    house.assert_once("events WHERE event <> 'task.created'", "event, call_id").await;
    let open = "SELECT count(*) FROM webhook_inbox WHERE state IN ('received', 'waiting')";
    house.until(open, 0).await;
    let dead = "SELECT count(*) FROM jobs WHERE state = 'dead'";
    assert_eq!(house.database.number(dead).await, 0);
}

async fn make(house: &House, calls: u64) -> usize {
    for index in 0..calls {
        house.call(BOOKED, index).await;
    }
    usize::try_from(calls).expect("a few calls")
}

/// Shunya's word that an analysis is there, in either of its shapes, without the analysis itself.
fn announcement(call: i64, company: &str, shape: u8) -> Value {
    match shape {
        0 => json!({
            "event_type": "call.analysis.complete", "task_id": format!("call_{call}_{company}_analysis"),
            "call_id": call, "company_id": company, "status": "completed", "data": null,
        }),
        _ => json!({
            "shunya_job_id": format!("nobody-knows-{call}"), "event_type": "call.analysis.complete", "call_id": call,
            "company_id": company, "status": "completed", "result": null,
        }),
    }
}

async fn call_ids(house: &House) -> Vec<i64> {
    let ids = house.database.texts("SELECT CAST(id AS TEXT) FROM calls ORDER BY id").await;
    ids.iter().map(|id| id.parse().expect("a number")).collect()
}

async fn webhook_and_poll_together(database: Database) {
    let house = house(database, Faults { unsent_webhook: 1.0, ..Faults::NONE }).await;
    let calls = make(&house, 8).await;
    // every look is still to come, and every answer is there
    house.until("SELECT count(*) FROM jobs WHERE kind = 'shunya.poll' AND state = 'ready'", 8).await;
    house.simulators.wait_for(|stats| stats.shunya.completed == 8).await;
    let house = std::sync::Arc::new(house);
    let mut posts = JoinSet::new();
    for call in call_ids(&house).await {
        for shape in [0, 1, 0] {
            let house = house.clone();
            posts.spawn(
                async move { house.shunya(&announcement(call, &house.tenant.company_id, shape)).await },
            );
        }
    }
    house.look_now().await;
    while let Some(status) = posts.join_next().await {
        assert!(status.expect("it is sent").is_success());
    }
    house.analysed(calls).await;
    assert_single_outcomes(&house, calls).await;
    std::sync::Arc::into_inner(house).expect("nobody else is in").close().await;
}

async fn result_before_the_submission_is_committed(database: Database) {
    let house = house(database, Faults { early_webhook: 1.0, ..Faults::NONE }).await;
    let calls = make(&house, 6).await;
    house.analysed(calls).await;
    assert_single_outcomes(&house, calls).await;
    let by_webhook = "SELECT count(*) FROM shunya_jobs WHERE result_via = 'webhook'";
    assert!(house.database.number(by_webhook).await > 0);
    house.close().await;
}

async fn every_webhook_twice_at_once(database: Database) {
    let house = house(database, Faults { duplicate_webhook: 1.0, ..Faults::NONE }).await;
    let body = json!({
        "resource_id": "CAL019a4be69ef4764db2d8ac1d6b21ee00", "id": 48213, "answered": true, "call_type": "answered",
        "company_resource_id": house.tenant.callrail_company_resource_id, "direction": "inbound", "duration": "61",
        "customer_phone_number": "+12145550123", "tracking_phone_number": house.tenant.tracking_numbers[0],
        "start_time": "2026-11-22T10:00:00.000-07:00", "recording": "https://app.callrail.com/x", "recording_duration": 60,
    });
    assert!(house.simulators.register_recording("CAL019a4be69ef4764db2d8ac1d6b21ee00", BOOKED));
    let house = std::sync::Arc::new(house);
    let mut posts = JoinSet::new();
    for _ in 0..12 {
        let (house, body) = (house.clone(), body.to_string().into_bytes());
        posts.spawn(async move { house.callrail("call.completed", &body).await });
    }
    while let Some(status) = posts.join_next().await {
        assert_eq!(status.expect("it is sent"), 200);
    }
    house.analysed(1).await;
    assert_single_outcomes(&house, 1).await;
    let duplicates = "SELECT CAST(sum(duplicates) AS BIGINT) FROM webhook_inbox WHERE provider = 'callrail'";
    assert_eq!(house.database.number(duplicates).await, 11);
    assert_eq!(house.database.number("SELECT count(*) FROM jobs WHERE kind = 'recording.fetch'").await, 1);
    std::sync::Arc::into_inner(house).expect("nobody else is in").close().await;
}

async fn results_after_failures(database: Database) {
    let house = house(database, Faults { analysis_failure: 1.0, ..Faults::NONE }).await;
    let calls = make(&house, 4).await;
    house.analysed(calls).await;
    assert_single_outcomes(&house, calls).await;
    assert!(house.database.number("SELECT CAST(max(submissions) AS BIGINT) FROM shunya_jobs").await > 1);
    // and a failure told after the result takes nothing back
    for call in call_ids(&house).await {
        let mut failed = announcement(call, &house.tenant.company_id, 0);
        failed["event_type"] = json!("call.analysis.failed");
        failed["status"] = json!("failed");
        failed["error"] = json!({ "error_code": "ANALYSIS_FAILED", "message": "late news" });
        assert!(house.shunya(&failed).await.is_success());
    }
    assert_single_outcomes(&house, calls).await;
    house.analysed(calls).await;
    house.close().await;
}

async fn two_generations_of_one_result(database: Database) {
    let house = house(database, Faults { unsent_webhook: 1.0, ..Faults::NONE }).await;
    let calls = make(&house, 6).await;
    house.until("SELECT count(*) FROM jobs WHERE kind = 'shunya.poll' AND state = 'ready'", 6).await;
    let house = std::sync::Arc::new(house);
    let mut posts = JoinSet::new();
    for call in call_ids(&house).await {
        for newer in [true, false] {
            let house = house.clone();
            posts.spawn(async move {
                let mut told = announcement(call, &house.tenant.company_id, 0);
                told["data"] = if newer { newest(call) } else { oldest(call, &house.tenant.company_id) };
                house.shunya(&told).await
            });
        }
    }
    while let Some(status) = posts.join_next().await {
        assert!(status.expect("it is sent").is_success());
    }
    house.analysed(calls).await;
    assert_single_outcomes(&house, calls).await;
    // one or the other as a whole, never some of each
    let told = "SELECT coalesce(a.booking_status, '') || ' ' || coalesce(c.booking_status, '') || ' ' || a.summary || ' ' || \
                (SELECT count(*) FROM tasks t WHERE t.call_id = c.id AND t.description = a.summary) \
                FROM calls c JOIN call_analyses a ON a.call_id = c.id";
    for told in house.database.texts(told).await {
        assert!(
            ["booked booked newest 1", "not_booked not_booked oldest 1"].contains(&told.as_str()),
            "{told}"
        );
    }
    std::sync::Arc::into_inner(house).expect("nobody else is in").close().await;
}

fn newest(call: i64) -> Value {
    json!({
        "call_id": call, "status": "completed",
        "summary": { "summary": "newest", "pending_actions": [{ "type": "call_back", "raw_text": "newest" }] },
        "qualification": { "qualification_status": "hot", "booking_status": "booked" },
        "transcript": { "transcript_text": "Hello.", "segments": [] },
    })
}

fn oldest(call: i64, company: &str) -> Value {
    json!({
        "success": true, "call_id": call, "company_id": company,
        "analyses": {
            "summary": { "summary": "oldest", "pending_actions": [{ "type": "call_back", "raw_text": "oldest" }] },
            "qualification": { "qualification_status": "warm" },
            "compliance": { "layer_2": { "booking_status": "not_booked" } },
        },
        "transcript": { "transcript_text": "Hello.", "segments": [] },
    })
}

async fn shunya_never_calls_back(database: Database) {
    let house = house(database, Faults { unsent_webhook: 1.0, ..Faults::NONE }).await;
    let calls = make(&house, 3).await;
    house.analysed(calls).await;
    assert_single_outcomes(&house, calls).await;
    let by_poll = "SELECT count(*) FROM shunya_jobs WHERE result_via = 'poll'";
    assert_eq!(house.database.number(by_poll).await, 3);
    assert_eq!(
        house.database.number("SELECT count(*) FROM webhook_inbox WHERE provider = 'shunya'").await,
        0
    );
    house.close().await;
}

on_both! {
    webhook_and_poll_together
    result_before_the_submission_is_committed
    every_webhook_twice_at_once
    results_after_failures
    two_generations_of_one_result
    shunya_never_calls_back
}
