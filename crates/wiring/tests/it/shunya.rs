//! Shunya's webhooks: what is believed, what is kept, and what is answered.

use app::ingest::{ReplayError, replay_webhook};
use idempotency::InboxState;
use reqwest::Method;
use serde_json::{Value, json};
use simulators::shunya_signature;
use testkit::Database;
use wiring::set_up_tenant;

use crate::{
    answer::{Answer, answer},
    bench::{Bench, SHUNYA_SECRET, Wanted, as_configured},
    callrail::payload,
};

const PATH: &str = "/api/v1/shunya/webhook";

fn event(company: &str, task: &str) -> Value {
    json!({
        "event_type": "call.analysis.complete", "task_id": task, "shunya_job_id": task, "company_id": company,
        "status": "completed", "result": { "summary": { "summary": "A leak." } },
    })
}

async fn send(bench: &Bench, signature: Option<&str>, timestamp: Option<&str>, body: &str) -> Answer {
    let mut request = bench.request(Method::POST, PATH).header("Content-Type", "application/json");
    for (name, value) in [("X-Shunya-Signature", signature), ("X-Shunya-Timestamp", timestamp)] {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    answer(request.body(body.to_owned())).await
}

#[tokio::test]
async fn what_is_not_proven_is_refused_and_leaves_nothing() {
    let bench = Bench::sqlite().await;
    let body = event(&bench.tenants[0].company_id, "task-1").to_string();
    let now = bench.otto.ports.clock.now().timestamp_millis();
    let sign = |secret: &str, at: i64| shunya_signature(secret, at, body.as_bytes());
    let right = sign(SHUNYA_SECRET, now);
    let tampered = body.replace("A leak.", "A flood.");
    let (at, seconds) = (now.to_string(), (now / 1000).to_string());
    let (late, early) = (now - 301_000, now + 360_000);
    let cases = [
        ("no signature", None, Some(at.clone()), &body),
        ("no timestamp", Some(right.clone()), None, &body),
        ("a wrong secret", Some(sign("another", now)), Some(at.clone()), &body),
        ("another body", Some(right.clone()), Some(at.clone()), &tampered),
        ("another time", Some(right.clone()), Some((now + 1).to_string()), &body),
        ("too late", Some(sign(SHUNYA_SECRET, late)), Some(late.to_string()), &body),
        ("too early", Some(sign(SHUNYA_SECRET, early)), Some(early.to_string()), &body),
        ("seconds", Some(sign(SHUNYA_SECRET, now / 1000)), Some(seconds), &body),
        ("no number", Some(right.clone()), Some("soon".to_owned()), &body),
        ("more than any number", Some(right.clone()), Some("9".repeat(60)), &body),
        ("the other scheme", Some(colon(now, &body)), Some(at.clone()), &body),
    ];
    for (what, signature, timestamp, body) in cases {
        let refused = send(&bench, signature.as_deref(), timestamp.as_deref(), body).await;
        assert_eq!(refused.status, 401, "{what}");
        refused.is_error(401, "UNAUTHORIZED");
    }
    assert_eq!(bench.database.rows("webhook_inbox").await, 0);
    send(&bench, Some(&right), Some(&at), &body).await.is(200);
}

/// The vendor's other scheme, which is not the configured one. `shunya_signature` puts a dot in between.
fn colon(at: i64, body: &str) -> String {
    shunya_signature(SHUNYA_SECRET, at, format!(":{body}").as_bytes())
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_unread() {
    let wanted =
        Wanted { settings: vec![("OTTO_MAX_WEBHOOK_BYTES", "1000".to_owned())], ..Wanted::default() };
    let bench = Bench::new(testkit::sqlite().await, wanted).await;
    let mut body = event(&bench.tenants[0].company_id, "task-1");
    body["result"] = "x".repeat(1000).into();
    bench.shunya(body.to_string()).await.is_error(413, "INVALID_INPUT");
    assert_eq!(bench.database.rows("webhook_inbox").await, 0);
}

#[tokio::test]
async fn what_is_authentic_and_not_understood_is_kept() {
    let bench = Bench::sqlite().await;
    let aside = bench.shunya("{\"task_id\": ").await.is(202);
    assert_eq!(aside.json()["data"], json!({ "status": "quarantined" }));
    bench.shunya("[1]").await.is(202);
    // the contract gives these three statuses of their own
    let company = &bench.tenants[0].company_id;
    bench.shunya(json!({ "company_id": company }).to_string()).await.is_error(400, "MISSING_REQUIRED_FIELD");
    bench.shunya(json!({ "task_id": "t1" }).to_string()).await.is_error(400, "MISSING_REQUIRED_FIELD");
    let stranger = bench.shunya(event("org_nobody", "task-9").to_string()).await.is(202);
    assert_eq!(stranger.json()["data"]["status"], "quarantined");
    assert_eq!(
        bench.inbox().await,
        [
            "quarantined malformed_body 0",
            "quarantined malformed_body 0",
            "quarantined missing_ids 0",
            "quarantined missing_ids 0",
            "quarantined unknown_tenant 0",
        ]
    );
}

#[tokio::test]
async fn an_authentic_body_of_a_type_we_do_not_read_is_kept_and_refused() {
    let bench = Bench::sqlite().await;
    let (body, now) = ("<result/>", bench.otto.ports.clock.now().timestamp_millis());
    let request = bench
        .request(Method::POST, PATH)
        .header("X-Shunya-Signature", shunya_signature(SHUNYA_SECRET, now, body.as_bytes()))
        .header("X-Shunya-Timestamp", now.to_string());
    answer(request.header("Content-Type", "application/xml").body(body)).await.is_error(415, "INVALID_INPUT");
    assert_eq!(bench.inbox().await, ["quarantined unsupported_media_type 0"]);
    // what is JSON all the same is refused as what it is said to be, and taken as what it is
    let body = event(&bench.tenants[0].company_id, "task-1").to_string();
    let signature = shunya_signature(SHUNYA_SECRET, now, body.as_bytes());
    for (media, status) in [("text/plain", 415), ("", 415), ("application/json; charset=utf-8", 200)] {
        let request = bench.request(Method::POST, PATH).header("X-Shunya-Signature", &signature);
        let request = request.header("X-Shunya-Timestamp", now.to_string()).header("Content-Type", media);
        answer(request.body(body.clone())).await.is(status);
    }
    assert_eq!(bench.inbox().await.last().unwrap(), "waiting - 0");
}

#[tokio::test]
async fn a_result_with_numbers_that_are_none_and_half_characters_is_a_result() {
    let bench = Bench::sqlite().await;
    let company = &bench.tenants[0].company_id;
    for (task, odd) in [("t1", "NaN"), ("t2", "-Infinity"), ("t3", "1e999"), ("t4", r#""cut off \ud83d""#)] {
        let body = format!(
            r#"{{"company_id":"{company}","task_id":"{task}","status":"completed","result":{{"summary":{odd}}}}}"#
        );
        assert_eq!(bench.shunya(body).await.data()["status"], "ignored", "{odd}");
    }
    assert_eq!(bench.inbox().await, ["waiting - 0"; 4]);
}

#[tokio::test]
async fn a_result_for_work_nobody_knows_waits_and_counts_once() {
    let bench = Bench::sqlite().await;
    let body = event(&bench.tenants[0].company_id, "task-1").to_string();
    assert_eq!(bench.shunya(body.clone()).await.data()["status"], "ignored");
    assert_eq!(bench.shunya(body).await.data()["status"], "already_processed");
    assert_eq!(bench.inbox().await, ["waiting - 1"]);
}

#[tokio::test]
async fn a_stranger_s_result_can_be_replayed_once_the_company_is_known() {
    let bench = Bench::sqlite().await;
    let stranger = &bench.tenants[2];
    bench.shunya(event(&stranger.company_id, "task-3").to_string()).await.is(202);
    let id = bench.only_webhook().await;
    let refused = replay_webhook(&bench.otto.ports, id).await;
    assert!(matches!(refused, Err(ReplayError::UnknownTenant)), "{refused:?}");
    set_up_tenant(&bench.otto.ports, as_configured(stranger)).await.unwrap();
    replay_webhook(&bench.otto.ports, id).await.unwrap();
    assert_eq!(bench.state_of(id).await, InboxState::Received);
    assert_eq!(bench.database.rows("jobs").await, 1);
}

#[tokio::test]
async fn a_result_of_one_company_s_work_is_not_taken_from_another() {
    let bench = Bench::with_pipeline(testkit::sqlite().await).await;
    bench.make_calls(&["roofing-storm-leak-booked"]).await;
    let task = bench.database.texts("SELECT vendor_task_id FROM shunya_jobs").await.remove(0);
    let secret = bench.simulators.as_ref().unwrap().secrets().shunya_hmac_secret.expose().clone();
    let send = |company: &str| {
        let body = event(company, &task).to_string();
        let now = bench.otto.ports.clock.now().timestamp_millis();
        let request = bench
            .request(Method::POST, PATH)
            .header("X-Shunya-Signature", shunya_signature(&secret, now, body.as_bytes()))
            .header("X-Shunya-Timestamp", now.to_string());
        answer(request.body(body))
    };
    send(&bench.tenants[1].company_id).await.is_error(403, "FORBIDDEN");
    let last = bench.inbox().await.pop().unwrap();
    assert_eq!(last, "quarantined tenant_mismatch 0");
    let settled = send(&bench.tenants[0].company_id).await.data();
    assert_eq!(settled["status"], "already_processed");
}

/// A vendor that writes NUL wherever there is text: PostgreSQL keeps none, and the analysis must not be lost for it.
async fn nul_everywhere(database: Database) {
    // slow enough that our result is there before the stand-in's own
    let wanted = Wanted { pipeline: true, pace: 60.0, ..Wanted::default() };
    let bench = Bench::new(database, wanted).await;
    let simulators = bench.simulators.as_ref().unwrap();
    assert!(simulators.register_recording("CALnul", "roofing-storm-leak-booked"));
    let mut call = payload(&bench.tenants[0], "CALnul");
    call["recording"] = "https://app.callrail.example/recording".into();
    let call =
        bench.callrail("/callrail/call.completed", call.to_string()).await.is(200).json()["call_id"].clone();
    bench
        .until("Shunya has been asked", || async { bench.tasks().await.iter().any(|task| !task.is_empty()) })
        .await;
    let task = bench.tasks().await.remove(0);

    let mut result = event(&bench.tenants[0].company_id, &task);
    result["result"] = json!({
        "call_id": call, "status": "comp\u{0}leted",
        "summary": {
            "summary": "A le\u{0}ak.", "key_points": ["\u{0}", "roof\u{0}"], "no\u{0}te": ["\u{0}"],
            "pending_actions": [{ "type": "call\u{0}back", "raw_text": "Call\u{0} back" }],
        },
        "qualification": {
            "qualification_status": "hot", "booking_status": "booked", "service_requested": "Ro\u{0}of",
            "decision_makers": ["Da\u{0}na"], "service_address_raw": "1 Ma\u{0}in St",
            "appointment_date": "2026-12-01T16:00:00Z", "appointment_confirmed": true,
        },
        "objections": { "objections": [{ "category_id": 1, "category_text": "Pri\u{0}ce", "objection_text": "De\u{0}ar" }] },
        "unheard\u{0}of": { "x\u{0}": "\u{0}y" },
        "transcript_text": "Hel\u{0}lo",
        "speaker_labels": [{ "speaker": "cs\u{0}r", "text": "Hel\u{0}lo", "start_time": 0, "end_time": 1 }],
    });
    let secret = simulators.secrets().shunya_hmac_secret.expose();
    let (body, now) = (result.to_string(), bench.otto.ports.clock.now().timestamp_millis());
    let signature = shunya_signature(secret, now, body.as_bytes());
    assert_eq!(
        send(&bench, Some(&signature), Some(&now.to_string()), &body).await.data()["status"],
        "accepted"
    );
    let path = format!("/api/v1/calls/{call}");
    bench
        .until("the call is analysed", || async { bench.get(&path).await.data()["stage"] == "analysed" })
        .await;
    let seen = bench.get(&path).await.data();
    assert!(!seen.to_string().contains("\\u0000"), "{seen}");
    assert_eq!(seen["booking_status"], "booked");
    assert!(seen.to_string().contains("A leak."), "{seen}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_with_nul_characters_is_a_result() {
    nul_everywhere(testkit::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_with_nul_characters_is_a_result_on_postgresql() {
    nul_everywhere(testkit::postgres().await).await;
}
