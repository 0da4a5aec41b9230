//! Every address CallRail may be given, and everything that may be wrong with what comes there.

use http_api::RouteTable;
use rbac::{Access, Method as RouteMethod};
use reqwest::Method;
use serde_json::{Value, json};
use simulators::callrail_signature;

use crate::{
    answer::{Answer, answer},
    bench::{Bench, Wanted, as_configured},
    callrail::payload,
};

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

/// A bench whose webhooks may be no longer than this, and its CallRail addresses: plain, under `/api/v1`, with the first
/// company's key.
async fn bench(longest: usize) -> (Bench, Vec<String>) {
    let settings = vec![("OTTO_MAX_WEBHOOK_BYTES", longest.to_string())];
    let bench = Bench::new(testkit::sqlite().await, Wanted { settings, ..Wanted::default() }).await;
    let company = as_configured(&bench.tenants[0]).id;
    let key = bench.otto.ports.tenants.find(&company).await.unwrap().unwrap().tenant_key;
    let paths: Vec<_> = RouteTable::new(&[])
        .routes()
        .into_iter()
        .filter(|route| route.access == Access::Signature && route.method == RouteMethod::Post)
        .filter(|route| !route.path.contains("shunya"))
        .map(|route| route.path.replace("{tenant_key}", key.expose()))
        .collect();
    assert!(paths.len() >= 27, "{paths:?}");
    (bench, paths)
}

async fn post(bench: &Bench, path: &str, media: &str, signature: Option<&str>, body: &[u8]) -> Answer {
    let request = bench.request(Method::POST, path).header("Content-Type", media).body(body.to_vec());
    answer(match signature {
        Some(signature) => request.header("Signature", signature),
        None => request,
    })
    .await
}

/// Signed with the first company's key.
async fn signed(bench: &Bench, path: &str, media: &str, body: &[u8]) -> Answer {
    let signature = callrail_signature(bench.tenants[0].signing_key.expose(), body);
    post(bench, path, media, Some(&signature), body).await
}

/// A payload as a form.
fn form(fields: &Value) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in fields.as_object().unwrap() {
        form.append_pair(name, value.as_str().unwrap_or(&value.to_string()));
    }
    form.finish()
}

#[tokio::test]
async fn a_call_is_taken_at_every_address_as_json_and_as_a_form() {
    let (bench, paths) = bench(100_000).await;
    let mut number = 0;
    for path in &paths {
        for media in [JSON, "application/json; charset=utf-8", "text/json", FORM] {
            number += 1;
            let fields = payload(&bench.tenants[0], &format!("CAL{number}"));
            let body = if media == FORM { form(&fields) } else { fields.to_string() };
            let taken = signed(&bench, path, media, body.as_bytes()).await.is(200).json();
            assert_eq!(taken["status"], "success", "{path} {media}");
            let again = signed(&bench, &format!("{path}/"), media, body.as_bytes()).await.is(200).json();
            assert_eq!(again["status"], "duplicate_ignored", "{path} {media}");
        }
        answer(bench.request(Method::GET, path)).await.is_error(405, "METHOD_NOT_ALLOWED");
    }
    assert_eq!(bench.database.rows("calls").await, number);
    let durations = "SELECT count(*) FROM calls WHERE duration_seconds = 61 OR status = 'incoming'";
    assert_eq!(bench.database.number(durations).await, number);
}

#[tokio::test]
async fn what_is_not_proven_is_refused_at_every_address() {
    let (bench, paths) = bench(100_000).await;
    let fields = payload(&bench.tenants[0], "CAL1");
    for path in &paths {
        for (media, body) in [(JSON, fields.to_string()), (FORM, form(&fields)), (JSON, "{".to_owned())] {
            let right = callrail_signature(bench.tenants[0].signing_key.expose(), body.as_bytes());
            let tampered = format!("{body} ");
            let wrong = callrail_signature("a guess", body.as_bytes());
            for (what, signature, body) in [
                ("no signature", None, &body),
                ("a wrong one", Some(wrong.as_str()), &body),
                ("another body's", Some(right.as_str()), &tampered),
                ("an empty one", Some(""), &body),
                ("hex", Some("da39a3ee5e6b4b0d3255bfef95601890afd80709"), &body),
            ] {
                let refused = post(&bench, path, media, signature, body.as_bytes()).await;
                assert_eq!(refused.status, 401, "{path} {media} {what}: {}", refused.text);
                refused.is_error(401, "UNAUTHORIZED");
            }
        }
    }
    assert_eq!(bench.database.rows("webhook_inbox").await, 0);
    assert_eq!(bench.database.rows("calls").await, 0);
}

#[tokio::test]
async fn what_is_too_long_is_refused_at_every_address() {
    let (bench, paths) = bench(2_000).await;
    let mut fields = payload(&bench.tenants[0], "CAL1");
    fields["note"] = "x".repeat(2_000).into();
    for path in &paths {
        for (media, body) in [(JSON, fields.to_string()), (FORM, form(&fields))] {
            signed(&bench, path, media, body.as_bytes()).await.is_error(413, "INVALID_INPUT");
        }
    }
    assert_eq!(bench.database.rows("webhook_inbox").await, 0);
}

#[tokio::test]
async fn what_cannot_be_read_is_kept_at_every_address() {
    let (bench, paths) = bench(100_000).await;
    let fields = payload(&bench.tenants[0], "CAL1").to_string();
    let account = &bench.tenants[0].callrail_company_resource_id;
    let cut = format!(r#"{{"company_resource_id":"{account}","resource_id":"CAL1","dura"#);
    let mut kept = 0;
    // what is kept is kept once for each kind of event, whatever it was said to be
    for path in &paths {
        for media in
            ["application/xml", "text/plain", "multipart/form-data; boundary=x", "image/png", "json", ";"]
        {
            let refused = signed(&bench, path, media, fields.as_bytes()).await;
            assert_eq!(refused.status, 415, "{path} {media}: {}", refused.text);
            refused.is_error(415, "INVALID_INPUT");
        }
        for (media, body) in
            [(JSON, cut.as_str()), (JSON, "{"), (JSON, "nothing"), (FORM, &fields), (FORM, "{")]
        {
            let aside = signed(&bench, path, media, body.as_bytes()).await;
            assert!(matches!(aside.status, 200 | 202), "{path} {media} {body:.40}: {}", aside.text);
            kept += i64::from(aside.status == 202);
        }
        // somebody else's key at a company's own address is refused; elsewhere it is that somebody's
        let key = bench.tenants[1].signing_key.expose();
        let theirs = post(&bench, path, JSON, Some(&callrail_signature(key, b"[")), b"[").await;
        let wanted: &[u16] = if path.starts_with("/t/") { &[401] } else { &[200, 202] };
        assert!(wanted.contains(&theirs.status), "{path}: {} {}", theirs.status, theirs.text);
    }
    assert_eq!(kept, 3 * 6, "three bodies at addresses of six kinds");
    assert_eq!(bench.database.rows("calls").await, 0);
    let strange = "SELECT count(*) FROM webhook_inbox WHERE state <> 'quarantined' OR company_id IS NULL";
    assert_eq!(bench.database.number(strange).await, 0);
}

#[tokio::test]
async fn what_was_set_aside_is_applied_when_it_is_sent_again_as_what_it_is() {
    for bench in [Bench::sqlite().await, Bench::postgres().await] {
        let path = "/callrail/call.completed";
        let body = payload(&bench.tenants[0], "CAL1").to_string();
        signed(&bench, path, "text/plain", body.as_bytes()).await.is_error(415, "INVALID_INPUT");
        assert_eq!(bench.inbox().await, ["quarantined unsupported_media_type 0"]);
        let taken = signed(&bench, path, JSON, body.as_bytes()).await.is(200).json();
        assert_eq!((&taken["status"], bench.database.rows("calls").await), (&json!("success"), 1));
        assert_eq!(bench.inbox().await, ["applied - 1"]);
        let again = signed(&bench, path, JSON, body.as_bytes()).await.is(200).json();
        assert_eq!(again["status"], "duplicate_ignored");
    }
}

#[tokio::test]
async fn an_event_of_nobody_we_know_is_kept_at_every_address() {
    let (bench, paths) = bench(100_000).await;
    let stranger = payload(&bench.tenants[2], "CAL1");
    for path in paths.iter().filter(|path| !path.starts_with("/t/")) {
        for (media, body) in [(JSON, stranger.to_string()), (FORM, form(&stranger))] {
            for key in ["bench-platform-signing-key", bench.tenants[1].signing_key.expose()] {
                let signature = callrail_signature(key, body.as_bytes());
                let aside = post(&bench, path, media, Some(&signature), body.as_bytes()).await;
                assert!(matches!(aside.status, 200 | 202), "{path} {media}: {}", aside.text);
                let word = if aside.status == 202 { "quarantined" } else { "duplicate_ignored" };
                assert_eq!(aside.json()["status"], word);
            }
        }
    }
    let kept = bench.database.texts("SELECT DISTINCT state || ' ' || reason FROM webhook_inbox").await;
    assert_eq!(kept, ["quarantined unknown_tenant"]);
    assert_eq!((bench.database.rows("calls").await, bench.database.rows("companies").await), (0, 2));
}

#[tokio::test]
async fn absurd_fields_are_left_out_and_said_at_every_address_as_json_and_as_a_form() {
    let (bench, paths) = bench(100_000).await;
    let absurd = [
        ("duration", "-5".to_owned(), "negative_duration"),
        ("customer_phone_number", "anonymous".to_owned(), "not_a_phone_number"),
        ("start_time", "1970-01-01T00:00:00Z".to_owned(), "impossible_time"),
        ("customer_name", "🏠🔥".to_owned(), "not_a_name"),
        ("direction", "sideways".to_owned(), "unknown_direction"),
        ("answered", "perhaps".to_owned(), "not_a_boolean"),
        ("customer_city", "x".repeat(10_000), "too_long"),
    ];
    for (number, path) in paths.iter().enumerate() {
        for (media, kind) in [(JSON, "j"), (FORM, "f")] {
            let mut fields = payload(&bench.tenants[0], &format!("CAL{kind}{number}"));
            for (field, value, _) in &absurd {
                fields[field] = json!(value);
            }
            let body = if media == FORM { form(&fields) } else { fields.to_string() };
            let taken = signed(&bench, path, media, body.as_bytes()).await.is(200).json();
            let call = bench.get(&format!("/api/v1/calls/{}", taken["call_id"])).await.data();
            let problems = call["problems"].as_array().unwrap();
            for (field, _, code) in &absurd {
                assert!(
                    problems.contains(&json!({ "field": field, "code": code })),
                    "{path} {media}: {problems:?}"
                );
            }
            assert_eq!(problems.len(), absurd.len(), "{path} {media}: {problems:?}");
            for field in ["duration_seconds", "phone_number", "customer_name", "direction"] {
                assert_eq!(call[field], Value::Null, "{path} {media} {field}");
            }
        }
    }
}

#[tokio::test]
async fn addresses_that_are_nearly_right_are_nobody_s() {
    let (bench, _) = bench(100_000).await;
    let company = as_configured(&bench.tenants[0]).id;
    let key = bench.otto.ports.tenants.find(&company).await.unwrap().unwrap().tenant_key;
    let body = payload(&bench.tenants[0], "CAL1").to_string();
    for path in [
        "/callrail/call.unknown".to_owned(),
        "/callrail/call".to_owned(),
        "/callrail/CALL.COMPLETED".to_owned(),
        "/callrail//call.completed".to_owned(),
        "/callrail/call.completed/x".to_owned(),
        "/call.completed".to_owned(),
        "/callrail/call%2ecompleted%00".to_owned(),
        "/api/v1/pre-calls".to_owned(),
        "/api/v2/callrail/call.completed".to_owned(),
        format!("/t/{}/nowhere", key.expose()),
        format!("/t/{}/api/v1/callrail/call.completed", key.expose()),
        format!("/t//{}/pre-call", key.expose()),
    ] {
        let refused = signed(&bench, &path, JSON, body.as_bytes()).await;
        assert_eq!(refused.status, 404, "{path}: {}", refused.text);
        refused.is_error(404, "NOT_FOUND");
    }
    assert_eq!(bench.database.rows("webhook_inbox").await, 0);
}

/// One field that no parser of ours can hold does not cost the call.
#[tokio::test]
async fn json_of_which_a_field_cannot_be_held_is_a_call_without_that_field() {
    for bench in [Bench::sqlite().await, Bench::postgres().await] {
        let account = bench.tenants[0].callrail_company_resource_id.clone();
        let deep = format!("{}{}", "[".repeat(500), "]".repeat(500));
        for (number, (field, raw, shown_as)) in [
            ("duration", "1e999999", "duration_seconds"),
            ("duration", "-1e999999", "duration_seconds"),
            ("customer_name", "\"half a pair \\ud83d\"", "customer_name"),
            ("customer_name", "\"\\udc00\\ud800\"", "customer_name"),
            ("direction", deep.as_str(), "direction"),
        ]
        .into_iter()
        .enumerate()
        {
            let body = format!(
                r#"{{"company_resource_id":"{account}","resource_id":"CAL{number}","{field}":{raw},"note":{raw}}}"#
            );
            let taken = bench.callrail("/callrail/call.completed", body).await.is(200).json();
            let call = bench.get(&format!("/api/v1/calls/{}", taken["call_id"])).await.data();
            assert_eq!(call["problems"], json!([{ "field": field, "code": "unreadable" }]), "{raw:.40}");
            assert_eq!(call[shown_as], Value::Null);
        }
        // a name that cannot be held is no name, and a body that has no end is none
        for torn in [
            format!(r#"{{"company_resource_id":"{account}","\ud83d":1}}"#),
            format!(r#"{{"company_resource_id":"{account}","duration":1e999999"#),
            format!(r#"{{"company_resource_id":"{account}","duration":01}}"#),
        ] {
            bench.callrail("/callrail/call.completed", torn).await.is(202);
        }
    }
}
