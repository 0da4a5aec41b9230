//! [`RateLimiter`](app::ports::RateLimiter).

#![expect(missing_docs, reason = "the name of a case says what it is about")]

use std::time::Duration;

use app::ports::{Budget, Rate, Ruling, Whose};
use kernel::Provider;

use super::super::bench::{company, together};
use crate::{Process, Two, eventually};

/// So long that nothing is forgotten while a case runs.
const LONG: Duration = Duration::from_hours(1);

fn budget<'a>(what: &'static str, who: &'a str, count: u32, per: Duration) -> Budget<'a> {
    Budget { what, who, rate: Rate { count, per } }
}

async fn take(process: &Process, budgets: &[Budget<'_>]) -> Ruling {
    process.shared.limiter.take(Whose::Company(&company("org_a")), budgets).await
}

fn is_allowed(ruling: Ruling) -> bool {
    assert_ne!(ruling, Ruling::Undecided);
    matches!(ruling, Ruling::Allowed(_))
}

pub async fn so_many_are_allowed_and_no_more(two: &Two) {
    let budgets = [budget("user", "u1", 4, LONG)];
    for (process, left) in [(&two.here, 3), (&two.there, 2), (&two.here, 1), (&two.there, 0)] {
        let Ruling::Allowed(headroom) = take(process, &budgets).await else { panic!("{left} would be left") };
        assert_eq!((headroom.limit, headroom.remaining), (4, left));
        assert!(headroom.full_in <= LONG && !headroom.full_in.is_zero());
    }
    for process in [&two.here, &two.there] {
        let Ruling::Denied { headroom, retry_after } = take(process, &budgets).await else {
            panic!("no more")
        };
        assert_eq!((headroom.limit, headroom.remaining), (4, 0));
        assert!(retry_after <= LONG / 4 && retry_after > LONG / 8, "{retry_after:?}");
    }
}

pub async fn what_is_denied_counts_against_nothing(two: &Two) {
    let of = |who| [budget("user", who, 1, LONG), budget("tenant", "", 3, LONG)];
    assert!(is_allowed(take(&two.here, &of("u1")).await));
    for _ in 0..5 {
        assert!(!is_allowed(take(&two.there, &of("u1")).await));
    }
    assert!(is_allowed(take(&two.here, &of("u2")).await));
    assert!(is_allowed(take(&two.here, &of("u3")).await));
    assert!(!is_allowed(take(&two.here, &of("u4")).await), "the tenant's is used up");
}

pub async fn a_budget_is_of_one_tenant(two: &Two) {
    let budgets = [budget("tenant", "", 1, LONG)];
    for org in ["org_a", "org_b"] {
        let limiter = &two.here.shared.limiter;
        assert!(is_allowed(limiter.take(Whose::Company(&company(org)), &budgets).await));
        assert!(!is_allowed(limiter.take(Whose::Company(&company(org)), &budgets).await));
    }
}

pub async fn after_a_while_it_is_allowed_again(two: &Two) {
    let budgets = [budget("user", "u1", 2, Duration::from_millis(600))];
    while is_allowed(take(&two.here, &budgets).await) {}
    eventually("it is allowed again", async || is_allowed(take(&two.there, &budgets).await)).await;
}

pub async fn the_tightest_budget_is_told(two: &Two) {
    let budgets = [budget("tenant", "", 100, LONG), budget("user", "u1", 2, LONG)];
    let Ruling::Allowed(headroom) = take(&two.here, &budgets).await else { panic!("there is room") };
    assert_eq!((headroom.limit, headroom.remaining), (2, 1));
    take(&two.here, &budgets).await;
    let Ruling::Denied { headroom, .. } = take(&two.here, &budgets).await else { panic!("no more") };
    assert_eq!(headroom.limit, 2);
}

pub async fn of_many_at_once_no_more_are_allowed(two: &Two) {
    let taking = (0..60).map(|turn| async move {
        let process = if turn % 2 == 0 { &two.here } else { &two.there };
        is_allowed(take(process, &[budget("user", "u1", 10, LONG)]).await)
    });
    assert_eq!(together(taking).await.into_iter().filter(|allowed| *allowed).count(), 10);
}

pub async fn an_account_s_budget_is_neither_a_company_s_nor_another_provider_s(two: &Two) {
    let (org, budgets) = (company("org_a"), [budget("tenant", "", 1, LONG)]);
    let all = [
        Whose::Company(&org),
        Whose::Account(Provider::Callrail, "org_a"),
        Whose::Account(Provider::Shunya, "org_a"),
    ];
    for (turn, whose) in all.into_iter().enumerate() {
        let (here, there) = if turn % 2 == 0 { (&two.here, &two.there) } else { (&two.there, &two.here) };
        assert!(is_allowed(here.shared.limiter.take(whose, &budgets).await), "{whose}");
        assert!(!is_allowed(there.shared.limiter.take(whose, &budgets).await), "{whose}");
    }
}

pub async fn a_hold_is_known_to_all_and_to_be_of_one_account(two: &Two) {
    let account = Whose::Account(Provider::Shunya, "org_a");
    assert_eq!(two.there.shared.limiter.held(account).await, None);
    two.here.shared.limiter.hold(account, LONG).await;
    let left = two.there.shared.limiter.held(account).await.expect("it is held");
    assert!(left <= LONG && left > LONG / 2, "{left:?}");
    for other in [Whose::Account(Provider::Callrail, "org_a"), Whose::Account(Provider::Shunya, "org_b")] {
        assert_eq!(two.there.shared.limiter.held(other).await, None, "{other}");
    }
    // a shorter one takes nothing from it
    two.there.shared.limiter.hold(account, Duration::from_millis(1)).await;
    assert!(two.here.shared.limiter.held(account).await.is_some_and(|left| left > LONG / 2));
}

pub async fn a_hold_runs_out(two: &Two) {
    let account = Whose::Account(Provider::Callrail, "a");
    two.here.shared.limiter.hold(account, Duration::from_millis(300)).await;
    eventually("it has run out", async || two.there.shared.limiter.held(account).await.is_none()).await;
}
