use proptest::prelude::*;

use super::*;

const POLICY: BreakerPolicy = BreakerPolicy {
    failures_in_a_row: 5,
    window: Duration::from_mins(1),
    least_calls: 20,
    worst_share: 0.5,
    first_pause: Duration::from_secs(30),
    longest_pause: Duration::from_mins(5),
    slow_after: Duration::from_secs(30),
    probe_wait: Duration::from_secs(5),
};
const FAILED: Outcome = Outcome::Failed { retry_after: None };
const THROTTLED: Outcome = Outcome::Throttled { retry_after: None };

fn at(millis: i64) -> Timestamp {
    Timestamp::from_timestamp_millis(1_795_000_000_000 + millis).unwrap()
}

fn new() -> Breaker {
    Breaker::new(POLICY, at(0))
}

/// A call that ends at once.
fn call(breaker: &mut Breaker, outcome: Outcome, now: Timestamp) -> Option<Change> {
    let permit = breaker.admit(now).expect("it is closed, or due for a probe");
    breaker.settle(&permit, outcome, now, 0.0)
}

fn opened(now: Timestamp) -> Breaker {
    let mut breaker = new();
    for turn in 1..=5 {
        assert_eq!(call(&mut breaker, FAILED, now), (turn == 5).then_some(Change::Opened));
    }
    breaker
}

fn seconds(refusal: Result<Permit, Refusal>) -> u64 {
    refusal.expect_err("it is open").retry_after.as_secs()
}

#[test]
fn it_opens_after_five_failures_in_a_row_and_one_probe_closes_it() {
    let mut breaker = opened(at(0));
    assert_eq!(breaker.standing(at(0)), Standing::Open);
    assert_eq!(seconds(breaker.admit(at(10_000))), 20);
    assert_eq!(breaker.standing(at(30_000)), Standing::HalfOpen);
    let probe = breaker.admit(at(30_000)).unwrap();
    assert_eq!(seconds(breaker.admit(at(30_001))), 5, "one probe is enough");
    assert_eq!(breaker.settle(&probe, Outcome::Answered, at(30_500), 0.0), Some(Change::Closed));
    assert_eq!(breaker.standing(at(30_500)), Standing::Closed);
    for _ in 0..4 {
        assert_eq!(call(&mut breaker, FAILED, at(31_000)), None, "it counts from nought again");
    }
}

#[test]
fn each_probe_that_fails_doubles_the_pause_up_to_five_minutes() {
    let (mut breaker, mut now) = (opened(at(0)), at(0));
    let mut pauses = Vec::new();
    for _ in 0..6 {
        let pause = breaker.admit(now).unwrap_err().retry_after;
        pauses.push(pause.as_secs());
        now += chrono_of(pause);
        assert_eq!(call(&mut breaker, FAILED, now), Some(Change::StaysOpen));
        assert_eq!(breaker.trouble().unwrap().0, at(0), "it lasts since it began");
    }
    assert_eq!(pauses, [30, 60, 120, 240, 300, 300]);
    let pause = breaker.admit(now).unwrap_err().retry_after;
    call(&mut breaker, Outcome::Answered, now + chrono_of(pause));
    for _ in 0..5 {
        call(&mut breaker, FAILED, now + chrono_of(pause));
    }
    assert_eq!(seconds(breaker.admit(now + chrono_of(pause))), 30, "the next outage begins small");
}

#[test]
fn half_of_many_calls_failing_opens_it_too() {
    let mut breaker = new();
    for turn in 0..19 {
        let outcome = if turn % 2 == 0 { FAILED } else { Outcome::Answered };
        assert_eq!(call(&mut breaker, outcome, at(turn * 1000)), None);
    }
    assert_eq!(call(&mut breaker, Outcome::Answered, at(19_000)), None);
    assert_eq!(call(&mut breaker, FAILED, at(19_500)), Some(Change::Opened));
    // the same, spread over more time than is looked at
    let mut breaker = new();
    for turn in 0..60 {
        let outcome = if turn % 2 == 0 { FAILED } else { Outcome::Answered };
        assert_eq!(call(&mut breaker, outcome, at(turn * 10_000)), None);
    }
}

#[test]
fn a_wish_to_be_left_alone_is_kept_and_opens_nothing() {
    let mut breaker = new();
    let asked = Outcome::Throttled { retry_after: Some(Duration::from_secs(90)) };
    assert_eq!(call(&mut breaker, asked, at(0)), None);
    let refusal = breaker.admit(at(1000)).unwrap_err();
    assert_eq!((refusal.reason, refusal.retry_after.as_secs()), (Reason::Throttled, 89));
    assert_eq!(breaker.standing(at(1000)), Standing::Closed);
    assert!(breaker.admit(at(90_000)).is_ok());
    // an hour at most, whatever was asked
    let mut breaker = new();
    call(&mut breaker, Outcome::Throttled { retry_after: Some(Duration::from_hours(10_000)) }, at(0));
    assert_eq!(seconds(breaker.admit(at(0))), 3600);
}

#[test]
fn a_wish_without_a_time_is_given_longer_each_time_and_once_for_calls_under_way_together() {
    let (mut breaker, mut now) = (new(), at(0));
    let mut rests = Vec::new();
    for _ in 0..3 {
        let together: Vec<_> = (0..8).map(|_| breaker.admit(now).unwrap()).collect();
        for permit in &together {
            breaker.settle(permit, THROTTLED, now, 0.0);
        }
        let rest = breaker.resting(now).unwrap();
        rests.push(rest.as_secs());
        now += chrono_of(rest);
    }
    assert_eq!(rests, [1, 2, 4]);
    call(&mut breaker, Outcome::Answered, now);
    call(&mut breaker, THROTTLED, now);
    assert_eq!(breaker.resting(now).unwrap().as_secs(), 1, "a success begins anew");
}

#[test]
fn a_provider_s_own_time_counts_when_it_is_longer() {
    let mut breaker = new();
    for _ in 0..5 {
        call(&mut breaker, Outcome::Failed { retry_after: Some(Duration::from_mins(20)) }, at(0));
    }
    assert_eq!(seconds(breaker.admit(at(0))), 1200);
}

#[test]
fn results_of_calls_begun_before_it_changed_say_nothing() {
    let mut breaker = new();
    let early: Vec<_> = (0..8).map(|_| breaker.admit(at(0)).unwrap()).collect();
    for permit in early.iter().take(5) {
        breaker.settle(permit, FAILED, at(10), 0.0);
    }
    assert_eq!(breaker.settle(&early[5], Outcome::Answered, at(20), 0.0), None);
    assert_eq!(breaker.standing(at(20)), Standing::Open, "it began before");
    assert_eq!(call(&mut breaker, Outcome::Answered, at(30_010)), Some(Change::Closed));
    for permit in early.iter().skip(6) {
        assert_eq!(breaker.settle(permit, FAILED, at(30_020), 0.0), None);
    }
    for _ in 0..4 {
        assert_eq!(call(&mut breaker, FAILED, at(30_030)), None, "and they are not counted either");
    }
}

#[test]
fn a_probe_that_is_given_back_leaves_its_place() {
    let mut breaker = opened(at(0));
    let probe = breaker.admit(at(30_000)).unwrap();
    breaker.give_back(&probe);
    assert!(breaker.admit(at(30_001)).is_ok());
    assert_eq!(
        breaker.settle(&probe, Outcome::Answered, at(30_002), 0.0),
        None,
        "it is somebody else's turn"
    );
    // and one that is never heard of again holds nobody up for ever
    assert!(breaker.admit(at(30_003)).is_err());
    assert!(breaker.admit(at(30_001) + chrono_of(PROBE_LIFE)).is_ok());
}

#[test]
fn what_nobody_asks_for_is_forgotten() {
    let hour = 3_600_000;
    assert!(!new().is_idle(at(hour)));
    assert!(new().is_idle(at(hour + 1)));
    assert!(!opened(at(0)).is_idle(at(hour + 1)), "it was open for a while of that");
    assert!(opened(at(0)).is_idle(at(hour + 30_001)));
}

#[derive(Clone, Debug)]
enum Step {
    Admit,
    Settle(prop::sample::Index, Outcome, f64),
    GiveBack(prop::sample::Index),
    Wait(i64),
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    let asked = prop::option::of((0_u64..10_000).prop_map(Duration::from_secs));
    prop_oneof![
        3 => Just(Outcome::Answered),
        1 => asked.clone().prop_map(|retry_after| Outcome::Throttled { retry_after }),
        6 => asked.prop_map(|retry_after| Outcome::Failed { retry_after }),
    ]
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => Just(Step::Admit),
        5 => (any::<prop::sample::Index>(), outcomes(), 0.0..1.0).prop_map(|(which, how, roll)| Step::Settle(which, how, roll)),
        1 => any::<prop::sample::Index>().prop_map(Step::GiveBack),
        // mostly forward, at times back, as clocks are set
        2 => prop_oneof![9 => 0_i64..400_000, 1 => -4_000_000_i64..0].prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 0..200)
}

/// Plays steps, calling `look` after each with the calls under way.
fn play(steps: &[Step], mut look: impl FnMut(&Breaker, &[Permit], Timestamp)) -> (Breaker, Timestamp) {
    let (mut breaker, mut under_way, mut now) = (new(), Vec::<Permit>::new(), at(0));
    for step in steps {
        match step {
            Step::Admit => under_way.extend(breaker.admit(now).ok()),
            Step::Settle(which, outcome, roll) if !under_way.is_empty() => {
                let permit = under_way.swap_remove(which.index(under_way.len()));
                breaker.settle(&permit, *outcome, now, *roll);
            }
            Step::GiveBack(which) if !under_way.is_empty() => {
                let permit = under_way.swap_remove(which.index(under_way.len()));
                breaker.give_back(&permit);
            }
            Step::Settle(..) | Step::GiveBack(_) => {}
            Step::Wait(millis) => now += chrono::Duration::milliseconds(*millis),
        }
        look(&breaker, &under_way, now);
    }
    (breaker, now)
}

proptest! {
    #[test]
    fn nobody_is_refused_for_longer_than_an_hour(steps in steps()) {
        play(&steps, |breaker, _, now| {
            if let Err(refusal) = breaker.clone().admit(now) {
                assert!(refusal.retry_after <= LONGEST_ASKED);
                assert!(!refusal.retry_after.is_zero(), "who comes back at once is refused at once");
            }
        });
    }

    #[test]
    fn of_calls_under_way_at_most_one_is_the_probe_and_then_nobody_else_is_let_in(steps in steps()) {
        play(&steps, |breaker, under_way, now| {
            let probes = under_way.iter().filter(|permit| breaker.is_probe(permit)).count();
            assert!(probes <= 1);
            let fresh = |permit: &&Permit| breaker.is_probe(permit) && permit.began <= now && permit.lasted(now) < PROBE_LIFE;
            if under_way.iter().any(|permit| fresh(&permit)) {
                assert!(breaker.clone().admit(now).is_err());
            }
        });
    }

    #[test]
    fn whatever_happened_who_comes_back_when_told_is_let_in_and_an_answer_closes_it(steps in steps()) {
        let (mut breaker, mut now) = play(&steps, |_, _, _| {});
        let longest = now + chrono_of(LONGEST_ASKED + PROBE_LIFE + POLICY.probe_wait);
        let permit = loop {
            match breaker.admit(now) {
                Ok(permit) => break permit,
                Err(refusal) => now += chrono_of(refusal.retry_after),
            }
            prop_assert!(now <= longest);
        };
        breaker.settle(&permit, Outcome::Answered, now, 0.5);
        prop_assert_eq!(breaker.standing(now), Standing::Closed);
        prop_assert!(breaker.admit(now).is_ok());
    }

    #[test]
    fn answers_alone_never_open_it(answers in prop::collection::vec((outcomes(), 0_i64..100_000), 0..300)) {
        let (mut breaker, mut now) = (new(), at(0));
        for (outcome, wait) in answers {
            now += chrono::Duration::milliseconds(wait);
            if matches!(outcome, Outcome::Failed { .. }) {
                continue;
            }
            if let Ok(permit) = breaker.admit(now) {
                prop_assert_eq!(breaker.settle(&permit, outcome, now, 0.5), None);
            }
            prop_assert_eq!(breaker.standing(now), Standing::Closed);
        }
    }

    #[test]
    fn less_than_half_failing_and_never_five_in_a_row_never_opens_it(gaps in prop::collection::vec(1_usize..6, 1..60)) {
        let (mut breaker, mut now) = (new(), at(0));
        for gap in gaps {
            // a failure for at least two answers
            for outcome in std::iter::once(FAILED).chain(std::iter::repeat_n(Outcome::Answered, gap + 1)) {
                now += chrono::Duration::milliseconds(100);
                prop_assert_eq!(call(&mut breaker, outcome, now), None);
            }
        }
    }

    #[test]
    fn pauses_are_jittered_and_never_longer_than_the_longest(failed in 0_u32..100, roll in 0.0..1.0) {
        let pause = POLICY.pause(failed, roll);
        let whole = POLICY.first_pause.saturating_mul(1 << failed.min(10)).min(POLICY.longest_pause);
        prop_assert!(pause <= whole && pause >= whole.mul_f64(0.79));
    }
}
