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
    )
        .prop_map(
            |(direction, answered, phone, customer_name, duration_seconds, started_at, recording)| {
                ReportedFacts {
                    direction,
                    answered,
                    phone: phone.map(|text| PhoneNumber::parse(text).unwrap()),
                    customer_name,
                    duration_seconds,
                    started_at,
                    recording,
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
        (events, shuffled) in vec(any_event(), 1..7).prop_flat_map(|events| {
            let twice: Vec<_> = events.iter().chain(&events).cloned().collect();
            (Just(events), Just(twice).prop_shuffle())
        })
    ) {
        prop_assert_eq!(absorbed(&events), absorbed(&shuffled));
    }
}
