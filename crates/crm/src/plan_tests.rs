use chrono::{DateTime, Duration};
use proptest::prelude::*;
use proptest::sample::select;
use uuid_for_tests::appointment;

use super::*;
use crate::{AppointmentStatus, OpenAppointment};

mod uuid_for_tests {
    use kernel::AppointmentId;

    pub fn appointment(n: u8) -> AppointmentId {
        format!("00000000-0000-7000-8000-0000000000{n:02x}").parse().unwrap()
    }
}

fn at(hours: i64) -> Timestamp {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap() + Duration::hours(hours)
}

fn lead(status: LeadStatus) -> KnownLead {
    KnownLead { status, last_verdict_at: None, open_appointments: Vec::new() }
}

fn with_appointment(status: LeadStatus, start: Timestamp) -> KnownLead {
    let open = OpenAppointment { id: appointment(1), start, status: AppointmentStatus::Scheduled };
    KnownLead { open_appointments: vec![open], ..lead(status) }
}

fn booked() -> CallOutcome {
    CallOutcome {
        booking: Some(Booking::Booked),
        qualification: Some(Qualification::Qualified),
        appointment_start: Some(at(48)),
        ..CallOutcome::default()
    }
}

fn moved_to(outcome: &CallOutcome, known: &KnownLead) -> Option<LeadStatus> {
    plan(outcome, known, at(0)).lead_move.map(|moved| moved.to)
}

#[test]
fn verdicts_move_a_new_lead_as_the_rule_book_says() {
    let new = lead(LeadStatus::New);
    let verdict = |booking, qualification| CallOutcome { booking, qualification, ..CallOutcome::default() };
    let cases = [
        (Some(Booking::Booked), None, Some(LeadStatus::QualifiedBooked)),
        (Some(Booking::ServiceNotOffered), None, Some(LeadStatus::QualifiedServiceNotOffered)),
        (Some(Booking::NotBooked), Some(Qualification::Qualified), Some(LeadStatus::QualifiedUnbooked)),
        (Some(Booking::NotBooked), Some(Qualification::Unqualified), Some(LeadStatus::ClosedLost)),
        (Some(Booking::NotBooked), Some(Qualification::Nurture), Some(LeadStatus::Nurturing)),
        (Some(Booking::NotBooked), None, None),
        (None, Some(Qualification::Qualified), None),
        (None, None, None),
    ];
    for (booking, qualification, expected) in cases {
        assert_eq!(
            moved_to(&verdict(booking, qualification), &new),
            expected,
            "{booking:?} {qualification:?}"
        );
    }
}

#[test]
fn an_older_calls_verdict_does_not_undo_a_newer_ones() {
    let known = KnownLead { last_verdict_at: Some(at(1)), ..lead(LeadStatus::QualifiedBooked) };
    let older = CallOutcome {
        booking: Some(Booking::NotBooked),
        qualification: Some(Qualification::Unqualified),
        ..CallOutcome::default()
    };
    let plan = plan(&older, &known, at(0));
    assert_eq!(plan.lead_move, None);
    assert!(!plan.is_newest_verdict);
}

#[test]
fn a_question_about_a_booked_job_does_not_unbook_it() {
    let known = with_appointment(LeadStatus::QualifiedBooked, at(24));
    let question = CallOutcome {
        booking: Some(Booking::NotBooked),
        qualification: Some(Qualification::Qualified),
        ..CallOutcome::default()
    };
    assert_eq!(moved_to(&question, &known), None);
}

#[test]
fn cancelling_the_last_appointment_unbooks_the_lead() {
    let known = with_appointment(LeadStatus::QualifiedBooked, at(24));
    let cancel = CallOutcome {
        booking: Some(Booking::NotBooked),
        qualification: Some(Qualification::Qualified),
        intent: Some(AppointmentIntent::Cancel),
        ..CallOutcome::default()
    };
    let plan = plan(&cancel, &known, at(0));
    assert_eq!(plan.appointment, Some(AppointmentChange::Cancel { id: appointment(1) }));
    assert_eq!(plan.lead_move.map(|moved| moved.to), Some(LeadStatus::QualifiedUnbooked));
}

#[test]
fn rescheduling_moves_the_appointment_instead_of_making_another() {
    let known = with_appointment(LeadStatus::QualifiedBooked, at(24));
    let outcome = CallOutcome { intent: Some(AppointmentIntent::Reschedule), ..booked() };
    let change = plan(&outcome, &known, at(0)).appointment;
    assert_eq!(change, Some(AppointmentChange::Move { id: appointment(1), start: at(48) }));
}

#[test]
fn a_booking_without_a_time_makes_a_signal_and_no_appointment() {
    let outcome = CallOutcome { appointment_start: None, ..booked() };
    let plan = plan(&outcome, &lead(LeadStatus::New), at(0));
    assert_eq!(plan.appointment, None);
    assert!(plan.signals.iter().any(|signal| signal.title == "Booked without a time"));
}

#[test]
fn a_date_without_a_booking_makes_no_appointment() {
    let outcome = CallOutcome { booking: Some(Booking::NotBooked), ..booked() };
    assert_eq!(plan(&outcome, &lead(LeadStatus::New), at(0)).appointment, None);
}

#[test]
fn the_same_promise_in_other_letter_case_is_one_task() {
    let action = |description: &str| Action {
        description: description.to_owned(),
        action_type: None,
        due_at: None,
        priority: None,
        assignee: None,
    };
    let actions = vec![action("Send the quote"), action("send  the QUOTE"), action("Call back")];
    let outcome = CallOutcome { actions, ..booked() };
    assert_eq!(plan(&outcome, &lead(LeadStatus::New), at(0)).tasks.len(), 2);
}

proptest! {
    #[test]
    fn planning_again_after_applying_changes_nothing(
        status in select(LeadStatus::ALL.to_vec()),
        booking in select(vec![None, Some(Booking::Booked), Some(Booking::NotBooked), Some(Booking::ServiceNotOffered)]),
        qualification in select(vec![None, Some(Qualification::Qualified), Some(Qualification::Unqualified)]),
    ) {
        let outcome = CallOutcome { booking, qualification, ..booked() };
        let mut known = lead(status);
        let first = plan(&outcome, &known, at(0));
        if let Some(moved) = &first.lead_move {
            prop_assert!(may_move(status, moved.to));
            known.status = moved.to;
        }
        if let Some(AppointmentChange::Make { start }) = first.appointment {
            known.open_appointments.push(OpenAppointment {
                id: appointment(2), start, status: AppointmentStatus::Scheduled,
            });
        }
        known.last_verdict_at = Some(at(0));
        let second = plan(&outcome, &known, at(0));
        prop_assert_eq!(&second.lead_move, &None);
        prop_assert_eq!(&second.appointment, &None);
        let keys = |plan: &Plan| plan.signals.iter().map(|s| s.key.clone()).collect::<Vec<_>>();
        prop_assert_eq!(keys(&first), keys(&second));
    }
}
