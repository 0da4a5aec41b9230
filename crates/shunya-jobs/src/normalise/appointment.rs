//! When and where.

use kernel::Calendar;
use serde_json::Value;

use super::{
    moments,
    read::{MAX_TEXT, Node, Read, text},
    vocabulary,
};
use crate::record::{Address, AppointmentFacts, AppointmentStart};

const DATES: [&str; 3] = ["qualification.appointment_date", "appointment_date", "entities.appointment_date"];

/// Where the time stands when it comes apart from its day.
const TIMES: [&str; 6] = [
    "qualification.appointment_time",
    "qualification.scheduled_time",
    "appointment_time",
    "scheduled_time",
    "entities.appointment_time",
    "entities.scheduled_time",
];

pub(super) fn facts(payload: &Node<'_>) -> AppointmentFacts {
    AppointmentFacts {
        confirmed: payload.flag(&["qualification.appointment_confirmed", "appointment_confirmed"]),
        start: start(payload),
        time_zone: payload.first(&["qualification.appointment_timezone", "appointment_timezone"], zone),
        time_confidence: payload
            .fraction(&["qualification.appointment_time_confidence", "appointment_time_confidence"]),
        preferred_window: payload.word(
            &["qualification.preferred_time_window", "preferred_time_window"],
            vocabulary::preferred_window,
        ),
        appointment_type: payload
            .word(&["qualification.appointment_type", "appointment_type"], vocabulary::appointment_type),
        intent: payload.word(
            &["qualification.appointment_intent", "appointment_intent"],
            vocabulary::appointment_intent,
        ),
        original_start: payload.first(
            &["qualification.original_appointment_datetime", "original_appointment_datetime"],
            |value| said(value, moments::start),
        ),
        new_start: payload.first(&["qualification.new_requested_time", "new_requested_time"], |value| {
            said(value, moments::start)
        }),
    }
}

/// The start, put together where day and time come apart. A time without a day is none.
fn start(payload: &Node<'_>) -> Option<AppointmentStart> {
    let date = payload.first(&DATES, |value| said(value, moments::start));
    let day = match date {
        Some(AppointmentStart::Day(day)) => day,
        Some(AppointmentStart::Local(at)) if moments::is_midnight(at) => at.date(),
        Some(exact) => return Some(exact),
        None => return payload.first(&TIMES, |value| said(value, moments::start)),
    };
    payload.first(&TIMES, |value| said(value, |time| moments::start_on(day, time))).or(date)
}

fn said(value: &Value, read: impl Fn(&str) -> Option<AppointmentStart>) -> Read<AppointmentStart> {
    match text(value, MAX_TEXT) {
        Read::Is(said) => read(&said).map_or(Read::Wrong, Read::Is),
        Read::Absent => Read::Absent,
        Read::Cut(_) | Read::Wrong => Read::Wrong,
    }
}

fn zone(value: &Value) -> Read<String> {
    match text(value, MAX_TEXT) {
        Read::Is(name) if Calendar::in_zone(&name).is_ok() => Read::Is(name),
        Read::Absent => Read::Absent,
        _ => Read::Wrong,
    }
}

/// The address: its parts from the vendor's structure, else from `entities`; the words beside them.
pub(super) fn address(payload: &Node<'_>) -> Option<Address> {
    let places =
        ["qualification.service_address_structured", "service_address_structured", "entities.address"];
    let part = |place: &str, names: &[&str]| {
        let paths: Vec<String> = names.iter().map(|name| format!("{place}.{name}")).collect();
        payload.label(&paths.iter().map(String::as_str).collect::<Vec<_>>())
    };
    // all parts from one place: the street of one address and the city of another would be a third
    let found = places.iter().map(|place| Address {
        raw: part(place, &["raw", "full_address", "formatted"]),
        street: part(place, &["street", "street_address", "line1"]),
        city: part(place, &["city"]),
        state: part(place, &["state"]),
        postal_code: part(place, &["zip", "postal_code", "zip_code"]),
        country: part(place, &["country"]),
        confidence: None,
    });
    let mut address = found.into_iter().find(|address| *address != Address::default()).unwrap_or_default();
    let spoken = payload.text(&["qualification.service_address_raw", "service_address_raw"]).or_else(|| {
        payload.first(&places, |value| match value {
            // the structure itself, already read
            Value::Object(_) => Read::Absent,
            other => text(other, MAX_TEXT),
        })
    });
    address.raw = spoken.or(address.raw);
    if address == Address::default() {
        return None;
    }
    address.confidence = payload.fraction(&["qualification.address_confidence", "address_confidence"]);
    Some(address)
}
