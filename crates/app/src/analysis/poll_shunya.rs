//! Asking Shunya whether it is done, for when its webhook does not come.

use kernel::{ProviderError, ShunyaJobId, StoreError};
use shunya_jobs::{Failure, JobState, ShunyaJob, normalise, poll_delay};

use super::{
    store_result::{Arrived, store_result, transcript_of},
    submit_to_shunya::settle_without_result,
};
use crate::{
    Patience, again,
    jobs::{Done, JobError, JobRun, SubmitToShunya},
    ports::EngineStatus,
};

/// After this many looks, "never heard of it" is believed and the call is submitted again.
const UNKNOWN_LOOKS: u32 = 3;

/// Looks once.
#[tracing::instrument(name = "app.poll_shunya", skip_all, fields(shunya_job.id = %id))]
pub async fn poll_shunya(run: &JobRun<'_>, id: ShunyaJobId) -> Result<Done, JobError> {
    let ports = run.ports;
    let Some(job) = look(run, id).await?.filter(|job| job.state.is_open()) else { return Ok(Done::Finished) };
    let now = ports.clock.now();
    if job.on_deadline(now) == Some(JobState::TimedOut) {
        let mut work = run.begin().await?;
        let failure = Failure { code: "timeout".to_owned(), message: None };
        settle_without_result(&mut work, id, JobState::TimedOut, &failure, now).await?;
        return run.finish(work).await;
    }
    let company = &run.scope.company;
    match ports.engine.status(company, job.call).await? {
        EngineStatus::Processing => Ok(Done::Snooze(poll_delay(run.snoozes + 1))),
        EngineStatus::NotStarted => {
            ports.engine.start_analysis(company, job.call).await?;
            Ok(Done::Snooze(poll_delay(run.snoozes + 1)))
        }
        EngineStatus::Unknown if run.snoozes < UNKNOWN_LOOKS => Ok(Done::Snooze(poll_delay(run.snoozes + 1))),
        EngineStatus::Unknown => again_or_failed(run, &job, "unknown_to_vendor").await,
        EngineStatus::Failed { code } => again_or_failed(run, &job, &code).await,
        EngineStatus::Completed => {
            let payload = match ports.engine.result(company, job.call).await {
                Ok(payload) => payload,
                // "not available" in practice means "a little later" (contract `shunya.md` §7)
                Err(ProviderError::NotFound { .. }) => return Ok(Done::Snooze(poll_delay(run.snoozes + 1))),
                Err(other) => return Err(other.into()),
            };
            let read = normalise(&payload);
            let transcript = transcript_of(run, &job, &read).await?;
            let arrived = Arrived { payload: &payload, read: &read, transcript, via: "poll" };
            again(ports, Patience::UNIT, || store(run, id, &arrived)).await
        }
    }
}

async fn store(run: &JobRun<'_>, id: ShunyaJobId, arrived: &Arrived<'_>) -> Result<Done, JobError> {
    let mut work = run.begin().await?;
    store_result(&mut work, id, arrived).await?;
    run.finish(work).await
}

async fn look(run: &JobRun<'_>, id: ShunyaJobId) -> Result<Option<ShunyaJob>, StoreError> {
    let mut work = run.begin().await?;
    let job = work.analyses().find_job(id).await?;
    work.rollback().await?;
    Ok(job)
}

/// The vendor failed: asked again a few times, then it has failed.
pub(super) async fn again_or_failed(run: &JobRun<'_>, job: &ShunyaJob, code: &str) -> Result<Done, JobError> {
    let now = run.ports.clock.now();
    let mut work = run.begin().await?;
    retry_or_settle(&mut work, job, code, now).await?;
    run.finish(work).await
}

pub(super) async fn retry_or_settle(
    work: &mut crate::Work<'_>,
    job: &ShunyaJob,
    code: &str,
    now: kernel::Timestamp,
) -> Result<(), StoreError> {
    if job.may_be_submitted_again() {
        let again = now + chrono::Duration::from_std(poll_delay(job.submissions)).unwrap_or_default();
        work.enqueue_at(&SubmitToShunya { shunya_job: job.id }, again, now).await?;
        return Ok(());
    }
    let failure = Failure { code: code.to_owned(), message: None };
    settle_without_result(work, job.id, JobState::Failed, &failure, now).await
}
