use calls::{AnalysisProgress, CallStage, NO_RECORDING_AFTER, RecordingState};
use chrono::Duration;
use kernel::{RecordingId, Scope, ShunyaJobId, StoreError};
use shunya_jobs::{JobState, ShunyaJob};

use super::{BATCH, MOST_PAGES, STALE_AFTER, is_last, tally::Tally};
use crate::{
    Patience, Ports, again,
    jobs::{Done, FetchRecording, JobError, SubmitToShunya, SystemRun},
    ports::{LeftCall, Recording},
};

/// What a call has lost on its way.
#[derive(Clone, Copy)]
enum Lost {
    /// The job that copies its recording.
    Copy,
    /// The request to analyse it.
    Request,
    /// Its provider's word on whether there is a recording.
    Word,
}

/// Sets calls left lying on their way again.
pub async fn sweep_calls(run: &SystemRun<'_>) -> Result<Done, JobError> {
    let mut tally = Tally::of("calls");
    for lost in [Lost::Copy, Lost::Request, Lost::Word] {
        // not to be sent now; found again once it is
        if matches!(lost, Lost::Request) && !run.ports.submit {
            continue;
        }
        let mut after = None;
        for _ in 0..MOST_PAGES {
            let page = lost.page(run.ports, after.as_ref()).await?;
            for left in &page {
                let helped = again(run.ports, Patience::UNIT, || lost.help(run.ports, left)).await;
                tally.note(left.call, helped)?;
            }
            if is_last(page.len(), BATCH) {
                break;
            }
            after = page.into_iter().last();
        }
    }
    tally.end()
}

impl Lost {
    async fn page(self, ports: &Ports, after: Option<&LeftCall>) -> Result<Vec<LeftCall>, StoreError> {
        let now = ports.clock.now();
        match self {
            Self::Copy => ports.sweeps.unfetched_recordings(now - STALE_AFTER, after, BATCH).await,
            Self::Request => ports.sweeps.unrequested_analyses(now - STALE_AFTER, after, BATCH).await,
            Self::Word => ports.sweeps.unheard_recordings(now - patience(), after, BATCH).await,
        }
    }

    async fn help(self, ports: &Ports, left: &LeftCall) -> Result<(), StoreError> {
        match self {
            Self::Copy => fetch(ports, left).await,
            Self::Request => submit(ports, left).await,
            Self::Word => expect_no_more(ports, left).await,
        }
    }
}

fn patience() -> Duration {
    Duration::from_std(NO_RECORDING_AFTER).unwrap_or(Duration::days(1))
}

fn otto(left: &LeftCall) -> Scope {
    Scope::system(left.company.clone(), "otto")
}

/// A recording is known and nobody copies it. One called off meanwhile is left alone.
async fn fetch(ports: &Ports, left: &LeftCall) -> Result<(), StoreError> {
    let now = ports.clock.now();
    let mut work = ports.begin(&otto(left)).await?;
    let known = match work.calls().find(left.call).await? {
        Some(call) => work.calls().recording(call.id).await?,
        None => None,
    };
    if known.is_none_or(|recording| recording.state != RecordingState::Pending) {
        return work.rollback().await;
    }
    work.enqueue(&FetchRecording { call: left.call }, now).await?;
    work.commit().await
}

/// A recording is there and nobody asked for its analysis.
async fn submit(ports: &Ports, left: &LeftCall) -> Result<(), StoreError> {
    let now = ports.clock.now();
    let mut work = ports.begin(&otto(left)).await?;
    let Some(recording) = work.calls().recording(left.call).await? else { return work.rollback().await };
    if work.analyses().match_job(&[], Some(left.call)).await?.is_some() {
        return work.rollback().await;
    }
    let job = ShunyaJob {
        id: ShunyaJobId::fresh(ports.ids.as_ref()),
        company: left.company.clone(),
        call: left.call,
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
    work.enqueue(&SubmitToShunya { shunya_job: job.id }, now).await?;
    work.commit().await
}

/// A call that is over, of which no recording was heard for a day: there is none.
async fn expect_no_more(ports: &Ports, left: &LeftCall) -> Result<(), StoreError> {
    let now = ports.clock.now();
    let mut work = ports.begin(&otto(left)).await?;
    let Some(mut call) = work.calls().find(left.call).await? else { return work.rollback().await };
    let known = work.calls().recording(call.id).await?;
    if call.stage != CallStage::AwaitingRecording || known.is_some() || now - call.received_at < patience() {
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
