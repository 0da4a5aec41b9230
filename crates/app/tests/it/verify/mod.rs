//! Each harm is found and named, and where there is none nothing is found.

use std::collections::{BTreeMap, BTreeSet};

use app::{
    ports::{Extent, Inspector, Mark, NewInboxEntry, Stretch},
    progress::Unwatched,
    verify::{CHECKS, Level, Order, Report, RowCheck, verify},
};
use calls::{CallEventKind, RecordingRef};
use chrono::Duration;
use idempotency::{InboxState, event_key};
use kernel::{CallId, CompanyId, InboxId, Provider, Scope};
use queue::Queue;
use serde_json::json;
use testkit::World;

use crate::setup::{apply, call_with_recording, do_jobs, event, on_both, phone, tenant};

mod harms;

use harms::{Harm, harms};

on_both!(
    where_there_is_no_harm_none_is_found,
    each_harm_is_found_and_named,
    what_is_on_its_way_is_no_harm_until_it_is_there_for_long,
    the_rows_of_one_company_are_verified_alone,
    every_row_is_looked_at_whatever_the_stretch,
    a_check_that_cannot_be_made_says_so_and_the_others_are_made,
    nothing_of_customers_is_told,
);

/// Two companies with calls in every state there is, and everything that calls become.
async fn furnish(world: &World) -> Vec<Scope> {
    let mut scopes = Vec::new();
    for id in ["org_a", "org_b"] {
        let scope = tenant(world, id).await;
        for number in 0..8_u32 {
            *world.engine.result.lock().unwrap() = result(number);
            analysed(world, &scope, number).await;
        }
        webhook(world, &scope, InboxState::Applied, 1).await;
        scopes.push(scope);
    }
    // one whose analysis is under way, one that rings, and one whose recording is to be fetched
    for scope in &scopes {
        recorded(world, scope, "ANALYSING", 92).await;
    }
    for scope in &scopes {
        let mut ringing = event("RINGING", None, Some(phone(91)));
        ringing.kind = CallEventKind::Incoming;
        apply(world, scope, &ringing).await.unwrap();
        call_with_recording(world, scope, "FETCHING").await;
    }
    world.clock.advance(Duration::minutes(1));
    scopes
}

/// What the vendor says of a call.
fn result(number: u32) -> serde_json::Value {
    json!({
        "summary": { "summary": "A leak.", "key_points": [] },
        "qualification": {
            "qualification_status": "hot", "booking_status": if number % 4 == 3 { "not_booked" } else { "booked" },
            "appointment_date": format!("2026-12-{:02}T16:00:00Z", number + 1), "appointment_confirmed": true,
            "urgency_signals": ["water in the kitchen"],
        },
        "objections": { "objections": [{ "category_id": 1, "category_text": "Price", "objection_text": "Too dear" }] },
        "pending_actions": [{ "action": format!("Send quote {number}") }],
    })
}

async fn recorded(world: &World, scope: &Scope, name: &str, tail: u32) -> CallId {
    let mut over = event(name, None, Some(phone(tail)));
    over.facts.recording = Some(RecordingRef { id: format!("REC-{name}"), duration_seconds: Some(60) });
    over.facts.started_at = Some(world.clock_now() - Duration::minutes(5));
    let call = apply(world, scope, &over).await.unwrap();
    do_jobs(world, Queue::Asr).await;
    do_jobs(world, Queue::Shunya).await;
    call
}

async fn analysed(world: &World, scope: &Scope, number: u32) {
    recorded(world, scope, &format!("CAL{number}"), number).await;
    world.clock.advance(Duration::seconds(10));
    do_jobs(world, Queue::Shunya).await;
}

async fn webhook(world: &World, scope: &Scope, state: InboxState, number: u32) -> InboxId {
    let body = format!("{{\"number\":{number}}}").into_bytes();
    let (provider, kind) = (Provider::Callrail, "call.completed");
    let entry = NewInboxEntry {
        id: InboxId::fresh(world.ports.ids.as_ref()),
        provider,
        kind: kind.to_owned(),
        event_key: event_key(Some(&scope.company), provider, kind, "", &body),
        match_key: None,
        state,
        reason: None,
        path: "/callrail/call.completed".to_owned(),
        query: String::new(),
        content_type: None,
        proof: Vec::new(),
        body,
        trace: None,
        call: None,
        received_at: world.clock_now(),
    };
    let mut work = world.ports.begin(scope).await.unwrap();
    work.inbox().store(&entry).await.unwrap();
    work.commit().await.unwrap();
    entry.id
}

async fn verified(world: &World, order: &Order) -> Report {
    verify(&world.ports, &world.db.system, order, &Unwatched).await
}

fn deep() -> Order {
    Order { deep: true, examples: 1_000, ..Order::default() }
}

/// What was found, as texts, by the name of the check.
fn found(report: &Report) -> BTreeMap<&'static str, BTreeSet<String>> {
    let texts = |one: &app::verify::CheckReport| {
        assert_eq!(one.broke_off, None, "{}", one.check.name);
        assert_eq!(u64::try_from(one.examples.len()).unwrap(), one.found);
        one.examples.iter().map(|finding| format!("{}: {}", finding.subject, finding.why)).collect()
    };
    report.checks.iter().map(|one| (one.check.name, texts(one))).collect()
}

async fn where_there_is_no_harm_none_is_found(world: &World) {
    let empty = verified(world, &deep()).await;
    assert!(empty.is_clean() && empty.checks.iter().all(|one| one.looked_at == 0), "{empty:?}");
    furnish(world).await;
    let report = verified(world, &deep()).await;
    let names: Vec<_> = report.checks.iter().map(|one| one.check.name).collect();
    assert_eq!(names.len(), CHECKS.len(), "{names:?}");
    for (name, texts) in found(&report) {
        assert_eq!(texts, BTreeSet::new(), "{name}");
    }
    assert!(report.is_clean());
    // that there was something to be found at all
    for one in &report.checks {
        let looked_at = one.looked_at;
        assert!(looked_at > 0, "{} looked at nothing", one.check.name);
    }
    for (table, least) in
        [("appointments", 6), ("tasks", 16), ("key_signals", 2), ("call_objections", 16), ("events", 100)]
    {
        assert!(world.db.rows(table).await >= least, "{table}: {}", world.db.rows(table).await);
    }
}

async fn each_harm_is_found_and_named(world: &World) {
    furnish(world).await;
    // so that what is untouched is so for long; sweeps would have set it on its way
    world.clock.advance(Duration::minutes(20));
    let mut before = found(&verified(world, &deep()).await);
    let mut told = BTreeSet::new();
    let harms = harms(world);
    for Harm { sql, told_by } in &harms {
        world.db.run(sql).await;
        let after = found(&verified(world, &deep()).await);
        let new: Vec<_> = after
            .iter()
            .filter(|(name, texts)| texts.difference(&before[*name]).next().is_some())
            .map(|(name, _)| *name)
            .collect();
        let wanted: Vec<_> =
            CHECKS.iter().map(|check| check.name).filter(|name| told_by.contains(name)).collect();
        let mut named = new.clone();
        named.sort_by_key(|name| CHECKS.iter().position(|check| check.name == *name));
        assert_eq!(named, wanted, "{sql}: {after:#?}");
        told.extend(new);
        before = after;
    }
    for (harm, key) in [("recordings.stored", true), ("recordings.orphans", false)] {
        let keys = world.blobs.keys();
        if key {
            world.blobs.lose(keys.last().unwrap());
        } else {
            world.blobs.slip_in("tenants/org_a/recordings/2026/11/7/nobody.wav", b"x");
        }
        let after = found(&verified(world, &deep()).await);
        assert_eq!(after[harm].len(), before[harm].len() + 1, "{harm}");
        before = after;
    }
    let all: BTreeSet<_> = CHECKS.iter().map(|check| check.name).collect();
    assert_eq!(told, all, "each check is told by some harm");
    let report = verified(world, &Order::default()).await;
    assert!(!report.is_clean());
    assert!(report.checks.iter().any(|one| one.found > 0 && one.check.level == Level::Notice));
}

async fn what_is_on_its_way_is_no_harm_until_it_is_there_for_long(world: &World) {
    let scope = tenant(world, "org_a").await;
    call_with_recording(world, &scope, "CAL1").await;
    let received = webhook(world, &scope, InboxState::Received, 1).await;
    world.db.run("DELETE FROM jobs").await;
    // an object that is just being stored has no row yet
    let orphan = "tenants/org_a/recordings/2026/11/7/nobody.wav";
    world.blobs.slip_in(orphan, b"x");
    world.clock.advance(Duration::minutes(14));
    let named = async || {
        let found = found(&verified(world, &Order::default()).await);
        found.into_iter().filter(|(_, texts)| !texts.is_empty()).collect::<BTreeMap<_, _>>()
    };
    assert_eq!(named().await.into_keys().collect::<Vec<_>>(), ["recordings.orphans"]);
    world.blobs.lose(orphan);
    world.clock.advance(Duration::minutes(2));
    let found = named().await;
    assert_eq!(found.keys().copied().collect::<Vec<_>>(), ["calls.stranded", "webhooks.waiting"]);
    let webhooks = &found["webhooks.waiting"];
    assert_eq!(
        webhooks.first().unwrap(),
        &format!("webhook {received}: it was received, and no job applies it")
    );
}

async fn the_rows_of_one_company_are_verified_alone(world: &World) {
    furnish(world).await;
    world.db.run("UPDATE leads SET status = 'dormant' WHERE company_id = 'org_a'").await;
    world.blobs.slip_in("tenants/org_a/nobody.wav", b"x");
    let of = async |id: &str| {
        let company = Some(CompanyId::try_new(id).unwrap());
        verified(world, &Order { company, ..Order::default() }).await
    };
    let (own, other, all) = (of("org_a").await, of("org_b").await, verified(world, &Order::default()).await);
    assert!(!own.is_clean() && other.is_clean() && !all.is_clean());
    for ((own, other), all) in own.checks.iter().zip(&other.checks).zip(&all.checks) {
        assert_eq!(own.looked_at + other.looked_at, all.looked_at, "{}", all.check.name);
        assert_eq!(own.found, all.found, "{}", all.check.name);
        assert!(own.examples.iter().all(|one| one.company.as_deref() == Some("org_a")));
    }
    let only = Order { only: vec!["leads.history".to_owned(), "calls".to_owned()], ..Order::default() };
    let names: Vec<_> = verified(world, &only).await.checks.iter().map(|one| one.check.name).collect();
    assert_eq!(
        names,
        [
            "calls.readable",
            "calls.stage",
            "calls.columns",
            "calls.stranded",
            "calls.verdict",
            "calls.names",
            "leads.history"
        ]
    );
}

async fn every_row_is_looked_at_whatever_the_stretch(world: &World) {
    furnish(world).await;
    let now = world.clock_now();
    for check in [RowCheck::RowTenants, RowCheck::EventsTold, RowCheck::CallVerdicts, RowCheck::LeadChain] {
        let extent = world.db.system.extent(Extent::Of(check), None).await.unwrap();
        for rows in [1, 2, 7, 10_000] {
            let stretch = Stretch { company: None, rows, before: now, told_since: now };
            let (mut looked, mut from) = (0, Some(Mark { table: 0, after: None }));
            while let Some(mark) = from {
                let some = world.db.system.look(check, mark, &stretch).await.unwrap();
                looked += some.rows;
                from = some.next;
            }
            assert_eq!(looked, extent, "{check:?} by {rows}");
        }
    }
    let stretch = Stretch { company: None, rows: 3, before: now, told_since: now };
    let (mut calls, mut after) = (0, None);
    loop {
        let page = world.db.system.calls(after, &stretch).await.unwrap();
        let Some(last) = page.last() else { break };
        (calls, after) = (calls + page.len(), Some(last.id));
    }
    assert_eq!(i64::try_from(calls).unwrap(), world.db.rows("calls").await);
}

async fn a_check_that_cannot_be_made_says_so_and_the_others_are_made(world: &World) {
    furnish(world).await;
    world.db.run("ALTER TABLE tasks RENAME COLUMN description TO told").await;
    let report = verified(world, &Order::default()).await;
    let broken: Vec<_> =
        report.checks.iter().filter(|one| one.broke_off.is_some()).map(|one| one.check.name).collect();
    assert_eq!(broken, ["tasks.twins"]);
    assert!(!report.is_clean());
    assert!(report.checks.iter().filter(|one| one.broke_off.is_none()).all(|one| one.looked_at > 0));
}

async fn nothing_of_customers_is_told(world: &World) {
    furnish(world).await;
    world.clock.advance(Duration::minutes(20));
    for Harm { sql, .. } in harms(world) {
        world.db.run(&sql).await;
    }
    let told = verified(world, &deep()).await.to_json().to_string().to_lowercase();
    for personal in ["555", "leak", "quote", "dear", "kitchen"] {
        assert!(!told.contains(personal), "{personal} in {told}");
    }
}
