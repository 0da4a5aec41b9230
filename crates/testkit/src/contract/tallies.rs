//! What is counted for whoever watches over Otto: [`Tallies`](app::ports::Tallies).

#![expect(missing_docs, reason = "the name of a case says what it is about")]

use app::ports::{InboxDepth, JobClaims, NewInboxEntry, SlotJob, Tallies};
use idempotency::InboxState;
use kernel::{JobId, Timestamp};
use queue::{NewJob, Slot};
use serde_json::json;

use super::bench::{Bench, SWEEP, at};
use crate::Database;

pub async fn webhooks_that_are_not_settled_are_counted(db: &Database) {
    let bench = Bench::new(db);
    let none = |state| InboxDepth { state, count: 0, oldest: None };
    let states = [InboxState::Received, InboxState::Waiting, InboxState::Quarantined];
    assert_eq!(db.system.open_webhooks().await.unwrap(), states.map(none));
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    let arrived =
        |key: &str, state, received_at: Timestamp| NewInboxEntry { received_at, ..bench.webhook(key, state) };
    for (scope, key, state, second) in [
        (&a, "event-1", InboxState::Waiting, 10),
        (&b, "event-2", InboxState::Waiting, 20),
        (&a, "event-3", InboxState::Applied, 1),
        (&a, "event-4", InboxState::Quarantined, 30),
    ] {
        bench.received(scope, &arrived(key, state, at(second))).await;
    }
    let counted = db.system.open_webhooks().await.unwrap();
    let some = |state, count, second| InboxDepth { state, count, oldest: Some(at(second)) };
    let expected =
        [none(InboxState::Received), some(InboxState::Waiting, 2, 10), some(InboxState::Quarantined, 1, 30)];
    assert_eq!(counted, expected);
}

pub async fn the_newest_slot_of_each_schedule_is_known(db: &Database) {
    let bench = Bench::new(db);
    assert_eq!(db.system.newest_slots().await.unwrap(), []);
    for (schedule, second) in [("test.sweep", 0), ("test.sweep", 60), ("test.other", 5)] {
        let job = NewJob {
            id: JobId::fresh(&bench.ids),
            kind: &SWEEP,
            args: json!({ "v": 1 }),
            run_at: at(second),
            dedupe_key: None,
        };
        let slot = SlotJob { slot: Slot { schedule, begins: at(second) }, job };
        db.system.enqueue_slot(&slot, at(second)).await.unwrap();
    }
    let expected = [("test.other".to_owned(), at(5)), ("test.sweep".to_owned(), at(60))];
    assert_eq!(db.system.newest_slots().await.unwrap(), expected);
}
