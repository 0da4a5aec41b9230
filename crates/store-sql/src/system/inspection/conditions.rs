//! What is looked at, and what no row of it may be. Each condition is a text that says what is wrong, or null.
//!
//! In all of them `t` is the row, `$4` the instant before which nothing may be on its way any more, and `$5` the one since
//! which everything was told.

use std::time::Duration;

use app::{
    jobs::{
        ApplyEngineEvent, CALL_KEY, FetchRecording, INBOX_KEY, JobArgs, PollShunya, REQUEST_KEY,
        SubmitToShunya,
    },
    sweeps::GIVE_UP_DAYS,
    verify::RowCheck,
};
use calls::NO_RECORDING_AFTER;
use crm::LeadStatus;
use shunya_jobs::SUBMIT_DEADLINE;

use super::{super::sweeps::no_job, dialect::Dialect, references};

/// A table, and what none of its rows may be.
pub(super) struct Look {
    pub(super) table: &'static str,
    /// The primary key.
    pub(super) key: &'static str,
    /// What a row is to people.
    pub(super) subject: &'static str,
    /// What is wrong with a row, as SQL; null if nothing is.
    pub(super) why: String,
}

impl Look {
    pub(super) fn at(table: &'static str, subject: &'static str, why: String) -> Self {
        Self { table, key: "id", subject, why }
    }

    /// Whether its keys are numbers.
    pub(super) fn is_numbered(&self) -> bool {
        matches!(self.table, "calls" | "call_outcomes")
    }
}

/// `why` where `condition` holds.
fn when(condition: &str, why: &str) -> String {
    format!("CASE WHEN {condition} THEN '{why}' END")
}

/// The first of several that holds.
fn first(cases: &[(String, &str)]) -> String {
    let cases: Vec<_> =
        cases.iter().map(|(condition, why)| format!("WHEN {condition} THEN '{why}'")).collect();
    format!("CASE {} END", cases.join(" "))
}

/// What a check looks at.
pub(super) fn looks(check: RowCheck, sql: Dialect) -> Vec<Look> {
    match check {
        RowCheck::CallsStranded => vec![Look::at("calls", "call", stranded_calls(sql))],
        RowCheck::CallVerdicts => vec![Look::at("calls", "call", verdicts())],
        RowCheck::CallNames => vec![Look::at("calls", "call", names())],
        RowCheck::RequestsOutcome => vec![Look::at("shunya_jobs", "request", outcomes())],
        RowCheck::RequestsStranded => vec![Look::at("shunya_jobs", "request", stranded_requests(sql))],
        RowCheck::AnalysisRequests => vec![Look::at("call_analyses", "analysis", results())],
        RowCheck::TranscriptsMissing => vec![Look::at("calls", "call", transcripts())],
        RowCheck::LeadHistory => vec![Look::at("leads", "lead", history())],
        RowCheck::LeadChain => vec![Look::at("lead_status_history", "move", chain())],
        RowCheck::LeadsActive => vec![Look::at("leads", "lead", active())],
        RowCheck::TaskTwins => vec![Look::at("tasks", "task", task_twins(sql))],
        RowCheck::SignalTwins => vec![Look::at("key_signals", "signal", signal_twins(sql))],
        RowCheck::AppointmentTwins => vec![Look::at("appointments", "appointment", appointment_twins())],
        RowCheck::EventsTold => told(sql),
        RowCheck::EventKeys => vec![Look::at("events", "event", event_keys(sql))],
        RowCheck::WebhooksWaiting => vec![Look::at("webhook_inbox", "webhook", webhooks(sql))],
        RowCheck::JobLeases => vec![Look::at("jobs", "job", leases())],
        RowCheck::JobSubjects => vec![Look::at("jobs", "job", subjects(sql))],
        RowCheck::JobsDead => vec![Look::at("jobs", "job", dead())],
        RowCheck::RowTenants => references::looks(),
    }
}

/// Hours after which what had so long is overdue, whenever the next sweep comes.
fn well_after(limit: Duration) -> i64 {
    i64::try_from(limit.as_secs() / 3_600).unwrap_or(i64::MAX).saturating_add(2)
}

fn stranded_calls(sql: Dialect) -> String {
    let call = format!("'{CALL_KEY}' || CAST(t.id AS TEXT)");
    first(&[
        (
            format!(
                "t.stage IN ('fetching_recording', 'recorded', 'analysing') AND t.updated_at < $4 AND {} \
                 AND NOT EXISTS (SELECT 1 FROM shunya_jobs s WHERE s.company_id = t.company_id \
                 AND s.call_id = t.id AND s.state IN ('pending', 'running'))",
                no_job(FetchRecording::KIND.name, "t", &call)
            ),
            "it is on its way, and neither a job nor a request to Shunya will move it",
        ),
        (
            // sweeps expect no recording any more by then
            format!(
                "t.stage = 'awaiting_recording' AND t.updated_at < {}",
                sql.hours_before("$4", well_after(NO_RECORDING_AFTER))
            ),
            "it waits for word of a recording for longer than any comes",
        ),
        (
            format!(
                "t.stage IN ('ringing', 'in_progress') AND t.updated_at < {}",
                sql.hours_before("$4", well_after(NO_RECORDING_AFTER))
            ),
            "nobody said that it is over",
        ),
    ])
}

fn verdicts() -> String {
    let newest = "(SELECT n.id FROM call_analyses n WHERE n.company_id = t.company_id AND n.call_id = t.id \
                  ORDER BY n.analyzed_at DESC, n.id DESC LIMIT 1)";
    first(&[
        (
            format!(
                "EXISTS (SELECT 1 FROM call_analyses a WHERE a.id = {newest} \
                 AND (a.lead_quality IS DISTINCT FROM t.lead_quality \
                 OR a.booking_status IS DISTINCT FROM t.booking_status \
                 OR a.analyzed_at IS DISTINCT FROM t.analyzed_at))"
            ),
            "its verdict is not that of its newest analysis",
        ),
        (
            "(t.lead_quality IS NOT NULL OR t.booking_status IS NOT NULL OR t.analyzed_at IS NOT NULL) \
             AND NOT EXISTS (SELECT 1 FROM call_analyses a WHERE a.company_id = t.company_id \
             AND a.call_id = t.id)"
                .to_owned(),
            "it has a verdict and no analysis",
        ),
    ])
}

fn names() -> String {
    when(
        "EXISTS (SELECT 1 FROM calls c WHERE c.company_id = t.company_id AND c.provider = t.provider \
         AND c.provider_legacy_id = t.provider_call_id AND c.id <> t.id)",
        "another call bears its name as its older one: they may be one",
    )
}

fn outcomes() -> String {
    first(&[
        (
            "t.state = 'succeeded' AND NOT EXISTS (SELECT 1 FROM call_analyses a \
             WHERE a.company_id = t.company_id AND a.call_id = t.call_id AND a.shunya_job_id = t.id)"
                .to_owned(),
            "it succeeded, and its analysis is not there",
        ),
        (
            "t.state = 'succeeded' AND (t.settled_at IS NULL OR t.result_fingerprint IS NULL)".to_owned(),
            "it succeeded, and does not say when or with what",
        ),
        (
            "t.state IN ('failed', 'timeout') AND (t.settled_at IS NULL OR t.error_code IS NULL)".to_owned(),
            "it failed, and does not say when or why",
        ),
        (
            "t.state IN ('pending', 'running') AND t.settled_at IS NOT NULL".to_owned(),
            "it is open, and says when it was settled",
        ),
    ])
}

fn stranded_requests(sql: Dialect) -> String {
    let key = format!("'{REQUEST_KEY}' || {}", sql.id_text("t.id"));
    let open = "t.state IN ('pending', 'running')";
    let long_ago = sql.hours_before("$4", well_after(SUBMIT_DEADLINE));
    first(&[
        (
            format!(
                "{open} AND t.updated_at < $4 AND {} AND {}",
                no_job(SubmitToShunya::KIND.name, "t", &key),
                no_job(PollShunya::KIND.name, "t", &key)
            ),
            "it is open, and no job will move it",
        ),
        (
            format!(
                "{open} AND t.created_at < {long_ago} AND coalesce(t.submitted_at, t.created_at) < {long_ago}"
            ),
            "it is open for longer than a request may be",
        ),
    ])
}

fn results() -> String {
    let cases = first(&[
        ("j.call_id <> t.call_id".to_owned(), "its request is about another call"),
        ("j.state <> 'succeeded'".to_owned(), "its request was not settled with it"),
        (
            "j.result_fingerprint IS DISTINCT FROM t.fingerprint".to_owned(),
            "its request was settled with another result",
        ),
    ]);
    format!("(SELECT {cases} FROM shunya_jobs j WHERE j.id = t.shunya_job_id)")
}

fn transcripts() -> String {
    when(
        "t.stage = 'analysed' AND NOT EXISTS (SELECT 1 FROM call_transcripts x \
         WHERE x.company_id = t.company_id AND x.call_id = t.id)",
        "it is analysed and has no transcript",
    )
}

fn history() -> String {
    let last = "(SELECT h.to_status FROM lead_status_history h WHERE h.company_id = t.company_id \
                AND h.lead_id = t.id ORDER BY h.lead_version DESC LIMIT 1)";
    first(&[
        (format!("{last} IS NULL"), "it has no history"),
        (format!("{last} <> t.status"), "its status is not the last its history tells"),
    ])
}

fn chain() -> String {
    let before = "(SELECT p.to_status FROM lead_status_history p WHERE p.company_id = t.company_id \
                  AND p.lead_id = t.lead_id AND p.lead_version < t.lead_version \
                  ORDER BY p.lead_version DESC LIMIT 1)";
    first(&[
        (
            format!("{before} IS DISTINCT FROM t.from_status"),
            "it does not begin where the one before it ended",
        ),
        (
            "t.lead_version > (SELECT l.version FROM leads l WHERE l.id = t.lead_id)".to_owned(),
            "its lead has no such version",
        ),
    ])
}

fn active() -> String {
    let active: Vec<_> = LeadStatus::ALL
        .iter()
        .filter(|status| status.is_active())
        .map(|status| format!("'{}'", status.as_str()))
        .collect();
    let active = active.join(", ");
    when(
        &format!(
            "t.status IN ({active}) AND EXISTS (SELECT 1 FROM leads u WHERE u.company_id = t.company_id \
             AND u.contact_card_id = t.contact_card_id AND u.status IN ({active}) AND u.id < t.id)"
        ),
        "its customer has another active lead",
    )
}

fn task_twins(sql: Dialect) -> String {
    let unfinished = "IN ('open', 'pending', 'overdue')";
    let same = format!("{} = {}", sql.folded("u.description"), sql.folded("t.description"));
    let twin = |of: &str| {
        format!(
            "t.status {unfinished} AND EXISTS (SELECT 1 FROM tasks u WHERE u.company_id = t.company_id AND {of} \
             AND u.status {unfinished} AND u.id < t.id AND {same})"
        )
    };
    let why = "another unfinished task says the same";
    first(&[
        (twin("u.contact_card_id = t.contact_card_id"), why),
        // a customer who hid their number has no card
        (twin("t.contact_card_id IS NULL AND u.call_id = t.call_id"), why),
    ])
}

fn signal_twins(sql: Dialect) -> String {
    when(
        &format!(
            "NOT t.acknowledged AND EXISTS (SELECT 1 FROM key_signals u WHERE u.company_id = t.company_id \
             AND u.contact_card_id = t.contact_card_id AND u.signal_type = t.signal_type \
             AND NOT u.acknowledged AND u.id < t.id AND {} = {})",
            sql.folded("u.title"),
            sql.folded("t.title")
        ),
        "another open signal says the same",
    )
}

fn appointment_twins() -> String {
    let held = "IN ('scheduled', 'confirmed', 'completed')";
    when(
        &format!(
            "t.status {held} AND EXISTS (SELECT 1 FROM appointments u WHERE u.company_id = t.company_id \
             AND u.lead_id = t.lead_id AND u.scheduled_start = t.scheduled_start AND u.status {held} \
             AND u.id < t.id)"
        ),
        "its lead has another appointment at that time",
    )
}

fn told(sql: Dialect) -> Vec<Look> {
    let id = sql.id_text("t.id");
    let untold = |event: &str, rest: &str, besides: &str| {
        when(
            &format!(
                "t.created_at > $5 AND {besides} AND NOT EXISTS (SELECT 1 FROM events e \
                 WHERE e.company_id = t.company_id AND e.event_key = '{event}:' || {rest})"
            ),
            &format!("{event} was not told"),
        )
    };
    let request = sql.id_text("t.shunya_job_id");
    let appointment = format!("{id} || ':' || CAST(t.call_id AS TEXT)");
    vec![
        Look::at("leads", "lead", untold("lead.created", &id, "true")),
        Look::at(
            "appointments",
            "appointment",
            untold("appointment.created", &appointment, "t.call_id IS NOT NULL"),
        ),
        Look::at("tasks", "task", untold("task.created", &id, "t.source = 'shunya'")),
        Look::at("call_transcripts", "transcript", untold("call.transcribed", &id, "true")),
        Look::at("call_analyses", "analysis", untold("call.analysis.completed", &request, "true")),
    ]
}

/// Events are told once because their keys are unique: a key that does not follow from what it is the key of is as good as
/// none.
fn event_keys(sql: Dialect) -> String {
    let number = "CAST(t.call_id AS TEXT)";
    let follows = [
        (
            "t.event IN ('call.incoming', 'call.answered', 'call.missed', 'call.completed', 'telephony.call.received')",
            format!("':call:' || {number}"),
        ),
        ("t.event = 'telephony.call.completed'", format!("':' || {number}")),
        ("t.event = 'lead.created'", format!("':' || {}", sql.id_text("t.lead_id"))),
        ("t.event = 'call.transcribed'", "':' || (t.data->>'transcript_id')".to_owned()),
        ("t.event = 'task.created'", "':' || (t.data->>'task_id')".to_owned()),
        ("t.event = 'appointment.created'", format!("':' || (t.data->>'appointment_id') || ':' || {number}")),
        ("t.event = 'shunya.job.succeeded'", "':' || (t.data->>'job_id')".to_owned()),
    ];
    let why = "its key is not made of what it is about";
    let mut cases: Vec<(String, &str)> = follows
        .into_iter()
        .map(|(event, key)| (format!("{event} AND (t.event || {key}) IS DISTINCT FROM t.event_key"), why))
        .collect();
    cases.push((
        format!(
            "t.event IN ('call.analysis.completed', 'ai.analysis.complete') AND NOT EXISTS (SELECT 1 FROM shunya_jobs s \
             WHERE s.company_id = t.company_id AND s.call_id = t.call_id AND t.event || ':' || {} = t.event_key)",
            sql.id_text("s.id")
        ),
        why,
    ));
    first(&cases)
}

fn webhooks(sql: Dialect) -> String {
    let key = format!("'{INBOX_KEY}' || {}", sql.id_text("t.id"));
    first(&[
        (
            format!(
                "t.state = 'received' AND t.received_at < $4 AND {}",
                no_job(ApplyEngineEvent::KIND.name, "t", &key)
            ),
            "it was received, and no job applies it",
        ),
        (
            format!("t.state = 'received' AND t.received_at < {}", sql.hours_before("$4", 24)),
            "it was received more than a day ago and is not applied",
        ),
        (
            // sweeps set it aside after seven days
            format!(
                "t.state = 'waiting' AND t.received_at < {}",
                sql.hours_before("$4", GIVE_UP_DAYS * 24 + 1)
            ),
            "it waits for something nobody knows",
        ),
    ])
}

fn leases() -> String {
    when(
        "t.state = 'running' AND (t.lease_until IS NULL OR t.lease_until < $4)",
        "its worker is gone, and no other has taken it up",
    )
}

fn subjects(sql: Dialect) -> String {
    let gone = |kinds: &[&str], table: &str, id: String| {
        let kinds: Vec<_> = kinds.iter().map(|kind| format!("'{kind}'")).collect();
        format!(
            "t.kind IN ({}) AND NOT EXISTS (SELECT 1 FROM {table} s WHERE s.id = {id} \
             AND s.company_id = t.company_id)",
            kinds.join(", ")
        )
    };
    let at_hand = "t.state IN ('ready', 'running', 'dead') AND";
    let request = sql.id("t.args", "shunya_job");
    first(&[
        (
            format!(
                "{at_hand} {}",
                gone(&[FetchRecording::KIND.name], "calls", sql.number("t.args", "call"))
            ),
            "its call is not there",
        ),
        (
            format!(
                "{at_hand} {}",
                gone(&[SubmitToShunya::KIND.name, PollShunya::KIND.name], "shunya_jobs", request)
            ),
            "its request is not there",
        ),
        (
            format!(
                "{at_hand} {}",
                gone(&[ApplyEngineEvent::KIND.name], "webhook_inbox", sql.id("t.args", "inbox"))
            ),
            "its webhook is not there",
        ),
    ])
}

fn dead() -> String {
    when("t.state = 'dead'", "it was given up on")
}
