//! Where the three verdicts come from, and where they must not come from.

use serde_json::{Value, json};
use shunya_jobs::{BookingStatus, LeadQuality, OutcomeCategory, normalise};

use crate::support::{at, left, record};

fn booking(payload: &Value) -> Option<BookingStatus> {
    record(payload).booking_status
}

#[test]
fn booking_comes_from_its_own_word() {
    for (word, ours) in [
        ("booked", Some(BookingStatus::Booked)),
        ("Not Booked", Some(BookingStatus::NotBooked)),
        (" SERVICE-NOT-OFFERED ", Some(BookingStatus::ServiceNotOffered)),
        ("pending", None),
    ] {
        for path in ["qualification.booking_status", "booking_status", "compliance.layer_2.booking_status"] {
            assert_eq!(booking(&at(path, json!(word))), ours, "{path} {word}");
        }
    }
}

#[test]
fn booking_is_decoded_where_the_vendor_says_both_at_once() {
    for (word, ours) in [
        ("qualified_and_booked", BookingStatus::Booked),
        ("qualified_but_unbooked", BookingStatus::NotBooked),
        ("qualified_service_not_offered", BookingStatus::ServiceNotOffered),
    ] {
        for path in [
            "qualification.call_outcome_category",
            "qualification.qualification_status",
            "compliance.layer_2.call_outcome",
        ] {
            let mut payload = at(path, json!(word));
            assert_eq!(booking(&payload), Some(ours), "{path} {word}");
            payload["booking_status"] = Value::Null;
            assert_eq!(booking(&payload), Some(ours), "{path} {word}");
        }
    }
    assert_eq!(
        booking(&at("qualification.call_outcome_category", json!("appointment_scheduled"))),
        Some(BookingStatus::Booked)
    );
    // the category is the fresher verdict
    let both = json!({"qualification": {
        "qualification_status": "qualified_and_booked", "call_outcome_category": "qualified_not_booked"}});
    assert_eq!(booking(&both), Some(BookingStatus::NotBooked));
}

#[test]
fn what_the_vendor_says_of_the_booking_stands() {
    for (word, ours) in [("pending", None), ("not_booked", Some(BookingStatus::NotBooked)), ("perhaps", None)]
    {
        let payload = json!({"qualification": {
            "booking_status": word, "call_outcome_category": "qualified_and_booked",
            "qualification_status": "qualified_and_booked", "appointment_confirmed": true}});
        let read = normalise(&payload);
        assert_eq!(read.record.booking_status, ours, "{word}");
        assert_eq!(read.record.outcome_category, Some(OutcomeCategory::QualifiedAndBooked));
        assert_eq!(read.unknown.len(), usize::from(word == "perhaps"));
    }
}

#[test]
fn nothing_is_inferred_from_what_else_is_there() {
    let payload = json!({"qualification": {
        "appointment_confirmed": true, "appointment_date": "2025-12-20T14:30:00Z", "overall_score": 0.99,
        "qualification_status": "hot"}});
    let read = record(&payload);
    assert_eq!((read.booking_status, read.outcome_category), (None, None));
    let read = record(&json!({"qualification": {"call_outcome_category": "qualified_and_booked"}}));
    assert_eq!(read.lead_quality, None);
    let read = record(&json!({"qualification": {"qualification_status": "qualified_and_booked"}}));
    assert_eq!(read.outcome_category, None);
}

#[test]
fn nurture_is_known_and_no_verdict() {
    let read = record(&at("qualification.qualification_status", json!("Nurture")));
    assert_eq!((read.lead_quality, read.qualification_status.as_deref()), (None, Some("Nurture")));
}

#[test]
fn the_status_endpoints_qualification_status_is_about_their_work() {
    let read = record(&json!({"status": "processing", "qualification_status": "completed"}));
    assert_eq!((read.lead_quality, read.qualification_status), (None, None));
    let read = record(&json!({"qualification_status": "Hot"}));
    assert_eq!(read.lead_quality, Some(LeadQuality::Hot));
}

#[test]
fn unknown_words_are_kept_but_mean_nothing() {
    let payload = json!({"qualification": {
        "qualification_status": "lukewarm", "booking_status": "maybe", "call_outcome_category": "won"}});
    let read = normalise(&payload).record;
    assert_eq!((read.lead_quality, read.booking_status, read.outcome_category), (None, None, None));
    assert_eq!(read.qualification_status.as_deref(), Some("lukewarm"));
    assert_eq!(
        left(&payload),
        [
            "qualification.qualification_status=lukewarm",
            "qualification.booking_status=maybe",
            "qualification.call_outcome_category=won"
        ]
    );
}
