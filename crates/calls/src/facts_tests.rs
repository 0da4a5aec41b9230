use chrono::DateTime;
use proptest::{collection::vec, option, prelude::*, sample::select};

use super::*;
use crate::{ProviderCallIds, ReportedFacts};

fn event(kind: CallEventKind, digest: u64, facts: ReportedFacts) -> CallEvent {
    let ids = ProviderCallIds { primary: "CAL1".into(), legacy: None };
    CallEvent { kind, ids, digest, facts, problems: Vec::new() }
}

fn absorbed(events: &[CallEvent]) -> CallFacts {
    let mut facts = CallFacts::default();
    for event in events {
        facts.absorb(event);
    }
    facts
}

fn answered(value: bool) -> ReportedFacts {
    ReportedFacts { answered: Some(value), ..ReportedFacts::default() }
}

#[test]
fn a_ringing_call_announced_as_missed_is_not_missed() {
    let facts = absorbed(&[event(CallEventKind::Incoming, 1, answered(false))]);
    assert_eq!(facts.status(), CallStatus::Incoming);
    assert!(!facts.is_missed());
}

#[test]
fn a_late_answered_event_does_not_reopen_a_call_that_is_over() {
    let over = event(CallEventKind::Completed, 2, answered(true));
    let late = event(CallEventKind::Answered, 1, ReportedFacts::default());
    assert_eq!(absorbed(&[over, late]).status(), CallStatus::Completed);
}

#[test]
fn an_unanswered_outbound_call_is_not_a_missed_customer() {
    let facts = ReportedFacts { direction: Some(Direction::Outbound), ..answered(false) };
    assert_eq!(absorbed(&[event(CallEventKind::Completed, 1, facts)]).status(), CallStatus::Completed);
}

#[test]
fn a_modified_event_without_a_recording_keeps_the_one_known() {
    let recording = Some(RecordingRef { id: "CAL1".into(), duration_seconds: Some(8) });
    let first = event(CallEventKind::Completed, 1, ReportedFacts { recording, ..answered(false) });
    let second = event(CallEventKind::Modified, 2, ReportedFacts::default());
    assert!(absorbed(&[first, second]).recording().is_some());
}

#[test]
fn survives_storage() {
    let facts = absorbed(&[event(CallEventKind::Completed, u64::MAX, answered(true))]);
    let stored = serde_json::to_string(&facts).unwrap();
    assert_eq!(serde_json::from_str::<CallFacts>(&stored).unwrap(), facts);
}

#[test]
fn who_took_it_is_known_from_rows_of_an_older_version() {
    let stored = r#"{"seen":["completed"],"csr_id":{"rank":["completed",7],"value":"user_1"}}"#;
    let facts: CallFacts = serde_json::from_str(stored).unwrap();
    assert_eq!(facts.csr_ids().collect::<Vec<_>>(), ["user_1"]);
    let again = serde_json::to_string(&facts).unwrap();
    assert_eq!(serde_json::from_str::<CallFacts>(&again).unwrap(), facts);
}

#[test]
fn of_everybody_named_the_most_credible_comes_first() {
    let named = |kind, digest, id: &str| {
        event(kind, digest, ReportedFacts { csr_id: Some(id.into()), ..ReportedFacts::default() })
    };
    let facts = absorbed(&[
        named(CallEventKind::Completed, 1, "front desk"),
        named(CallEventKind::Answered, 2, "user_1"),
        named(CallEventKind::Answered, 1, "front desk"),
    ]);
    assert_eq!(facts.csr_ids().collect::<Vec<_>>(), ["front desk", "user_1"]);
}

#[test]
fn what_is_told_follows_from_each_event_alone() {
    let missed = event(CallEventKind::Missed, 1, ReportedFacts::default());
    let over = event(CallEventKind::Completed, 2, answered(true));
    let by_us = ReportedFacts { direction: Some(Direction::Outbound), ..answered(false) };
    assert_eq!(absorbed(&[missed.clone(), over.clone()]).told, [Telling::Missed, Telling::Completed]);
    assert_eq!(absorbed(&[over, missed]).told, [Telling::Missed, Telling::Completed]);
    assert_eq!(absorbed(&[event(CallEventKind::Listed, 1, answered(false))]).told, [Telling::Missed]);
    assert_eq!(absorbed(&[event(CallEventKind::Listed, 1, by_us)]).told, [Telling::Completed]);
}

fn any_facts() -> impl Strategy<Value = ReportedFacts> {
    let phones = vec!["+12148654559", "+14045558514", "+16025550100"];
    (
        option::of(select(vec![Direction::Inbound, Direction::Outbound])),
        option::of(any::<bool>()),
        option::of(select(phones)),
        option::of("[a-z]{1,3}"),
        option::of(0i32..100),
        option::of((0i64..50).prop_map(|s| DateTime::from_timestamp(1_790_000_000 + s, 0).unwrap())),
        option::of("[a-c]".prop_map(|id| RecordingRef { id, duration_seconds: None })),
        // more than are kept
        option::of("[a-l]"),
    )
        .prop_map(
            |(direction, answered, phone, customer_name, duration_seconds, started_at, recording, csr_id)| {
                ReportedFacts {
                    direction,
                    answered,
                    phone: phone.map(|text| PhoneNumber::parse(text).unwrap()),
                    customer_name,
                    duration_seconds,
                    started_at,
                    recording,
                    csr_id,
                    ..ReportedFacts::default()
                }
            },
        )
}

fn any_event() -> impl Strategy<Value = CallEvent> {
    // few digests, so that ties between different events of one kind happen
    (select(CallEventKind::ALL.to_vec()), 0u64..3, any_facts())
        .prop_map(|(kind, digest, facts)| event(kind, digest, facts))
}

proptest! {
    #[test]
    fn any_order_and_any_repetition_end_the_same(
        (events, shuffled) in vec(any_event(), 1..14).prop_flat_map(|events| {
            let twice: Vec<_> = events.iter().chain(&events).cloned().collect();
            (Just(events), Just(twice).prop_shuffle())
        })
    ) {
        prop_assert_eq!(absorbed(&events), absorbed(&shuffled));
    }

    #[test]
    fn what_was_said_of_one_call_under_two_names_amounts_to_the_same(
        events in vec(any_event(), 1..14), cut in 0usize..14,
    ) {
        let (first, second) = events.split_at(cut.min(events.len()));
        let mut united = absorbed(first);
        united.unite(&absorbed(second));
        prop_assert_eq!(&united, &absorbed(&events));
        let mut again = united.clone();
        again.unite(&united);
        prop_assert_eq!(again, united);
    }
}
