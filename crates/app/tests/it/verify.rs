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

/// A harm, and the checks that must tell it: no other may.
struct Harm {
    sql: String,
    told_by: &'static [&'static str],
}

fn harm(told_by: &'static [&'static str], sql: impl Into<String>) -> Harm {
    Harm { sql: sql.into(), told_by }
}

/// The id of a row of a table, by its place among those of a company.
fn nth(table: &str, which: &str, place: u32) -> String {
    format!("(SELECT id FROM {table} WHERE {which} ORDER BY id LIMIT 1 OFFSET {place})")
}

fn harms(world: &World) -> Vec<Harm> {
    let is_postgres = world.db.is_postgres();
    let long_ago = if is_postgres { "'2020-01-01T00:00:00Z'" } else { "1577836800000000" };
    let fresh = || world.db.id(world.ports.ids.next());
    let a = "company_id = 'org_a'";
    let call = |place| nth("calls", "company_id = 'org_a' AND stage = 'analysed'", place);
    let named = |name: &str| format!("(SELECT id FROM calls WHERE {a} AND provider_call_id = '{name}')");
    let request = |place| nth("shunya_jobs", "company_id = 'org_a' AND state = 'succeeded'", place);
    let copy = |table: &str, columns: &str, values: &str, place: u32| {
        format!(
            "INSERT INTO {table} ({columns}) SELECT {values} FROM {table} WHERE id = {}",
            nth(table, a, place)
        )
    };
    let job = |kind: &str, args: &str| {
        format!(
            "INSERT INTO jobs (id, company_id, fairness_key, queue, kind, args, priority, state, run_at, max_attempts, \
             created_at) VALUES ({}, 'org_a', 'org_a', 'default', '{kind}', '{args}', 10, 'ready', {long_ago}, 3, {long_ago})",
            fresh()
        )
    };
    vec![
        harm(&["calls.readable"], format!("UPDATE calls SET facts = '\"x\"' WHERE id = {}", call(0))),
        harm(&["calls.stage"], format!("UPDATE calls SET stage = 'failed' WHERE id = {}", call(1))),
        harm(&["calls.columns"], format!("UPDATE calls SET status = 'missed' WHERE id = {}", call(1))),
        harm(&["calls.columns"], format!("UPDATE calls SET phone_number = NULL WHERE id = {}", call(2))),
        harm(
            &["calls.stranded"],
            format!("DELETE FROM jobs WHERE kind = 'recording.fetch' AND state = 'ready' AND {a}"),
        ),
        harm(
            &["calls.stranded"],
            format!("UPDATE calls SET updated_at = {long_ago} WHERE id = {}", named("RINGING")),
        ),
        harm(&["calls.verdict"], format!("UPDATE calls SET lead_quality = 'warm' WHERE id = {}", call(2))),
        harm(
            &["calls.verdict", "dashboards.numbers"],
            format!("UPDATE call_analyses SET booking_status = 'not_booked' WHERE call_id = {}", call(4)),
        ),
        harm(
            &["calls.names"],
            format!("UPDATE calls SET provider_legacy_id = 'CAL1' WHERE {a} AND provider_call_id = 'CAL2'"),
        ),
        harm(
            &["recordings.stored"],
            format!(
                "UPDATE recordings SET size_bytes = 7 WHERE id = {}",
                nth("recordings", "state = 'stored'", 0)
            ),
        ),
        harm(
            &["recordings.stored"],
            format!(
                "UPDATE recordings SET sha256 = 'x' WHERE id = {}",
                nth("recordings", "state = 'stored'", 1)
            ),
        ),
        harm(
            &["recordings.stored", "recordings.orphans"],
            format!(
                "UPDATE recordings SET blob_key = 'tenants/org_b/elsewhere.wav' WHERE id = {}",
                nth("recordings", "state = 'stored'", 2)
            ),
        ),
        harm(
            &["requests.outcome"],
            format!("UPDATE shunya_jobs SET settled_at = NULL WHERE id = {}", request(0)),
        ),
        harm(
            &["requests.stranded"],
            format!("DELETE FROM jobs WHERE kind = 'shunya.poll' AND state = 'ready' AND {a}"),
        ),
        harm(
            &["analyses.request"],
            format!("UPDATE call_analyses SET fingerprint = 'x' WHERE shunya_job_id = {}", request(1)),
        ),
        harm(&["transcripts.missing"], format!("DELETE FROM call_transcripts WHERE call_id = {}", call(3))),
        harm(
            &["leads.history"],
            format!(
                "UPDATE leads SET status = 'hot' WHERE id = {}",
                nth("leads", "status = 'qualified_booked'", 0)
            ),
        ),
        harm(
            &["leads.chain"],
            format!(
                "UPDATE lead_status_history SET from_status = 'warm' WHERE id = {}",
                nth("lead_status_history", "from_status IS NOT NULL", 3)
            ),
        ),
        harm(
            &["leads.active", "leads.history", "events.told"],
            format!(
                "DROP INDEX leads_one_active; {}",
                copy(
                    "leads",
                    "id, company_id, contact_card_id, status, source, created_at, updated_at",
                    &format!(
                        "{}, company_id, contact_card_id, 'new', source, created_at, updated_at",
                        fresh()
                    ),
                    3
                )
            ),
        ),
        harm(
            &["contacts.phone"],
            copy(
                "contact_cards",
                "id, company_id, primary_phone, created_at, updated_at",
                &format!(
                    "{}, company_id, '(602) 555-' || substr(primary_phone, 9, 4), created_at, updated_at",
                    fresh()
                ),
                0,
            ),
        ),
        harm(
            &["tasks.twins"],
            copy(
                "tasks",
                "id, company_id, contact_card_id, description, assigned_to, source, natural_key, status, created_at, \
                 updated_at",
                &format!(
                    "{}, company_id, contact_card_id, '  ' || upper(replace(description, ' ', '   ')), assigned_to, 'manual', \
                     'another', 'overdue', created_at, updated_at",
                    fresh()
                ),
                2,
            ),
        ),
        harm(
            &["signals.twins"],
            copy(
                "key_signals",
                "id, company_id, contact_card_id, signal_type, severity, title, natural_key, created_at",
                &format!(
                    "{}, company_id, contact_card_id, signal_type, severity, upper(title), 'another', created_at",
                    fresh()
                ),
                1,
            ),
        ),
        harm(
            &["appointments.twins"],
            format!(
                "DROP INDEX appointments_one_at_a_time; {}",
                copy(
                    "appointments",
                    "id, company_id, lead_id, scheduled_start, status, outcome, created_at, updated_at",
                    &format!(
                        "{}, company_id, lead_id, scheduled_start, 'confirmed', outcome, created_at, updated_at",
                        fresh()
                    ),
                    1
                )
            ),
        ),
        harm(
            &["events.told"],
            format!("DELETE FROM events WHERE id = {}", nth("events", "event = 'task.created'", 4)),
        ),
        harm(
            &["events.keys"],
            copy(
                "events",
                "id, company_id, event, event_key, severity, call_id, data, created_at",
                &format!(
                    "{}, company_id, 'call.completed', event_key || 'x', severity, call_id, data, created_at",
                    fresh()
                ),
                0,
            ),
        ),
        harm(&["webhooks.keys"], format!("UPDATE webhook_inbox SET kind = 'call.missed' WHERE {a}")),
        harm(
            &["webhooks.waiting"],
            format!("UPDATE webhook_inbox SET state = 'waiting', received_at = {long_ago} WHERE {a}"),
        ),
        harm(
            &["jobs.leases"],
            format!(
                "UPDATE jobs SET state = 'running', dedupe_key = NULL, lease_until = {long_ago} WHERE id = {}",
                nth("jobs", "company_id = 'org_a' AND state = 'done'", 0)
            ),
        ),
        harm(&["jobs.subjects"], job("recording.fetch", "{\"v\":1,\"call\":999999}")),
        harm(
            &["jobs.subjects"],
            job("shunya.poll", "{\"v\":1,\"shunya_job\":\"01890000-0000-7000-8000-0000000000ff\"}"),
        ),
        harm(&["jobs.subjects"], job("shunya.apply_event", "{\"v\":1,\"inbox\":\"nobody\"}")),
        harm(
            &["jobs.dead"],
            format!(
                "UPDATE jobs SET state = 'dead' WHERE id = {}",
                nth("jobs", "company_id = 'org_b' AND state = 'done'", 1)
            ),
        ),
        harm(
            &["rows.tenants"],
            format!(
                "UPDATE key_signals SET contact_card_id = {} WHERE id = {}",
                nth("contact_cards", "company_id = 'org_b'", 3),
                nth("key_signals", a, 3)
            ),
        ),
        harm(
            &["rows.tenants"],
            format!("UPDATE tasks SET call_id = 999999 WHERE id = {}", nth("tasks", a, 5)),
        ),
    ]
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
