use calls::{AnalysisProgress, CallStage, NO_RECORDING_AFTER, RecordingState};
use kernel::{CallId, CompanyId, RecordingId, Scope, ShunyaJobId, StoreError};
use shunya_jobs::{JobState, ShunyaJob};

use super::BATCH;
use crate::{
    Patience, Ports, again,
    jobs::{Done, FetchRecording, JobError, SubmitToShunya, SystemRun},
    ports::{Recording, Unfinished},
};

/// A call untouched for this long has lost something on its way.
const STALE_AFTER: chrono::Duration = chrono::Duration::minutes(2);

/// Sets calls left lying on their way again.
pub async fn sweep_calls(run: &SystemRun<'_>) -> Result<Done, JobError> {
    let ports = run.ports;
    let before = ports.clock.now() - STALE_AFTER;
    for left in ports.sweeps.unfinished_calls(before, BATCH).await? {
        match left {
            Unfinished::Recording(company, call) => {
                again(ports, Patience::UNIT, || fetch(ports, &company, call)).await?;
            }
            // not to be sent now; found again once it is
            Unfinished::Unsubmitted(..) if !ports.submit => {}
            Unfinished::Unsubmitted(company, call) => {
                again(ports, Patience::UNIT, || submit(ports, &company, call)).await?;
            }
            Unfinished::AwaitingRecording(company, call) => {
                again(ports, Patience::UNIT, || expect_no_more(ports, &company, call)).await?;
            }
            Unfinished::Unconfirmed(..) | Unfinished::Unsettled(..) | Unfinished::OverdueTasks(_) => {}
        }
    }
    Ok(Done::Finished)
}

fn otto(company: &CompanyId) -> Scope {
    Scope::system(company.clone(), "otto")
}

/// A recording is wanted and nobody fetches it.
async fn fetch(ports: &Ports, company: &CompanyId, call: CallId) -> Result<(), StoreError> {
    let now = ports.clock.now();
    let mut work = ports.begin(&otto(company)).await?;
    work.enqueue(&FetchRecording { call }, now).await?;
    work.commit().await
}

/// A recording is there and nobody asked for its analysis.
async fn submit(ports: &Ports, company: &CompanyId, call: CallId) -> Result<(), StoreError> {
    let now = ports.clock.now();
    let mut work = ports.begin(&otto(company)).await?;
    let Some(recording) = work.calls().recording(call).await? else { return work.rollback().await };
    let job = match work.analyses().match_job(&[], Some(call)).await? {
        Some(job) if job.state.is_open() => job,
        Some(_) => return work.rollback().await,
        None => {
            let job = ShunyaJob {
                id: ShunyaJobId::fresh(ports.ids.as_ref()),
                company: company.clone(),
                call,
                state: JobState::Pending,
                vendor_task_id: None,
                submissions: 0,
                submitted_at: None,
                created_at: now,
            };
            let input = recording.sha256.unwrap_or_default();
            if !work.analyses().insert_job(&job, &input, now).await? {
                return work.rollback().await;
            }
            job
        }
    };
    work.enqueue(&SubmitToShunya { shunya_job: job.id }, now).await?;
    work.commit().await
}

/// A call that is over, of which no recording was heard for a day: there is none.
async fn expect_no_more(ports: &Ports, company: &CompanyId, call: CallId) -> Result<(), StoreError> {
    let now = ports.clock.now();
    let patience = chrono::Duration::from_std(NO_RECORDING_AFTER).unwrap_or(chrono::Duration::days(1));
    let mut work = ports.begin(&otto(company)).await?;
    let Some(mut call) = work.calls().find(call).await? else { return work.rollback().await };
    let known = work.calls().recording(call.id).await?;
    if call.stage != CallStage::AwaitingRecording || known.is_some() || now - call.received_at < patience {
        return work.rollback().await;
    }
    let absent = Recording {
        id: RecordingId::fresh(ports.ids.as_ref()),
        call: call.id,
        provider: call.provider,
        provider_recording_id: None,
        state: RecordingState::Absent,
        blob_key: None,
        content_type: None,
        size_bytes: None,
        sha256: None,
        duration_seconds: None,
        error: None,
    };
    work.calls().save_recording(&absent, now).await?;
    call.stage = CallStage::of(&call.facts, Some(RecordingState::Absent), AnalysisProgress::None);
    work.calls().save(&call, now).await?;
    work.commit().await
}
