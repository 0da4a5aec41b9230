use kernel::{CallId, ContactCardId, ErrorKind, LeadId, StoreError, Timestamp, UserId};
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

use super::{CallAnalysisView, TranscriptSegment, Viewer};
use crate::{
    Ports,
    ports::{BlobError, BlobKey, LinkFor},
};

/// Links to recordings handed to clients work this long (contract `conventions.md` §15: at least one hour).
const CLIENT_LINK_LIFE: Duration = Duration::from_hours(2);

/// The last microsecond of the year 9999.
const LAST_MICROS: i64 = 253_402_300_799_999_999;

/// Where a page of calls begins: after the call that began then and has this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallCursor {
    /// When the last call of the page before began.
    pub created_at: Timestamp,
    /// Its number.
    pub id: CallId,
}

impl CallCursor {
    /// As handed to clients: microseconds and number. Opaque to them.
    pub fn encode(&self) -> String {
        format!("{}_{}", self.created_at.timestamp_micros(), self.id)
    }

    /// Reads what [`CallCursor::encode`] wrote.
    pub fn decode(text: &str) -> Option<Self> {
        let (at, id) = text.split_once('_')?;
        // no call began before there were computers, and no database knows every instant ours does
        let at = at.parse().ok().filter(|at| (0..=LAST_MICROS).contains(at))?;
        let created_at = chrono::DateTime::from_timestamp_micros(at)?;
        Some(Self { created_at, id: CallId(id.parse().ok()?) })
    }
}

/// Which calls.
#[derive(Clone, Debug, Default)]
pub struct CallFilter {
    /// After this one.
    pub after: Option<CallCursor>,
    /// At most so many.
    pub limit: i64,
    /// incoming, answered, missed, completed.
    pub status: Option<String>,
    /// On their way to being analysed.
    pub stage: Option<String>,
    /// booked, `not_booked`, `service_not_offered`.
    pub booking_status: Option<String>,
    /// hot, warm, cold, qualified, unqualified.
    pub lead_quality: Option<String>,
    /// inbound, outbound.
    pub direction: Option<String>,
    /// Missed or not.
    pub missed: Option<bool>,
    /// Of this customer.
    pub contact: Option<ContactCardId>,
    /// Of this lead.
    pub lead: Option<LeadId>,
    /// Of this CSR.
    pub owner: Option<UserId>,
    /// From this number, in E.164 form.
    pub phone: Option<String>,
    /// Begun at or after.
    pub from: Option<Timestamp>,
    /// Begun before.
    pub until: Option<Timestamp>,
}

/// A call in a list.
#[derive(Clone, Debug, Serialize)]
pub struct CallLine {
    /// Its number.
    pub call_id: CallId,
    /// The customer's number.
    pub phone_number: Option<String>,
    /// The customer's name.
    pub customer_name: Option<String>,
    /// The same, for older readers.
    pub name: Option<String>,
    /// inbound or outbound.
    pub direction: Option<String>,
    /// Where it stands as a telephone call.
    pub status: String,
    /// Where it stands on its way to being analysed.
    pub stage: String,
    /// Nobody took it.
    pub missed_call: bool,
    /// The AI says booked.
    pub booked: bool,
    /// The AI's verdict.
    pub booking_status: Option<String>,
    /// The AI's verdict.
    pub lead_quality: Option<String>,
    /// In seconds.
    pub duration_seconds: Option<i32>,
    /// The customer.
    pub contact_card_id: Option<ContactCardId>,
    /// The customer's lead.
    pub lead_id: Option<LeadId>,
    /// The CSR whose call it is.
    pub owner_id: Option<String>,
    /// The rep it is assigned to.
    pub assigned_rep_id: Option<String>,
    /// What its provider calls it.
    pub provider_call_id: String,
    /// How many things its provider said that cannot be true.
    pub problem_count: usize,
    /// When it was analysed.
    pub analyzed_at: Option<Timestamp>,
    /// When it began.
    pub created_at: Timestamp,
}

/// A page of calls.
#[derive(Clone, Debug, Serialize)]
pub struct CallPage {
    /// Newest first.
    pub calls: Vec<CallLine>,
    /// Hand it back as `cursor` for the next page; null on the last.
    pub next_cursor: Option<String>,
    /// At most so many on a page.
    pub limit: i64,
}

/// Where a recording is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordingFile {
    /// In the blob storage.
    pub blob_key: String,
}

/// Everything about one call.
#[derive(Clone, Debug, Serialize)]
pub struct CallDetail {
    /// Its number.
    pub call_id: CallId,
    /// The customer's number.
    pub phone_number: Option<String>,
    /// The customer's name.
    pub customer_name: Option<String>,
    /// The same, for older readers.
    pub name: Option<String>,
    /// The customer's address.
    pub address: Option<String>,
    /// The customer.
    pub contact_card_id: Option<ContactCardId>,
    /// The customer's lead.
    pub lead_id: Option<LeadId>,
    /// inbound or outbound.
    pub direction: Option<String>,
    /// Where it stands as a telephone call.
    pub status: String,
    /// Where it stands on its way to being analysed.
    pub stage: String,
    /// Whose conversation it is.
    pub call_type: Option<String>,
    /// Nobody took it.
    pub missed_call: bool,
    /// The AI says booked.
    pub booked: bool,
    /// The AI's verdict.
    pub booking_status: Option<String>,
    /// In seconds.
    pub duration_seconds: Option<i32>,
    /// The CSR whose call it is.
    pub owner_id: Option<String>,
    /// The rep it is assigned to.
    pub assigned_rep_id: Option<String>,
    /// Who reported it.
    pub provider: String,
    /// What they call it.
    pub provider_call_id: String,
    /// A link to the audio, or null.
    pub recording_url: Option<String>,
    /// The words spoken.
    pub transcript: Option<String>,
    /// Who spoke them when.
    pub transcript_segments: Vec<TranscriptSegment>,
    /// The newest analysis.
    pub analysis: Option<CallAnalysisView>,
    /// What its provider said that cannot be true.
    pub problems: Value,
    /// Why it has failed, if it has.
    pub failure: Option<CallFailure>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Why a call will not be analysed, unless somebody has it tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CallFailure {
    /// `recording_failed`, `submission_failed`, `timeout`, the AI vendor's own code, or `cancelled`, which people did.
    pub code: String,
    /// In words.
    pub message: Option<String>,
}

impl CallFailure {
    /// Of a recording that was given up, for the reason written down with it.
    pub fn of_recording(reason: Option<String>) -> Self {
        match reason {
            Some(code) if code == shunya_jobs::CALLED_OFF => Self { code, message: None },
            message => Self { code: "recording_failed".to_owned(), message },
        }
    }
}

/// Why a view cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A link could not be made.
    #[error(transparent)]
    Blob(#[from] BlobError),
}

impl ViewError {
    /// How the failure concerns the caller.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Store(error) => error.kind(),
            Self::Blob(error) => error.kind(),
        }
    }
}

/// A link to a recording for a client.
pub async fn link_recording(
    ports: &Ports,
    viewer: &Viewer,
    file: Option<&RecordingFile>,
) -> Result<Option<String>, ViewError> {
    let key = file.and_then(|file| BlobKey::parse(&viewer.company, &file.blob_key));
    match key {
        Some(key) => {
            let link = ports.blobs.link(&key, LinkFor::Reading, CLIENT_LINK_LIFE, ports.clock.now()).await?;
            Ok(Some(link.expose().clone()))
        }
        None => Ok(None),
    }
}

/// One call with a link to its recording.
pub async fn call_detail(
    ports: &Ports,
    viewer: &Viewer,
    id: CallId,
) -> Result<Option<CallDetail>, ViewError> {
    let Some((mut call, file)) = ports.reads.call(viewer, id).await? else { return Ok(None) };
    call.recording_url = link_recording(ports, viewer, file.as_ref()).await?;
    Ok(Some(call))
}
