//! One test for each row of contract `shunya.md` §5.3, "where the normaliser loses data".

use chrono::NaiveDate;
use serde_json::json;
use shunya_jobs::{AppointmentStart, BookingStatus, LeadQuality, OutcomeCategory, normalise};

use crate::support::{at, fixture, record};

#[test]
fn pending_actions_of_the_summary_and_their_raw_text() {
    let record = record(&at(
        "summary.pending_actions",
        json!([{"type": "call_back", "due_at": "2025-12-19T10:00:00Z", "raw_text": "I'll ring you tomorrow"}]),
    ));
    assert_eq!(record.pending_actions.len(), 1);
    assert_eq!(record.pending_actions[0].description, "I'll ring you tomorrow");
    assert_eq!(record.pending_actions[0].action_type.as_deref(), Some("call_back"));
}

#[test]
fn sentiment_of_the_summary_zero_included() {
    assert_eq!(record(&at("summary.sentiment_score", json!(0.4))).sentiment_score, Some(0.4));
    assert_eq!(record(&at("summary.sentiment_score", json!(0.0))).sentiment_score, Some(0.0));
    assert_eq!(record(&at("sentiment_score", json!(0))).sentiment_score, Some(0.0));
    // and a zero in the first place is not passed over for a later one
    let both = json!({"summary": {"sentiment_score": 0}, "sentiment_score": 0.9});
    assert_eq!(record(&both).sentiment_score, Some(0.0));
}

#[test]
fn missed_opportunities_of_the_opportunity_analysis() {
    let record = record(&at(
        "opportunity_analysis.missed_opportunities",
        json!([{"type": "upsell", "description": "No word about the plan"}]),
    ));
    assert_eq!(record.missed_opportunities[0].description, "No word about the plan");
    assert_eq!(record.missed_opportunities[0].kind.as_deref(), Some("upsell"));
}

#[test]
fn appointment_and_address_of_the_qualification() {
    let record = record(&json!({"qualification": {
        "appointment_date": "2025-12-20T14:30:00-07:00",
        "service_address_raw": "1412 Juniper Lane, Mesa",
        "service_address_structured": {"street": "1412 Juniper Ln", "city": "Mesa", "state": "AZ", "zip": "85201"}
    }}));
    assert_eq!(
        record.appointment.start,
        Some(AppointmentStart::Instant("2025-12-20T21:30:00Z".parse().unwrap()))
    );
    let address = record.address.unwrap();
    assert_eq!(address.raw.as_deref(), Some("1412 Juniper Lane, Mesa"));
    assert_eq!(address.postal_code.as_deref(), Some("85201"));
}

#[test]
fn urgency_signals_of_the_qualification() {
    assert_eq!(
        record(&at("qualification.urgency_signals", json!(["Water is coming in"]))).urgency_signals,
        ["Water is coming in"]
    );
}

#[test]
fn compliance_of_the_two_layer_evaluation_and_counts_of_stages() {
    let compliance = record(&at(
        "compliance.sop_compliance",
        json!({"compliance_score": 0.8, "total_stages": 7, "stages_followed": 5, "stages_missed": 2}),
    ))
    .compliance;
    assert_eq!(compliance.score, Some(8.0));
    assert_eq!((compliance.stages_followed_count, compliance.stages_missed_count), (Some(5), Some(2)));
    assert_eq!(compliance.stages, vec![]);
}

#[test]
fn temperatures_are_lead_qualities() {
    for (word, quality) in [
        ("hot", LeadQuality::Hot),
        ("warm", LeadQuality::Warm),
        ("cold", LeadQuality::Cold),
        ("unqualified", LeadQuality::Unqualified),
    ] {
        let record = record(&at("qualification.qualification_status", json!(word)));
        assert_eq!(record.lead_quality, Some(quality));
        assert_eq!(record.qualification_status.as_deref(), Some(word));
    }
}

#[test]
fn outcome_category_needs_no_qualification_status() {
    let record = record(&at("qualification.call_outcome_category", json!("qualified_service_not_offered")));
    assert_eq!(record.outcome_category, Some(OutcomeCategory::QualifiedServiceNotOffered));
}

#[test]
fn the_wrapper_of_the_oldest_generation() {
    let n15 = normalise(&fixture("n15"));
    assert!(n15.record.summary.is_some());
    assert_eq!(n15.record.booking_status, Some(BookingStatus::Booked));
}

/// Not a row of its own, but the predecessor's tail of the same: date and time apart, under `entities`.
#[test]
fn appointment_of_the_entities() {
    let record =
        record(&json!({"entities": {"appointment_date": "2025-12-27", "scheduled_time": "10:00 AM"}}));
    let ten = NaiveDate::from_ymd_opt(2025, 12, 27).unwrap().and_hms_opt(10, 0, 0).unwrap();
    assert_eq!(record.appointment.start, Some(AppointmentStart::Local(ten)));
}
