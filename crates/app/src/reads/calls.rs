use kernel::{AnalysisId, CallId, ContactCardId, ErrorKind, LeadId, StoreError, Timestamp, UserId};
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

use super::Viewer;
use crate::{
    Ports,
    ports::{BlobError, BlobKey},
};

/// Links to recordings handed to clients work this long (contract `conventions.md` §15: at least one hour).
const CLIENT_LINK_LIFE: Duration = Duration::from_hours(2);

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
        let created_at = chrono::DateTime::from_timestamp_micros(at.parse().ok()?)?;
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
    /// booked, not_booked, service_not_offered.
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
    /// When it began.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// One speaker's turn.
#[derive(Clone, Debug, Serialize)]
pub struct TranscriptSegment {
    /// Who.
    pub speaker: Option<String>,
    /// What.
    pub text: String,
    /// Seconds into the call.
    pub start_time: Option<f64>,
    /// Seconds into the call.
    pub end_time: Option<f64>,
}

/// How far the analysis of a call has come, in the contract's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnalysisState {
    /// Stored.
    Complete,
    /// Not asked for, or nothing to analyse.
    NotAnalyzed,
    /// Under way.
    Processing,
    /// Given up on.
    Failed,
}

impl AnalysisState {
    /// What a call without an analysis answers, by its stage.
    pub fn without_analysis(stage: &str) -> Self {
        match stage {
            "fetching_recording" | "recorded" | "analysing" => Self::Processing,
            "failed" => Self::Failed,
            _ => Self::NotAnalyzed,
        }
    }
}

/// An analysis as clients read it.
#[derive(Clone, Debug, Serialize)]
pub struct CallAnalysisView {
    /// The call.
    pub call_id: CallId,
    /// The analysis, once there is one.
    pub analysis_id: Option<AnalysisId>,
    /// How far it has come.
    pub status: AnalysisState,
    /// The words spoken.
    pub transcript: Option<String>,
    /// A few sentences.
    pub summary: Option<String>,
    /// What the customer objected to, in words.
    pub objections: Vec<String>,
    /// The same, in full.
    pub objection_details: Vec<ObjectionDetail>,
    /// Advice for the CSR.
    pub coaching_tips: Vec<CoachingTip>,
    /// 0 to 1.
    pub sentiment_score: Option<f64>,
    /// Not sent by this vendor.
    pub engagement_score: Option<f64>,
    /// Stages of the script followed.
    pub sop_stages_completed: Vec<String>,
    /// Stages of the script missed.
    pub sop_stages_missed: Vec<String>,
    /// 0 to 10.
    pub sop_compliance_score: Option<f64>,
    /// Every stage.
    pub sop_compliance: Vec<SopStage>,
    /// Not sent by this vendor.
    pub rehash_score: Option<f64>,
    /// Not sent by this vendor.
    pub conversion_probability: Option<f64>,
    /// hot, warm, cold, qualified or unqualified.
    pub lead_quality: Option<String>,
    /// booked, not_booked or service_not_offered.
    pub booking_status: Option<String>,
    /// Both in one word.
    pub call_outcome_category: Option<String>,
    /// Script violations.
    pub compliance_violations: Vec<String>,
    /// What was done well.
    pub compliance_positive_behaviors: Vec<String>,
    /// What to do better.
    pub compliance_recommendations: Vec<String>,
    /// What was promised.
    pub pending_actions: Vec<Value>,
    /// What the vendor sent that we do not know.
    pub unknown_values: Value,
    /// When it was made.
    pub analyzed_at: Option<Timestamp>,
}

impl CallAnalysisView {
    /// What a call without an analysis answers.
    pub fn none(call: CallId, status: AnalysisState, transcript: Option<String>) -> Self {
        Self {
            call_id: call,
            analysis_id: None,
            status,
            transcript,
            summary: None,
            objections: Vec::new(),
            objection_details: Vec::new(),
            coaching_tips: Vec::new(),
            sentiment_score: None,
            engagement_score: None,
            sop_stages_completed: Vec::new(),
            sop_stages_missed: Vec::new(),
            sop_compliance_score: None,
            sop_compliance: Vec::new(),
            rehash_score: None,
            conversion_probability: None,
            lead_quality: None,
            booking_status: None,
            call_outcome_category: None,
            compliance_violations: Vec::new(),
            compliance_positive_behaviors: Vec::new(),
            compliance_recommendations: Vec::new(),
            pending_actions: Vec::new(),
            unknown_values: Value::Array(Vec::new()),
            analyzed_at: None,
        }
    }
}

/// One objection in full.
#[derive(Clone, Debug, Serialize)]
pub struct ObjectionDetail {
    /// The category's name.
    pub category: Option<String>,
    /// The category's number.
    pub category_id: Option<i64>,
    /// In words.
    pub objection_text: Option<String>,
    /// Seconds into the call.
    pub timestamp: Option<f64>,
    /// low, medium or high.
    pub severity: Option<String>,
    /// Did the CSR answer it?
    pub overcome: Option<bool>,
    /// Who said it.
    pub speaker_id: Option<String>,
    /// 0 to 1.
    pub confidence_score: Option<f64>,
    /// What to answer next time.
    pub response_suggestions: Vec<String>,
}

/// Advice for the CSR.
#[derive(Clone, Debug, Serialize)]
pub struct CoachingTip {
    /// In words.
    pub tip: String,
    /// Not sent by this vendor.
    pub priority: Option<String>,
    /// Not sent by this vendor.
    pub category: Option<String>,
    /// Not sent by this vendor.
    pub timestamp: Option<f64>,
}

/// One stage of the script.
#[derive(Clone, Debug, Serialize)]
pub struct SopStage {
    /// Its name.
    pub stage: String,
    /// completed or missed.
    pub status: &'static str,
    /// 0 to 10.
    pub score: Option<f64>,
}

/// The dashboard's buckets of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DashboardBucket {
    /// Every call.
    All,
    /// The customer called it off.
    Cancelled,
    /// Booked, and waiting for a price.
    AwaitingQuote,
    /// Booked, and thinking about it.
    StillDeciding,
    /// Bought.
    Purchased,
    /// Nobody took it.
    Missed,
    /// Booked, and lost.
    Lost,
    /// What was said and what was entered differ.
    Discrepancies,
}

impl DashboardBucket {
    /// Every bucket.
    pub const ALL: [Self; 8] = [
        Self::All,
        Self::Cancelled,
        Self::AwaitingQuote,
        Self::StillDeciding,
        Self::Purchased,
        Self::Missed,
        Self::Lost,
        Self::Discrepancies,
    ];

    /// As asked for and answered.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Cancelled => "cancelled",
            Self::AwaitingQuote => "awaiting_quote",
            Self::StillDeciding => "still_deciding",
            Self::Purchased => "purchased",
            Self::Missed => "missed",
            Self::Lost => "lost",
            Self::Discrepancies => "discrepancies",
        }
    }
}

/// A call in a dashboard bucket.
#[derive(Clone, Debug, Serialize)]
pub struct DashboardCall {
    /// Its number.
    pub call_id: CallId,
    /// The customer's number.
    pub phone_number: Option<String>,
    /// The customer's name.
    pub customer_name: Option<String>,
    /// The same, for older readers.
    pub name: Option<String>,
    /// Nobody took it.
    pub missed_call: bool,
    /// The AI says booked.
    pub booked: bool,
    /// The AI's verdict.
    pub booking_status: Option<String>,
    /// The customer.
    pub contact_card_id: Option<ContactCardId>,
    /// The customer's lead.
    pub lead_id: Option<LeadId>,
    /// Where it stands as a telephone call.
    pub status: String,
    /// The rep it is assigned to.
    pub assigned_rep_id: Option<String>,
    /// In seconds.
    pub duration_seconds: Option<i32>,
    /// The customer called it off.
    pub cancelled: bool,
    /// The customer bought.
    pub bought: bool,
    /// When it began.
    pub created_at: Timestamp,
}

/// A slice of a dashboard bucket.
#[derive(Clone, Debug, Serialize)]
pub struct DashboardCalls {
    /// Newest first.
    pub calls: Vec<DashboardCall>,
    /// How many there are in all.
    pub total: i64,
    /// As asked for.
    pub limit: i64,
    /// As asked for.
    pub offset: i64,
    /// The bucket.
    pub status: &'static str,
}

/// A call in the older list.
#[derive(Clone, Debug, Serialize)]
pub struct LegacyCallLine {
    /// Its number.
    pub call_id: CallId,
    /// The customer's number.
    pub phone: Option<String>,
    /// The customer's name.
    pub customer_name: Option<String>,
    /// Where it stands as a telephone call.
    pub status: String,
    /// In seconds.
    pub duration_seconds: Option<i32>,
    /// The AI says booked.
    pub booked: bool,
    /// Nobody took it.
    pub missed_call: bool,
    /// The customer.
    pub contact_card_id: Option<ContactCardId>,
    /// When it began.
    pub created_at: Timestamp,
}

/// The older list of calls.
#[derive(Clone, Debug, Serialize)]
pub struct LegacyCalls {
    /// Newest first.
    pub calls: Vec<LegacyCallLine>,
    /// How many there are in all.
    pub total: i64,
    /// As asked for.
    pub limit: i64,
    /// As asked for.
    pub offset: i64,
}

impl From<DashboardCalls> for LegacyCalls {
    fn from(list: DashboardCalls) -> Self {
        let line = |call: DashboardCall| LegacyCallLine {
            call_id: call.call_id,
            phone: call.phone_number,
            customer_name: call.customer_name,
            status: call.status,
            duration_seconds: call.duration_seconds,
            booked: call.booked,
            missed_call: call.missed_call,
            contact_card_id: call.contact_card_id,
            created_at: call.created_at,
        };
        let calls = list.calls.into_iter().map(line).collect();
        Self { calls, total: list.total, limit: list.limit, offset: list.offset }
    }
}

/// The older detail of a call.
#[derive(Clone, Debug, Serialize)]
pub struct LegacyCallDetail {
    /// Its number.
    pub call_id: CallId,
    /// The customer's number.
    pub phone: Option<String>,
    /// The customer's name.
    pub customer_name: Option<String>,
    /// In seconds.
    pub duration_seconds: Option<i32>,
    /// The words spoken.
    pub transcript: Option<String>,
    /// Where it stands as a telephone call.
    pub status: String,
    /// The newest analysis, in short.
    pub analysis: Option<LegacyAnalysis>,
    /// When it began.
    pub created_at: Timestamp,
}

/// An analysis in short.
#[derive(Clone, Debug, Serialize)]
pub struct LegacyAnalysis {
    /// What the customer objected to, in words.
    pub objections: Vec<String>,
    /// 0 to 1.
    pub sentiment_score: Option<f64>,
    /// Advice for the CSR, in words.
    pub coaching_tips: Vec<String>,
}

impl From<CallDetail> for LegacyCallDetail {
    fn from(call: CallDetail) -> Self {
        Self {
            call_id: call.call_id,
            phone: call.phone_number,
            customer_name: call.customer_name,
            duration_seconds: call.duration_seconds,
            transcript: call.transcript,
            status: call.status,
            analysis: call.analysis.map(|analysis| LegacyAnalysis {
                objections: analysis.objections,
                sentiment_score: analysis.sentiment_score,
                coaching_tips: analysis.coaching_tips.into_iter().map(|tip| tip.tip).collect(),
            }),
            created_at: call.created_at,
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
            let link = ports.blobs.link(&key, CLIENT_LINK_LIFE, ports.clock.now()).await?;
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
