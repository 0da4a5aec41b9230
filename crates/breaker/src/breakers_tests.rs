use super::*;
use crate::{Line, Reason};

const FAILED: Outcome = Outcome::Failed { retry_after: None };

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(1_795_000_000 + seconds, 0).unwrap()
}

fn new() -> Breakers {
    Breakers::new(BreakerPolicy::default(), at(0))
}

fn call(breakers: &mut Breakers, account: &str, outcome: Outcome, now: Timestamp) -> bool {
    let Ok(pass) = breakers.admit(account, now) else { return false };
    breakers.settle(&pass, outcome, now, 0.0);
    true
}

/// An account fails until its breaker opens.
fn fails(breakers: &mut Breakers, account: &str, now: Timestamp) {
    for _ in 0..5 {
        assert!(call(breakers, account, FAILED, now), "{account}");
    }
    assert!(!call(breakers, account, FAILED, now), "{account}");
}

#[test]
fn one_bad_account_holds_up_nobody_else() {
    let mut breakers = new();
    fails(&mut breakers, "bad", at(0));
    // for as long as it stays bad, and nobody else calls
    for round in 1..50 {
        let _ = call(&mut breakers, "bad", FAILED, at(round * 301));
        assert!(call(&mut breakers.clone(), "good", Outcome::Answered, at(round * 301)), "{round}");
    }
    let sight = breakers.sight(at(49 * 301));
    assert_eq!((sight.standing, sight.everybody, sight.accounts), (Standing::Open, false, 1));
    assert_eq!(sight.since, Some(at(0)));
}

#[test]
fn what_several_accounts_find_down_is_down_for_all_and_one_probe_brings_all_back() {
    let mut breakers = new();
    for account in ["a", "b"] {
        fails(&mut breakers, account, at(0));
    }
    assert!(call(&mut breakers, "d", FAILED, at(0)), "two may be a coincidence");
    fails(&mut breakers, "c", at(0));
    let refusal = breakers.admit("new", at(0)).unwrap_err();
    assert_eq!((refusal.reason, refusal.retry_after.as_secs()), (Reason::Failing, 30));
    let sight = breakers.sight(at(1));
    assert_eq!((sight.everybody, sight.accounts, sight.next_probe), (true, 3, Some(at(30))));

    let probe = breakers.admit("new", at(30)).expect("one looks for all");
    for account in ["a", "b", "c", "d", "newer"] {
        assert!(breakers.admit(account, at(30)).is_err(), "{account}");
    }
    breakers.settle(&probe, Outcome::Answered, at(31), 0.0);
    for account in ["a", "b", "c", "d", "newer"] {
        assert!(call(&mut breakers, account, Outcome::Answered, at(31)), "{account}");
    }
    let sight = breakers.sight(at(31));
    assert_eq!((sight.standing, sight.since, sight.next_probe), (Standing::Closed, None, None));
}

#[test]
fn an_answer_to_anybody_says_that_it_is_not_down() {
    let mut breakers = new();
    for account in 0..20 {
        fails(&mut breakers, &format!("bad{account}"), at(0));
        assert!(call(&mut breakers, "good", Outcome::Answered, at(0)));
    }
    assert!(!breakers.sight(at(0)).everybody);
}

#[test]
fn a_pass_given_back_leaves_both_places() {
    let mut breakers = new();
    for account in ["a", "b", "c"] {
        fails(&mut breakers, account, at(0));
    }
    let probe = breakers.admit("a", at(30)).unwrap();
    assert!(breakers.admit("b", at(30)).is_err());
    assert_eq!(breakers.abandon(&probe, at(31), 0.0), (None, None));
    let probe = breakers.admit("b", at(31)).expect("the place is free");
    // and one that is cut off after long has not been answered
    let (own, whole) = breakers.abandon(&probe, at(61), 0.0);
    assert_eq!((own, whole), (Some(Change::StaysOpen), Some(Change::StaysOpen)));
}

#[test]
fn a_wish_to_slow_down_is_of_one_account() {
    let mut breakers = new();
    let asked = Outcome::Throttled { retry_after: Some(Duration::from_mins(1)) };
    assert!(call(&mut breakers, "a", asked, at(0)));
    let refusal = breakers.admit("a", at(1)).unwrap_err();
    assert_eq!((refusal.reason, refusal.retry_after.as_secs()), (Reason::Throttled, 59));
    assert!(breakers.admit("b", at(1)).is_ok());
    let sight = breakers.sight(at(1));
    assert_eq!((sight.standing, sight.slowed), (Standing::Closed, 1));
    assert_eq!(breakers.wait("a", at(1)), Some(Duration::from_secs(59)));
    assert_eq!(breakers.wait("b", at(1)), None);
}

#[test]
fn accounts_nobody_asks_for_are_forgotten() {
    let mut breakers = new();
    fails(&mut breakers, "bad", at(0));
    for account in 0..3 * MANY {
        let now = at(i64::try_from(account).unwrap() * 10);
        assert!(call(&mut breakers, &format!("account{account}"), Outcome::Answered, now));
        assert!(breakers.each.len() <= MANY + 1);
    }
    assert!(!breakers.each.contains_key("bad"));
    for account in ["a", "b", "c"] {
        fails(&mut breakers, account, at(100_000));
    }
    assert!(breakers.sight(at(100_000)).everybody);
    assert!(!breakers.sight(at(110_000)).everybody, "nobody cared for hours");
}

#[test]
fn who_stands_in_line_comes_one_by_one() {
    let (mut line, each) = (Line::default(), Duration::from_secs(4));
    let place = |line: &mut Line, now, room_in| line.place(now, Duration::from_secs(room_in), each).as_secs();
    let places: Vec<_> = (0..5).map(|_| place(&mut line, at(0), 3)).collect();
    assert_eq!(places, [3, 7, 11, 15, 19]);
    assert_eq!(place(&mut line, at(20), 4), 4, "the line has come to its end");
    // nobody is sent away for an hour
    let longest = (0..10_000).map(|_| place(&mut line, at(100), 4)).max().unwrap();
    assert!((590..=600).contains(&longest), "{longest}");
    assert_eq!(place(&mut line, at(-100_000), 4), 4, "a clock set back makes nobody wait");
}
