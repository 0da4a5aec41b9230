//! Jobs are added inside a unit of work, and one of a kind at a time.

use app::ports::{JobClaims, JobOffice, Release};
use queue::{JobState, Queue};
use serde_json::json;

use crate::{
    Database,
    contract::bench::{Bench, ELSEWHERE, WORK, at, together},
};

pub async fn a_job_is_visible_only_after_the_commit(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let job = bench.job(&WORK, None, at(0));
    let mut unit = bench.begin(&scope).await;
    assert!(unit.jobs().enqueue(&job, Some("00-trace"), at(0)).await.unwrap());
    assert!(JobOffice::find(&db.system, job.id).await.unwrap().is_none());
    assert_eq!(db.system.next_due(&Queue::ALL).await.unwrap(), []);
    unit.commit().await.unwrap();
    let line = bench.line(job.id).await;
    assert_eq!((line.state, line.attempts, line.snoozes), (JobState::Ready, 0, 0));
    assert_eq!(
        (line.company, line.queue.as_str(), line.kind.as_str()),
        (Some(scope.company), "default", WORK.name)
    );
    assert_eq!((line.run_at, line.created_at), (at(0), at(0)));
    assert_eq!((line.started_at, line.finished_at, line.last_error), (None, None, None));
    assert_eq!(line.args, json!({ "v": 1, "n": 7 }));
}

pub async fn a_rolled_back_or_dropped_unit_leaves_no_job(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let rolled_back = bench.job(&WORK, None, at(0));
    let mut unit = bench.begin(&scope).await;
    assert!(unit.jobs().enqueue(&rolled_back, None, at(0)).await.unwrap());
    unit.rollback().await.unwrap();
    let dropped = bench.job(&WORK, None, at(0));
    let mut unit = bench.begin(&scope).await;
    assert!(unit.jobs().enqueue(&dropped, None, at(0)).await.unwrap());
    drop(unit);
    assert_eq!(db.rows("jobs").await, 0);
    assert!(bench.claim(Queue::Default, 10, at(0)).await.is_empty());
}

pub async fn a_key_blocks_while_its_job_is_ready_or_running(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let add = async || bench.try_enqueue(&scope, &bench.job(&WORK, Some("call:1"), at(0))).await;
    let first = add().await.expect("nothing blocks the first");
    assert_eq!(add().await, None, "one is ready");
    let lease = bench.claim_one(at(0)).await.lease;
    assert_eq!(add().await, None, "one is running");
    bench.release(lease, &Release::Retry { at: at(5), error: "later".to_owned() }).await;
    assert_eq!(add().await, None, "one is to be tried again");
    assert_eq!(db.rows("jobs").await, 1);
    assert_eq!(bench.line(first).await.state, JobState::Ready);
}

pub async fn a_key_does_not_block_once_its_job_is_done_dead_or_cancelled(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let add = async || bench.try_enqueue(&scope, &bench.job(&WORK, Some("call:1"), at(0))).await;
    let done = add().await.unwrap();
    let lease = bench.claim_one(at(0)).await.lease;
    assert_eq!(db.system.finish(&[lease], at(1)).await.unwrap(), 1);
    let dead = add().await.expect("the first is done");
    let lease = bench.claim_one(at(0)).await.lease;
    bench.release(lease, &Release::Bury { error: "no".to_owned() }).await;
    let cancelled = add().await.expect("the second is dead");
    bench.cancel(&scope, cancelled, at(1)).await;
    let ready = add().await.expect("the third is cancelled");
    let mut states = Vec::new();
    for job in [done, dead, cancelled, ready] {
        states.push(bench.line(job).await.state);
    }
    assert_eq!(states, [JobState::Done, JobState::Dead, JobState::Cancelled, JobState::Ready]);
}

pub async fn a_key_is_of_one_tenant_and_one_kind(db: &Database) {
    let bench = Bench::new(db);
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    for scope in [&a, &b] {
        for kind in [&WORK, &ELSEWHERE] {
            assert!(bench.try_enqueue(scope, &bench.job(kind, Some("call:1"), at(0))).await.is_some());
        }
    }
    assert_eq!(db.rows("jobs").await, 4);
}

pub async fn a_job_without_a_key_blocks_none(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    for _ in 0..3 {
        assert!(bench.try_enqueue(&scope, &bench.job(&WORK, None, at(0))).await.is_some());
    }
    assert_eq!(db.rows("jobs").await, 3);
}

pub async fn a_blocked_job_does_not_spoil_its_unit(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let mut unit = bench.begin(&scope).await;
    let (first, second, third) = (
        bench.job(&WORK, Some("call:1"), at(0)),
        bench.job(&WORK, Some("call:1"), at(0)),
        bench.job(&WORK, Some("call:2"), at(0)),
    );
    assert!(unit.jobs().enqueue(&first, None, at(0)).await.unwrap());
    assert!(!unit.jobs().enqueue(&second, None, at(0)).await.unwrap());
    assert!(unit.jobs().enqueue(&third, None, at(0)).await.unwrap());
    unit.commit().await.unwrap();
    assert_eq!(db.rows("jobs").await, 2);
}

pub async fn concurrent_units_add_one_job_of_a_key(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let adding =
        (0..8).map(|_| async { bench.try_enqueue(&scope, &bench.job(&WORK, Some("call:1"), at(0))).await });
    let added: Vec<_> = together(adding).await.into_iter().flatten().collect();
    assert_eq!(added.len(), 1);
    assert_eq!(db.rows("jobs").await, 1);
}
