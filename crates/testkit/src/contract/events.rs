//! What happened: [`EventLog`](app::ports::EventLog).

#![expect(missing_docs, reason = "the name of a case says what it is about")]

use app::ports::{Event, Sweeps};
use kernel::{CallId, EventId, LeadId, Scope, Timestamp, UserId};
use serde_json::json;

use super::bench::{Bench, at, together};
use crate::Database;

fn event(bench: &Bench<'_>, name: &'static str, key: &str, at: Timestamp) -> Event {
    Event {
        id: EventId::fresh(&bench.ids),
        event: name.into(),
        key: key.to_owned(),
        lead: None,
        user: None,
        call: None,
        data: json!({ "n": 1 }),
        at,
    }
}

async fn append(bench: &Bench<'_>, scope: &Scope, events: Vec<Event>) -> Vec<Event> {
    let mut unit = bench.begin(scope).await;
    let told = unit.events().append(events, Some("00-trace")).await.unwrap();
    unit.commit().await.unwrap();
    told
}

pub async fn an_event_is_told_once(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let first = Event {
        lead: Some(LeadId::fresh(&bench.ids)),
        user: Some(UserId::try_new("user_1").unwrap()),
        call: Some(CallId(7)),
        ..event(&bench, "call.missed", "call.missed:7", at(0))
    };
    assert_eq!(append(&bench, &scope, vec![first.clone()]).await, [first]);
    let again = event(&bench, "call.missed", "call.missed:7", at(60));
    let new = event(&bench, "call.missed", "call.missed:8", at(60));
    assert_eq!(append(&bench, &scope, vec![again, new.clone()]).await, [new], "only what was added");
    assert_eq!(append(&bench, &scope, Vec::new()).await, []);
    let stored = "SELECT count(*) FROM events WHERE event_key = 'call.missed:7' AND severity = 'warn' \
                  AND lead_id IS NOT NULL AND user_id = 'user_1' AND call_id = 7 AND trace = '00-trace'";
    assert_eq!(db.number(stored).await, 1);
    assert_eq!(db.rows("events").await, 2);
}

pub async fn a_key_twice_in_one_unit_is_told_once(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let (first, second) =
        (event(&bench, "lead.created", "lead:1", at(0)), event(&bench, "lead.created", "lead:1", at(0)));
    assert_eq!(append(&bench, &scope, vec![first.clone(), second]).await, [first]);
}

pub async fn a_key_is_of_one_tenant(db: &Database) {
    let bench = Bench::new(db);
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    for scope in [&a, &b] {
        let told = append(&bench, scope, vec![event(&bench, "lead.created", "lead:1", at(0))]).await;
        assert_eq!(told.len(), 1);
    }
}

pub async fn what_is_rolled_back_can_be_told_again(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let mut unit = bench.begin(&scope).await;
    let lost = event(&bench, "lead.created", "lead:1", at(0));
    assert_eq!(unit.events().append(vec![lost.clone()], None).await.unwrap().len(), 1);
    unit.rollback().await.unwrap();
    assert_eq!(append(&bench, &scope, vec![lost]).await.len(), 1);
}

pub async fn concurrent_units_tell_an_event_once(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let telling = (0..6).map(|_| {
        let events = vec![event(&bench, "lead.created", "lead:1", at(0))];
        append(&bench, &scope, events)
    });
    assert_eq!(together(telling).await.into_iter().flatten().count(), 1);
    assert_eq!(db.rows("events").await, 1);
}

pub async fn what_stored_events_concern_can_be_corrected(db: &Database) {
    let bench = Bench::new(db);
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    for scope in [&a, &b] {
        let events = ["call.incoming:7", "call.missed:7"].map(|key| event(&bench, "call.missed", key, at(0)));
        append(&bench, scope, events.into()).await;
    }
    let (lead, user) = (LeadId::fresh(&bench.ids), UserId::try_new("user_1").unwrap());
    let mut unit = bench.begin(&a).await;
    let keys = ["call.incoming:7".to_owned(), "call.answered:7".to_owned()];
    unit.events().relate(&keys, Some(lead), Some(&user)).await.unwrap();
    unit.events().relate(&[], None, None).await.unwrap();
    unit.commit().await.unwrap();
    let related = format!(
        "SELECT company_id || ' ' || event_key FROM events WHERE lead_id = {} AND user_id = 'user_1'",
        db.id(lead.0)
    );
    assert_eq!(db.texts(&related).await, ["org_a call.incoming:7"]);
}

pub async fn old_events_are_deleted_oldest_first(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let events =
        [30, 10, 20, 40].map(|second| event(&bench, "lead.created", &format!("{second}"), at(second)));
    append(&bench, &scope, events.into()).await;
    assert_eq!(db.system.delete_events(at(10), 10).await.unwrap(), 0, "before, not at");
    assert_eq!(db.system.delete_events(at(40), 1).await.unwrap(), 1);
    assert_eq!(db.number("SELECT count(*) FROM events WHERE event_key = '10'").await, 0);
    assert_eq!(db.system.delete_events(at(40), 10).await.unwrap(), 2);
    assert_eq!(db.number("SELECT count(*) FROM events WHERE event_key = '40'").await, 1);
}
