//! [`Locks`](app::ports::Locks).

#![expect(missing_docs, reason = "the name of a case says what it is about")]

use std::time::Duration;

use app::ports::{Acquired, HeldLock, LockRenewal};

use super::super::bench::together;
use crate::{Process, Two, eventually};

const LONG: Duration = Duration::from_mins(10);
const SHORT: Duration = Duration::from_millis(80);

async fn acquire(process: &Process, life: Duration) -> Option<Box<dyn HeldLock>> {
    match process.shared.locks.acquire("cron", life).await {
        Acquired::Held(lock) => Some(lock),
        Acquired::Taken => None,
        Acquired::Undecided => panic!("the keeper of locks is there"),
    }
}

/// Gets it once it has run out.
async fn inherit(process: &Process) -> Box<dyn HeldLock> {
    let mut inherited = None;
    eventually("the lock runs out", async || {
        inherited = acquire(process, LONG).await;
        inherited.is_some()
    })
    .await;
    inherited.unwrap()
}

pub async fn one_has_it_until_they_give_it_back(two: &Two) {
    let held = acquire(&two.here, LONG).await.expect("nobody has it");
    assert!(acquire(&two.there, LONG).await.is_none());
    assert!(acquire(&two.here, LONG).await.is_none());
    assert_eq!(held.renew(LONG).await, LockRenewal::Held);
    let other = two.there.shared.locks.acquire("another", LONG).await;
    assert!(matches!(other, Acquired::Held(_)), "another lock is another lock");
    held.release().await;
    assert!(acquire(&two.there, LONG).await.is_some());
}

pub async fn one_that_ran_out_is_no_longer_its_holders(two: &Two) {
    let late = acquire(&two.here, SHORT).await.expect("nobody has it");
    let heir = inherit(&two.there).await;
    assert_eq!(late.renew(LONG).await, LockRenewal::Lost);
    late.release().await;
    assert_eq!(heir.renew(LONG).await, LockRenewal::Held, "only its holder gives it back");
    assert!(acquire(&two.here, LONG).await.is_none());
}

pub async fn tokens_grow(two: &Two) {
    let mut last = 0;
    for turn in 0..6 {
        let process = if turn % 2 == 0 { &two.here } else { &two.there };
        let lock = if turn % 3 == 0 { acquire(process, LONG).await.unwrap() } else { inherit(process).await };
        assert!(lock.fencing() > last, "{} after {last}", lock.fencing());
        last = lock.fencing();
        if turn % 3 == 1 {
            // left to run out
            lock.renew(SHORT).await;
        } else {
            lock.release().await;
        }
    }
}

pub async fn of_many_at_once_one_gets_it(two: &Two) {
    let acquiring = (0..40).map(|turn| async move {
        let process = if turn % 2 == 0 { &two.here } else { &two.there };
        acquire(process, LONG).await
    });
    assert_eq!(together(acquiring).await.into_iter().flatten().count(), 1);
}
