//! Schedules: each slot is enqueued once, whoever does it.

use app::ports::{JobClaims, JobOffice, SlotJob};
use kernel::{JobId, Timestamp};
use queue::{JobState, NewJob, Queue, Slot};
use serde_json::json;

use crate::{
    Database,
    contract::bench::{Bench, SWEEP, at, together},
};

fn slot_job(bench: &Bench<'_>, schedule: &'static str, begins: Timestamp) -> SlotJob {
    let job = NewJob {
        id: JobId::fresh(&bench.ids),
        kind: &SWEEP,
        args: json!({ "v": 1 }),
        run_at: begins,
        dedupe_key: Some("schedule".to_owned()),
    };
    SlotJob { slot: Slot { schedule, begins }, job }
}

pub async fn a_slot_is_taken_once_however_many_try(db: &Database) {
    let bench = Bench::new(db);
    let trying = (0..8).map(|_| async {
        let slot = slot_job(&bench, "test.sweep", at(0));
        db.system.enqueue_slot(&slot, at(0)).await.unwrap()
    });
    let added = together(trying).await.into_iter().filter(|added| *added).count();
    assert_eq!(added, 1);
    assert_eq!((db.rows("jobs").await, db.rows("schedule_slots").await), (1, 1));
}

pub async fn a_slot_stays_taken_when_its_job_is_done(db: &Database) {
    let bench = Bench::new(db);
    assert!(db.system.enqueue_slot(&slot_job(&bench, "test.sweep", at(0)), at(0)).await.unwrap());
    let claimed = bench.claim_one(at(0)).await;
    assert_eq!((claimed.company.as_ref(), claimed.kind.as_str()), (None, SWEEP.name));
    assert_eq!(db.system.finish(&[claimed.lease], at(1)).await.unwrap(), 1);
    assert!(!db.system.enqueue_slot(&slot_job(&bench, "test.sweep", at(0)), at(2)).await.unwrap());
    assert!(db.system.enqueue_slot(&slot_job(&bench, "test.sweep", at(60)), at(60)).await.unwrap());
    assert_eq!(db.rows("jobs").await, 2);
}

pub async fn a_later_slot_is_taken_without_a_second_job_while_the_first_waits(db: &Database) {
    let bench = Bench::new(db);
    let first = slot_job(&bench, "test.sweep", at(0));
    assert!(db.system.enqueue_slot(&first, at(0)).await.unwrap());
    assert!(!db.system.enqueue_slot(&slot_job(&bench, "test.sweep", at(60)), at(60)).await.unwrap());
    assert_eq!((db.rows("jobs").await, db.rows("schedule_slots").await), (1, 2));
    // when the first is done the second slot is not made up for
    let lease = bench.claim_one(at(61)).await.lease;
    assert_eq!(lease.job, first.job.id);
    assert_eq!(db.system.finish(&[lease], at(62)).await.unwrap(), 1);
    assert!(!db.system.enqueue_slot(&slot_job(&bench, "test.sweep", at(60)), at(63)).await.unwrap());
    assert_eq!(db.rows("jobs").await, 1);
}

pub async fn schedules_do_not_take_each_others_slots(db: &Database) {
    let bench = Bench::new(db);
    let mut first = slot_job(&bench, "test.first", at(0));
    let mut second = slot_job(&bench, "test.second", at(0));
    // two schedules of one kind would share its key
    first.job.dedupe_key = None;
    second.job.dedupe_key = None;
    assert!(db.system.enqueue_slot(&first, at(0)).await.unwrap());
    assert!(db.system.enqueue_slot(&second, at(0)).await.unwrap());
    assert_eq!(db.rows("jobs").await, 2);
}

pub async fn work_that_is_nobodys_takes_its_turn_among_tenants(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    bench.enqueue_many(&scope, &SWEEP, 50).await;
    let slot = slot_job(&bench, "test.sweep", at(0));
    assert!(db.system.enqueue_slot(&slot, at(0)).await.unwrap());
    let claimed = bench.claim(Queue::Default, 2, at(0)).await;
    assert!(claimed.iter().any(|job| job.lease.job == slot.job.id), "{claimed:?}");
}

pub async fn old_slots_are_deleted(db: &Database) {
    let bench = Bench::new(db);
    for begins in [0, 60, 120] {
        db.system.enqueue_slot(&slot_job(&bench, "test.sweep", at(begins)), at(0)).await.unwrap();
    }
    assert_eq!(db.system.delete_slots(at(60)).await.unwrap(), 1);
    assert_eq!(db.rows("schedule_slots").await, 2);
    let line = db.system.list(&app::ports::JobFilter { limit: 5, ..Default::default() }).await.unwrap();
    assert!(line.iter().all(|line| line.state == JobState::Ready));
}
