//! The same call told by three generations is the same call.

use shunya_jobs::{AnalysisRecord, AppointmentFacts, BookingStatus, Compliance, OutcomeCategory};

use crate::support::fixture;

/// What all three generations carry: without the newest one's additions, and without how each lists the script.
fn common(name: &str) -> AnalysisRecord {
    let record = shunya_jobs::normalise(&fixture(name)).record;
    AnalysisRecord {
        appointment: AppointmentFacts {
            confirmed: record.appointment.confirmed,
            start: record.appointment.start,
            appointment_type: record.appointment.appointment_type,
            ..AppointmentFacts::default()
        },
        address: None,
        compliance: Compliance {
            score: record.compliance.score,
            positive_behaviors: record.compliance.positive_behaviors,
            ..Compliance::default()
        },
        coaching_tips: vec![],
        ..record
    }
}

#[test]
fn the_same_facts_give_the_same_record() {
    let d15 = common("d15");
    assert_eq!(d15, common("d8"));
    assert_eq!(d15, common("n15"));
    // equal, and there
    assert_eq!(d15.sentiment_score, Some(0.75));
    assert_eq!(d15.compliance.score, Some(5.7));
    assert_eq!(d15.compliance.positive_behaviors, ["Warm greeting", "Offered two time slots"]);
    assert_eq!(d15.risk.as_ref().and_then(|risk| risk.score), Some(0.2));
    assert_eq!(d15.booking_status, Some(BookingStatus::Booked));
    assert_eq!(d15.outcome_category, Some(OutcomeCategory::QualifiedAndBooked));
    assert_eq!((d15.objections.len(), d15.pending_actions.len(), d15.missed_opportunities.len()), (2, 2, 1));
}
