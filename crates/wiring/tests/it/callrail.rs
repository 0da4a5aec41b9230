//! CallRail's webhooks: what is believed, what is kept, and what is answered.

use std::sync::Arc;

use app::{
    Ports,
    ingest::{ReplayError, replay_webhook},
};
use idempotency::InboxState;
use kernel::Secret;
use reqwest::Method;
use serde_json::{Value, json};
use simulators::{SimulatedTenant, callrail_signature};
use wiring::set_up_tenant;

use crate::{
    answer::{Answer, answer},
    bench::{Bench, Wanted, as_configured},
};

const COMPLETED: &str = "/callrail/call.completed";

/// A call's end as CallRail tells it.
pub fn payload(tenant: &SimulatedTenant, id: &str) -> Value {
    json!({
        "resource_id": id, "company_resource_id": tenant.callrail_company_resource_id,
        "tracking_phone_number": tenant.tracking_numbers[0], "customer_phone_number": "+16025550142",
        "customer_name": "Dana Whitfield", "direction": "inbound", "answered": true, "voicemail": false,
        "duration": "61", "start_time": "2026-11-20T10:00:00.000-07:00", "recording": "",
    })
}

/// A webhook with headers as given.
async fn send(bench: &Bench, path: &str, signature: Option<&str>, media: Option<&str>, body: &str) -> Answer {
    let mut request = bench.request(Method::POST, path).body(body.to_owned());
    if let Some(signature) = signature {
        request = request.header("Signature", signature);
    }
    if let Some(media) = media {
        request = request.header("Content-Type", media);
    }
    answer(request).await
}

fn signed(bench: &Bench, body: &str) -> String {
    callrail_signature(bench.tenants[0].signing_key.expose(), body.as_bytes())
}

#[tokio::test]
async fn what_is_not_proven_is_refused_and_leaves_nothing() {
    let bench = Bench::sqlite().await;
    let body = payload(&bench.tenants[0], "CAL1").to_string();
    let right = signed(&bench, &body);
    let tampered = body.replace("\"61\"", "\"62\"");
    let json = Some("application/json");
    for path in
        [COMPLETED, "/api/v1/callrail/call.missed", "/pre-call", "/webhooks/callrail", "/call-modified/"]
    {
        for (what, signature, body) in [
            ("no signature", None, &body),
            ("an empty signature", Some(""), &body),
            ("a wrong signature", Some("bm90IGEgc2lnbmF0dXJl"), &body),
            ("another body", Some(right.as_str()), &tampered),
        ] {
            let refused = send(&bench, path, signature, json, body).await;
            refused.is_error(401, "UNAUTHORIZED");
            assert_eq!(refused.header("www-authenticate"), None, "{what}: no token would help");
        }
    }
    let elsewhere = send(&bench, &format!("/t/no-such-key{COMPLETED}"), Some(&right), json, &body).await;
    elsewhere.is_error(401, "UNAUTHORIZED");
    // a shuffled case of the header's letters is another signature
    let shuffled: String =
        right.chars().map(|c| if c.is_lowercase() { c.to_ascii_uppercase() } else { c }).collect();
    send(&bench, COMPLETED, Some(&shuffled), json, &body).await.is_error(401, "UNAUTHORIZED");
    assert_eq!(bench.database.rows("webhook_inbox").await, 0);
    assert_eq!(bench.database.rows("calls").await, 0);
    // the refusals above are refusals of those requests, not of everything
    send(&bench, COMPLETED, Some(&right), json, &body).await.is(200);
}

#[tokio::test]
async fn a_tenant_key_s_address_is_for_that_tenant_alone() {
    let bench = Bench::sqlite().await;
    let company = as_configured(&bench.tenants[0]).id;
    let key = bench.otto.ports.tenants.find(&company).await.unwrap().unwrap().tenant_key;
    let body = payload(&bench.tenants[0], "CAL1").to_string();
    let path = format!("/t/{}{COMPLETED}", key.expose());
    send(&bench, &path, Some(&signed(&bench, &body)), None, &body).await.is(200);
    let paths = bench.database.texts("SELECT path FROM webhook_inbox").await;
    assert_eq!(paths, [COMPLETED], "the key is as good as a password and is not kept");

    let others = payload(&bench.tenants[1], "CAL2").to_string();
    let with_others_key = callrail_signature(bench.tenants[1].signing_key.expose(), others.as_bytes());
    send(&bench, &path, Some(&with_others_key), None, &others).await.is_error(401, "UNAUTHORIZED");
    // signed by the tenant of the address, about another's account: kept, believed of nobody
    let aside = send(&bench, &path, Some(&signed(&bench, &others)), None, &others).await.is(202);
    assert_eq!(aside.json(), json!({ "status": "quarantined" }));
    assert_eq!(bench.inbox().await, ["applied - 0", "quarantined tenant_mismatch 0"]);
    assert_eq!(bench.database.rows("calls").await, 1);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_unread() {
    let wanted =
        Wanted { settings: vec![("OTTO_MAX_WEBHOOK_BYTES", "2000".to_owned())], ..Wanted::default() };
    let bench = Bench::new(testkit::sqlite().await, wanted).await;
    let mut body = payload(&bench.tenants[0], "CAL1");
    body["note"] = "x".repeat(2000).into();
    let body = body.to_string();
    let refused =
        send(&bench, COMPLETED, Some(&signed(&bench, &body)), Some("application/json"), &body).await;
    refused.is_error(413, "INVALID_INPUT");
    // without a length announced, too
    let chunks = futures_util::stream::iter([
        Ok::<_, std::io::Error>(body[..1500].to_owned()),
        Ok(body[1500..].to_owned()),
    ]);
    let request = bench.request(Method::POST, COMPLETED).header("Signature", signed(&bench, &body));
    answer(request.body(reqwest::Body::wrap_stream(chunks))).await.is_error(413, "INVALID_INPUT");
    assert_eq!(bench.database.rows("webhook_inbox").await, 0);
}

#[tokio::test]
async fn an_authentic_body_of_a_type_we_do_not_read_is_kept_and_refused() {
    let bench = Bench::sqlite().await;
    let body = payload(&bench.tenants[0], "CAL1").to_string();
    let refused = send(&bench, COMPLETED, Some(&signed(&bench, &body)), Some("application/xml"), &body).await;
    refused.is_error(415, "INVALID_INPUT");
    assert_eq!(bench.inbox().await, ["quarantined unsupported_media_type 0"]);
    assert_eq!(bench.database.rows("calls").await, 0);
}

#[tokio::test]
async fn an_authentic_body_that_does_not_parse_is_quarantined() {
    let bench = Bench::sqlite().await;
    let account = &bench.tenants[0].callrail_company_resource_id;
    let cut_off = format!(r#"{{"company_resource_id":"{account}","resource_id":"CAL1","dura"#);
    let json = Some("application/json");
    let aside = send(&bench, COMPLETED, Some(&signed(&bench, &cut_off)), json, &cut_off).await.is(202);
    assert_eq!(aside.json(), json!({ "status": "quarantined" }));
    // JSON sent as a form
    let body = payload(&bench.tenants[0], "CAL2").to_string();
    let form = Some("application/x-www-form-urlencoded");
    send(&bench, "/call-complete", Some(&signed(&bench, &body)), form, &body).await.is(202);
    // an array is no call
    let list = format!(r#"[{{"company_resource_id":"{account}"}}]"#);
    send(&bench, COMPLETED, Some(&signed(&bench, &list)), json, &list).await.is(202);
    assert_eq!(bench.inbox().await, ["quarantined malformed_body 0"; 3]);
    assert_eq!(bench.database.rows("calls").await, 0);
    // the same again is the same event
    let again = send(&bench, COMPLETED, Some(&signed(&bench, &cut_off)), json, &cut_off).await.is(200);
    assert_eq!(again.json()["status"], "duplicate_ignored");
}

#[tokio::test]
async fn a_form_is_read_like_json() {
    let bench = Bench::sqlite().await;
    let tracking = bench.tenants[0].tracking_numbers[0].replace('+', "%2B");
    let body = format!(
        "call_id=CAL77&tracking_phone_number={tracking}&customer_phone_number=602-555-0142&duration=7&answered=1"
    );
    let form = Some("application/x-www-form-urlencoded; charset=utf-8");
    send(&bench, "/call-complete", Some(&signed(&bench, &body)), form, &body).await.is(200);
    let call = &bench.get("/api/v1/calls").await.data()["calls"][0];
    assert_eq!(
        (&call["provider_call_id"], &call["phone_number"], &call["duration_seconds"]),
        (&json!("CAL77"), &json!("+16025550142"), &json!(7))
    );
}

#[tokio::test]
async fn a_stranger_s_event_is_kept_and_is_applied_once_the_company_is_known() {
    let bench = Bench::sqlite().await;
    let stranger = &bench.tenants[2];
    let body = payload(stranger, "CAL9").to_string();
    // signed with the platform's key, or it would not be believed at all
    let signature = callrail_signature("bench-platform-signing-key", body.as_bytes());
    let aside = send(&bench, COMPLETED, Some(&signature), Some("application/json"), &body).await.is(202);
    assert_eq!(aside.json(), json!({ "status": "quarantined" }));
    assert_eq!(bench.inbox().await, ["quarantined unknown_tenant 0"]);
    assert_eq!(bench.database.rows("companies").await, 2, "a webhook makes no company");

    let id = bench.only_webhook().await;
    let refused = replay_webhook(&bench.otto.ports, id).await;
    assert!(matches!(refused, Err(ReplayError::UnknownTenant)), "{refused:?}");
    let mut known = as_configured(stranger);
    known.callrail_secrets.clear();
    let company = known.id.clone();
    set_up_tenant(&bench.otto.ports, known).await.unwrap();
    replay_webhook(&bench.otto.ports, id).await.unwrap();
    assert_eq!(bench.state_of(id).await, InboxState::Applied);
    let token = format!("dev:manager:u1:{company}");
    let calls = bench.get_as(&token, "/api/v1/calls").await.data();
    assert_eq!(calls["calls"][0]["provider_call_id"], "CAL9");
    let again = replay_webhook(&bench.otto.ports, id).await;
    assert!(matches!(again, Err(ReplayError::AlreadyApplied)), "{again:?}");
    assert_eq!(bench.database.rows("calls").await, 1);
}

async fn twice(bench: Bench) {
    let body = payload(&bench.tenants[0], "CAL1").to_string();
    let first = bench.callrail(COMPLETED, body.clone()).await.is(200).json();
    assert_eq!(first["status"], "success");
    assert!(first["call_id"].is_i64(), "{first}");
    let second = bench.callrail(COMPLETED, body.clone()).await.is(200).json();
    assert_eq!((&second["status"], &second["provider"]), (&json!("duplicate_ignored"), &json!("callrail")));
    let at = second["first_processed_at"].as_str().unwrap();
    assert!(at.ends_with('Z'), "{at}");
    // the alias is the same address
    let third = bench.callrail("/api/v1/callrail/call.completed/", body).await.is(200).json();
    assert_eq!(third["status"], "duplicate_ignored");
    assert_eq!(bench.inbox().await, ["applied - 2"]);
    for table in ["calls", "contact_cards", "leads"] {
        assert_eq!(bench.database.rows(table).await, 1, "{table}");
    }
}

#[tokio::test]
async fn the_same_event_again_is_acknowledged_and_changes_nothing() {
    twice(Bench::sqlite().await).await;
}

#[tokio::test]
async fn the_same_event_again_is_acknowledged_and_changes_nothing_on_postgresql() {
    twice(Bench::postgres().await).await;
}

/// A provider that sends everything once must not be refused because of what a process remembers of its key.
#[tokio::test]
async fn a_key_that_another_process_has_just_changed_counts_at_once() {
    let bench = Bench::postgres().await;
    let body = payload(&bench.tenants[0], "CAL1").to_string();
    bench.callrail("/callrail/call.completed", body).await.is(200);
    let tenants = Arc::new(bench.database.system.clone());
    let other = Ports { tenants, ..(*bench.otto.ports).clone() };
    let mut changed = as_configured(&bench.tenants[0]);
    changed.callrail_secrets = vec![("signing_key".to_owned(), Secret::new("a-new-key".to_owned()))];
    set_up_tenant(&other, changed).await.unwrap();
    let body = payload(&bench.tenants[0], "CAL2").to_string();
    let request = bench
        .request(Method::POST, "/callrail/call.completed")
        .header("Signature", callrail_signature("a-new-key", body.as_bytes()))
        .header("Content-Type", "application/json");
    answer(request.body(body)).await.is(200);
}
