//! Asking Shunya for an analysis.
//!
//! Guarantees: one submission has one idempotency key however often it is tried; an event that arrived before the vendor
//! confirmed is applied as soon as it does.

use calls::{AnalysisProgress, CallStage, CallType, RecordingState};
use kernel::{ShunyaJobId, StoreError, Timestamp};
use serde_json::json;
use shunya_jobs::{Failure, JobState, ShunyaJob, poll_delay};

use crate::{
    NewEvent, Patience, Work, again,
    ingest::engine_match_keys,
    jobs::{ApplyEngineEvent, Done, JobError, JobRun, PollShunya},
    ports::{AUDIO_LINK_LIFE, BlobKey, LinkFor, Recording, StoredCall, SubmitRequest},
};

/// Submits one request.
#[tracing::instrument(name = "app.submit_to_shunya", skip_all, fields(shunya_job.id = %id))]
pub async fn submit_to_shunya(run: &JobRun<'_>, id: ShunyaJobId) -> Result<Done, JobError> {
    let ports = run.ports;
    let Some(Subject { job, call, recording }) = look(run, id).await? else { return Ok(Done::Finished) };
    // while nothing is to be sent the request stays open, and the sweep takes it up once something is
    if !job.state.is_open() || !ports.submit {
        return Ok(Done::Finished);
    }
    let company = &run.scope.company;
    let key = recording
        .blob_key
        .as_deref()
        .and_then(|key| BlobKey::parse(company, key))
        .ok_or_else(|| JobError::permanent("the recording is not stored"))?;
    let size = recording.size_bytes.and_then(|size| u64::try_from(size).ok()).unwrap_or_default();
    if size > ports.engine.max_audio_bytes() {
        return Err(JobError::permanent("the recording is larger than the vendor takes"));
    }
    let now = ports.clock.now();
    let audio_url = ports
        .blobs
        .link(&key, LinkFor::Reading, AUDIO_LINK_LIFE, now)
        .await
        .map_err(|error| JobError::from_source("the audio cannot be linked", Box::new(error)))?;
    let time_zone = ports.tenants.find(company).await?.and_then(|company| company.calendar.zone_name());
    let request = SubmitRequest {
        idempotency_key: format!("{}-{}", job.id, job.submissions),
        company: company.clone(),
        call: call.id,
        audio_url,
        call_type: call.call_type.unwrap_or(CallType::CsrCall),
        time_zone: time_zone.map(str::to_owned),
        started_at: call.created_at,
    };
    let accepted = ports.engine.submit(&request).await?;
    again(ports, Patience::UNIT, || confirm(run, id, accepted.task_id.as_deref())).await
}

/// Records that the vendor took it, and looks for what it said before we knew.
async fn confirm(run: &JobRun<'_>, id: ShunyaJobId, task_id: Option<&str>) -> Result<Done, JobError> {
    let now = run.ports.clock.now();
    let mut work = run.begin().await?;
    // the result may have overtaken our confirmation; a settled request stays settled
    let Some(job) = work.analyses().find_job(id).await?.filter(|job| job.state.is_open()) else {
        return run.finish(work).await;
    };
    work.analyses().mark_submitted(id, task_id, now).await?;
    if let Some(trace) = &run.trace {
        work.analyses().set_trace(id, trace).await?;
    }
    if let Some(mut call) = work.calls().find(job.call).await?
        && call.stage != CallStage::Analysed
    {
        call.stage = CallStage::of(&call.facts, Some(RecordingState::Stored), AnalysisProgress::Requested);
        work.calls().save(&call, now).await?;
    }
    let task_ids: Vec<String> = task_id.map(str::to_owned).into_iter().collect();
    take_early_events(&mut work, &task_ids, &job, now).await?;
    let first_look = now + chrono::Duration::from_std(poll_delay(0)).unwrap_or_default();
    work.enqueue_at(&PollShunya { shunya_job: id }, first_look, now).await?;
    run.finish(work).await
}

/// Webhooks that came before we knew what they were about.
pub(super) async fn take_early_events(
    work: &mut Work<'_>,
    task_ids: &[String],
    job: &ShunyaJob,
    now: Timestamp,
) -> Result<(), StoreError> {
    let keys = engine_match_keys(task_ids, Some(job.call));
    for inbox in work.inbox().take_waiting(&keys).await? {
        work.enqueue(&ApplyEngineEvent { inbox }, now).await?;
    }
    Ok(())
}

struct Subject {
    job: ShunyaJob,
    call: StoredCall,
    recording: Recording,
}

async fn look(run: &JobRun<'_>, id: ShunyaJobId) -> Result<Option<Subject>, StoreError> {
    let mut work = run.begin().await?;
    let mut subject = None;
    if let Some(job) = work.analyses().find_job(id).await?
        && let Some(call) = work.calls().find(job.call).await?
        && let Some(recording) = work.calls().recording(job.call).await?
    {
        subject = Some(Subject { job, call, recording });
    }
    work.rollback().await?;
    Ok(subject)
}

/// The vendor refused, or could not be reached for too long: says so where people look.
pub async fn give_up_request(run: &JobRun<'_>, id: ShunyaJobId, error: &str) -> Result<(), StoreError> {
    let mut work = run.begin().await?;
    let now = run.ports.clock.now();
    let failure = Failure { code: "submission_failed".to_owned(), message: Some(error.to_owned()) };
    settle_without_result(&mut work, id, JobState::Failed, &failure, now).await?;
    run.bury(work, error).await
}

/// Ends an open request without a result: on the request, on its call, and for who listens.
pub(crate) async fn settle_without_result(
    work: &mut Work<'_>,
    id: ShunyaJobId,
    state: JobState,
    failure: &Failure,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(job) = work.analyses().find_job(id).await?.filter(|job| job.state.is_open()) else {
        return Ok(());
    };
    work.analyses().settle_job(id, state, None, Some(failure), now).await?;
    let mut lead = None;
    if let Some(mut call) = work.calls().find(job.call).await? {
        lead = call.lead;
        if call.analyzed_at.is_none() {
            call.stage = CallStage::of(&call.facts, Some(RecordingState::Stored), AnalysisProgress::Failed);
            work.calls().save(&call, now).await?;
        }
    }
    let event = if state == JobState::TimedOut { "shunya.job.timeout" } else { "shunya.job.failed" };
    let data = json!({ "job_id": id, "job_type": "csr_call", "error": failure.code });
    // a request that people had opened again may fail again, and says so again
    let key = match job.round() {
        0 => format!("{event}:{id}"),
        round => format!("{event}:{id}:{round}"),
    };
    work.happened(NewEvent { event, key, lead, user: None, call: Some(job.call), data }, now);
    Ok(())
}
