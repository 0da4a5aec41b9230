//! What the AI said, in the words of the domain that acts on it.

use crm::{
    Action, AppointmentIntent, Booking, CallOutcome, Opportunity, Priority, Qualification, SignalSeverity,
};
use kernel::{Calendar, Timestamp};
use shunya_jobs::{AnalysisRecord, AppointmentFacts, AppointmentStart, BookingStatus, LeadQuality};

/// Translates a record. A wall-clock time is of the zone the vendor named, else of the company's.
pub(super) fn outcome_of(record: &AnalysisRecord, company: Calendar) -> CallOutcome {
    let appointment = &record.appointment;
    let address = record.address.clone().unwrap_or_default();
    let start = match appointment.intent {
        Some(shunya_jobs::AppointmentIntent::Reschedule) => appointment.new_start.or(appointment.start),
        _ => appointment.start.or(appointment.new_start),
    };
    CallOutcome {
        booking: record.booking_status.map(|status| match status {
            BookingStatus::Booked => Booking::Booked,
            BookingStatus::NotBooked => Booking::NotBooked,
            BookingStatus::ServiceNotOffered => Booking::ServiceNotOffered,
        }),
        qualification: qualification_of(record),
        appointment_start: start.and_then(|start| instant_of(start, appointment, company)),
        original_start: appointment.original_start.and_then(|start| instant_of(start, appointment, company)),
        intent: appointment.intent.map(|intent| match intent {
            shunya_jobs::AppointmentIntent::NewBooking => AppointmentIntent::NewBooking,
            shunya_jobs::AppointmentIntent::Reschedule => AppointmentIntent::Reschedule,
            shunya_jobs::AppointmentIntent::Cancel => AppointmentIntent::Cancel,
        }),
        appointment_type: appointment.appointment_type.map(|kind| kind.as_str().to_owned()),
        address: address.street.or(address.raw),
        city: address.city,
        state: address.state,
        postal_code: address.postal_code,
        customer_name: record.customer_name.clone(),
        customer_email: record.customer_email.clone(),
        service: record.service_requested.clone(),
        service_not_offered_reason: record.service_not_offered_reason.clone(),
        actions: record
            .pending_actions
            .iter()
            .map(|action| Action {
                description: action.description.clone(),
                action_type: action.action_type.clone(),
                due_at: action.due_at,
                priority: action.priority.as_deref().and_then(|text| text.parse::<Priority>().ok()),
                assignee: action.assignee.as_deref().and_then(|text| text.parse().ok()),
            })
            .collect(),
        missed_opportunities: record
            .missed_opportunities
            .iter()
            .map(|missed| Opportunity {
                kind: missed.kind.clone(),
                description: missed.description.clone(),
                severity: missed.severity.and_then(|severity| severity.as_str().parse().ok()),
            })
            .collect(),
        urgency_signals: record.urgency_signals.clone(),
        objections: record.objections.len(),
        risk_level: record
            .risk
            .as_ref()
            .and_then(|risk| risk.level.as_deref())
            .and_then(|level| level.parse::<SignalSeverity>().ok()),
        risk_factors: record.risk.as_ref().map(|risk| risk.risk_factors.clone()).unwrap_or_default(),
        violations: record.compliance.violations.clone(),
    }
}

fn qualification_of(record: &AnalysisRecord) -> Option<Qualification> {
    match record.lead_quality {
        Some(LeadQuality::Hot | LeadQuality::Warm | LeadQuality::Cold | LeadQuality::Qualified) => {
            Some(Qualification::Qualified)
        }
        Some(LeadQuality::Unqualified) => Some(Qualification::Unqualified),
        None => {
            let sent = record.qualification_status.as_deref().map(str::to_ascii_lowercase);
            (sent.as_deref() == Some("nurture")).then_some(Qualification::Nurture)
        }
    }
}

fn instant_of(start: AppointmentStart, facts: &AppointmentFacts, company: Calendar) -> Option<Timestamp> {
    match start {
        AppointmentStart::Instant(at) => Some(at),
        AppointmentStart::Local(local) => {
            let named = facts.time_zone.as_deref().and_then(|zone| Calendar::in_zone(zone).ok());
            Some(named.unwrap_or(company).instant(local))
        }
        // a day is not a time, and we do not make one up
        AppointmentStart::Day(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn booked_at(start: AppointmentStart, zone: Option<&str>) -> Option<String> {
        let mut record = AnalysisRecord::default();
        record.appointment.start = Some(start);
        record.appointment.time_zone = zone.map(str::to_owned);
        let company = Calendar::in_zone("America/Phoenix").unwrap();
        outcome_of(&record, company).appointment_start.map(|at| at.to_rfc3339())
    }

    #[test]
    fn wall_clock_times_are_of_the_named_zone_else_of_the_company() {
        let local = AppointmentStart::Local("2026-11-24T09:30:00".parse().unwrap());
        assert_eq!(booked_at(local, None).unwrap(), "2026-11-24T16:30:00+00:00");
        assert_eq!(booked_at(local, Some("America/New_York")).unwrap(), "2026-11-24T14:30:00+00:00");
        assert_eq!(booked_at(local, Some("Phoenix time")).unwrap(), "2026-11-24T16:30:00+00:00");
    }

    #[test]
    fn a_day_alone_is_no_appointment() {
        assert_eq!(booked_at(AppointmentStart::Day("2026-11-24".parse().unwrap()), None), None);
    }
}
