use std::collections::HashMap;

use ::calls::CallStage;
use app::{
    ports::QueueDepth,
    reads::{InboxCount, PipelineCounts, PipelineSnapshot, StageCount, Viewer},
};
use diesel::{
    QueryableByName,
    sql_types::{BigInt, Nullable, Text},
};
use diesel_async::RunQueryDsl;
use kernel::StoreError;
use queue::JobState;

use crate::{
    db::{Conn, on_db},
    error::{corrupt, fail},
    kept::kept,
    types::{DbTs, Ts},
};

#[derive(QueryableByName)]
struct StageRow {
    #[diesel(sql_type = Text)]
    stage: String,
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = BigInt)]
    analysed: i64,
    #[diesel(sql_type = BigInt)]
    booked: i64,
}

#[derive(QueryableByName)]
struct InboxRow {
    #[diesel(sql_type = Text)]
    provider: String,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = BigInt)]
    duplicates: i64,
}

#[derive(QueryableByName)]
struct QueueRow {
    #[diesel(sql_type = Text)]
    queue: String,
    #[diesel(sql_type = Text)]
    state: String,
    #[diesel(sql_type = BigInt)]
    count: i64,
    #[diesel(sql_type = Nullable<Ts>)]
    oldest: Option<DbTs>,
    #[diesel(sql_type = BigInt)]
    retries: i64,
}

#[derive(QueryableByName)]
struct CountRow {
    #[diesel(sql_type = BigInt)]
    contacts: i64,
    #[diesel(sql_type = BigInt)]
    leads: i64,
    #[diesel(sql_type = BigInt)]
    appointments: i64,
    #[diesel(sql_type = BigInt)]
    tasks: i64,
    #[diesel(sql_type = BigInt)]
    signals: i64,
}

macro_rules! of_company {
    ($conn:expr, $viewer:expr, $name:literal, $table:literal, $text:expr) => {
        on_db!($conn, $name, |c| {
            kept(diesel::sql_query($text).bind::<Text, _>($viewer.company.as_str())).load(c).await
        })
        .map_err(fail($table))
    };
}

/// Four grouped counts of one tenant, over the newest fifty thousand of each: a console asks for them again and again, and
/// what all there ever was amounts to is of no use for watching.
pub(super) async fn snapshot(conn: &mut Conn, viewer: &Viewer) -> Result<PipelineSnapshot, StoreError> {
    let stages: Vec<StageRow> = of_company!(
        conn,
        viewer,
        "calls.count_by_stage",
        "calls",
        "SELECT stage, count(*) AS count, count(analyzed_at) AS analysed, \
         count(*) FILTER (WHERE booking_status = 'booked') AS booked \
         FROM (SELECT stage, analyzed_at, booking_status FROM calls WHERE company_id = $1 \
         ORDER BY created_at DESC, id DESC LIMIT 50000) newest GROUP BY stage"
    )?;
    let inbox: Vec<InboxRow> = of_company!(
        conn,
        viewer,
        "webhook_inbox.count_by_state",
        "webhook_inbox",
        "SELECT provider, state, count(*) AS count, sum(duplicates) AS duplicates \
         FROM (SELECT provider, state, duplicates FROM webhook_inbox WHERE company_id = $1 \
         ORDER BY company_id DESC, id DESC LIMIT 50000) newest GROUP BY provider, state ORDER BY provider, state"
    )?;
    let jobs: Vec<QueueRow> = of_company!(
        conn,
        viewer,
        "jobs.count_by_queue",
        "jobs",
        "SELECT queue, state, count(*) AS count, \
         min(CASE WHEN state = 'running' THEN started_at ELSE run_at END) AS oldest, \
         sum(CASE WHEN attempts > 1 THEN attempts - 1 ELSE 0 END) AS retries \
         FROM (SELECT queue, state, started_at, run_at, attempts FROM jobs WHERE company_id = $1 \
         ORDER BY company_id DESC, id DESC LIMIT 50000) newest GROUP BY queue, state ORDER BY queue, state"
    )?;
    let rest: Vec<CountRow> = of_company!(
        conn,
        viewer,
        "contact_cards.count_all",
        "contact_cards",
        "SELECT (SELECT count(*) FROM (SELECT 1 FROM contact_cards WHERE company_id = $1 LIMIT 50000) few) AS contacts, \
         (SELECT count(*) FROM (SELECT 1 FROM leads WHERE company_id = $1 LIMIT 50000) few) AS leads, \
         (SELECT count(*) FROM (SELECT 1 FROM appointments WHERE company_id = $1 LIMIT 50000) few) AS appointments, \
         (SELECT count(*) FROM (SELECT 1 FROM tasks WHERE company_id = $1 LIMIT 50000) few) AS tasks, \
         (SELECT count(*) FROM (SELECT 1 FROM key_signals WHERE company_id = $1 LIMIT 50000) few) AS signals"
    )?;
    let mut counts = PipelineCounts::default();
    for row in &stages {
        counts.calls += row.count;
        counts.analysed += row.analysed;
        counts.booked += row.booked;
    }
    for row in rest {
        counts.contacts = row.contacts;
        counts.leads = row.leads;
        counts.appointments = row.appointments;
        counts.tasks = row.tasks;
        counts.signals = row.signals;
    }
    Ok(PipelineSnapshot {
        stages: in_order(stages)?,
        inbox: inbox
            .into_iter()
            .map(|row| InboxCount {
                provider: row.provider,
                state: row.state,
                count: row.count,
                duplicates: row.duplicates,
            })
            .collect(),
        queues: depths(jobs, &mut counts)?,
        counts,
    })
}

/// Every stage, those without a call too.
fn in_order(rows: Vec<StageRow>) -> Result<Vec<StageCount>, StoreError> {
    let mut found = HashMap::with_capacity(rows.len());
    for row in rows {
        let stage: CallStage =
            row.stage.parse().map_err(|()| corrupt("calls", "stage", &row.stage, "unknown stage"))?;
        found.insert(stage, row.count);
    }
    let count_of = |stage: CallStage| StageCount {
        stage: stage.as_str().to_owned(),
        count: found.get(&stage).copied().unwrap_or_default(),
    };
    Ok(CallStage::ALL.into_iter().map(count_of).collect())
}

/// How full the queues are with this tenant's jobs: what waits, runs or was given up on. What is done nobody waits for;
/// its attempts count all the same.
fn depths(rows: Vec<QueueRow>, counts: &mut PipelineCounts) -> Result<Vec<QueueDepth>, StoreError> {
    let mut depths = Vec::with_capacity(rows.len());
    for row in rows {
        let state: JobState =
            row.state.parse().map_err(|()| corrupt("jobs", "state", &row.queue, "unknown state"))?;
        counts.retries += row.retries;
        match state {
            JobState::Done | JobState::Cancelled => continue,
            JobState::Dead => counts.dead_jobs += row.count,
            JobState::Ready | JobState::Running => {}
        }
        depths.push(QueueDepth {
            queue: row.queue,
            state,
            count: row.count,
            oldest: row.oldest.map(|at| at.0),
        });
    }
    Ok(depths)
}
