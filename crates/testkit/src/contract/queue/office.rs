//! What operators do with jobs.

use app::ports::{JobClaims, JobFilter, JobOffice, QueueDepth, Release, ReplayOutcome, SlotJob};
use kernel::{IdSource, JobId, Scope, StoreError};
use queue::{JobState, Queue, Slot};

use crate::{
    Database,
    contract::bench::{Bench, ELSEWHERE, LEASE_SECONDS, SWEEP, WORK, at, company},
};

/// A job in each state, in the order of [`JobState::ALL`].
async fn one_of_each(bench: &Bench<'_>, scope: &Scope) -> Vec<JobId> {
    let system = &bench.db.system;
    let running = bench.held(scope).await.job;
    let done = bench.held(scope).await;
    assert_eq!(system.finish(&[done], at(1)).await.unwrap(), 1);
    let dead = bench.held(scope).await;
    bench.release(dead, &Release::Bury { error: "refused".to_owned() }).await;
    let cancelled = bench.held(scope).await;
    bench.release(cancelled, &Release::Cancel).await;
    let ready = bench.enqueue(scope, &WORK).await;
    vec![ready, running, done.job, dead.job, cancelled.job]
}

pub async fn only_what_is_dead_or_cancelled_can_be_retried(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let jobs = one_of_each(&bench, &scope).await;
    for (job, state) in jobs.into_iter().zip(JobState::ALL) {
        let outcome = bench.retry(&scope, job, at(50)).await;
        let line = bench.line(job).await;
        if matches!(state, JobState::Dead | JobState::Cancelled) {
            assert_eq!(outcome, ReplayOutcome::Changed, "{state:?}");
            assert_eq!((line.state, line.attempts, line.run_at), (JobState::Ready, 0, at(50)));
            assert_eq!(line.finished_at, None);
        } else {
            assert_eq!(outcome, ReplayOutcome::NotNow(state));
            assert_eq!(line.state, state);
        }
    }
    let unknown = JobId(bench.ids.next());
    assert_eq!(bench.retry(&scope, unknown, at(50)).await, ReplayOutcome::Unknown);
}

pub async fn a_retried_job_has_all_its_attempts_and_snoozes_again(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let lease = bench.held(&scope).await;
    bench.release(lease, &Release::Snooze { at: at(1) }).await;
    let lease = bench.claim_one(at(1)).await.lease;
    bench.release(lease, &Release::Bury { error: "refused".to_owned() }).await;
    bench.retry(&scope, lease.job, at(50)).await;
    let claimed = bench.claim_one(at(50)).await;
    assert_eq!((claimed.attempt, claimed.snoozes), (1, 0));
}

pub async fn a_job_is_not_retried_while_another_of_its_key_is_ready_or_running(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let add = async || bench.try_enqueue(&scope, &bench.job(&WORK, Some("call:1"), at(0))).await.unwrap();
    let dead = add().await;
    let lease = bench.claim_one(at(0)).await.lease;
    bench.release(lease, &Release::Bury { error: "refused".to_owned() }).await;
    let other = add().await;
    assert_eq!(bench.retry(&scope, dead, at(9)).await, ReplayOutcome::NotNow(JobState::Ready));
    assert_eq!(bench.line(dead).await.state, JobState::Dead);
    let lease = bench.claim_one(at(9)).await.lease;
    assert!(matches!(bench.retry(&scope, dead, at(9)).await, ReplayOutcome::NotNow(_)));
    assert_eq!(bench.line(dead).await.state, JobState::Dead);
    assert_eq!(lease.job, other);
    assert_eq!(db.system.finish(&[lease], at(10)).await.unwrap(), 1);
    assert_eq!(bench.retry(&scope, dead, at(11)).await, ReplayOutcome::Changed);
}

pub async fn what_is_at_rest_is_cancelled_at_once_and_what_runs_is_asked(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let jobs = one_of_each(&bench, &scope).await;
    for (job, state) in jobs.into_iter().zip(JobState::ALL) {
        let outcome = bench.cancel(&scope, job, at(50)).await;
        let line = bench.line(job).await;
        match state {
            JobState::Ready | JobState::Dead => {
                assert_eq!(outcome, ReplayOutcome::Changed, "{state:?}");
                assert_eq!((line.state, line.finished_at), (JobState::Cancelled, Some(at(50))));
            }
            JobState::Running => {
                assert_eq!(outcome, ReplayOutcome::Changed, "{state:?}");
                assert_eq!(line.state, JobState::Running);
            }
            JobState::Done | JobState::Cancelled => {
                assert_eq!(outcome, ReplayOutcome::NotNow(state));
                assert_eq!((line.state, line.finished_at), (state, Some(at(1))));
            }
        }
    }
    let unknown = JobId(bench.ids.next());
    assert_eq!(bench.cancel(&scope, unknown, at(50)).await, ReplayOutcome::Unknown);
    assert!(bench.claim(Queue::Default, 9, at(9000)).await.is_empty());
}

pub async fn a_tenants_job_is_nobody_elses_to_retry_or_cancel(db: &Database) {
    let bench = Bench::new(db);
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    let ready = bench.enqueue(&a, &WORK).await;
    let lease = bench.claim_one(at(0)).await.lease;
    bench.release(lease, &Release::Bury { error: "refused".to_owned() }).await;
    // neither another tenant nor whoever looks after nobody's jobs
    assert_eq!(bench.retry(&b, ready, at(1)).await, ReplayOutcome::Unknown);
    assert_eq!(bench.cancel(&b, ready, at(1)).await, ReplayOutcome::Unknown);
    assert_eq!(db.system.retry(ready, at(1)).await.unwrap(), ReplayOutcome::Unknown);
    assert_eq!(db.system.cancel(ready, at(1)).await.unwrap(), ReplayOutcome::Unknown);
    assert_eq!(bench.line(ready).await.state, JobState::Dead);
}

pub async fn a_job_that_is_nobodys_is_retried_and_cancelled_across_tenants(db: &Database) {
    let bench = Bench::new(db);
    let job = bench.job(&SWEEP, None, at(0));
    let slot = SlotJob { slot: Slot { schedule: "test.sweep", begins: at(0) }, job };
    assert!(db.system.enqueue_slot(&slot, at(0)).await.unwrap());
    let id = slot.job.id;
    assert_eq!(db.system.retry(id, at(1)).await.unwrap(), ReplayOutcome::NotNow(JobState::Ready));
    assert_eq!(db.system.cancel(id, at(1)).await.unwrap(), ReplayOutcome::Changed);
    assert_eq!(bench.line(id).await.state, JobState::Cancelled);
    assert_eq!(db.system.retry(id, at(2)).await.unwrap(), ReplayOutcome::Changed);
    assert_eq!(bench.claim_one(at(2)).await.lease.job, id);
}

pub async fn a_job_called_off_commits_nothing_any_more(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let lease = bench.held(&scope).await;
    assert_eq!(bench.cancel(&scope, lease.job, at(1)).await, ReplayOutcome::Changed);
    for bury in [false, true] {
        let mut unit = bench.begin(&scope).await;
        let ended = if bury {
            unit.jobs().bury(lease, "no", at(2)).await
        } else {
            unit.jobs().finish(lease, at(2)).await
        };
        assert!(matches!(ended, Err(StoreError::LeaseLost(job)) if job == lease.job), "{ended:?}");
        assert!(unit.commit().await.is_err());
    }
    db.system.rescue(at(LEASE_SECONDS + 1)).await.unwrap();
    assert_eq!(bench.line(lease.job).await.state, JobState::Cancelled);
}

pub async fn depths_count_what_waits_runs_and_died(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    assert_eq!(db.system.depths().await.unwrap(), []);
    one_of_each(&bench, &scope).await;
    bench.try_enqueue(&scope, &bench.job(&SWEEP, None, at(-77))).await.unwrap();
    bench.try_enqueue(&scope, &bench.job(&ELSEWHERE, None, at(700))).await.unwrap();
    let mut depths = db.system.depths().await.unwrap();
    depths.sort_by_key(|depth| (depth.queue.clone(), depth.state.as_str()));
    let depth = |queue: Queue, state, count, oldest| QueueDepth {
        queue: queue.as_str().to_owned(),
        state,
        count,
        oldest: Some(oldest),
    };
    assert_eq!(
        depths,
        [
            depth(Queue::Asr, JobState::Ready, 1, at(700)),
            depth(Queue::Default, JobState::Dead, 1, at(0)),
            depth(Queue::Default, JobState::Ready, 2, at(-77)),
            depth(Queue::Default, JobState::Running, 1, at(0)),
        ]
    );
}

pub async fn a_clean_up_keeps_what_is_recent_and_what_is_not_finished(db: &Database) {
    use JobState::{Dead, Done, Ready, Running};
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let old = one_of_each(&bench, &scope).await;
    // the same again, ended much later
    let done = bench.claim_one(at(2)).await.lease;
    assert_eq!(db.system.finish(&[done], at(1000)).await.unwrap(), 1);
    let dead = bench.held(&scope).await;
    assert!(db.system.release(dead, &Release::Bury { error: "no".to_owned() }, at(1000)).await.unwrap());
    let ready = bench.enqueue(&scope, &WORK).await;

    // nothing is older than its own limit
    assert_eq!(db.system.delete_finished(at(1), at(1), 100).await.unwrap(), 0);
    // the dead have a limit of their own
    assert_eq!(db.system.delete_finished(at(500), at(1), 100).await.unwrap(), 2);
    assert_eq!(db.system.delete_finished(at(500), at(500), 100).await.unwrap(), 1);
    assert_eq!(db.system.delete_finished(at(500), at(500), 100).await.unwrap(), 0);
    let mut left = Vec::new();
    for job in old.into_iter().chain([dead.job, ready]) {
        left.push(JobOffice::find(&db.system, job).await.unwrap().map(|line| line.state));
    }
    assert_eq!(left, [Some(Done), Some(Running), None, None, None, Some(Dead), Some(Ready)]);
}

pub async fn a_clean_up_deletes_no_more_than_its_limit_oldest_first(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let mut jobs = Vec::new();
    for second in 1..=5 {
        let lease = bench.held(&scope).await;
        assert_eq!(db.system.finish(&[lease], at(second)).await.unwrap(), 1);
        jobs.push(lease.job);
    }
    assert_eq!(db.system.delete_finished(at(100), at(100), 2).await.unwrap(), 2);
    let mut left = Vec::new();
    for job in jobs {
        left.push(JobOffice::find(&db.system, job).await.unwrap().is_some());
    }
    assert_eq!(left, [false, false, true, true, true]);
}

pub async fn lists_are_filtered_and_paged(db: &Database) {
    let bench = Bench::new(db);
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    let first = bench.enqueue(&a, &WORK).await;
    let second = bench.enqueue(&b, &ELSEWHERE).await;
    let third = bench.enqueue(&a, &SWEEP).await;
    let dead = bench.claim(Queue::Asr, 1, at(0)).await.remove(0).lease;
    bench.release(dead, &Release::Bury { error: "no".to_owned() }).await;

    let list = async |filter: JobFilter| {
        let lines = db.system.list(&filter).await.unwrap();
        lines.into_iter().map(|line| line.id).collect::<Vec<_>>()
    };
    let all = || JobFilter { limit: 10, ..JobFilter::default() };
    assert_eq!(list(all()).await, [third, second, first], "newest first");
    assert_eq!(list(JobFilter { limit: 2, ..all() }).await, [third, second]);
    assert_eq!(list(JobFilter { before: Some(second), ..all() }).await, [first]);
    assert_eq!(list(JobFilter { queue: Some(Queue::Default), ..all() }).await, [third, first]);
    assert_eq!(list(JobFilter { state: Some(JobState::Dead), ..all() }).await, [second]);
    assert_eq!(list(JobFilter { kind: Some(SWEEP.name.to_owned()), ..all() }).await, [third]);
    assert_eq!(list(JobFilter { company: Some(company("org_b")), ..all() }).await, [second]);
    let none = JobFilter { company: Some(company("org_b")), queue: Some(Queue::Default), ..all() };
    assert!(list(none).await.is_empty());
}
