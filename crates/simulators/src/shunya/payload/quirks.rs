//! What no document says, and the vendor says now and then all the same.
//!
//! None of it may change what comes of a call: a booked call stays booked.

use serde_json::{Map, Value, json};

use super::{Generation, Subject};

pub(super) fn sprinkle(generation: Generation, subject: &Subject, parts: &mut Map<String, Value>) {
    let mut draw = subject.draw("quirks");
    // each is drawn whether it can be said or not, so that one does not move the others
    let mut now = || draw.chance(subject.quirks);
    if now() {
        parts.insert("model_version".to_owned(), json!("otto-llm-2.3.1"));
        parts.insert(
            "_debug".to_owned(),
            json!({ "latency_ms": 4211, "tokens": { "in": 5120, "out": 1803 } }),
        );
    }
    let (lukewarm, pending, trend, visit, talkative) = (now(), now(), now(), now(), now());
    if let Some(Value::Object(qualification)) = parts.get_mut("qualification") {
        if lukewarm && is(qualification, "qualification_status", "warm") {
            qualification.insert("qualification_status".to_owned(), json!("lukewarm"));
        }
        let undecided = qualification.get("booking_status").is_some_and(Value::is_null);
        if pending && (undecided || is(qualification, "booking_status", "not_booked")) {
            qualification.insert("booking_status".to_owned(), json!("pending"));
        }
        if trend {
            qualification.insert("lead_temperature_trend".to_owned(), json!("rising"));
        }
        if visit && generation == Generation::D8 && is(qualification, "appointment_type", "in-person") {
            qualification.insert("appointment_type".to_owned(), json!("service_call"));
        }
    }
    if talkative
        && let Some(actions) = parts.get_mut("summary").and_then(|summary| summary.get_mut("pending_actions"))
        && let Some(Value::Object(action)) = actions.as_array_mut().and_then(|list| list.first_mut())
    {
        action.insert("type".to_owned(), json!("Call Back The Customer"));
    }
}

fn is(section: &Map<String, Value>, field: &str, value: &str) -> bool {
    section.get(field).and_then(Value::as_str) == Some(value)
}
