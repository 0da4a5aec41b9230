//! Every conversation the stand-ins know, in every generation of payload Shunya speaks, becomes what it says.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveTime, Utc};
use futures_util::{StreamExt, stream};
use kernel::Calendar;
use simulators::{
    SentCall, SimulatorSettings,
    corpus::{self, Conversation},
};
use testkit::Database;

use crate::house::House;

/// Newest first.
const GENERATIONS: [&str; 3] = ["D15", "D8", "N15"];
/// Which generation speaks of a call is left to chance: so many rounds of so many calls bring all of all.
const ROUNDS: u64 = 14;
const A_ROUND: usize = 4;

/// A call as it is stored, with what was made of it.
#[derive(Debug)]
struct Stored {
    generation: String,
    stage: String,
    booking: String,
    lead: String,
    began: DateTime<Utc>,
    appointments: Vec<i64>,
    tasks: Vec<String>,
    signals: Vec<String>,
}

async fn stored(house: &House) -> BTreeMap<String, Stored> {
    let database = &house.database;
    let seconds = |column: &str| {
        if database.is_postgres() {
            format!("CAST(floor(extract(epoch FROM {column})) AS BIGINT)")
        } else {
            format!("({column} / 1000000)")
        }
    };
    let generation = "CASE WHEN a.payload IS NULL THEN '' WHEN CAST(a.payload AS TEXT) LIKE '%\"analyses\"%' THEN 'N15' \
                      WHEN CAST(a.payload AS TEXT) LIKE '%\"appointment_timezone\"%' THEN 'D15' ELSE 'D8' END";
    let calls = format!(
        "SELECT c.provider_call_id || '|' || {generation} || '|' || c.stage || '|' || coalesce(c.booking_status, '') \
         || '|' || l.status || '|' || {} FROM calls c JOIN leads l ON l.id = c.lead_id \
         LEFT JOIN call_analyses a ON a.call_id = c.id",
        seconds("c.created_at")
    );
    let mut all = BTreeMap::new();
    for line in database.texts(&calls).await {
        let cells: Vec<_> = line.split('|').map(str::to_owned).collect();
        let began = DateTime::from_timestamp(cells[5].parse().expect("seconds"), 0).expect("an instant");
        let [generation, stage, booking, lead] = [1, 2, 3, 4].map(|cell| cells[cell].clone());
        let (appointments, tasks, signals) = (Vec::new(), Vec::new(), Vec::new());
        let stored = Stored { generation, stage, booking, lead, began, appointments, tasks, signals };
        assert!(all.insert(cells[0].clone(), stored).is_none(), "{} exists twice", cells[0]);
    }
    let of_calls = |table: &str, cell: &str| {
        format!("SELECT c.provider_call_id || '|' || {cell} FROM {table} t JOIN calls c ON c.id = t.call_id")
    };
    for (what, cell) in [
        ("appointments", seconds("t.scheduled_start")),
        ("tasks", "t.description".to_owned()),
        ("key_signals", "t.signal_type || ' ' || t.severity || ' ' || t.title".to_owned()),
    ] {
        for line in database.texts(&of_calls(what, &cell)).await {
            let (call, cell) = line.split_once('|').expect("two cells");
            let stored = all.get_mut(call).expect("a call");
            match what {
                "appointments" => stored.appointments.push(cell.parse().expect("seconds")),
                "tasks" => stored.tasks.push(cell.to_owned()),
                _ => stored.signals.push(cell.to_owned()),
            }
        }
    }
    for stored in all.values_mut() {
        stored.tasks.sort();
        stored.signals.sort();
    }
    all
}

/// What a lead becomes whose only call this is (contract `rules.md` §2).
fn lead_of(talk: &Conversation) -> &'static str {
    let Some(verdicts) = &talk.analysis else { return "new" };
    match (verdicts.booking_status.as_deref(), verdicts.qualification_status.as_str()) {
        (Some("booked"), _) => "qualified_booked",
        (Some("service_not_offered"), _) => "qualified_service_not_offered",
        (_, "unqualified") => "closed_lost",
        (Some("not_booked"), "hot" | "warm" | "cold") => "qualified_unbooked",
        _ => "new",
    }
}

fn appointments_of(talk: &Conversation, began: DateTime<Utc>, calendar: Calendar) -> Vec<i64> {
    let appointment =
        talk.analysis.as_ref().filter(|_| talk.is_booked()).and_then(|all| all.appointment.as_ref());
    let start = appointment.and_then(|appointment| {
        let day = calendar.day_of(began).checked_add_days(Days::new(appointment.days_ahead?))?;
        let time = NaiveTime::parse_from_str(appointment.local_time.as_deref()?, "%H:%M").ok()?;
        Some(calendar.instant(day.and_time(time)).timestamp())
    });
    start.into_iter().collect()
}

fn signals_of(talk: &Conversation) -> Vec<String> {
    let Some(verdicts) = &talk.analysis else { return Vec::new() };
    let mut all = BTreeSet::new();
    let mut add = |when: bool, signal: &str| {
        if when {
            all.insert(signal.to_owned());
        }
    };
    let level = verdicts.risk.level.as_str();
    let timeless = verdicts.appointment.as_ref().is_none_or(|appointment| appointment.local_time.is_none());
    add(!verdicts.urgency_signals.is_empty(), "opportunity high Urgent need");
    add(
        verdicts.booking_status.as_deref() == Some("service_not_offered"),
        "operational high Service not offered",
    );
    add(verdicts.objections.len() >= 3, "risk medium Multiple objections");
    add(["high", "critical"].contains(&level), &format!("risk {level} Deal at risk"));
    add(!verdicts.violations.is_empty(), "coaching medium Script violation");
    add(talk.is_booked() && timeless, "operational high Booked without a time");
    let mut titles = BTreeSet::new();
    for missed in verdicts.missed_opportunities.iter().take(3) {
        let title = format!("Missed {}", missed.kind.replace("cross_sell", "cross-sell"));
        // the first of a kind is kept
        if titles.insert(title.clone()) {
            // what it costs is told in words, not as a severity
            add(true, &format!("opportunity medium {title}"));
        }
    }
    all.into_iter().collect()
}

fn compare(call: &SentCall, stored: &Stored, calendar: Calendar) {
    let talk = corpus::find(&call.conversation).expect("a conversation");
    let what = format!("{} of generation {:?}: {stored:?}", talk.id, stored.generation);
    assert_eq!(stored.stage, if talk.is_missed() { "missed" } else { "analysed" }, "{what}");
    let verdicts = talk.analysis.as_ref();
    let booking = verdicts.and_then(|verdicts| verdicts.booking_status.clone()).unwrap_or_default();
    assert_eq!(stored.booking, booking, "{what}");
    assert_eq!(stored.lead, lead_of(talk), "{what}");
    assert_eq!(stored.appointments, appointments_of(talk, stored.began, calendar), "{what}");
    let promised: BTreeSet<_> =
        verdicts.into_iter().flat_map(|all| &all.pending_actions).map(|one| one.raw_text.clone()).collect();
    assert_eq!(stored.tasks, promised.into_iter().collect::<Vec<_>>(), "{what}");
    // the oldest generation names stages left out and no violations
    let of_script = |signal: &String| signal.ends_with("Script violation");
    let without = |signals: &[String]| -> Vec<String> {
        signals.iter().filter(|signal| stored.generation != "N15" || !of_script(signal)).cloned().collect()
    };
    assert_eq!(without(&stored.signals), without(&signals_of(talk)), "{what}");
}

async fn becomes_what_it_says(database: Database) {
    let settings = SimulatorSettings { quirks: 0.0, ..SimulatorSettings::default() };
    let house = House::open(database, settings).await;
    let calendar = Calendar::in_zone(&house.tenant.time_zone).expect("a zone");
    let mut calls: Vec<SentCall> = Vec::new();
    let mut seen: BTreeSet<(String, String)> = BTreeSet::new();
    for round in 0..ROUNDS {
        let lacking = |talk: &&Conversation| {
            let unseen = |one: &&str| !seen.contains(&(talk.id.clone(), (**one).to_owned()));
            if talk.is_missed() { round == 0 } else { GENERATIONS.iter().any(unseen) }
        };
        let wanted: Vec<_> = corpus::all().iter().filter(lacking).flat_map(|talk| [talk; A_ROUND]).collect();
        let first = u64::try_from(calls.len()).expect("a few calls");
        let made = stream::iter((first..).zip(wanted))
            .map(|(index, talk)| house.call(&talk.id, index))
            .buffer_unordered(24)
            .collect::<Vec<_>>();
        calls.extend(made.await);
        let missed = |call: &&SentCall| corpus::find(&call.conversation).is_some_and(Conversation::is_missed);
        house.analysed(calls.len() - calls.iter().filter(missed).count()).await;
        let stored = stored(&house).await;
        for call in &calls {
            let known = &stored[&call.provider_call_id];
            seen.insert((call.conversation.clone(), known.generation.clone()));
        }
    }
    let stored = stored(&house).await;
    assert_eq!(stored.len(), calls.len());
    for call in &calls {
        compare(call, &stored[&call.provider_call_id], calendar);
    }
    let talks = corpus::all().iter().filter(|talk| !talk.is_missed());
    for talk in talks {
        for generation in GENERATIONS {
            let pair = (talk.id.clone(), generation.to_owned());
            assert!(seen.contains(&pair), "{pair:?} was never said");
        }
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_conversation_in_every_generation_on_sqlite() {
    Box::pin(becomes_what_it_says(testkit::sqlite().await)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_conversation_in_every_generation_on_postgres() {
    Box::pin(becomes_what_it_says(testkit::postgres().await)).await;
}
