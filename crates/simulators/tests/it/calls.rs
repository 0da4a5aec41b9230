//! CallRail's webhooks.

use serde_json::{Value, json};
use simulators::{
    CallOrder, EventKind, ExpectedEnd, Faults, SendError, SentCall, SimulatorSettings, callrail_signature,
};

use crate::support::{CallrailClient, Otto, Received, settings, start_with, tenant, within};

const BOOKED: &str = "roofing-storm-leak-booked";
const MISSED: &str = "roofing-missed-call-after-hours";
const VOICEMAIL: &str = "plumbing-voicemail-burst-pipe";
const OUTBOUND: &str = "roofing-outbound-estimate-follow-up";

fn order(conversation: &str, index: u64) -> CallOrder {
    CallOrder { tenant: tenant(), conversation: conversation.to_owned(), index, customer_phone: None }
}

/// Makes a call none of the chance events befall; what was sent.
async fn call(settings: SimulatorSettings, conversation: &str) -> (SentCall, Vec<Received>) {
    let mut otto = Otto::start();
    let simulators = start_with(&otto, settings);
    let sent = within(simulators.send_call(&order(conversation, 0))).await.unwrap();
    simulators.stop().await;
    (sent, otto.rest())
}

fn kinds(sent: &SentCall) -> Vec<EventKind> {
    sent.events.iter().map(|event| event.kind).collect()
}

#[tokio::test]
async fn an_answered_call_is_told_step_by_step() {
    let (sent, told) = call(settings(), BOOKED).await;
    assert_eq!(kinds(&sent), [EventKind::Incoming, EventKind::Answered, EventKind::Completed]);
    assert_eq!((sent.expected, sent.booked), (ExpectedEnd::Analysed, true));
    assert!(sent.is_known());
    for event in &sent.events {
        let [answer] = &event.answers[..] else { panic!("{event:?}") };
        assert_eq!((answer.status, answer.body_status.as_deref()), (Some(200), Some("success")));
    }
    let paths: Vec<_> = told.iter().map(|told| told.path.as_str()).collect();
    assert_eq!(paths, ["/callrail/call.incoming", "/callrail/call.answered", "/callrail/call.completed"]);
    for told in &told {
        let signature = callrail_signature(tenant().signing_key.expose(), &told.body);
        assert_eq!(told.headers["signature"], signature);
        assert!(told.query.contains("callernum=%2B1"), "{}", told.query);
        let body = told.json();
        assert_eq!(body["resource_id"], sent.provider_call_id);
        assert_eq!(body["id"], sent.legacy_call_id);
        assert_eq!(body["company_id"], tenant().callrail_company_id);
        assert_eq!(body["company_resource_id"], tenant().callrail_company_resource_id);
        assert_eq!(body["customer_phone_number"], sent.customer_phone);
        assert!(
            tenant().tracking_numbers.contains(&body["tracking_phone_number"].as_str().unwrap().to_owned())
        );
        assert_eq!(body["start_time"], body["timestamp"]);
        assert!(body["start_time"].as_str().unwrap().ends_with("-07:00"), "Phoenix: {}", body["start_time"]);
        assert!(body.get("event").is_none() && body.get("event_type").is_none(), "the address is the kind");
    }
    let incoming = told[0].json();
    for (field, placeholder) in
        [("answered", json!(false)), ("call_type", json!("missed")), ("duration", json!("0"))]
    {
        assert_eq!(incoming[field], placeholder);
    }
    assert!(incoming.get("recording").is_none());
    let completed = told[2].json();
    assert_eq!((&completed["answered"], &completed["voicemail"]), (&json!(true), &json!(false)));
    assert!(completed["duration"].as_str().unwrap().parse::<u64>().unwrap() > 60);
    assert!(completed["recording_duration"].is_u64());
    assert!(completed["recording"].as_str().unwrap().contains("/recording/redirect?access_key="));
    assert_eq!(completed["callernum"], completed["customer_phone_number"]);
    assert_eq!(completed["transcription"], Value::Null);
    assert_eq!(completed["gclid"], "");
}

/// Every field of the vendor's own example is there, of the same kind.
#[tokio::test]
async fn a_call_looks_like_the_vendor_s_own_example() {
    let (_, told) = call(settings(), VOICEMAIL).await;
    let ours = told.last().unwrap().json();
    let vectors: Value =
        serde_json::from_str(include_str!("../fixtures/callrail_published_vector.json")).unwrap();
    let theirs: Value = serde_json::from_str(vectors["cases"][0]["body"].as_str().unwrap()).unwrap();
    for (field, example) in theirs.as_object().unwrap() {
        let value = ours.get(field).unwrap_or_else(|| panic!("{field} is missing"));
        let same = std::mem::discriminant(value) == std::mem::discriminant(example);
        // these are null where there is nothing to say, or where the account has no right to it
        let nullable = ["transcription", "lead_status", "good_lead_call_id", "good_lead_call_time"];
        assert!(same || nullable.contains(&field.as_str()), "{field}: {value} for {example}");
    }
    assert_eq!(ours["call_type"], theirs["call_type"]);
}

#[tokio::test]
async fn missed_calls_voicemails_and_outbound_calls() {
    let (sent, told) = call(settings(), MISSED).await;
    assert_eq!(kinds(&sent), [EventKind::Incoming, EventKind::Missed, EventKind::Completed]);
    assert_eq!((sent.expected, sent.booked), (ExpectedEnd::Missed, false));
    let completed = told[2].json();
    assert_eq!((&completed["answered"], &completed["call_type"]), (&json!(false), &json!("missed")));
    assert_eq!((&completed["recording"], &completed["recording_duration"]), (&json!(""), &Value::Null));

    let (sent, told) = call(settings(), VOICEMAIL).await;
    assert_eq!(kinds(&sent), [EventKind::Incoming, EventKind::Missed, EventKind::Completed]);
    assert_eq!(sent.expected, ExpectedEnd::Analysed);
    let missed = told[1].json();
    assert_eq!(missed["recording"], "", "not there yet");
    let completed = told[2].json();
    assert_eq!((&completed["voicemail"], &completed["answered"]), (&json!(true), &json!(false)));
    assert_ne!(completed["recording"], "");

    let (sent, told) = call(settings(), OUTBOUND).await;
    assert_eq!(kinds(&sent), [EventKind::Completed]);
    let completed = told[0].json();
    assert_eq!((&completed["direction"], &completed["call_type"]), (&json!("outbound"), &json!("outbound")));
}

#[tokio::test]
async fn recordings_may_come_with_a_later_event_or_never() {
    let late = SimulatorSettings { late_recordings: 1.0, ..settings() };
    let (sent, told) = call(late, BOOKED).await;
    assert_eq!(kinds(&sent).last(), Some(&EventKind::Modified));
    let [.., completed, modified] = &told[..] else { panic!() };
    assert_eq!((completed.kind(), modified.kind()), ("call.completed", "call.modified"));
    assert_eq!(completed.json()["recording"], "");
    assert_ne!(modified.json()["recording"], "");
    assert!(modified.json()["changes"].is_array());
    assert_eq!(sent.expected, ExpectedEnd::Analysed);

    let never = SimulatorSettings { unrecorded: 1.0, ..settings() };
    let mut otto = Otto::start();
    let simulators = start_with(&otto, never);
    let sent = within(simulators.send_call(&order(BOOKED, 0))).await.unwrap();
    assert_eq!((sent.expected, sent.booked), (ExpectedEnd::NoRecording, false));
    assert!(otto.rest().iter().all(|told| told.json()["recording"].as_str().unwrap_or_default().is_empty()));
    let link = format!("/calls/{}/recording.json", sent.provider_call_id);
    assert_eq!(CallrailClient::of(&simulators).get(&link).await.status, 404);
}

#[tokio::test]
async fn tenants_may_have_addresses_of_their_own() {
    let mut otto = Otto::start();
    let simulators = start_with(&otto, settings());
    let tenant = tenant().with_tenant_key("k3y");
    let phone = Some("+13035550123".to_owned());
    let order = CallOrder { tenant, customer_phone: phone, ..order(BOOKED, 0) };
    let first = within(simulators.send_call(&order)).await.unwrap();
    let told = otto.next().await;
    assert_eq!(told.path, "/t/k3y/callrail/call.incoming");
    assert_eq!((first.customer_phone.as_str(), &told.json()["first_call"]), ("+13035550123", &json!(true)));
    otto.rest();
    within(simulators.send_call(&CallOrder { index: 1, ..order })).await.unwrap();
    assert_eq!(otto.next().await.json()["first_call"], false, "the same customer again");
}

#[tokio::test]
async fn nothing_is_sent_again() {
    let mut otto = Otto::start();
    otto.answer(|_| 500);
    let simulators = start_with(&otto, settings());
    let sent = within(simulators.send_call(&order(BOOKED, 0))).await.unwrap();
    assert_eq!(otto.rest().len(), 3);
    assert!(!sent.is_known());
    assert!(sent.events.iter().all(|event| event.answers[0].status == Some(500)));
    drop(otto);
    simulators.set_otto_url("http://127.0.0.1:1");
    let sent = within(simulators.send_call(&order(BOOKED, 1))).await.unwrap();
    assert!(sent.events.iter().all(|event| event.answers[0].status.is_none()));
    assert_eq!(simulators.stats().callrail.webhooks_lost, 6);
}

#[tokio::test]
async fn webhooks_of_a_call_come_in_any_order_twice_torn_late_or_not_at_all() {
    let faults = Faults {
        reordered_webhooks: 1.0,
        duplicate_webhook: 1.0,
        malformed_webhook: 1.0,
        late_webhook: 1.0,
        ..Faults::NONE
    };
    let mut otto = Otto::start();
    let simulators = start_with(&otto, SimulatorSettings { faults, ..settings() });
    let mut orders = std::collections::BTreeSet::new();
    for index in 0..8 {
        let sent = within(simulators.send_call(&order(BOOKED, index))).await.unwrap();
        assert!(sent.events.iter().all(|event| event.answers.len() == 2));
        for three in otto.rest().chunks(3) {
            let [torn, good, again] = three else { panic!() };
            assert!(serde_json::from_slice::<Value>(&torn.body).is_err());
            assert!(good.body.starts_with(&torn.body) && good.body == again.body);
            assert_eq!(
                torn.headers["signature"],
                callrail_signature(tenant().signing_key.expose(), &torn.body)
            );
        }
        let names: Vec<_> = sent.events.iter().map(|event| event.kind.name()).collect();
        orders.insert(names);
    }
    assert!(orders.len() > 3, "{orders:?}");

    simulators.set_faults(Faults { unsent_webhook: 1.0, ..Faults::NONE });
    let sent = within(simulators.send_call(&order(BOOKED, 9))).await.unwrap();
    assert!(sent.events.iter().all(|event| event.answers.is_empty()));
    assert!(otto.rest().is_empty());
}

#[tokio::test]
async fn calls_that_cannot_be_made() {
    let simulators = simulators::start(settings()).unwrap();
    let unknown = simulators.send_call(&order("nothing", 0)).await;
    assert_eq!(unknown, Err(SendError::UnknownConversation("nothing".to_owned())));
    assert_eq!(simulators.send_call(&order(BOOKED, 0)).await, Err(SendError::NoAddress));
}
