//! Calls as no telephone ever made them. What is authentic is a call, whatever nonsense stands in it: the nonsense is
//! left out, and said.

use serde_json::{Value, json};

use crate::{bench::Bench, callrail::payload};

const COMPLETED: &str = "/callrail/call.completed";

/// Each field in turn, and how the call says what was wrong with it. Null: nothing was, the field is merely empty.
fn nonsense() -> Vec<(&'static str, Value, &'static str, Option<&'static str>)> {
    let deep = (0..60).fold(json!(1), |inner, _| json!([inner]));
    vec![
        ("duration", json!("-5"), "duration_seconds", Some("negative_duration")),
        ("duration", json!(-1e300), "duration_seconds", Some("negative_duration")),
        ("duration", json!(1e300), "duration_seconds", Some("impossible_duration")),
        ("duration", json!(u64::MAX), "duration_seconds", Some("impossible_duration")),
        ("duration", json!("NaN"), "duration_seconds", Some("not_a_number")),
        ("duration", json!("1".repeat(10_000)), "duration_seconds", Some("not_a_number")),
        ("duration", json!(["61"]), "duration_seconds", Some("not_a_number")),
        ("duration", Value::Null, "duration_seconds", None),
        ("duration", json!(""), "duration_seconds", None),
        ("customer_phone_number", json!("anonymous"), "phone_number", Some("not_a_phone_number")),
        ("customer_phone_number", json!("+1602555"), "phone_number", Some("impossible_phone_number")),
        ("customer_phone_number", json!("\u{0}"), "phone_number", Some("not_a_phone_number")),
        ("customer_phone_number", json!({ "number": 1 }), "phone_number", Some("not_a_phone_number")),
        ("customer_phone_number", json!("٠١٢٣٤٥٦٧٨٩"), "phone_number", Some("not_a_phone_number")),
        ("customer_phone_number", json!("1".repeat(10_000)), "phone_number", Some("impossible_phone_number")),
        ("customer_phone_number", json!(""), "phone_number", None),
        ("customer_name", json!("x".repeat(10_000)), "customer_name", Some("too_long")),
        ("customer_name", json!("🏠🔥"), "customer_name", Some("not_a_name")),
        ("customer_name", json!(true), "customer_name", Some("not_text")),
        ("customer_name", deep, "customer_name", Some("not_text")),
        ("customer_name", json!("\u{0}\u{0}"), "customer_name", None),
        ("direction", json!("sideways"), "direction", Some("unknown_direction")),
        ("direction", json!({}), "direction", Some("not_text")),
    ]
}

/// One call each: the call is there, the field is null, the problem is visible.
async fn each_in_turn(bench: &Bench) {
    for (index, (field, value, shown_as, problem)) in nonsense().into_iter().enumerate() {
        let id = format!("CAL{index}");
        let mut body = payload(&bench.tenants[0], &id);
        // a customer known by that number has a name already
        body["customer_phone_number"] = format!("+16025550{:03}", 100 + index).into();
        body[field] = value;
        let what = format!("{id} {field} {:.60}", body[field].to_string());
        let taken = bench.callrail(COMPLETED, body.to_string()).await;
        assert_eq!(taken.status, 200, "{what}: {}", taken.text);
        let call = taken.json()["call_id"].as_i64().unwrap();
        let call = bench.get(&format!("/api/v1/calls/{call}")).await.data();
        assert_eq!(call["provider_call_id"], id.as_str());
        assert_eq!(call[shown_as], Value::Null, "{what}");
        let problems = call["problems"].as_array().unwrap();
        match problem {
            Some(code) => {
                assert_eq!(problems, &[json!({ "field": field, "code": code })], "{what}");
            }
            None => assert!(problems.is_empty(), "{what}: {problems:?}"),
        }
    }
    let page = bench.get("/api/v1/calls?limit=200").await.data();
    for line in page["calls"].as_array().unwrap() {
        let seen = bench.get(&format!("/api/v1/calls/{}", line["call_id"])).await.data();
        assert_eq!(line["problem_count"], seen["problems"].as_array().unwrap().len());
    }
}

#[tokio::test]
async fn a_field_that_cannot_be_true_is_null_and_said_to_be_wrong() {
    each_in_turn(&Bench::sqlite().await).await;
}

#[tokio::test]
async fn a_field_that_cannot_be_true_is_null_and_said_to_be_wrong_on_postgresql() {
    each_in_turn(&Bench::postgres().await).await;
}

#[tokio::test]
async fn a_call_that_began_at_no_possible_time_began_when_it_was_told() {
    let bench = Bench::sqlite().await;
    let before = bench.otto.ports.clock.now();
    for (index, (start, code)) in [
        (json!("1970-01-01T00:00:00Z"), "impossible_time"),
        (json!("9999-12-31T23:59:59Z"), "impossible_time"),
        (json!("2026-02-30T10:00:00Z"), "not_a_timestamp"),
        (json!("+262142-01-01T00:00:00Z"), "not_a_timestamp"),
        (json!(1_700_000_000), "not_a_timestamp"),
        (json!("🕐"), "not_a_timestamp"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = payload(&bench.tenants[0], &format!("CAL{index}"));
        body["start_time"] = start.clone();
        let call = bench.callrail(COMPLETED, body.to_string()).await.is(200).json()["call_id"].clone();
        let call = bench.get(&format!("/api/v1/calls/{call}")).await.data();
        assert_eq!(call["problems"], json!([{ "field": "start_time", "code": code }]), "{start}");
        let began: kernel::Timestamp = call["created_at"].as_str().unwrap().parse().unwrap();
        assert!(before <= began && began <= bench.otto.ports.clock.now(), "{start}: {began}");
    }
}

#[tokio::test]
async fn names_of_any_script_are_names() {
    for bench in [Bench::sqlite().await, Bench::postgres().await] {
        for (index, name) in
            ["Zoë 🏠 O’Brien", "李小龙", "Nul\u{0}l Byte", "Robert'); DROP TABLE calls;--", "<b>Eve</b>"]
                .into_iter()
                .enumerate()
        {
            let mut body = payload(&bench.tenants[0], &format!("CAL{index}"));
            body["customer_name"] = name.into();
            body["customer_phone_number"] = format!("+1602555019{index}").into();
            let call = bench.callrail(COMPLETED, body.to_string()).await.is(200).json()["call_id"].clone();
            let call = bench.get(&format!("/api/v1/calls/{call}")).await.data();
            assert_eq!(call["customer_name"], name.replace('\u{0}', ""), "{name:?}");
            let card = call["contact_card_id"].as_str().unwrap();
            bench.get(&format!("/api/v1/contact-cards/{card}")).await.is(200);
        }
    }
}

#[tokio::test]
async fn a_call_nobody_named_is_still_one_call() {
    let bench = Bench::sqlite().await;
    for id in [Value::Null, json!("🏠"), json!("x".repeat(65)), json!([]), json!("a\u{0}b")] {
        let mut body = payload(&bench.tenants[0], "");
        body["resource_id"] = id.clone();
        let call = bench.callrail(COMPLETED, body.to_string()).await.is(200).json()["call_id"].clone();
        let call = bench.get(&format!("/api/v1/calls/{call}")).await.data();
        assert!(call["provider_call_id"].as_str().unwrap().starts_with("unnamed-"), "{id}");
        let problems = call["problems"].to_string();
        assert!(problems.contains("missing_call_id"), "{id}: {problems}");
    }
    // the same caller, number and moment: the same call
    assert_eq!(bench.database.rows("calls").await, 1);
}

#[tokio::test]
async fn everything_null_is_a_call_of_which_nothing_is_known() {
    for bench in [Bench::sqlite().await, Bench::postgres().await] {
        let account = &bench.tenants[0].callrail_company_resource_id;
        let mut body = payload(&bench.tenants[0], "CAL1");
        for (_, value) in body.as_object_mut().unwrap() {
            *value = Value::Null;
        }
        body["company_resource_id"] = json!(account);
        let call =
            bench.callrail("/callrail/call.missed", body.to_string()).await.is(200).json()["call_id"].clone();
        let call = bench.get(&format!("/api/v1/calls/{call}")).await.data();
        for field in
            ["phone_number", "customer_name", "duration_seconds", "direction", "contact_card_id", "lead_id"]
        {
            assert_eq!(call[field], Value::Null, "{field}");
        }
        for path in ["/api/v1/leads", "/api/v1/dashboard/metrics", "/calls", "/console/calls"] {
            bench.get(path).await.is(200);
        }
    }
}
