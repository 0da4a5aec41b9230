//! What must be true of the database and the files when everything is over: all that `otto verify` looks at, and what only
//! those know who sent the calls.

#![expect(clippy::indexing_slicing, reason = "of rows whose cells were asked for")]

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use simulators::{Acknowledgement, ExpectedEnd, SentCall, SimulatorStats, corpus};

use crate::Database;

/// How `otto` is asked for what [`findings`] wants.
pub const VERIFY: [&str; 5] = ["verify", "--deep", "--json", "--examples", "5"];

/// Rows there must be none of when nothing is on its way any more, by what they would mean.
const NONE_OF: &[(&str, &str)] = &[
    (
        "a webhook was acknowledged and not applied",
        "FROM webhook_inbox WHERE state IN ('received', 'waiting')",
    ),
    ("a job is still held by a worker that is gone", "FROM jobs WHERE state = 'running'"),
    ("a request to Shunya has not ended well", "FROM shunya_jobs WHERE state <> 'succeeded'"),
    ("a recording is not stored", "FROM recordings WHERE state <> 'stored'"),
];

/// Everything that is not as it must be. `verified` is what `otto` printed when asked to [`VERIFY`].
pub async fn findings(
    verified: &str,
    database: &Database,
    calls: &[SentCall],
    stats: &SimulatorStats,
) -> Vec<String> {
    let mut found = told_by_otto(verified);
    for (what, rows) in NONE_OF {
        let count = database.number(&format!("SELECT count(*) {rows}")).await;
        if count > 0 {
            found.push(format!("{what}: {count} times"));
        }
    }
    let dead = "SELECT kind || ': ' || coalesce(last_error, '') FROM jobs WHERE state = 'dead'";
    found.extend(database.texts(dead).await.iter().map(|job| format!("a job was given up: {job}")));
    found.extend(acknowledged_but_missing(database, calls, stats).await);
    found.extend(ended_otherwise(database, calls).await);
    found.extend(promises_not_kept(database, calls).await);
    found
}

/// What `otto verify` found, whether it matters to everybody or only here.
pub fn told_by_otto(verified: &str) -> Vec<String> {
    let report: Value = serde_json::from_str(verified).unwrap_or_else(|_| panic!("no report: {verified:?}"));
    let checks = report["checks"].as_array().expect("checks");
    let amiss = checks.iter().filter(|check| check["found"] != 0 || !check["broke_off"].is_null());
    amiss.map(Value::to_string).collect()
}

/// The cells of a query's rows.
async fn rows(database: &Database, cells: &[&str], from: &str) -> Vec<Vec<String>> {
    let joined: Vec<_> = cells.iter().map(|cell| format!("coalesce(CAST({cell} AS TEXT), '')")).collect();
    let lines = database.texts(&format!("SELECT {} {from}", joined.join(" || '|' || "))).await;
    lines.iter().map(|line| line.split('|').map(str::to_owned).collect()).collect()
}

async fn acknowledged_but_missing(
    database: &Database,
    calls: &[SentCall],
    stats: &SimulatorStats,
) -> Vec<String> {
    let applied: BTreeSet<(String, String)> = rows(
        database,
        &["c.provider_call_id", "i.kind"],
        "FROM webhook_inbox i JOIN calls c ON c.id = i.call_id WHERE i.provider = 'callrail' AND i.state = 'applied'",
    )
    .await
    .into_iter()
    .map(|row| (row[0].clone(), row[1].clone()))
    .collect();
    let mut found = Vec::new();
    for call in calls {
        for event in &call.events {
            let key = (call.provider_call_id.clone(), event.kind.name().to_owned());
            if event.answers.iter().any(Acknowledgement::is_taken) && !applied.contains(&key) {
                found.push(format!("{} of {} was acknowledged and is not applied", key.1, key.0));
            }
        }
    }
    let stored = database
        .number("SELECT CAST(count(*) + coalesce(sum(duplicates), 0) AS BIGINT) FROM webhook_inbox WHERE provider = 'shunya'")
        .await;
    let delivered = i64::try_from(stats.shunya.webhooks_delivered).unwrap_or(i64::MAX);
    if stored < delivered {
        found.push(format!("Shunya was told that {delivered} webhooks were taken, and {stored} are stored"));
    }
    found
}

/// Each call against what its conversation makes of it.
pub async fn ended_otherwise(database: &Database, calls: &[SentCall]) -> Vec<String> {
    let known: BTreeMap<(String, String), Vec<String>> = rows(
        database,
        &[
            "c.company_id",
            "c.provider_call_id",
            "c.stage",
            "c.booking_status",
            "(SELECT count(*) FROM call_analyses a WHERE a.call_id = c.id)",
            "(SELECT count(*) FROM call_objections o WHERE o.call_id = c.id)",
            "c.lead_id IS NOT NULL",
            "c.phone_number",
        ],
        "FROM calls c",
    )
    .await
    .into_iter()
    .map(|row| ((row[0].clone(), row[1].clone()), row))
    .collect();
    let mut found = Vec::new();
    for call in calls {
        let talk = corpus::find(&call.conversation).expect("a conversation of the corpus");
        let key = (call.company_id.clone(), call.provider_call_id.clone());
        let Some(row) = known.get(&key) else {
            found.push(format!("{} is missing", call.provider_call_id));
            continue;
        };
        let analysis = talk.analysis.as_ref().filter(|_| call.expected == ExpectedEnd::Analysed);
        let stage = if call.expected == ExpectedEnd::Missed { "missed" } else { "analysed" };
        let booking = analysis.and_then(|verdicts| verdicts.booking_status.clone()).unwrap_or_default();
        let objections = analysis.map_or(0, |verdicts| verdicts.objections.len()).to_string();
        let times = if analysis.is_some() { "1" } else { "0" };
        let wanted = [stage, &booking, times, &objections];
        if row[2..6] != wanted {
            found.push(format!("{} ({}) is {:?}, not {wanted:?}", row[1], call.conversation, &row[2..6]));
        }
        if !["1", "true", "t"].contains(&row[6].as_str()) || row[7] != call.customer_phone {
            found.push(format!("{} has no lead, or another customer", row[1]));
        }
    }
    if known.len() != calls.len() {
        found.push(format!("there are {} calls of {} that were made", known.len(), calls.len()));
    }
    found
}

/// What was promised in a conversation is a task of that customer, unfinished, and only one.
pub async fn promises_not_kept(database: &Database, calls: &[SentCall]) -> Vec<String> {
    let mut tasks: BTreeMap<(String, String, String), usize> = BTreeMap::new();
    let from = "FROM tasks t JOIN contact_cards c ON c.id = t.contact_card_id WHERE t.status IN ('open', 'pending', 'overdue')";
    for row in rows(database, &["t.company_id", "c.primary_phone", "t.description"], from).await {
        *tasks.entry((row[0].clone(), row[1].clone(), folded(&row[2..].join("|")))).or_default() += 1;
    }
    let mut found = Vec::new();
    for call in calls.iter().filter(|call| call.expected == ExpectedEnd::Analysed) {
        let talk = corpus::find(&call.conversation).expect("a conversation of the corpus");
        for action in talk.analysis.iter().flat_map(|verdicts| &verdicts.pending_actions) {
            let key = (call.company_id.clone(), call.customer_phone.clone(), folded(&action.raw_text));
            let count = tasks.get(&key).copied().unwrap_or_default();
            if count != 1 {
                found.push(format!("{:?} of {} is {count} tasks", action.raw_text, call.provider_call_id));
            }
        }
    }
    found
}

fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}
