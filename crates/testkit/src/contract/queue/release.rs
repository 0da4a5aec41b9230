//! How a claimed job goes back.

use app::ports::{JobClaims, Release, Renewal, ReplayOutcome};
use queue::{JobState, Queue};

use crate::{
    Database,
    contract::bench::{Bench, LEASE_SECONDS, at},
};

pub async fn a_failed_attempt_counts_and_is_tried_again_at_its_time(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let lease = bench.held(&scope).await;
    bench.release(lease, &Release::Retry { at: at(40), error: "no recording yet".to_owned() }).await;
    let line = bench.line(lease.job).await;
    assert_eq!((line.state, line.attempts, line.snoozes), (JobState::Ready, 1, 0));
    assert_eq!((line.run_at, line.finished_at, line.lease_until), (at(40), None, None));
    assert_eq!(line.last_error.as_deref(), Some("no recording yet"));
    assert!(bench.claim(Queue::Default, 5, at(39)).await.is_empty());
    assert_eq!(bench.claim_one(at(40)).await.attempt, 2);
}

pub async fn giving_way_does_not_count_as_an_attempt(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let lease = bench.held(&scope).await;
    bench.release(lease, &Release::Retry { at: at(10), error: "broke off".to_owned() }).await;
    let lease = bench.claim_one(at(10)).await.lease;
    bench.release(lease, &Release::Snooze { at: at(40) }).await;
    let line = bench.line(lease.job).await;
    assert_eq!((line.state, line.attempts, line.snoozes), (JobState::Ready, 1, 1));
    assert_eq!((line.run_at, line.finished_at, line.lease_until), (at(40), None, None));
    assert_eq!(line.last_error.as_deref(), Some("broke off"), "people still see the last failure");
    let claimed = bench.claim_one(at(40)).await;
    assert_eq!((claimed.attempt, claimed.snoozes), (2, 1));
}

pub async fn a_job_deferred_counts_neither_as_tried_nor_as_giving_way(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let lease = bench.held(&scope).await;
    bench.release(lease, &Release::Snooze { at: at(1) }).await;
    let lease = bench.claim_one(at(10)).await.lease;
    bench.release(lease, &Release::Defer { at: at(40), why: "it has not been answering".to_owned() }).await;
    let line = bench.line(lease.job).await;
    assert_eq!((line.state, line.attempts, line.snoozes), (JobState::Ready, 0, 1));
    assert_eq!((line.run_at, line.finished_at, line.lease_until), (at(40), None, None));
    assert_eq!(line.last_error.as_deref(), Some("it has not been answering"), "people see what it waits for");
    assert!(bench.claim(Queue::Default, 5, at(39)).await.is_empty());
    let claimed = bench.claim_one(at(40)).await;
    assert_eq!((claimed.attempt, claimed.snoozes), (1, 1));
}

pub async fn a_job_handed_back_is_due_at_once_and_loses_no_attempt(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let lease = bench.held(&scope).await;
    bench.release(lease, &Release::HandBack).await;
    let line = bench.line(lease.job).await;
    assert_eq!((line.state, line.attempts, line.snoozes), (JobState::Ready, 0, 0));
    assert_eq!((line.lease_until, line.finished_at, line.last_error), (None, None, None));
    assert!(line.run_at <= at(1));
    assert_eq!(bench.claim_one(at(1)).await.attempt, 1);
}

pub async fn a_buried_job_is_dead_and_says_why(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let lease = bench.held(&scope).await;
    bench.release(lease, &Release::Bury { error: "refused".to_owned() }).await;
    let line = bench.line(lease.job).await;
    assert_eq!((line.state, line.attempts, line.snoozes), (JobState::Dead, 1, 0));
    assert_eq!((line.run_at, line.finished_at, line.lease_until), (at(0), Some(at(1)), None));
    assert_eq!(line.last_error.as_deref(), Some("refused"));
    assert!(bench.claim(Queue::Default, 5, at(9000)).await.is_empty());
}

pub async fn a_job_called_off_is_cancelled(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let lease = bench.held(&scope).await;
    bench.release(lease, &Release::Cancel).await;
    let line = bench.line(lease.job).await;
    assert_eq!((line.state, line.finished_at, line.lease_until), (JobState::Cancelled, Some(at(1)), None));
    assert!(bench.claim(Queue::Default, 5, at(9000)).await.is_empty());
}

pub async fn a_released_job_is_held_no_more(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let lease = bench.held(&scope).await;
    bench.release(lease, &Release::Snooze { at: at(40) }).await;
    assert!(!db.system.release(lease, &Release::Cancel, at(2)).await.unwrap());
    assert_eq!(db.system.renew(&[lease], at(900)).await.unwrap(), []);
    assert_eq!(bench.line(lease.job).await.state, JobState::Ready);
}

pub async fn a_wish_to_cancel_is_told_at_every_heartbeat(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let lease = bench.held(&scope).await;
    assert_eq!(bench.cancel(&scope, lease.job, at(1)).await, ReplayOutcome::Changed);
    assert_eq!(bench.line(lease.job).await.state, JobState::Running);
    for _ in 0..2 {
        let renewed = db.system.renew(&[lease], at(100)).await.unwrap();
        assert_eq!(renewed, [Renewal::CancelRequested(lease.job)]);
    }
}

pub async fn a_job_to_be_cancelled_is_not_put_back(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let error = || "broke off".to_owned();
    // it ends between the wish and the heartbeat that would have told of it
    for release in
        [Release::Retry { at: at(5), error: error() }, Release::Snooze { at: at(5) }, Release::HandBack]
    {
        let lease = bench.held(&scope).await;
        bench.cancel(&scope, lease.job, at(1)).await;
        bench.release(lease, &release).await;
        let line = bench.line(lease.job).await;
        assert_eq!((line.state, line.finished_at), (JobState::Cancelled, Some(at(1))), "{release:?}");
        assert!(bench.claim(Queue::Default, 5, at(9000)).await.is_empty());
    }
    // giving up is an end of its own
    let lease = bench.held(&scope).await;
    bench.cancel(&scope, lease.job, at(1)).await;
    bench.release(lease, &Release::Bury { error: error() }).await;
    assert_eq!(bench.line(lease.job).await.state, JobState::Dead);
}

pub async fn a_job_to_be_cancelled_that_has_nothing_to_store_is_cancelled(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let (first, second) = (bench.held(&scope).await, bench.held(&scope).await);
    bench.cancel(&scope, first.job, at(1)).await;
    assert_eq!(db.system.finish(&[first, second], at(2)).await.unwrap(), 2);
    let states = [bench.line(first.job).await.state, bench.line(second.job).await.state];
    assert_eq!(states, [JobState::Cancelled, JobState::Done]);
    assert_eq!(bench.retry(&scope, first.job, at(3)).await, ReplayOutcome::Changed);
    let again = bench.claim_one(at(3)).await.lease;
    assert_eq!(db.system.renew(&[again], at(100)).await.unwrap(), [Renewal::Held(first.job)]);
}

pub async fn a_job_to_be_cancelled_does_not_outlive_its_worker(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let lease = bench.held(&scope).await;
    bench.cancel(&scope, lease.job, at(1)).await;
    db.system.rescue(at(LEASE_SECONDS + 1)).await.unwrap();
    let line = bench.line(lease.job).await;
    assert_eq!((line.state, line.finished_at), (JobState::Cancelled, Some(at(LEASE_SECONDS + 1))));
    assert!(bench.claim(Queue::Default, 5, at(9000)).await.is_empty());
}

pub async fn a_wish_to_cancel_is_forgotten_when_the_job_is_retried(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let lease = bench.held(&scope).await;
    bench.cancel(&scope, lease.job, at(1)).await;
    bench.release(lease, &Release::Cancel).await;
    assert_eq!(bench.retry(&scope, lease.job, at(2)).await, ReplayOutcome::Changed);
    let again = bench.claim_one(at(2)).await.lease;
    assert_eq!(db.system.renew(&[again], at(100)).await.unwrap(), [Renewal::Held(lease.job)]);
}
