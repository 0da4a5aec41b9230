use app::ports::{JobLine, JobOutbox, ReplayOutcome};
use async_trait::async_trait;
use diesel::{ExpressionMethods, QueryDsl, Queryable, Selectable};
use diesel_async::RunQueryDsl;
use kernel::{CompanyId, JobId, StoreError, Timestamp};
use queue::{JobState, Lease, NewJob};

use super::{cancel_job, retry_job};
use crate::{
    db::{Conn, later, on_db},
    error::{corrupt, fail},
    kept::kept,
    schema::jobs,
    types::{DbDoc, DbId, DbTs},
    unit::SqlUnit,
};

const TABLE: &str = "jobs";

/// An insert of a job, unless one of its kind, tenant and dedupe key is ready or running.
macro_rules! insert_unless_there {
    ($company:expr, $job:expr, $trace:expr, $now:expr) => {
        kept(
            diesel::insert_into(jobs::table)
                .values((
                    jobs::id.eq(DbId::from($job.id)),
                    jobs::fairness_key.eq($company.clone().unwrap_or_default()),
                    jobs::company_id.eq($company),
                    jobs::queue.eq($job.kind.queue.as_str()),
                    jobs::kind.eq($job.kind.name),
                    jobs::args.eq(DbDoc($job.args.clone())),
                    jobs::priority.eq($job.kind.priority.rank()),
                    jobs::state.eq(JobState::Ready.as_str()),
                    jobs::run_at.eq(DbTs($job.run_at)),
                    jobs::max_attempts.eq(i32::try_from($job.kind.max_attempts).unwrap_or(i32::MAX)),
                    jobs::dedupe_key.eq($job.dedupe_key.clone()),
                    jobs::trace.eq($trace),
                    jobs::created_at.eq(DbTs($now)),
                ))
                .on_conflict_do_nothing(),
        )
    };
}

/// Adds a job unless one of its kind, tenant and dedupe key is ready or running.
pub(crate) async fn insert_job(
    conn: &mut Conn,
    company: Option<&str>,
    job: &NewJob,
    trace: Option<&str>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let added =
        on_db!(conn, "jobs.enqueue", |c| { insert_unless_there!(company, job, trace, now).execute(c).await })
            .map_err(fail(TABLE))?;
    Ok(added > 0)
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = jobs)]
pub(crate) struct JobRow {
    id: DbId,
    company_id: Option<String>,
    queue: String,
    kind: String,
    args: DbDoc,
    state: String,
    attempts: i32,
    max_attempts: i32,
    snoozes: i32,
    run_at: DbTs,
    worker: Option<String>,
    lease_until: Option<DbTs>,
    last_error: Option<String>,
    created_at: DbTs,
    started_at: Option<DbTs>,
    finished_at: Option<DbTs>,
}

impl JobRow {
    pub(crate) fn into_line(self) -> Result<JobLine, StoreError> {
        let id = JobId::from(self.id);
        let company = match self.company_id {
            Some(text) => {
                Some(CompanyId::try_new(text).map_err(|error| corrupt(TABLE, "company_id", id, error))?)
            }
            None => None,
        };
        let state = self.state.parse().map_err(|()| corrupt(TABLE, "state", id, "unknown state"))?;
        Ok(JobLine {
            id,
            company,
            queue: self.queue,
            kind: self.kind,
            args: self.args.0,
            state,
            attempts: self.attempts,
            max_attempts: self.max_attempts,
            snoozes: self.snoozes,
            run_at: self.run_at.0,
            worker: self.worker,
            lease_until: self.lease_until.map(|at| at.0),
            last_error: self.last_error,
            created_at: self.created_at.0,
            started_at: self.started_at.map(|at| at.0),
            finished_at: self.finished_at.map(|at| at.0),
        })
    }
}

/// Ends a job, if the lease is still the newest and nobody called it off.
async fn end(
    unit: &mut SqlUnit,
    lease: Lease,
    state: JobState,
    error: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (conn, company) = unit.parts();
    let held = jobs::table
        .filter(jobs::company_id.eq(company))
        .filter(jobs::id.eq(DbId::from(lease.job)))
        .filter(jobs::lease_token.eq(DbId(lease.token)))
        .filter(jobs::state.eq(JobState::Running.as_str()))
        .filter(jobs::cancel_requested.eq(false));
    let ended = on_db!(conn, "jobs.end", |c| {
        let update = diesel::update(held).set((
            jobs::state.eq(state.as_str()),
            jobs::finished_at.eq(Some(DbTs(now))),
            jobs::lease_token.eq(None::<DbId>),
            jobs::lease_until.eq(None::<DbTs>),
            jobs::last_error.eq(error),
        ));
        kept(update).execute(c).await
    })
    .map_err(fail(TABLE))?;
    if ended == 1 {
        return Ok(());
    }
    // nothing of this unit may be committed, even by a caller who overlooks the error
    unit.lost = Some(lease.job);
    Err(StoreError::LeaseLost(lease.job))
}

#[async_trait]
impl JobOutbox for SqlUnit {
    async fn enqueue(
        &mut self,
        job: &NewJob,
        trace: Option<&str>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (conn, company) = self.parts();
        insert_job(conn, Some(company), job, trace, now).await
    }

    async fn enqueue_quietly(
        &mut self,
        job: &NewJob,
        trace: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (conn, company) = self.parts();
        let (company, trace) = (Some(company.to_owned()), trace.map(str::to_owned));
        later!(conn, "jobs.enqueue_quietly", TABLE, insert_unless_there!(company, job, trace, now))
    }

    async fn finish(&mut self, lease: Lease, now: Timestamp) -> Result<(), StoreError> {
        end(self, lease, JobState::Done, None, now).await
    }

    async fn bury(&mut self, lease: Lease, error: &str, now: Timestamp) -> Result<(), StoreError> {
        end(self, lease, JobState::Dead, Some(error), now).await
    }

    async fn retry(&mut self, id: JobId, now: Timestamp) -> Result<ReplayOutcome, StoreError> {
        let (conn, company) = self.parts();
        retry_job(conn, Some(company), id, now).await
    }

    async fn cancel(&mut self, id: JobId, now: Timestamp) -> Result<ReplayOutcome, StoreError> {
        let (conn, company) = self.parts();
        cancel_job(conn, Some(company), id, now).await
    }
}
