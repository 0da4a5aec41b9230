//! Copying a call's recording into our own storage.
//!
//! Guarantees: only what the provider says is a recording of this company's; in bounded memory; the same recording ends under the same key however often it is fetched; when it is
//! stored, the request to analyse it is stored with it.

use calls::{AnalysisProgress, CallEventKind, CallStage, RecordingState};
use kernel::{CompanyId, Provider, ProviderError, Scope, ShunyaJobId, StoreError};
use shunya_jobs::{JobState, ShunyaJob};

use super::{accept_call_webhook::open_credential, list_provider_calls::whose};
use crate::{
    Patience, Ports, again,
    jobs::{Done, JobError, JobRun, SubmitToShunya},
    ports::{BlobError, BlobKey, Credentials, Recording, RecordingSource, StoredBlob, StoredCall},
};

/// Names under which a company's access to its recordings is kept.
pub(super) const API_KEY: &str = "api_key";
pub(super) const ACCOUNT_ID: &str = "account_id";

/// Fetches the recording of one call.
#[tracing::instrument(name = "app.fetch_recording", skip_all, fields(call.id = %call))]
pub async fn fetch_recording(run: &JobRun<'_>, call: kernel::CallId) -> Result<Done, JobError> {
    let ports = run.ports;
    let Some((call, recording)) = look(ports, &run.scope, call).await? else { return Ok(Done::Finished) };
    // one given up on is fetched by whoever has its job tried again
    if matches!(recording.state, RecordingState::Stored | RecordingState::Absent) {
        return Ok(Done::Finished);
    }
    let source = ports
        .recordings(recording.provider)
        .ok_or_else(|| JobError::permanent("no client for the recordings of this provider"))?;
    let account = account_of(ports, &run.scope, recording.provider).await?;
    let named = recording.provider_recording_id.as_deref().unwrap_or(&call.ids.primary);
    confirm(run, &account, source, &call, named).await?;
    let download = source.download(&account.credentials, named).await.map_err(not_yet)?;
    let limit = ports.max_recording_bytes;
    if download.length.is_some_and(|length| length > limit) {
        return Err(JobError::permanent("the recording is too large"));
    }
    let content_type = download.content_type.unwrap_or_else(|| "application/octet-stream".to_owned());
    let extension = extension_of(&content_type)
        .ok_or_else(|| JobError::retry("the provider sent something that is not audio"))?;
    let company = &run.scope.company;
    let key = BlobKey::recording(company, call.id, recording.id, extension, call.created_at);
    let stored =
        ports.blobs.put(&key, &content_type, download.body, limit).await.map_err(|error| match error {
            BlobError::TooLarge { .. } => JobError::permanent("the recording is too large"),
            BlobError::Source(_) => JobError::retry("the recording broke off"),
            BlobError::Unavailable(source) => {
                JobError::from_source("the blob storage is unavailable", source)
            }
        })?;
    if stored.size == 0 || download.length.is_some_and(|length| length != stored.size) {
        return Err(JobError::retry("the recording is incomplete"));
    }
    again(ports, Patience::UNIT, || keep(run, call.id, &key, &content_type, &stored)).await
}

/// Records that it is stored, and has it analysed.
async fn keep(
    run: &JobRun<'_>,
    call: kernel::CallId,
    key: &BlobKey,
    content_type: &str,
    stored: &StoredBlob,
) -> Result<Done, JobError> {
    let now = run.ports.clock.now();
    let mut work = run.begin().await?;
    let (Some(mut call), Some(current)) =
        (work.calls().find(call).await?, work.calls().recording(call).await?)
    else {
        return Ok(Done::Finished);
    };
    let kept = Recording {
        state: RecordingState::Stored,
        blob_key: Some(key.as_str().to_owned()),
        content_type: Some(content_type.to_owned()),
        size_bytes: i64::try_from(stored.size).ok(),
        sha256: Some(stored.sha256.clone()),
        error: None,
        ..current
    };
    work.calls().save_recording(&kept, now).await?;
    let job = ShunyaJob {
        id: ShunyaJobId::fresh(run.ports.ids.as_ref()),
        company: run.scope.company.clone(),
        call: call.id,
        state: JobState::Pending,
        vendor_task_id: None,
        submissions: 0,
        submitted_at: None,
        created_at: now,
    };
    // a call that was moved in with its analysis is not analysed again
    let is_analysed = call.analyzed_at.is_some();
    // while nothing is to be sent to the vendor it stays at this; a sweep finds it once something is
    let asked =
        !is_analysed && run.ports.submit && work.analyses().insert_job(&job, &stored.sha256, now).await?;
    if asked {
        if let Some(trace) = &run.trace {
            // an answer may overtake the confirmation of its request
            work.analyses().set_trace(job.id, trace).await?;
        }
        work.enqueue(&SubmitToShunya { shunya_job: job.id }, now).await?;
    }
    if asked || (!is_analysed && !run.ports.submit) {
        call.stage = CallStage::of(&call.facts, Some(RecordingState::Stored), AnalysisProgress::None);
        work.calls().save(&call, now).await?;
    }
    run.finish(work).await
}

/// The provider attaches recordings late, so "none" means "not yet" until we give up.
fn not_yet(error: ProviderError) -> JobError {
    match error {
        ProviderError::NotFound { code } => JobError::retry(format!("no recording yet ({code})")),
        other => other.into(),
    }
}

/// Has the provider say whose the call is. A company signs its own webhooks, so it could name any call in one; an account
/// may hold the calls of several, and with the account's key their recordings could be had.
async fn confirm(
    run: &JobRun<'_>,
    account: &ApiAccount,
    source: &dyn RecordingSource,
    call: &StoredCall,
    named: &str,
) -> Result<(), JobError> {
    // its own list named the company
    if call.facts.seen.contains(&CallEventKind::Listed) && named == call.ids.primary {
        return Ok(());
    }
    let hints = source.whose(&account.credentials, named).await.map_err(not_yet)?;
    match whose(run.ports, account.provider, &hints).await? {
        Some(owner) if owner == run.scope.company => Ok(()),
        Some(_) => Err(JobError::permanent("the provider says that the call is another company's")),
        None if account.owner.is_some() => Ok(()),
        None => Err(JobError::retry(
            "the provider names no company of ours for the call: add its name for the company, or the number called",
        )),
    }
}

/// The recording was given up: says so where people look.
pub async fn give_up_recording(
    run: &JobRun<'_>,
    call: kernel::CallId,
    error: &str,
) -> Result<(), StoreError> {
    let now = run.ports.clock.now();
    let mut work = run.begin().await?;
    if let (Some(mut call), Some(recording)) =
        (work.calls().find(call).await?, work.calls().recording(call).await?)
        && recording.state == RecordingState::Pending
    {
        let given_up =
            Recording { state: RecordingState::Failed, error: Some(error.to_owned()), ..recording };
        work.calls().save_recording(&given_up, now).await?;
        call.stage = CallStage::of(&call.facts, Some(RecordingState::Failed), AnalysisProgress::None);
        work.calls().save(&call, now).await?;
    }
    run.bury(work, error).await
}

async fn look(
    ports: &Ports,
    scope: &Scope,
    call: kernel::CallId,
) -> Result<Option<(StoredCall, Recording)>, StoreError> {
    let mut work = ports.begin(scope).await?;
    let found = match work.calls().find(call).await? {
        Some(call) => work.calls().recording(call.id).await?.map(|recording| (call, recording)),
        None => None,
    };
    work.rollback().await?;
    Ok(found)
}

/// An account at a provider, and how to reach it.
pub(super) struct ApiAccount {
    /// Whose it is; none for the platform's own.
    pub(super) owner: Option<CompanyId>,
    /// At which provider.
    pub(super) provider: Provider,
    /// How to reach it.
    pub(super) credentials: Credentials,
}

/// The account a company's calls are in: its own, else the platform's.
pub(super) async fn account_of(
    ports: &Ports,
    scope: &Scope,
    provider: Provider,
) -> Result<ApiAccount, JobError> {
    let company = ports
        .tenants
        .find(&scope.company)
        .await?
        .ok_or_else(|| JobError::permanent("the company is gone"))?;
    let open = async |name| {
        open_credential(ports, &company.id, provider, name)
            .await
            .map_err(|error| JobError::retry(format!("a stored secret cannot be read: {error}")))
    };
    let (api_key, account_id) = (open(API_KEY).await?, open(ACCOUNT_ID).await?);
    match (account_id, api_key) {
        (Some(account_id), Some(api_key)) => {
            let credentials = Credentials { account_id: account_id.expose().clone(), api_key };
            Ok(ApiAccount { owner: Some(company.id), provider, credentials })
        }
        _ => platform_account(ports)
            .ok_or_else(|| JobError::retry("no account is configured for the provider's API")),
    }
}

/// The platform's own account.
pub(super) fn platform_account(ports: &Ports) -> Option<ApiAccount> {
    let account_id = ports.platform.callrail_account_id.clone()?;
    let api_key = ports.platform.callrail_api_key.clone()?;
    let credentials = Credentials { account_id, api_key };
    Some(ApiAccount { owner: None, provider: Provider::Callrail, credentials })
}

/// The file ending of an audio type; `None` for what is not audio (an error page, say).
fn extension_of(content_type: &str) -> Option<&'static str> {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "audio/wav" | "audio/x-wav" | "audio/wave" | "audio/vnd.wave" => Some("wav"),
        "audio/mpeg" | "audio/mp3" => Some("mp3"),
        "audio/mp4" | "audio/m4a" | "audio/x-m4a" => Some("m4a"),
        "audio/ogg" => Some("ogg"),
        "application/octet-stream" | "binary/octet-stream" => Some("bin"),
        _ if essence.starts_with("audio/") => Some("audio"),
        _ => None,
    }
}
