use std::time::Duration;

use kernel::{BoxError, ErrorKind, ProviderError, Scope, StoreError};
use queue::{FailureClass, Lease};

use super::{SystemJob, TenantJob};
use crate::{Ports, Work, analysis, ingest, sweeps};

/// How a job ended that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// It stored its result and its completion in one transaction.
    Committed,
    /// It had nothing to store; the worker marks it as done.
    Finished,
    /// Not yet: again after this long. Does not count as an attempt.
    Snooze(Duration),
}

/// Why a job failed.
#[derive(Debug)]
pub struct JobError {
    /// Whether trying again may help.
    pub class: FailureClass,
    /// Free of personal data and secrets: it is stored and shown.
    pub message: String,
    /// For the log.
    pub source: Option<BoxError>,
    /// The worker no longer holds the job: it may say nothing about it any more.
    pub lease_lost: bool,
}

impl JobError {
    /// Trying again cannot help.
    pub fn permanent(message: impl Into<String>) -> Self {
        Self { class: FailureClass::Permanent, message: message.into(), source: None, lease_lost: false }
    }

    /// Trying again may help.
    pub fn retry(message: impl Into<String>) -> Self {
        let class = FailureClass::Retry { retry_after: None };
        Self { class, message: message.into(), source: None, lease_lost: false }
    }

    /// Trying again may help; keeps the cause for the log.
    pub fn from_source(message: &str, source: BoxError) -> Self {
        Self { source: Some(source), ..Self::retry(message) }
    }
}

impl From<StoreError> for JobError {
    fn from(error: StoreError) -> Self {
        let lease_lost = matches!(error, StoreError::LeaseLost(_));
        let message = error.to_string();
        // even a bug may be mended by the next deployment, long before the last attempt
        let class = FailureClass::Retry { retry_after: None };
        Self { class, message, source: Some(Box::new(error)), lease_lost }
    }
}

impl From<ProviderError> for JobError {
    fn from(error: ProviderError) -> Self {
        let class = match (&error, error.kind()) {
            (ProviderError::Held { retry_after, .. }, _) => {
                FailureClass::NotNow { retry_after: *retry_after }
            }
            (_, ErrorKind::Upstream) => FailureClass::Permanent,
            _ => FailureClass::Retry { retry_after: error.retry_after() },
        };
        Self { class, message: error.to_string(), source: Some(Box::new(error)), lease_lost: false }
    }
}

/// A job being done for one tenant.
pub struct JobRun<'a> {
    /// The world.
    pub ports: &'a Ports,
    /// Whose work it is.
    pub scope: Scope,
    /// Proof that this worker holds it.
    pub lease: Lease,
    /// This is attempt number (from 1).
    pub attempt: u32,
    /// How often it gave way before.
    pub snoozes: u32,
    /// The trace it belongs to.
    pub trace: Option<String>,
}

impl<'a> JobRun<'a> {
    /// Begins a unit of work of the job's tenant.
    pub async fn begin(&self) -> Result<Work<'a>, StoreError> {
        Ok(self.ports.begin(&self.scope).await?.traced(self.trace.clone()))
    }

    /// Commits a unit of work together with the job's completion; commits nothing if the lease was lost.
    pub async fn finish(&self, mut work: Work<'_>) -> Result<Done, JobError> {
        work.jobs().finish(self.lease, self.ports.clock.now()).await?;
        work.commit().await?;
        Ok(Done::Committed)
    }

    /// Commits a unit of work together with the job's being given up.
    pub async fn bury(&self, mut work: Work<'_>, error: &str) -> Result<(), StoreError> {
        work.jobs().bury(self.lease, error, self.ports.clock.now()).await?;
        work.commit().await
    }
}

/// A job being done for nobody in particular.
pub struct SystemRun<'a> {
    /// The world.
    pub ports: &'a Ports,
}

/// Does a tenant's job.
pub async fn run_tenant_job(job: &TenantJob, run: &JobRun<'_>) -> Result<Done, JobError> {
    match job {
        TenantJob::FetchRecording(args) => ingest::fetch_recording(run, args.call).await,
        TenantJob::SubmitToShunya(args) => analysis::submit_to_shunya(run, args.shunya_job).await,
        TenantJob::PollShunya(args) => analysis::poll_shunya(run, args.shunya_job).await,
        TenantJob::ApplyEngineEvent(args) => analysis::apply_engine_event(run, args.inbox).await,
        TenantJob::ListCompanyCalls(_) => ingest::list_company_calls(run).await,
        TenantJob::MarkTasksOverdue(_) => sweeps::mark_tasks_overdue(run).await,
    }
}

/// A tenant's job is given up: says so where people look, in the transaction that buries it.
pub async fn tenant_job_gave_up(job: &TenantJob, run: &JobRun<'_>, error: &str) -> Result<(), StoreError> {
    match job {
        TenantJob::FetchRecording(args) => ingest::give_up_recording(run, args.call, error).await,
        TenantJob::SubmitToShunya(args) => analysis::give_up_request(run, args.shunya_job, error).await,
        // the request itself is still open: its webhook or the sweep may yet settle it
        TenantJob::PollShunya(_)
        | TenantJob::ApplyEngineEvent(_)
        | TenantJob::ListCompanyCalls(_)
        | TenantJob::MarkTasksOverdue(_) => run.bury(run.begin().await?, error).await,
    }
}

/// Does a job that is nobody's in particular.
pub async fn run_system_job(job: SystemJob, run: &SystemRun<'_>) -> Result<Done, JobError> {
    match job {
        SystemJob::SweepCalls => sweeps::sweep_calls(run).await,
        SystemJob::SweepShunya => sweeps::sweep_shunya(run).await,
        SystemJob::MatchWaiting => sweeps::match_waiting(run).await,
        SystemJob::SweepTasks => sweeps::sweep_tasks(run).await,
        SystemJob::ListPlatformCalls => ingest::list_platform_calls(run).await,
        SystemJob::CleanUp => sweeps::clean_up(run).await,
    }
}
