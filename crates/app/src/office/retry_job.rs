//! Trying a job again that was given up or called off.
//!
//! Guarantees: what its end had settled is open again in the same transaction; the vendor is asked under a number of its
//! own; what has an outcome by now keeps it.

use calls::{AnalysisProgress, CallStage, RecordingState};
use idempotency::InboxState;
use kernel::{CallId, InboxId, JobId, ShunyaJobId, StoreError, Timestamp};
use shunya_jobs::{Again, CALLED_OFF, JobState};

use super::{known, operator, with_the_job};
use crate::{
    Ports, Work,
    jobs::TenantJob,
    ports::{Recording, ReplayOutcome},
};

/// Makes a dead or cancelled job ready again, with all its attempts.
pub async fn retry_job(ports: &Ports, id: JobId) -> Result<ReplayOutcome, StoreError> {
    let Some(line) = ports.job_office.find(id).await? else { return Ok(ReplayOutcome::Unknown) };
    let now = ports.clock.now();
    let outcome = match line.company.clone() {
        None => ports.job_office.retry(id, now).await?,
        Some(company) => {
            let mut work = ports.begin(&operator(company)).await?;
            match known(&line) {
                Some(TenantJob::FetchRecording(args)) => reopen_recording(&mut work, args.call, now).await?,
                Some(TenantJob::SubmitToShunya(args)) => {
                    reopen_request(&mut work, args.shunya_job, Again::Submit, now).await?;
                }
                Some(TenantJob::PollShunya(args)) => {
                    reopen_request(&mut work, args.shunya_job, Again::Look, now).await?;
                }
                Some(TenantJob::ApplyEngineEvent(args)) => {
                    take_webhook_up_again(&mut work, args.inbox, now).await?;
                }
                Some(TenantJob::ListCompanyCalls(_) | TenantJob::MarkTasksOverdue(_)) | None => {}
            }
            // last, as in a worker: who locks in another order could wait for us while we wait for them
            let outcome = work.jobs().retry(id, now).await?;
            with_the_job(work, outcome).await?
        }
    };
    if outcome == ReplayOutcome::Changed
        && let Ok(queue) = line.queue.parse()
    {
        ports.doorbell.ring(&[queue]);
    }
    Ok(outcome)
}

async fn reopen_recording(work: &mut Work<'_>, call: CallId, now: Timestamp) -> Result<(), StoreError> {
    let Some(mut call) = work.calls().find(call).await? else { return Ok(()) };
    let Some(recording) = work.calls().recording(call.id).await? else { return Ok(()) };
    if recording.state != RecordingState::Failed {
        return Ok(());
    }
    let wanted = Recording { state: RecordingState::Pending, error: None, ..recording };
    work.calls().save_recording(&wanted, now).await?;
    let progress = call.analysis_progress(Some(wanted.state));
    call.stage = CallStage::of(&call.facts, Some(wanted.state), progress);
    work.calls().save(&call, now).await
}

async fn reopen_request(
    work: &mut Work<'_>,
    id: ShunyaJobId,
    how: Again,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(request) = work.analyses().find_job(id).await? else { return Ok(()) };
    let Some(request) = request.open_again(how, now) else { return Ok(()) };
    work.analyses().reopen_job(&request, now).await?;
    let Some(mut call) = work.calls().find(request.call).await? else { return Ok(()) };
    // one with an analysis keeps it in sight until there is a newer one
    if call.analyzed_at.is_some() {
        return Ok(());
    }
    let recording = work.calls().recording(call.id).await?.map(|recording| recording.state);
    let progress = match request.state {
        JobState::Running => AnalysisProgress::Requested,
        _ => AnalysisProgress::None,
    };
    call.stage = CallStage::of(&call.facts, recording, progress);
    work.calls().save(&call, now).await
}

async fn take_webhook_up_again(work: &mut Work<'_>, id: InboxId, now: Timestamp) -> Result<(), StoreError> {
    let Some(stored) = work.inbox().find(id).await? else { return Ok(()) };
    let called_off =
        stored.entry.state == InboxState::Ignored && stored.entry.reason.as_deref() == Some(CALLED_OFF);
    if !called_off {
        return Ok(());
    }
    work.inbox().settle(id, InboxState::Received, None, stored.entry.call, now).await
}
