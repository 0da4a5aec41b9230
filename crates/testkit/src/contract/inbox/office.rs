//! What operators and sweeps do with webhooks.

use app::ports::{EmptiedBodies, InboxFilter, InboxOffice, NewInboxEntry};
use idempotency::{Arrival, InboxState};
use kernel::{InboxId, Provider, Timestamp};

use crate::{
    Database,
    contract::bench::{Bench, at, company},
};

fn arrived(bench: &Bench<'_>, key: &str, state: InboxState, received_at: Timestamp) -> NewInboxEntry {
    NewInboxEntry { received_at, ..bench.webhook(key, state) }
}

pub async fn quarantine_stores_an_event_once(db: &Database) {
    let bench = Bench::new(db);
    let first = bench.webhook("event-1", InboxState::Quarantined);
    db.system.quarantine(&first).await.unwrap();
    let again = arrived(&bench, "event-1", InboxState::Quarantined, at(60));
    let stored = db.system.quarantine(&again).await.unwrap();
    assert_eq!(stored.id, first.id);
    assert_eq!(stored.arrival, Arrival::Duplicate { first_received_at: at(0) });
    assert_eq!(db.rows("webhook_inbox").await, 1);
}

pub async fn an_assigned_webhook_is_its_tenants(db: &Database) {
    let bench = Bench::new(db);
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    let entry = bench.webhook("event-1", InboxState::Quarantined);
    db.system.quarantine(&entry).await.unwrap();
    db.system.assign(entry.id, &a.company).await.unwrap();
    let mut unit = bench.begin(&a).await;
    assert_eq!(unit.inbox().find(entry.id).await.unwrap().unwrap().company, Some(a.company));
    unit.rollback().await.unwrap();
    let mut unit = bench.begin(&b).await;
    assert!(unit.inbox().find(entry.id).await.unwrap().is_none());
    unit.rollback().await.unwrap();
}

pub async fn a_tenants_webhook_is_not_given_to_another(db: &Database) {
    let bench = Bench::new(db);
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    let id = bench.received(&a, &bench.webhook("event-1", InboxState::Applied)).await;
    db.system.assign(id, &b.company).await.unwrap();
    assert_eq!(InboxOffice::find(&db.system, id).await.unwrap().unwrap().company, Some(a.company));
}

pub async fn lists_are_filtered_and_paged(db: &Database) {
    let bench = Bench::new(db);
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    let first = bench.received(&a, &bench.webhook("event-1", InboxState::Applied)).await;
    let mut shunyas = bench.webhook("event-2", InboxState::Waiting);
    shunyas.provider = Provider::Shunya;
    let second = bench.received(&b, &shunyas).await;
    let third = bench.received(&a, &bench.webhook("event-3", InboxState::Waiting)).await;
    let nobodys = bench.webhook("event-4", InboxState::Quarantined);
    let fourth = db.system.quarantine(&nobodys).await.unwrap().id;

    let list = async |filter: InboxFilter| {
        let lines = db.system.list(&filter).await.unwrap();
        lines.into_iter().map(|line| line.id).collect::<Vec<InboxId>>()
    };
    let all = || InboxFilter { limit: 10, ..InboxFilter::default() };
    assert_eq!(list(all()).await, [fourth, third, second, first], "newest first");
    assert_eq!(list(InboxFilter { limit: 2, ..all() }).await, [fourth, third]);
    assert_eq!(list(InboxFilter { before: Some(third), ..all() }).await, [second, first]);
    assert_eq!(list(InboxFilter { provider: Some(Provider::Shunya), ..all() }).await, [second]);
    assert_eq!(list(InboxFilter { state: Some(InboxState::Waiting), ..all() }).await, [third, second]);
    assert_eq!(list(InboxFilter { company: Some(company("org_a")), ..all() }).await, [third, first]);
    let page = InboxFilter { company: Some(company("org_a")), before: Some(third), limit: 1, ..all() };
    assert_eq!(list(page).await, [first]);
}

pub async fn a_line_says_what_people_look_for(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let call = bench.call(&scope, "CAL1").await.id;
    let entry = bench.webhook("event-1", InboxState::Received);
    bench.received(&scope, &entry).await;
    bench.received(&scope, &bench.webhook("event-1", InboxState::Received)).await;
    let mut unit = bench.begin(&scope).await;
    unit.inbox().settle(entry.id, InboxState::Applied, Some("replayed"), Some(call), at(9)).await.unwrap();
    unit.commit().await.unwrap();
    let lines = db.system.list(&InboxFilter { limit: 5, ..InboxFilter::default() }).await.unwrap();
    let [line] = lines.as_slice() else { panic!("one is stored: {lines:?}") };
    assert_eq!((line.id, line.company.as_ref()), (entry.id, Some(&scope.company)));
    assert_eq!((line.provider, line.kind.as_str()), (Provider::Callrail, "call.completed"));
    assert_eq!((line.state, line.reason.as_deref()), (InboxState::Applied, Some("replayed")));
    assert_eq!((line.call, line.duplicates, line.received_at), (Some(call), 1, at(0)));
}

pub async fn waiting_webhooks_are_listed_oldest_first(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let mut expected = Vec::new();
    for (number, state) in [
        (1, InboxState::Waiting),
        (2, InboxState::Received),
        (3, InboxState::Waiting),
        (4, InboxState::Quarantined),
        (5, InboxState::Applied),
        (6, InboxState::Waiting),
        (7, InboxState::Waiting),
    ] {
        let entry = arrived(&bench, &format!("event-{number}"), state, at(number));
        let id = bench.received(&scope, &entry).await;
        if state == InboxState::Waiting {
            expected.push(id);
        }
    }
    let list = async |before, limit| {
        let found = db.system.waiting(before, None, limit).await.unwrap();
        found.into_iter().map(|found| found.entry.id).collect::<Vec<_>>()
    };
    assert_eq!(list(at(100), 10).await, expected);
    assert_eq!(list(at(7), 10).await, expected.get(..3).unwrap(), "received before, not at");
    assert_eq!(list(at(100), 2).await, expected.get(..2).unwrap());
}

pub async fn pages_of_waiting_webhooks_go_on(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let mut waiting = Vec::new();
    for number in 0..5 {
        let entry = bench.webhook(&format!("event-{number}"), InboxState::Waiting);
        waiting.push(bench.received(&scope, &entry).await);
    }
    let mut found = Vec::new();
    loop {
        let page = db.system.waiting(at(100), found.last().copied(), 2).await.unwrap();
        if page.is_empty() {
            break;
        }
        found.extend(page.iter().map(|one| one.entry.id));
    }
    assert_eq!(found, waiting);
}

pub async fn a_clean_up_deletes_only_what_is_settled(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let mut ids = Vec::new();
    for (number, state) in InboxState::ALL.into_iter().enumerate() {
        let entry = bench.webhook(&format!("event-{number}"), state);
        ids.push((state, bench.received(&scope, &entry).await));
    }
    assert_eq!(db.system.delete_settled(at(0), 100).await.unwrap(), 0, "before, not at");
    assert_eq!(db.system.delete_settled(at(1), 1).await.unwrap(), 1);
    assert_eq!(db.system.delete_settled(at(1), 100).await.unwrap(), 1);
    assert_eq!(db.system.delete_settled(at(9000), 100).await.unwrap(), 0);
    for (state, id) in ids {
        let left = InboxOffice::find(&db.system, id).await.unwrap().is_some();
        let kept = !matches!(state, InboxState::Applied | InboxState::Ignored);
        assert_eq!(left, kept, "{state:?}");
    }
}

pub async fn a_clean_up_counts_from_when_a_webhook_was_settled(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let id = bench.received(&scope, &bench.webhook("event-1", InboxState::Quarantined)).await;
    // somebody replayed it long after it came
    let mut unit = bench.begin(&scope).await;
    unit.inbox().settle(id, InboxState::Applied, Some("replayed"), None, at(5000)).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(db.system.delete_settled(at(4000), 100).await.unwrap(), 0);
    assert_eq!(db.system.delete_settled(at(6000), 100).await.unwrap(), 1);
}

pub async fn bodies_are_emptied_where_a_webhook_is_settled_and_old(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let mut ids = Vec::new();
    for (number, state) in [
        (0, InboxState::Applied),
        (1, InboxState::Applied),
        (2, InboxState::Ignored),
        (3, InboxState::Quarantined),
        (4, InboxState::Waiting),
        (5, InboxState::Applied),
        (6, InboxState::Applied),
    ] {
        let entry = arrived(&bench, &format!("event-{number}"), state, at(number));
        ids.push(bench.received(&scope, &entry).await);
    }
    let office = &db.system;
    let chunk = |count, up_to: Option<i64>| EmptiedBodies { count, up_to: up_to.map(at) };
    assert_eq!(office.empty_bodies(at(1), at(6), 2).await.unwrap(), chunk(2, Some(2)));
    assert_eq!(office.empty_bodies(at(2), at(6), 2).await.unwrap(), chunk(1, Some(5)), "once each");
    assert_eq!(office.empty_bodies(at(5), at(6), 2).await.unwrap(), chunk(0, None));
    for (number, id) in ids.iter().enumerate() {
        let found = InboxOffice::find(office, *id).await.unwrap().unwrap();
        let emptied = [1, 2, 5].contains(&number);
        assert_eq!(
            (found.entry.body.is_empty(), found.entry.proof.is_empty()),
            (emptied, emptied),
            "{number}"
        );
        assert_eq!(found.entry.event_key, format!("event-{number}"));
    }
    // what was emptied is known as well as ever
    let again = arrived(&bench, "event-1", InboxState::Applied, at(50));
    let mut unit = bench.begin(&scope).await;
    let stored = unit.inbox().store(&again).await.unwrap();
    assert_eq!(stored.arrival, Arrival::Duplicate { first_received_at: at(1) });
    unit.commit().await.unwrap();
}

pub async fn every_state_is_listed(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    for (number, state) in InboxState::ALL.into_iter().enumerate() {
        let id = bench.received(&scope, &bench.webhook(&format!("event-{number}"), state)).await;
        let filter = InboxFilter { state: Some(state), limit: 10, ..InboxFilter::default() };
        let listed = db.system.list(&filter).await.unwrap();
        assert_eq!(listed.iter().map(|line| line.id).collect::<Vec<_>>(), [id], "{state:?}");
    }
}
