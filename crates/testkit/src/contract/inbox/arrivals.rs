//! Each event is stored once, and taken once.

use app::ports::{Event, InboxOffice, NewInboxEntry};
use idempotency::{Arrival, InboxState};
use kernel::{CallId, EventId, InboxId, StoreError};

use crate::{
    Database,
    contract::bench::{Bench, at, together},
};

fn told_of(bench: &Bench<'_>, name: &str, call: CallId) -> Event {
    Event {
        id: EventId::fresh(&bench.ids),
        event: "call.completed".into(),
        key: name.to_owned(),
        lead: None,
        user: None,
        call: Some(call),
        data: serde_json::json!({}),
        at: at(0),
    }
}

pub async fn a_webhook_is_stored_as_it_came(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let mut entry = bench.webhook("event-1", InboxState::Received);
    entry.match_key = Some("call:7".to_owned());
    entry.reason = Some("because".to_owned());
    let mut unit = bench.begin(&scope).await;
    let stored = unit.inbox().store(&entry).await.unwrap();
    assert_eq!((stored.id, stored.arrival), (entry.id, Arrival::First));
    unit.commit().await.unwrap();
    let mut unit = bench.begin(&scope).await;
    let found = unit.inbox().find(entry.id).await.unwrap().expect("it is stored");
    unit.rollback().await.unwrap();
    assert_eq!(found.company, Some(scope.company));
    assert_eq!((found.entry.call, found.duplicates, found.processed_at), (None, 0, None));
    assert_eq!(format!("{:?}", found.entry), format!("{entry:?}"));
}

pub async fn the_same_event_again_is_counted_and_changes_nothing(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let first = bench.webhook("event-1", InboxState::Received);
    bench.received(&scope, &first).await;
    for _ in 0..2 {
        let mut again = bench.webhook("event-1", InboxState::Quarantined);
        again.received_at = at(60);
        again.body = b"other".to_vec();
        let mut unit = bench.begin(&scope).await;
        let stored = unit.inbox().store(&again).await.unwrap();
        assert_eq!(stored.id, first.id);
        assert_eq!(stored.arrival, Arrival::Duplicate { first_received_at: at(0) });
        unit.commit().await.unwrap();
    }
    let found = InboxOffice::find(&db.system, first.id).await.unwrap().unwrap();
    assert_eq!(found.duplicates, 2);
    assert_eq!(format!("{:?}", found.entry), format!("{first:?}"));
    assert_eq!(db.rows("webhook_inbox").await, 1);
}

pub async fn a_webhook_stored_with_what_it_does_is_there_with_it_or_not_at_all(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    for (name, is_new) in [("CAL1", true), ("CAL2", false)] {
        let mut unit = bench.begin(&scope).await;
        let call = unit.calls().insert_new(&Bench::blank_call(name, None), at(0)).await.unwrap();
        let mut entry = bench.webhook("event-1", InboxState::Applied);
        entry.call = Some(call);
        unit.inbox().store_new(&entry).await.unwrap();
        let told = unit.events().append(vec![told_of(&bench, name, call)], None).await.unwrap();
        assert!(!is_new || told.len() == 1);
        match unit.commit().await {
            Ok(()) => {
                assert!(is_new, "{name}");
                let found = InboxOffice::find(&db.system, entry.id).await.unwrap().unwrap();
                assert_eq!(format!("{:?}", found.entry), format!("{entry:?}"));
                assert_eq!((found.processed_at, found.duplicates), (Some(at(0)), 0));
            }
            Err(StoreError::AlreadyExists { table }) => assert_eq!((is_new, table), (false, "webhook_inbox")),
            Err(error) => panic!("{error:?}"),
        }
    }
    for table in ["calls", "events", "webhook_inbox"] {
        assert_eq!(db.rows(table).await, 1, "{table}");
    }
}

pub async fn concurrent_arrivals_of_one_event_are_stored_once(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let arriving = (0..8).map(|_| async {
        let entry = bench.webhook("event-1", InboxState::Received);
        let mut unit = bench.begin(&scope).await;
        let stored = unit.inbox().store(&entry).await.unwrap();
        unit.commit().await.unwrap();
        stored
    });
    let stored = together(arriving).await;
    assert_eq!(stored.iter().filter(|stored| stored.arrival == Arrival::First).count(), 1);
    assert_eq!(db.rows("webhook_inbox").await, 1);
    let id = stored.first().unwrap().id;
    assert!(stored.iter().all(|stored| stored.id == id));
    assert_eq!(InboxOffice::find(&db.system, id).await.unwrap().unwrap().duplicates, 7);
}

pub async fn an_event_whose_unit_was_rolled_back_can_arrive_again(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let lost = bench.webhook("event-1", InboxState::Received);
    let mut unit = bench.begin(&scope).await;
    unit.inbox().store(&lost).await.unwrap();
    unit.rollback().await.unwrap();
    let mut unit = bench.begin(&scope).await;
    let again = bench.webhook("event-1", InboxState::Received);
    assert_eq!(unit.inbox().store(&again).await.unwrap().arrival, Arrival::First);
    unit.commit().await.unwrap();
}

pub async fn settling_says_where_a_webhook_stands_and_why(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let id = bench.received(&scope, &bench.webhook("event-1", InboxState::Received)).await;
    // settled states are dated, open ones are not
    for (state, reason, call, processed) in [
        (InboxState::Applied, None, Some(CallId(7)), Some(at(10))),
        (InboxState::Waiting, Some("early"), None, None),
        (InboxState::Quarantined, Some("never_matched"), None, Some(at(10))),
        (InboxState::Received, Some("replayed"), Some(CallId(7)), None),
        (InboxState::Ignored, None, Some(CallId(7)), Some(at(10))),
    ] {
        let mut unit = bench.begin(&scope).await;
        unit.inbox().settle(id, state, reason, call, at(10)).await.unwrap();
        unit.commit().await.unwrap();
        let found = InboxOffice::find(&db.system, id).await.unwrap().unwrap();
        assert_eq!((found.entry.state, found.entry.reason.as_deref()), (state, reason));
        assert_eq!((found.entry.call, found.processed_at), (call, processed), "{state:?}");
    }
}

pub async fn what_is_stored_settled_is_dated(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    for (key, state, processed) in [
        ("applied", InboxState::Applied, Some(at(0))),
        ("ignored", InboxState::Ignored, Some(at(0))),
        ("waiting", InboxState::Waiting, None),
        ("received", InboxState::Received, None),
    ] {
        let id = bench.received(&scope, &bench.webhook(key, state)).await;
        let found = InboxOffice::find(&db.system, id).await.unwrap().unwrap();
        assert_eq!(found.processed_at, processed, "{key}");
    }
}

fn waiting(bench: &Bench<'_>, key: &str, about: &str) -> NewInboxEntry {
    let mut entry = bench.webhook(key, InboxState::Waiting);
    entry.match_key = Some(about.to_owned());
    entry
}

pub async fn waiting_webhooks_are_taken_by_what_they_speak_of(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let by_call = bench.received(&scope, &waiting(&bench, "event-1", "call:7")).await;
    let by_task = bench.received(&scope, &waiting(&bench, "event-2", "task:t1")).await;
    let other = bench.received(&scope, &waiting(&bench, "event-3", "call:8")).await;
    let mut done = waiting(&bench, "event-4", "call:7");
    done.state = InboxState::Applied;
    let done = bench.received(&scope, &done).await;

    let mut unit = bench.begin(&scope).await;
    let keys = ["call:7".to_owned(), "task:t1".to_owned(), "task:t2".to_owned()];
    let mut taken = unit.inbox().take_waiting(&keys).await.unwrap();
    taken.sort();
    assert_eq!(taken, [by_call, by_task]);
    assert_eq!(unit.inbox().take_waiting(&keys).await.unwrap(), [], "once");
    assert_eq!(unit.inbox().take_waiting(&[]).await.unwrap(), [], "no key is not every key");
    unit.commit().await.unwrap();
    assert_eq!(bench.inbox_state(by_call).await.0, InboxState::Received);
    assert_eq!(bench.inbox_state(other).await.0, InboxState::Waiting);
    assert_eq!(bench.inbox_state(done).await.0, InboxState::Applied);
}

pub async fn concurrent_takers_take_each_webhook_once(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let mut expected: Vec<InboxId> = Vec::new();
    for number in 0..12 {
        let entry = waiting(&bench, &format!("event-{number}"), "call:7");
        expected.push(bench.received(&scope, &entry).await);
    }
    let taking = (0..6).map(|_| async {
        let mut unit = bench.begin(&scope).await;
        let taken = unit.inbox().take_waiting(&["call:7".to_owned()]).await.unwrap();
        unit.commit().await.unwrap();
        taken
    });
    let mut taken: Vec<_> = together(taking).await.into_iter().flatten().collect();
    taken.sort();
    assert_eq!(taken, expected);
}

pub async fn a_webhook_is_invisible_to_other_tenants(db: &Database) {
    let bench = Bench::new(db);
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    let id = bench.received(&a, &waiting(&bench, "event-1", "call:7")).await;
    let mut unit = bench.begin(&b).await;
    assert!(unit.inbox().find(id).await.unwrap().is_none());
    assert_eq!(unit.inbox().take_waiting(&["call:7".to_owned()]).await.unwrap(), []);
    unit.inbox().settle(id, InboxState::Ignored, Some("mine"), Some(CallId(1)), at(5)).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(bench.inbox_state(id).await, (InboxState::Waiting, None));
}

pub async fn a_quarantined_webhook_is_no_tenants(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let entry = bench.webhook("event-1", InboxState::Quarantined);
    let stored = db.system.quarantine(&entry).await.unwrap();
    assert_eq!((stored.id, stored.arrival), (entry.id, Arrival::First));
    let mut unit = bench.begin(&scope).await;
    assert!(unit.inbox().find(entry.id).await.unwrap().is_none());
    unit.rollback().await.unwrap();
    let found = InboxOffice::find(&db.system, entry.id).await.unwrap().unwrap();
    assert_eq!(found.company, None);
    assert_eq!(format!("{:?}", found.entry), format!("{entry:?}"));
}
