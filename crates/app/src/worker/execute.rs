use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use kernel::Scope;
use queue::{AfterFailure, ClaimedJob, FailureClass, JobKind, after_failure};
use tokio::sync::oneshot;
use tracing::Instrument;

use super::held::Stop;
use crate::{
    Patience, Ports, again,
    jobs::{
        Done, JobError, JobRun, KINDS, SystemJob, SystemRun, TenantJob, run_system_job, run_tenant_job,
        tenant_job_gave_up,
    },
    ports::Release,
};

/// Jobs of a kind this program does not know wait this long for a program that does.
const UNKNOWN_KIND_WAIT: Duration = Duration::from_mins(5);

enum Ended {
    Done(Done),
    Failed(JobError),
    Stopped(Stop),
    UnknownKind(String),
}

/// Runs one job to its end and says so to the store. Answers whether all that is left is to mark it as done, which is
/// cheaper for many at once.
pub(super) async fn execute(ports: &Arc<Ports>, claimed: ClaimedJob, stop: oneshot::Receiver<Stop>) -> bool {
    let kind = KINDS.into_iter().find(|kind| kind.name == claimed.kind);
    let span = tracing::info_span!(
        parent: None,
        "job",
        otel.name = format!("job.{}", claimed.kind),
        otel.kind = "consumer",
        otel.status_code = tracing::field::Empty,
        job.outcome = tracing::field::Empty,
        job.id = %claimed.lease.job,
        job.attempt = claimed.attempt,
        company.id = claimed.company.as_ref().map(tracing::field::display),
    );
    if let Some(trace) = &claimed.trace {
        ports.traces.resume(&span, trace);
    }
    async move {
        let started = tokio::time::Instant::now();
        let ended = attempt(ports, &claimed, kind, stop).await;
        let outcome = match &ended {
            Ended::Done(Done::Snooze(_)) => "snoozed",
            Ended::Done(_) => "done",
            Ended::Failed(JobError { class: FailureClass::NotNow { .. }, .. }) => "deferred",
            Ended::Failed(_) => "failed",
            Ended::Stopped(_) => "stopped",
            Ended::UnknownKind(_) => "unknown",
        };
        let span = tracing::Span::current();
        span.record("job.outcome", outcome);
        if matches!(ended, Ended::Failed(_)) {
            span.record("otel.status_code", "ERROR");
        }
        let label = kind.map_or("unknown", |kind| kind.name);
        metrics::counter!("otto_jobs_total", "kind" => label, "outcome" => outcome).increment(1);
        metrics::histogram!("otto_job_duration_seconds", "kind" => label)
            .record(started.elapsed().as_secs_f64());
        settle(ports, &claimed, kind, ended).await
    }
    .instrument(span)
    .await
}

async fn attempt(
    ports: &Ports,
    claimed: &ClaimedJob,
    kind: Option<&'static JobKind>,
    mut stop: oneshot::Receiver<Stop>,
) -> Ended {
    // it was called off, or another took it over, while it waited to begin
    if let Ok(why) = stop.try_recv() {
        return Ended::Stopped(why);
    }
    let Some(kind) = kind else { return Ended::UnknownKind("no job kind of that name".to_owned()) };
    if claimed.attempt > kind.max_attempts {
        // its last worker vanished over it, and so may this one
        return Ended::Failed(JobError::permanent("its workers keep vanishing"));
    }
    let work = AssertUnwindSafe(dispatch(ports, claimed)).catch_unwind();
    tokio::select! {
        // what has just been done is done, even if a heartbeat that ran meanwhile misses its lease
        biased;
        ended = tokio::time::timeout(kind.timeout, work) => match ended {
            Ok(Ok(ended)) => ended,
            Ok(Err(_)) => Ended::Failed(JobError::retry("the job panicked")),
            Err(_) => Ended::Failed(JobError::retry("the job took too long")),
        },
        Ok(why) = stop => Ended::Stopped(why),
    }
}

async fn dispatch(ports: &Ports, claimed: &ClaimedJob) -> Ended {
    let result = match &claimed.company {
        Some(_) => match TenantJob::read(&claimed.kind, &claimed.args) {
            Ok(job) => match tenant_run(ports, claimed) {
                Some(run) => run_tenant_job(&job, &run).await,
                None => Err(JobError::permanent("the job has no tenant")),
            },
            Err(error) => return Ended::UnknownKind(error.to_string()),
        },
        None => match SystemJob::read(&claimed.kind) {
            Ok(job) => run_system_job(job, &SystemRun { ports }).await,
            Err(error) => return Ended::UnknownKind(error.to_string()),
        },
    };
    match result {
        Ok(done) => Ended::Done(done),
        Err(error) => Ended::Failed(error),
    }
}

fn tenant_run<'a>(ports: &'a Ports, claimed: &ClaimedJob) -> Option<JobRun<'a>> {
    Some(JobRun {
        ports,
        scope: Scope::system(claimed.company.clone()?, "otto"),
        lease: claimed.lease,
        attempt: claimed.attempt,
        snoozes: claimed.snoozes,
        // what this attempt adds comes after it; where spans have no ids, the trace is handed on as it came
        trace: ports.traces.current().or_else(|| claimed.trace.clone()),
    })
}

async fn settle(ports: &Ports, claimed: &ClaimedJob, kind: Option<&'static JobKind>, ended: Ended) -> bool {
    let now = ports.clock.now();
    let after = |wait: Duration| now + chrono::Duration::from_std(wait).unwrap_or_default();
    let release = match ended {
        Ended::Done(Done::Committed) => return false,
        Ended::Stopped(Stop::LeaseLost) => {
            tracing::warn!("the lease was lost; the job is left to whoever has it now");
            return false;
        }
        Ended::Done(Done::Finished) => return true,
        Ended::Done(Done::Snooze(wait)) => Release::Snooze { at: after(wait) },
        Ended::Stopped(Stop::Cancelled) => Release::Cancel,
        Ended::Stopped(Stop::Shutdown) => Release::HandBack,
        Ended::UnknownKind(error) => {
            // a newer program wrote it, and one will be along to do it; that one must find all its attempts left
            tracing::warn!(kind = claimed.kind, error, "cannot do this job; leaving it for a newer worker");
            Release::Snooze { at: after(UNKNOWN_KIND_WAIT) }
        }
        Ended::Failed(error) if error.lease_lost => {
            tracing::warn!("the lease was lost; what was done is not committed");
            return false;
        }
        Ended::Failed(error) => match failed(ports, claimed, kind, error).await {
            Some(release) => release,
            None => return false,
        },
    };
    match again(ports, Patience::UNIT, || ports.claims.release(claimed.lease, &release, now)).await {
        Ok(true) => {}
        Ok(false) => tracing::warn!("the lease was lost before the job could be put back"),
        // its lease will run out
        Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "cannot put the job back"),
    }
    false
}

async fn failed(
    ports: &Ports,
    claimed: &ClaimedJob,
    kind: Option<&'static JobKind>,
    error: JobError,
) -> Option<Release> {
    let now = ports.clock.now();
    let next = match kind {
        Some(kind) => after_failure(kind, claimed.attempt, error.class, now, ports.dice.roll()),
        None => AfterFailure::Dead,
    };
    log_failure(&error, next);
    match next {
        AfterFailure::RetryAt(at) => Some(Release::Retry { at, error: error.message }),
        AfterFailure::DeferUntil(at) => Some(Release::Defer { at, why: error.message }),
        AfterFailure::Dead => {
            metrics::counter!("otto_jobs_given_up_total", "kind" => kind.map_or("unknown", |kind| kind.name))
                .increment(1);
            let run = tenant_run(ports, claimed);
            let job = TenantJob::read(&claimed.kind, &claimed.args);
            if let (Some(run), Ok(job)) = (run, job) {
                match tenant_job_gave_up(&job, &run, &error.message).await {
                    Ok(()) => return None,
                    Err(error) => {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "cannot say that a job was given up"
                        );
                        // its lease runs out; the next attempt gives up again
                        return None;
                    }
                }
            }
            Some(Release::Bury { error: error.message })
        }
    }
}

fn log_failure(error: &JobError, next: AfterFailure) {
    let source = error.source.as_deref().map(|source| source as &dyn std::error::Error);
    let message = error.message.as_str();
    match next {
        AfterFailure::RetryAt(at) => {
            tracing::info!(error = source, message, retry_at = %at, "job failed; will be tried again");
        }
        // each of thousands that wait for one provider; the provider's trouble itself is told once
        AfterFailure::DeferUntil(at) => tracing::debug!(message, retry_at = %at, "job deferred"),
        AfterFailure::Dead => tracing::error!(error = source, message, "job failed for the last time"),
    }
}
