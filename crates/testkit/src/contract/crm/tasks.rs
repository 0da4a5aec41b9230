//! Things to do and things to know, each once.

use app::ports::{NewSignalRow, NewTaskRow};
use crm::{NewSignal, NewTask, Priority, SignalSeverity, SignalType, TaskAssignee};
use kernel::{CallId, ContactCardId, KeySignalId, LeadId, Scope, TaskId, Timestamp};
use serde_json::json;

use crate::{
    Database,
    contract::bench::{Bench, at, together},
};

fn task(key: &str, due_at: Option<Timestamp>) -> NewTask {
    NewTask {
        description: "Send the quote".to_owned(),
        action_type: Some("send_quote".to_owned()),
        due_at,
        priority: Some(Priority::High),
        assigned_to: TaskAssignee::Csr,
        key: key.to_owned(),
    }
}

fn signal(key: &str) -> NewSignal {
    NewSignal {
        signal_type: SignalType::Risk,
        severity: SignalSeverity::High,
        title: "Deal at risk".to_owned(),
        description: None,
        key: key.to_owned(),
        metadata: json!({ "risk_factors": ["price"] }),
    }
}

type Customer = (ContactCardId, LeadId, CallId);

async fn add_task(
    bench: &Bench<'_>,
    scope: &Scope,
    of: (Option<ContactCardId>, CallId),
    task: &NewTask,
) -> Option<TaskId> {
    let id = TaskId::fresh(&bench.ids);
    let row = NewTaskRow { id, task, contact: of.0, lead: None, call: of.1 };
    let mut unit = bench.begin(scope).await;
    let added = unit.crm().insert_task(&row, at(0)).await.unwrap();
    unit.commit().await.unwrap();
    added.then_some(id)
}

async fn add_signal(bench: &Bench<'_>, scope: &Scope, of: Customer, signal: &NewSignal) -> bool {
    let (contact, lead, call) = of;
    let row = NewSignalRow { id: KeySignalId::fresh(&bench.ids), signal, contact, lead: Some(lead), call };
    let mut unit = bench.begin(scope).await;
    let added = unit.crm().insert_signal(&row, at(0)).await.unwrap();
    unit.commit().await.unwrap();
    added
}

async fn mark(bench: &Bench<'_>, scope: &Scope, now: Timestamp, limit: i64) -> Vec<TaskId> {
    let mut unit = bench.begin(scope).await;
    let mut marked = unit.crm().mark_overdue(now, limit).await.unwrap();
    unit.commit().await.unwrap();
    marked.sort();
    marked
}

pub async fn an_unfinished_task_is_not_made_twice(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let (contact, _, first) = bench.customer(&scope, 1).await;
    let second = bench.call(&scope, "CAL-second").await.id;
    let third = bench.call(&scope, "CAL-third").await.id;
    let quote = task("quote", None);
    let id = add_task(&bench, &scope, (Some(contact), first), &quote).await.unwrap();
    for status in ["open", "pending", "overdue"] {
        db.run(&format!("UPDATE tasks SET status = '{status}'")).await;
        assert!(add_task(&bench, &scope, (Some(contact), second), &quote).await.is_none(), "{status}");
    }
    assert!(add_task(&bench, &scope, (Some(contact), second), &task("visit", None)).await.is_some());
    // a later call may ask for it again once it is finished, whichever way
    for (status, call) in [("completed", second), ("cancelled", third)] {
        db.run(&format!("UPDATE tasks SET status = '{status}'")).await;
        assert!(add_task(&bench, &scope, (Some(contact), call), &quote).await.is_some(), "{status}");
    }
    // but the call that made it does not make it again
    db.run(&format!("UPDATE tasks SET status = 'completed' WHERE id <> {}", db.id(id.0))).await;
    assert!(add_task(&bench, &scope, (Some(contact), first), &quote).await.is_none());
}

pub async fn two_customers_may_be_owed_the_same(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let (one, _, call) = bench.customer(&scope, 1).await;
    let (two, _, _) = bench.customer(&scope, 2).await;
    let quote = task("quote", None);
    assert!(add_task(&bench, &scope, (Some(one), call), &quote).await.is_some());
    assert!(add_task(&bench, &scope, (Some(two), call), &quote).await.is_some());
    // callers who hid their number are told apart by their calls
    let other = bench.call(&scope, "CAL-other").await.id;
    assert!(add_task(&bench, &scope, (None, call), &quote).await.is_some());
    assert!(add_task(&bench, &scope, (None, other), &quote).await.is_some());
    assert!(add_task(&bench, &scope, (None, other), &quote).await.is_none());
}

pub async fn a_task_at_one_tenant_is_none_at_another(db: &Database) {
    let bench = Bench::new(db);
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    for scope in [&a, &b] {
        let (contact, _, call) = bench.customer(scope, 1).await;
        assert!(add_task(&bench, scope, (Some(contact), call), &task("quote", None)).await.is_some());
    }
}

pub async fn concurrent_promises_of_one_thing_make_one_task(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let (contact, _, call) = bench.customer(&scope, 1).await;
    let quote = task("quote", None);
    let added = together((0..6).map(|_| add_task(&bench, &scope, (Some(contact), call), &quote))).await;
    assert_eq!(added.into_iter().flatten().count(), 1);
}

pub async fn a_task_keeps_what_was_planned(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let (contact, _, call) = bench.customer(&scope, 1).await;
    add_task(&bench, &scope, (Some(contact), call), &task("quote", Some(at(60)))).await.unwrap();
    let stored = "SELECT count(*) FROM tasks WHERE description = 'Send the quote' AND assigned_to = 'csr' \
                  AND source = 'shunya' AND action_type = 'send_quote' AND status = 'open' AND priority = 'high' \
                  AND due_at IS NOT NULL";
    assert_eq!(db.number(stored).await, 1);
    // one that is due already is overdue from the start
    add_task(&bench, &scope, (Some(contact), call), &task("late", Some(at(-60)))).await.unwrap();
    assert_eq!(db.number("SELECT count(*) FROM tasks WHERE status = 'overdue'").await, 1);
}

pub async fn tasks_past_their_time_are_marked(db: &Database) {
    let bench = Bench::new(db);
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    let (contact, _, call) = bench.customer(&a, 1).await;
    let mut due = Vec::new();
    for seconds in [30, 10, 20] {
        let task = task(&format!("due-{seconds}"), Some(at(seconds)));
        due.push(add_task(&bench, &a, (Some(contact), call), &task).await.unwrap());
    }
    let [last, first, middle] = due.as_slice() else { panic!("three are made") };
    add_task(&bench, &a, (Some(contact), call), &task("never", None)).await.unwrap();
    let (theirs, _, their_call) = bench.customer(&b, 1).await;
    add_task(&bench, &b, (Some(theirs), their_call), &task("theirs", Some(at(10)))).await.unwrap();

    assert!(mark(&bench, &a, at(10), 10).await.is_empty(), "past, not at");
    assert_eq!(mark(&bench, &a, at(100), 1).await, [*first], "the one longest past its time");
    db.run(&format!("UPDATE tasks SET status = 'completed' WHERE id = {}", db.id(last.0))).await;
    assert_eq!(mark(&bench, &a, at(100), 10).await, [*middle]);
    assert!(mark(&bench, &a, at(100), 10).await.is_empty());
    assert_eq!(db.number("SELECT count(*) FROM tasks WHERE status = 'overdue' AND version = 2").await, 2);
    assert_eq!(db.number("SELECT count(*) FROM tasks WHERE status = 'open'").await, 2);
}

pub async fn concurrent_sweeps_mark_each_task_once(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let (contact, _, call) = bench.customer(&scope, 1).await;
    let mut due = Vec::new();
    for number in 0..10 {
        let task = task(&format!("due-{number}"), Some(at(number)));
        due.push(add_task(&bench, &scope, (Some(contact), call), &task).await.unwrap());
    }
    let marked = together((0..4).map(|_| mark(&bench, &scope, at(100), 10))).await;
    let mut marked: Vec<_> = marked.into_iter().flatten().collect();
    marked.sort();
    assert_eq!(marked, due);
}

pub async fn an_open_signal_is_not_given_twice(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let (contact, lead, call) = bench.customer(&scope, 1).await;
    let later = bench.call(&scope, "CAL-later").await.id;
    let risk = signal("risk");
    assert!(add_signal(&bench, &scope, (contact, lead, call), &risk).await);
    assert!(!add_signal(&bench, &scope, (contact, lead, later), &risk).await);
    assert!(add_signal(&bench, &scope, (contact, lead, call), &signal("other")).await);
    let seen = if db.is_postgres() { "true" } else { "1" };
    db.run(&format!("UPDATE key_signals SET acknowledged = {seen}")).await;
    assert!(
        !add_signal(&bench, &scope, (contact, lead, call), &risk).await,
        "the same call says nothing new"
    );
    assert!(add_signal(&bench, &scope, (contact, lead, later), &risk).await, "a later one does");
    assert!(!add_signal(&bench, &scope, (contact, lead, later), &risk).await);
}

pub async fn two_customers_may_be_at_the_same_risk(db: &Database) {
    let bench = Bench::new(db);
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    let (one, two) = (bench.customer(&a, 1).await, bench.customer(&a, 2).await);
    assert!(add_signal(&bench, &a, one, &signal("risk")).await);
    assert!(add_signal(&bench, &a, two, &signal("risk")).await);
    let theirs = bench.customer(&b, 1).await;
    assert!(add_signal(&bench, &b, theirs, &signal("risk")).await);
    let stored = "SELECT count(*) FROM key_signals WHERE signal_type = 'risk' AND severity = 'high' \
                  AND title = 'Deal at risk' AND description IS NULL AND metadata IS NOT NULL";
    assert_eq!(db.number(stored).await, 3);
}
