use app::ports::{CallWebhooks, Delivery, Unreadable};
use calls::{CallEvent, CallEventKind};
use proptest::prelude::*;
use provider_callrail::CallrailWebhooks;
use serde_json::{Value, json};

fn delivery(content_type: Option<&str>, query: &str, body: &[u8]) -> Delivery {
    Delivery {
        kind: "call.completed",
        tenant_key: None,
        path: "/callrail/call.completed".into(),
        query: query.into(),
        content_type: content_type.map(str::to_owned),
        proof: Vec::new(),
        body: body.to_vec().into(),
        received_at: "2026-11-22T18:00:00Z".parse().unwrap(),
        trace: None,
    }
}

fn read(body: &Value) -> CallEvent {
    let delivery = delivery(Some("application/json"), "", body.to_string().as_bytes());
    CallrailWebhooks.read(&delivery, CallEventKind::Completed).unwrap()
}

fn codes(event: &CallEvent) -> Vec<(&str, &str)> {
    event.problems.iter().map(|problem| (problem.field.as_str(), problem.code.as_str())).collect()
}

#[test]
fn the_vendors_published_example_is_read_whole() {
    let vectors: Value =
        serde_json::from_str(include_str!("../fixtures/callrail_published_vector.json")).unwrap();
    let body = vectors["cases"][0]["body"].as_str().unwrap();
    let delivery = delivery(Some("application/json; charset=utf-8"), "", body.as_bytes());
    let event = CallrailWebhooks.read(&delivery, CallEventKind::Completed).unwrap();
    assert_eq!(event.ids.primary, "766970532");
    assert_eq!(event.facts.phone.as_ref().unwrap().as_str(), "+12148654559");
    assert_eq!(event.facts.tracking_number.as_ref().unwrap().as_str(), "+14045558514");
    assert_eq!(event.facts.customer_name.as_deref(), Some("Kaylah Mills"));
    assert_eq!((event.facts.answered, event.facts.voicemail), (Some(false), Some(true)));
    assert_eq!(event.facts.duration_seconds, Some(13));
    assert_eq!(event.facts.started_at.unwrap().to_rfc3339(), "2018-02-19T18:41:00.236+00:00");
    assert!(event.facts.recording.is_some());
    assert_eq!(codes(&event), []);
    assert_eq!(CallrailWebhooks.hints(&delivery).accounts, ["155920786"]);
}

#[test]
fn absurd_fields_are_left_empty_and_named() {
    let event = read(&json!({
        "resource_id": "CAL1", "customer_phone_number": "anonymous", "tracking_phone_number": "📞",
        "duration": "-5", "recording_duration": 1e300, "start_time": "1970-01-01T00:00:00Z",
        "customer_name": "x".repeat(10_000), "answered": "perhaps", "direction": "sideways",
    }));
    let facts = &event.facts;
    assert!(facts.phone.is_none() && facts.tracking_number.is_none() && facts.duration_seconds.is_none());
    assert!(facts.started_at.is_none() && facts.customer_name.is_none() && facts.answered.is_none());
    let mut named = codes(&event);
    named.sort_unstable();
    assert_eq!(
        named,
        [
            ("answered", "not_a_boolean"),
            ("customer_name", "too_long"),
            ("customer_phone_number", "not_a_phone_number"),
            ("direction", "unknown_direction"),
            ("duration", "negative_duration"),
            ("recording_duration", "impossible_duration"),
            ("start_time", "impossible_time"),
            ("tracking_phone_number", "not_a_phone_number"),
        ]
    );
}

#[test]
fn names_may_hold_emoji_but_must_hold_letters() {
    assert_eq!(read(&json!({ "customer_name": "José 🏠" })).facts.customer_name.as_deref(), Some("José 🏠"));
    let event = read(&json!({ "resource_id": "C", "customer_name": "😀😀" }));
    assert_eq!(codes(&event), [("customer_name", "not_a_name")]);
}

#[test]
fn older_spellings_forms_and_bare_addresses_are_read() {
    let form = b"callernum=2148654559&trackingnum=4045558514&id=7&answered=1&duration=60";
    let form_event = CallrailWebhooks
        .read(&delivery(Some("application/x-www-form-urlencoded"), "", form), CallEventKind::Completed)
        .unwrap();
    assert_eq!(form_event.facts.phone.as_ref().unwrap().as_str(), "+12148654559");
    assert_eq!(form_event.ids.primary, "7");

    let query = std::str::from_utf8(form).unwrap();
    let bare = CallrailWebhooks.read(&delivery(None, query, b""), CallEventKind::Incoming).unwrap();
    assert_eq!(bare.ids.primary, "7");
    assert_eq!(codes(&bare), [("query", "unsigned_parameters")]);
}

#[test]
fn a_signed_body_is_not_mixed_with_the_unsigned_address() {
    let delivery = delivery(None, "duration=999&csr_id=mallory", br#"{"resource_id":"CAL1"}"#);
    let event = CallrailWebhooks.read(&delivery, CallEventKind::Completed).unwrap();
    assert_eq!((event.facts.duration_seconds, event.facts.csr_id), (None, None));
}

#[test]
fn both_generations_of_ids_are_kept() {
    let event = read(&json!({ "id": 766_970_532, "resource_id": "CAL019a" }));
    assert_eq!((event.ids.primary.as_str(), event.ids.legacy.as_deref()), ("CAL019a", Some("766970532")));
}

#[test]
fn a_call_without_a_name_is_the_same_call_whenever_it_is_told() {
    let call = json!({ "callernum": "2148654559", "start_time": "2026-11-22T10:00:00Z" });
    let again = json!({ "callernum": "+12148654559", "start_time": "2026-11-22T10:00:00Z", "duration": 3 });
    assert_eq!(read(&call).ids, read(&again).ids);
    assert_ne!(read(&json!({ "note": 1 })).ids, read(&json!({ "note": 2 })).ids);
    assert!(codes(&read(&call)).contains(&("resource_id", "missing_call_id")));
}

#[test]
fn what_is_not_a_call_object_is_unreadable() {
    let malformed = Err(Unreadable::Malformed);
    for body in ["", "{", "[]", "\"text\"", "null", "{\"a\":1}garbage", "\u{0}"] {
        let read = CallrailWebhooks.read(&delivery(None, "", body.as_bytes()), CallEventKind::Completed);
        assert_eq!(read, malformed, "{body:?}");
    }
    let form = |body: &[u8]| {
        let delivery = delivery(Some("application/x-www-form-urlencoded"), "", body);
        CallrailWebhooks.read(&delivery, CallEventKind::Completed)
    };
    assert_eq!(form(b"{\"id\":1}"), malformed);
    assert_eq!(form(&[0xff, 0xfe]), malformed);
    let xml = CallrailWebhooks.read(&delivery(Some("text/xml"), "", b"<a/>"), CallEventKind::Completed);
    assert_eq!(xml, Err(Unreadable::MediaType));
}

#[test]
fn the_company_is_legible_in_a_body_cut_off() {
    let cut = delivery(
        None,
        "",
        br#"{"company_resource_id": "COM3939c550", "tracking_phone_number":"+14045558514","ans"#,
    );
    let hints = CallrailWebhooks.hints(&cut);
    assert_eq!(hints.accounts, ["COM3939c550"]);
    assert_eq!(hints.tracking_number.unwrap().as_str(), "+14045558514");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..200), query in "\\PC{0,40}") {
        for content_type in [None, Some("application/x-www-form-urlencoded")] {
            let delivery = delivery(content_type, &query, &body);
            let _ = CallrailWebhooks.hints(&delivery);
            let _ = CallrailWebhooks.read(&delivery, CallEventKind::Modified);
        }
    }
}

#[test]
fn an_id_that_names_nothing_is_none() {
    for nothing in [json!(0), json!(-1), json!(1.5), json!("0"), json!("-7"), json!("000"), json!(" ")] {
        let event =
            read(&json!({ "resource_id": "CAL1", "id": nothing, "customer_phone_number": "+16025550101" }));
        assert_eq!((event.ids.primary.as_str(), event.ids.legacy.as_deref()), ("CAL1", None), "{nothing}");
    }
}
