//! Applying what Shunya's webhook said.

use idempotency::InboxState;
use kernel::{InboxId, StoreError, TranscriptId};
use shunya_jobs::{AnalysisRecord, ShunyaJob, normalise, normalise_transcript};

use super::{
    poll_shunya::retry_or_settle,
    store_result::{Arrived, store_result, tell_transcribed, transcript_of},
};
use crate::{
    Patience, again,
    jobs::{Done, JobError, JobRun},
    ports::{EngineEvent, EngineEventKind, InboxEntry},
};

/// Applies one stored webhook.
#[tracing::instrument(name = "app.apply_engine_event", skip_all, fields(inbox.id = %id))]
pub async fn apply_engine_event(run: &JobRun<'_>, id: InboxId) -> Result<Done, JobError> {
    let Some((entry, event, job)) = look(run, id).await? else { return Ok(Done::Finished) };
    if entry.entry.state != InboxState::Received {
        return Ok(Done::Finished);
    }
    // this goes on where the request was made; the webhook came in a trace of its own
    if let Some(trace) = &entry.entry.trace {
        run.ports.traces.link(&tracing::Span::current(), trace);
    }
    let Some(job) = job else { return settle(run, id, InboxState::Waiting, None, None).await };
    let call = Some(job.call);
    match event.kind {
        EngineEventKind::Progress => settle(run, id, InboxState::Ignored, None, call).await,
        EngineEventKind::Transcribed => apply_transcript(run, id, &event, &job).await,
        EngineEventKind::Failed if job.state.is_open() => {
            let code = event.error_code.as_deref().unwrap_or("vendor_failed");
            let now = run.ports.clock.now();
            let mut work = run.begin().await?;
            retry_or_settle(&mut work, &job, code, now).await?;
            work.inbox().settle(id, InboxState::Applied, None, call, now).await?;
            run.finish(work).await
        }
        EngineEventKind::Analysed if job.state.is_open() => apply_analysis(run, id, &event, &job).await,
        EngineEventKind::Failed | EngineEventKind::Analysed => {
            settle(run, id, InboxState::Applied, Some("already_settled"), call).await
        }
    }
}

async fn apply_analysis(
    run: &JobRun<'_>,
    id: InboxId,
    event: &EngineEvent,
    job: &ShunyaJob,
) -> Result<Done, JobError> {
    let sent = event.payload.as_ref().map(|payload| (payload.clone(), normalise(payload)));
    let (payload, read) = match sent {
        // "completed" may mean the transcript alone
        Some((_, read)) if read.record == AnalysisRecord::default() && read.transcript.is_some() => {
            return apply_transcript(run, id, event, job).await;
        }
        Some((payload, read)) if read.record != AnalysisRecord::default() => (payload, read),
        // some events only announce: the vendor has the rest
        _ => {
            let payload = run.ports.engine.result(&run.scope.company, job.call).await?;
            let read = normalise(&payload);
            (payload, read)
        }
    };
    let transcript = transcript_of(run, job, &read).await?;
    let arrived = Arrived { payload: &payload, read: &read, transcript, via: "webhook" };
    again(run.ports, Patience::UNIT, || store(run, id, job, &arrived)).await
}

async fn store(
    run: &JobRun<'_>,
    id: InboxId,
    job: &ShunyaJob,
    arrived: &Arrived<'_>,
) -> Result<Done, JobError> {
    let mut work = run.begin().await?;
    let stored = store_result(&mut work, job.id, arrived).await?;
    let reason = (!stored).then_some("already_settled");
    work.inbox().settle(id, InboxState::Applied, reason, Some(job.call), run.ports.clock.now()).await?;
    run.finish(work).await
}

async fn apply_transcript(
    run: &JobRun<'_>,
    id: InboxId,
    event: &EngineEvent,
    job: &ShunyaJob,
) -> Result<Done, JobError> {
    let sent = event.payload.as_ref().and_then(normalise_transcript);
    let transcript = if let Some(transcript) = sent {
        Some(transcript)
    } else {
        let payload = run.ports.engine.transcript(&run.scope.company, job.call).await?;
        normalise_transcript(&payload)
    };
    let now = run.ports.clock.now();
    let mut work = run.begin().await?;
    if let Some(transcript) = transcript {
        let transcript_id = TranscriptId::fresh(run.ports.ids.as_ref());
        let lead = work.calls().find(job.call).await?.and_then(|call| call.lead);
        if work.analyses().insert_transcript(transcript_id, job.call, job.id, &transcript, now).await? {
            tell_transcribed(&mut work, job.call, lead, transcript_id, &transcript, now);
        }
    }
    work.inbox().settle(id, InboxState::Applied, None, Some(job.call), now).await?;
    run.finish(work).await
}

async fn settle(
    run: &JobRun<'_>,
    id: InboxId,
    state: InboxState,
    reason: Option<&str>,
    call: Option<kernel::CallId>,
) -> Result<Done, JobError> {
    let mut work = run.begin().await?;
    work.inbox().settle(id, state, reason, call, run.ports.clock.now()).await?;
    run.finish(work).await
}

type Look = Option<(InboxEntry, EngineEvent, Option<ShunyaJob>)>;

async fn look(run: &JobRun<'_>, id: InboxId) -> Result<Look, StoreError> {
    let mut work = run.begin().await?;
    let entry = work.inbox().find(id).await?;
    work.rollback().await?;
    let Some(entry) = entry else { return Ok(None) };
    let Ok(Some(event)) = run.ports.engine_webhooks.read(&entry.entry.body) else { return Ok(None) };
    // on its own: whoever stores or settles a webhook has its request locked first, and could wait for us while we wait
    // for them
    let mut work = run.begin().await?;
    let matched = work.analyses().match_job(&event.task_ids, event.call).await?;
    work.rollback().await?;
    Ok(Some((entry, event, matched.map(|matched| matched.job))))
}
