//! What people do with jobs: a tenant's inside its unit of work, nobody's across tenants.

use app::ports::ReplayOutcome;
use diesel::{
    ExpressionMethods, IntoSql, QueryDsl,
    dsl::case_when,
    sql_types::{Nullable, Text},
};
use diesel_async::RunQueryDsl;
use kernel::{JobId, StoreError, Timestamp};
use queue::JobState;

use crate::{
    db::{Conn, on_db},
    error::{corrupt, fail},
    schema::jobs,
    types::{DbId, DbTs, Ts},
};

const TABLE: &str = "jobs";

/// A job of one tenant, or one that is nobody's.
macro_rules! owned {
    ($company:expr, $id:expr) => {
        jobs::table
            .filter(jobs::id.eq(DbId::from($id)))
            .filter(jobs::fairness_key.eq($company.unwrap_or_default()))
    };
}

/// Makes a dead or cancelled job ready again.
pub(crate) async fn retry_job(
    conn: &mut Conn,
    company: Option<&str>,
    id: JobId,
    now: Timestamp,
) -> Result<ReplayOutcome, StoreError> {
    let replayable = [JobState::Dead.as_str(), JobState::Cancelled.as_str()];
    let changed = on_db!(conn, "jobs.retry", |c| {
        diesel::update(owned!(company, id).filter(jobs::state.eq_any(replayable)))
            .set((
                jobs::state.eq(JobState::Ready.as_str()),
                jobs::attempts.eq(0),
                jobs::snoozes.eq(0),
                jobs::run_at.eq(DbTs(now)),
                jobs::finished_at.eq(None::<DbTs>),
                jobs::cancel_requested.eq(false),
            ))
            .execute(c)
            .await
    });
    match changed.map_err(fail(TABLE)) {
        Ok(changed) => outcome(conn, company, id, changed).await,
        // one with its key is ready or running already: it does the work
        Err(StoreError::AlreadyExists { .. }) => Ok(ReplayOutcome::NotNow(JobState::Ready)),
        Err(error) => Err(error),
    }
}

/// Calls off a job that waits or was given up, and asks for the end of one that runs.
pub(crate) async fn cancel_job(
    conn: &mut Conn,
    company: Option<&str>,
    id: JobId,
    now: Timestamp,
) -> Result<ReplayOutcome, StoreError> {
    let open = [JobState::Ready.as_str(), JobState::Dead.as_str(), JobState::Running.as_str()];
    // one statement: between two, the job could go from the one state to the other and be missed by both
    let changed = on_db!(conn, "jobs.cancel", |c| {
        let running = || jobs::state.eq(JobState::Running.as_str());
        let state = |state: JobState| state.as_str().into_sql::<Text>();
        let ended = |at: Option<DbTs>| at.into_sql::<Nullable<Ts>>();
        diesel::update(owned!(company, id).filter(jobs::state.eq_any(open)))
            .set((
                jobs::state
                    .eq(case_when(running(), state(JobState::Running)).otherwise(state(JobState::Cancelled))),
                jobs::finished_at.eq(case_when(running(), ended(None)).otherwise(ended(Some(DbTs(now))))),
                jobs::cancel_requested.eq(running()),
            ))
            .execute(c)
            .await
    })
    .map_err(fail(TABLE))?;
    outcome(conn, company, id, changed).await
}

async fn outcome(
    conn: &mut Conn,
    company: Option<&str>,
    id: JobId,
    changed: usize,
) -> Result<ReplayOutcome, StoreError> {
    if changed > 0 {
        return Ok(ReplayOutcome::Changed);
    }
    let text: Option<String> = on_db!(conn, "jobs.state_of", |c| {
        let found = owned!(company, id).select(jobs::state).get_result(c).await;
        diesel::OptionalExtension::optional(found)
    })
    .map_err(fail(TABLE))?;
    let state: Option<JobState> = text
        .map(|text| text.parse().map_err(|()| corrupt(TABLE, "state", id, "unknown state")))
        .transpose()?;
    Ok(state.map_or(ReplayOutcome::Unknown, ReplayOutcome::NotNow))
}
