//! A worker that lost its lease can do nothing any more.

use app::ports::{JobClaims, JobOffice, Release, Renewal};
use kernel::{IdSource, Scope, StoreError};
use queue::{JobState, Lease, Queue};

use crate::{
    Database,
    contract::bench::{Bench, LEASE_SECONDS, WORK, at, together},
};

/// A job whose first worker vanished and which a second one holds: the lost and the valid lease.
async fn taken_over(bench: &Bench<'_>, scope: &Scope) -> (Lease, Lease) {
    let lost = bench.held(scope).await;
    assert_eq!(bench.db.system.rescue(at(LEASE_SECONDS + 1)).await.unwrap(), 1);
    let claimed = bench.claim_one(at(LEASE_SECONDS + 1)).await;
    assert_eq!((claimed.lease.job, claimed.attempt), (lost.job, 2));
    assert_ne!(claimed.lease.token, lost.token);
    (lost, claimed.lease)
}

async fn still_held_by_the_second(bench: &Bench<'_>, valid: Lease) {
    let line = bench.line(valid.job).await;
    assert_eq!((line.state, line.attempts), (JobState::Running, 2));
    assert_eq!(line.lease_until, Some(at(2 * LEASE_SECONDS + 1)));
    assert_eq!(bench.db.system.finish(&[valid], at(200)).await.unwrap(), 1);
}

pub async fn a_job_is_rescued_only_after_its_lease_ran_out(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let lease = bench.held(&scope).await;
    let end = at(LEASE_SECONDS);
    assert_eq!(db.system.rescue(at(0)).await.unwrap(), 0);
    assert_eq!(db.system.rescue(end - chrono::Duration::microseconds(1)).await.unwrap(), 0);
    assert_eq!(bench.line(lease.job).await.state, JobState::Running);
    assert_eq!(db.system.rescue(end + chrono::Duration::microseconds(1)).await.unwrap(), 1);
    let line = bench.line(lease.job).await;
    assert_eq!((line.state, line.attempts, line.lease_until), (JobState::Ready, 1, None));
    assert!(line.last_error.is_some(), "people see why it is there again");
    assert_eq!(db.system.rescue(at(500)).await.unwrap(), 0, "once");
}

pub async fn a_rescue_frees_what_ran_out_and_nothing_else(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    bench.enqueue_many(&scope, &WORK, 4).await;
    let early = bench.claim(Queue::Default, 2, at(0)).await;
    let late = bench.claim(Queue::Default, 2, at(30)).await;
    assert_eq!(db.system.rescue(at(LEASE_SECONDS + 1)).await.unwrap(), 2);
    for job in early {
        assert_eq!(bench.line(job.lease.job).await.state, JobState::Ready);
    }
    for job in late {
        assert_eq!(bench.line(job.lease.job).await.state, JobState::Running);
    }
}

pub async fn a_worker_that_lost_its_lease_cannot_finish(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let (lost, valid) = taken_over(&bench, &scope).await;
    assert_eq!(db.system.finish(&[lost], at(70)).await.unwrap(), 0);
    still_held_by_the_second(&bench, valid).await;
}

pub async fn a_worker_that_lost_its_lease_cannot_renew_it(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let (lost, valid) = taken_over(&bench, &scope).await;
    assert_eq!(db.system.renew(&[lost], at(900)).await.unwrap(), []);
    still_held_by_the_second(&bench, valid).await;
}

pub async fn a_worker_that_lost_its_lease_cannot_put_the_job_back(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let (lost, valid) = taken_over(&bench, &scope).await;
    let error = || "too late".to_owned();
    for release in [
        Release::Retry { at: at(100), error: error() },
        Release::Snooze { at: at(100) },
        Release::HandBack,
        Release::Bury { error: error() },
        Release::Cancel,
    ] {
        assert!(!db.system.release(lost, &release, at(70)).await.unwrap(), "{release:?}");
    }
    still_held_by_the_second(&bench, valid).await;
}

pub async fn a_lease_is_lost_as_soon_as_its_job_is_rescued(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let lost = bench.held(&scope).await;
    assert_eq!(db.system.rescue(at(LEASE_SECONDS + 1)).await.unwrap(), 1);
    assert_eq!(db.system.finish(&[lost], at(70)).await.unwrap(), 0);
    assert_eq!(db.system.renew(&[lost], at(900)).await.unwrap(), []);
    assert!(!db.system.release(lost, &Release::HandBack, at(70)).await.unwrap());
    assert_eq!(bench.line(lost.job).await.state, JobState::Ready);
}

pub async fn a_unit_cannot_finish_a_job_whose_lease_is_lost(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let (lost, valid) = taken_over(&bench, &scope).await;
    let mut unit = bench.begin(&scope).await;
    let error = unit.jobs().finish(lost, at(70)).await.expect_err("another worker holds it");
    assert!(matches!(error, StoreError::LeaseLost(job) if job == lost.job), "{error}");
    unit.rollback().await.unwrap();
    let mut unit = bench.begin(&scope).await;
    let error = unit.jobs().bury(lost, "no", at(70)).await.expect_err("another worker holds it");
    assert!(matches!(error, StoreError::LeaseLost(job) if job == lost.job), "{error}");
    unit.rollback().await.unwrap();
    still_held_by_the_second(&bench, valid).await;
}

pub async fn a_unit_that_lost_its_lease_cannot_be_committed(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let (lost, valid) = taken_over(&bench, &scope).await;
    // a careless caller goes on as if nothing had happened
    for bury in [false, true] {
        let mut unit = bench.begin(&scope).await;
        let result = bench.job(&WORK, None, at(0));
        assert!(unit.jobs().enqueue(&result, None, at(0)).await.unwrap());
        let ended = if bury {
            unit.jobs().bury(lost, "no", at(70)).await
        } else {
            unit.jobs().finish(lost, at(70)).await
        };
        assert!(ended.is_err());
        let error = unit.commit().await.expect_err("nothing of it may be committed");
        assert!(matches!(error, StoreError::LeaseLost(job) if job == lost.job), "{error}");
        assert!(JobOffice::find(&db.system, result.id).await.unwrap().is_none());
    }
    still_held_by_the_second(&bench, valid).await;
    // and the pool is none the worse for it
    bench.enqueue(&scope, &WORK).await;
}

pub async fn a_job_is_finished_with_its_result_or_not_at_all(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let lease = bench.held(&scope).await;
    let mut unit = bench.begin(&scope).await;
    unit.jobs().finish(lease, at(5)).await.unwrap();
    unit.rollback().await.unwrap();
    assert_eq!(bench.line(lease.job).await.state, JobState::Running);
    let mut unit = bench.begin(&scope).await;
    unit.jobs().finish(lease, at(6)).await.unwrap();
    unit.commit().await.unwrap();
    let line = bench.line(lease.job).await;
    assert_eq!((line.state, line.finished_at, line.lease_until), (JobState::Done, Some(at(6)), None));
    // and once
    let mut unit = bench.begin(&scope).await;
    assert!(unit.jobs().finish(lease, at(7)).await.is_err());
    unit.rollback().await.unwrap();
    assert_eq!(db.system.finish(&[lease], at(7)).await.unwrap(), 0);
    assert_eq!(bench.line(lease.job).await.finished_at, Some(at(6)));
}

pub async fn a_unit_buries_the_job_it_gives_up(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let lease = bench.held(&scope).await;
    let mut unit = bench.begin(&scope).await;
    unit.jobs().bury(lease, "the vendor refused", at(6)).await.unwrap();
    unit.commit().await.unwrap();
    let line = bench.line(lease.job).await;
    assert_eq!((line.state, line.finished_at, line.lease_until), (JobState::Dead, Some(at(6)), None));
    assert_eq!(line.last_error.as_deref(), Some("the vendor refused"));
}

pub async fn a_renewed_lease_outlives_its_first_end(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let lease = bench.held(&scope).await;
    assert_eq!(db.system.renew(&[lease], at(200)).await.unwrap(), [Renewal::Held(lease.job)]);
    assert_eq!(db.system.rescue(at(LEASE_SECONDS + 1)).await.unwrap(), 0);
    assert_eq!(bench.line(lease.job).await.lease_until, Some(at(200)));
    assert_eq!(db.system.rescue(at(201)).await.unwrap(), 1);
}

pub async fn renewing_answers_only_what_is_still_held(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    bench.enqueue_many(&scope, &WORK, 3).await;
    let leases: Vec<_> = bench.claim(Queue::Default, 3, at(0)).await.iter().map(|job| job.lease).collect();
    let [first, second, third] = leases.as_slice() else { panic!("three are due: {leases:?}") };
    assert_eq!(db.system.finish(&[*second], at(1)).await.unwrap(), 1);
    bench.cancel(&scope, third.job, at(1)).await;
    let renewals = db.system.renew(&leases, at(100)).await.unwrap();
    assert_eq!(renewals.len(), 2);
    assert!(renewals.contains(&Renewal::Held(first.job)));
    assert!(renewals.contains(&Renewal::CancelRequested(third.job)));
    assert_eq!(db.system.renew(&[], at(100)).await.unwrap(), []);
    assert_eq!(db.system.finish(&[], at(100)).await.unwrap(), 0);
}

pub async fn attempts_are_counted_when_a_job_is_claimed(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let job = bench.enqueue(&scope, &WORK).await;
    // more often than the kind allows: it is the worker that sees it and gives the job up properly
    for attempt in 1..=5 {
        let now = at(i64::from(attempt) * 100);
        let claimed = bench.claim_one(now).await;
        assert_eq!((claimed.lease.job, claimed.attempt), (job, attempt));
        assert_eq!(db.system.rescue(now + chrono::Duration::seconds(LEASE_SECONDS + 1)).await.unwrap(), 1);
    }
    assert_eq!(bench.line(job).await.attempts, 5);
}

pub async fn a_lease_is_of_no_use_to_another_tenant(db: &Database) {
    let bench = Bench::new(db);
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    let lease = bench.held(&a).await;
    let mut unit = bench.begin(&b).await;
    assert!(matches!(unit.jobs().finish(lease, at(5)).await, Err(StoreError::LeaseLost(_))));
    unit.rollback().await.unwrap();
    let mut unit = bench.begin(&b).await;
    assert!(matches!(unit.jobs().bury(lease, "no", at(5)).await, Err(StoreError::LeaseLost(_))));
    unit.rollback().await.unwrap();
    assert_eq!(bench.line(lease.job).await.state, JobState::Running);
}

pub async fn a_wrong_token_is_no_lease(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    bench.enqueue_many(&scope, &WORK, 2).await;
    let first = bench.claim(Queue::Default, 1, at(0)).await.remove(0).lease;
    let second = bench.claim(Queue::Default, 1, at(0)).await.remove(0).lease;
    // each token is somebody's, but not this job's
    let crossed = [
        Lease { job: first.job, token: second.token },
        Lease { job: second.job, token: first.token },
        Lease { job: first.job, token: bench.ids.next() },
    ];
    assert_eq!(db.system.finish(&crossed, at(1)).await.unwrap(), 0);
    assert_eq!(db.system.renew(&crossed, at(900)).await.unwrap(), []);
    assert_eq!(db.system.finish(&[second, first], at(1)).await.unwrap(), 2);
}

pub async fn a_heartbeat_and_an_acknowledgement_do_not_get_in_each_others_way(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    for _ in 0..20 {
        bench.enqueue_many(&scope, &WORK, 24).await;
        let claimed = bench.claim(Queue::Default, 24, at(0)).await;
        let leases: Vec<_> = claimed.iter().map(|job| job.lease).collect();
        let backwards: Vec<_> = leases.iter().rev().copied().collect();
        let renew = async { db.system.renew(&leases, at(100)).await.map(|renewals| renewals.len()) };
        let finish = async { db.system.finish(&backwards, at(100)).await };
        let (renewed, finished) = futures_util::future::join(renew, finish).await;
        assert_eq!(finished.expect("no deadlock"), 24);
        let renewed = renewed.expect("no deadlock");
        assert!(renewed <= 24);
    }
}

pub async fn only_one_of_two_finishes_counts(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let lease = bench.held(&scope).await;
    let finished = together((0..6).map(|_| db.system.finish(std::slice::from_ref(&lease), at(5)))).await;
    assert_eq!(finished.into_iter().map(Result::unwrap).sum::<usize>(), 1);
}

pub async fn of_many_finished_at_once_only_those_still_held_are_done(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let (lost, valid) = taken_over(&bench, &scope).await;
    bench.enqueue_many(&scope, &WORK, 4).await;
    let held: Vec<_> = bench.claim(Queue::Default, 3, at(0)).await.iter().map(|job| job.lease).collect();
    // each job's own token counts, not another's that is as valid
    let other = bench.claim_one(at(0)).await.lease;
    let mixed = held.iter().map(|lease| Lease { job: other.job, token: lease.token });
    let all: Vec<_> = held.iter().copied().chain(mixed).chain([lost]).collect();
    assert_eq!(db.system.finish(&all, at(5)).await.unwrap(), 3);
    for lease in held {
        let line = bench.line(lease.job).await;
        assert_eq!((line.state, line.finished_at, line.lease_until), (JobState::Done, Some(at(5)), None));
    }
    assert_eq!(bench.line(other.job).await.state, JobState::Running);
    still_held_by_the_second(&bench, valid).await;
}

pub async fn renewing_and_finishing_the_same_jobs_do_not_wait_in_a_circle(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    for round in 0..5 {
        bench.enqueue_many(&scope, &WORK, 100).await;
        let leases: Vec<_> =
            bench.claim(Queue::Default, 100, at(0)).await.iter().map(|job| job.lease).collect();
        let backwards: Vec<_> = leases.iter().rev().copied().collect();
        let renew = async |leases: &[Lease]| db.system.renew(leases, at(100 + round)).await.map(|_| 0);
        let done = together([0, 1, 2, 3, 4, 5].map(async |turn| match turn {
            // a job renewed meanwhile is finished all the same
            3 => db.system.finish(&leases, at(5)).await,
            turn if turn % 2 == 0 => renew(&leases).await,
            _ => renew(&backwards).await,
        }))
        .await;
        let finished: usize = done.into_iter().map(|done| done.expect("none waits for another")).sum();
        assert_eq!(finished, 100);
    }
}
