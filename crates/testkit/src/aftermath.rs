//! What must be true of the database and the files when everything is over, looked at behind the program's back.

#![expect(clippy::indexing_slicing, reason = "of rows whose cells were asked for")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use sha2::{Digest, Sha256};
use simulators::{Acknowledgement, ExpectedEnd, SentCall, SimulatorStats, corpus};

use crate::Database;

/// Rows there must be none of, by what they would mean.
const NONE_OF: &[(&str, &str)] = &[
    (
        "a webhook was acknowledged and not applied",
        "FROM webhook_inbox WHERE state IN ('received', 'waiting')",
    ),
    ("a job is still held by a worker that is gone", "FROM jobs WHERE state = 'running'"),
    ("a request to Shunya has not ended well", "FROM shunya_jobs WHERE state <> 'succeeded'"),
    ("a recording is not stored", "FROM recordings WHERE state <> 'stored'"),
    (
        "an analysed call has no transcript",
        "FROM calls c WHERE c.stage = 'analysed' AND NOT EXISTS (SELECT 1 FROM call_transcripts t WHERE t.call_id = c.id)",
    ),
    (
        "an analysis was stored and its request not settled with it",
        "FROM call_analyses a JOIN shunya_jobs j ON j.id = a.shunya_job_id WHERE j.state <> 'succeeded' OR j.result_fingerprint IS NULL",
    ),
    (
        "a move of a lead does not begin where the one before it ended",
        "FROM lead_status_history h WHERE h.from_status <> (SELECT p.to_status FROM lead_status_history p \
         WHERE p.lead_id = h.lead_id AND p.lead_version < h.lead_version ORDER BY p.lead_version DESC LIMIT 1)",
    ),
    (
        "a lead's status is not the last its history tells",
        "FROM leads l WHERE l.status <> (SELECT h.to_status FROM lead_status_history h \
         WHERE h.lead_id = l.id ORDER BY h.lead_version DESC LIMIT 1)",
    ),
];

/// What makes a row one of a kind to people, whatever its keys say.
const ONCE: &[(&str, &str, &str)] = &[
    ("a call", "calls", "company_id, provider_call_id"),
    ("a recording", "recordings", "call_id"),
    ("a request to Shunya", "shunya_jobs", "call_id"),
    ("an analysis", "call_analyses", "call_id"),
    ("a transcript", "call_transcripts", "call_id"),
    ("an objection", "call_objections", "call_id, position"),
    ("a customer", "contact_cards", "company_id, primary_phone"),
    (
        "an active lead of a customer",
        "leads WHERE status IN ('new', 'warm', 'hot', 'nurturing', 'qualified_booked', 'qualified_unbooked')",
        "contact_card_id",
    ),
    ("a task of a call", "tasks", "call_id, lower(description)"),
    (
        "a task of a customer",
        "tasks WHERE status IN ('open', 'pending', 'overdue')",
        "contact_card_id, lower(description)",
    ),
    ("a signal of a call", "key_signals", "call_id, signal_type, lower(title)"),
    (
        "an appointment",
        "appointments WHERE status IN ('scheduled', 'confirmed', 'completed')",
        "lead_id, scheduled_start",
    ),
    (
        "a line of the timeline",
        "events WHERE event IN ('call.incoming', 'call.answered', 'call.missed', 'call.completed', 'call.transcribed', \
         'call.analysis.completed', 'ai.analysis.complete', 'telephony.call.received', 'telephony.call.completed', \
         'shunya.job.succeeded', 'appointment.created')",
        "event, call_id",
    ),
    ("a lead's beginning on the timeline", "events WHERE event = 'lead.created'", "lead_id"),
    ("a webhook", "webhook_inbox", "event_key"),
];

/// What the timeline tells once for each row there is.
const TOLD: &[(&str, &str)] = &[
    ("lead.created", "leads"),
    ("appointment.created", "appointments"),
    ("task.created", "tasks"),
    ("call.transcribed", "call_transcripts"),
    ("call.analysis.completed", "call_analyses"),
];

/// Everything that is not as it must be.
pub async fn findings(
    database: &Database,
    blobs: &Path,
    calls: &[SentCall],
    stats: &SimulatorStats,
) -> Vec<String> {
    let mut found = Vec::new();
    for (what, rows) in NONE_OF {
        let count = database.number(&format!("SELECT count(*) {rows}")).await;
        if count > 0 {
            found.push(format!("{what}: {count} times"));
        }
    }
    for (what, rows, key) in ONCE {
        let twins = format!("SELECT 1 AS one FROM {rows} GROUP BY {key} HAVING count(*) > 1");
        let count = database.number(&format!("SELECT count(*) FROM ({twins}) AS twins")).await;
        if count > 0 {
            found.push(format!("{what} exists twice: {count} times"));
        }
    }
    for (event, table) in TOLD {
        let told = database.number(&format!("SELECT count(*) FROM events WHERE event = '{event}'")).await;
        let there = database.rows(table).await;
        if told != there {
            found.push(format!("{event} was told {told} times of {there} {table}"));
        }
    }
    let dead = "SELECT kind || ': ' || coalesce(last_error, '') FROM jobs WHERE state = 'dead'";
    found.extend(database.texts(dead).await.iter().map(|job| format!("a job was given up: {job}")));
    found.extend(acknowledged_but_missing(database, calls, stats).await);
    found.extend(ended_otherwise(database, calls).await);
    found.extend(promises_not_kept(database, calls).await);
    found.extend(incomplete_blobs(database, blobs).await);
    found
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
async fn ended_otherwise(database: &Database, calls: &[SentCall]) -> Vec<String> {
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
async fn promises_not_kept(database: &Database, calls: &[SentCall]) -> Vec<String> {
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

/// Every stored recording is there, to the byte.
async fn incomplete_blobs(database: &Database, blobs: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let cells = ["blob_key", "size_bytes", "sha256"];
    for row in rows(database, &cells, "FROM recordings WHERE state = 'stored'").await {
        let bytes = fs::read(blobs.join(&row[0])).unwrap_or_default();
        let digest = hex::encode(Sha256::digest(&bytes));
        if bytes.is_empty() || bytes.len().to_string() != row[1] || digest != row[2] {
            found.push(format!("the recording {} is not what was stored", row[0]));
        }
    }
    found
}
