//! Calling a job off, and with it what it was to do.
//!
//! Guarantees: what was called off stays so, because sweeps find it settled; a worker that is in the middle of it commits
//! nothing any more; what has an outcome by now keeps it.

use calls::{CallStage, RecordingState};
use idempotency::InboxState;
use kernel::{CallId, InboxId, JobId, ShunyaJobId, StoreError, Timestamp};
use shunya_jobs::{CALLED_OFF, Failure, JobState};

use super::{known, operator, with_the_job};
use crate::{
    Ports, Work,
    analysis::settle_without_result,
    jobs::TenantJob,
    ports::{Recording, ReplayOutcome},
};

/// Calls off a job that waits or was given up at once; one that runs stops at its next heartbeat. What it was to do is
/// settled at once either way.
pub async fn cancel_job(ports: &Ports, id: JobId) -> Result<ReplayOutcome, StoreError> {
    let Some(line) = ports.job_office.find(id).await? else { return Ok(ReplayOutcome::Unknown) };
    let now = ports.clock.now();
    let Some(company) = line.company.clone() else { return ports.job_office.cancel(id, now).await };
    let mut work = ports.begin(&operator(company)).await?;
    match known(&line) {
        Some(TenantJob::FetchRecording(args)) => give_recording_up(&mut work, args.call, now).await?,
        Some(TenantJob::SubmitToShunya(args)) => give_request_up(&mut work, args.shunya_job, now).await?,
        Some(TenantJob::PollShunya(args)) => give_request_up(&mut work, args.shunya_job, now).await?,
        Some(TenantJob::ApplyEngineEvent(args)) => set_webhook_aside(&mut work, args.inbox, now).await?,
        Some(TenantJob::ListCompanyCalls(_) | TenantJob::MarkTasksOverdue(_)) | None => {}
    }
    // last, as in a worker: who locks in another order could wait for us while we wait for them
    let outcome = work.jobs().cancel(id, now).await?;
    with_the_job(work, outcome).await
}

async fn give_recording_up(work: &mut Work<'_>, call: CallId, now: Timestamp) -> Result<(), StoreError> {
    let Some(mut call) = work.calls().find(call).await? else { return Ok(()) };
    let Some(recording) = work.calls().recording(call.id).await? else { return Ok(()) };
    if recording.state != RecordingState::Pending {
        return Ok(());
    }
    let given_up =
        Recording { state: RecordingState::Failed, error: Some(CALLED_OFF.to_owned()), ..recording };
    work.calls().save_recording(&given_up, now).await?;
    let progress = call.analysis_progress(Some(given_up.state));
    call.stage = CallStage::of(&call.facts, Some(given_up.state), progress);
    work.calls().save(&call, now).await
}

async fn give_request_up(work: &mut Work<'_>, id: ShunyaJobId, now: Timestamp) -> Result<(), StoreError> {
    let failure = Failure { code: CALLED_OFF.to_owned(), message: None };
    settle_without_result(work, id, JobState::Failed, &failure, now).await
}

async fn set_webhook_aside(work: &mut Work<'_>, id: InboxId, now: Timestamp) -> Result<(), StoreError> {
    let Some(stored) = work.inbox().find(id).await? else { return Ok(()) };
    if stored.entry.state != InboxState::Received {
        return Ok(());
    }
    work.inbox().settle(id, InboxState::Ignored, Some(CALLED_OFF), stored.entry.call, now).await
}
