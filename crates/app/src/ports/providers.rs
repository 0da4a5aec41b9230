use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use calls::{CallEvent, CallEventKind, CallType};
use kernel::{CallId, CompanyId, PhoneNumber, Provider, ProviderError, Secret, Timestamp};
use serde_json::Value;

use super::ByteStream;

/// A webhook as it reached us.
#[derive(Clone)]
pub struct Delivery {
    /// What its URL says it is about, such as `call.completed`.
    pub kind: &'static str,
    /// The tenant's unguessable path segment, where the URL had one.
    pub tenant_key: Option<Secret>,
    /// The path without that segment.
    pub path: String,
    /// The query string, without `?`.
    pub query: String,
    /// `Content-Type` as sent.
    pub content_type: Option<String>,
    /// The headers that prove who sent it: lower-case name and value.
    pub proof: Vec<(String, String)>,
    /// The raw bytes, which is what signatures are over.
    pub body: Bytes,
    /// When it arrived.
    pub received_at: Timestamp,
    /// The trace it belongs to.
    pub trace: Option<String>,
}

impl Delivery {
    /// A proof header's value.
    pub fn proof(&self, name: &str) -> Option<&str> {
        self.proof.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }
}

/// What a delivery says of whose it is. Not to be believed before its signature is checked with that tenant's key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantHints {
    /// The provider's names for the company.
    pub accounts: Vec<String>,
    /// The number that was called.
    pub tracking_number: Option<PhoneNumber>,
}

/// Why an authentic delivery cannot be understood. Goes into the inbox row; holds nothing of the body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// Neither JSON nor a form that can be parsed, or not an object.
    Malformed,
    /// A content type we do not read.
    MediaType,
}

impl Unreadable {
    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed_body",
            Self::MediaType => "unsupported_media_type",
        }
    }
}

/// A provider's webhooks about calls.
pub trait CallWebhooks: Send + Sync {
    /// Whose.
    fn provider(&self) -> Provider;
    /// What it says of whose it is. Works on bytes that do not parse.
    fn hints(&self, delivery: &Delivery) -> TenantHints;
    /// Whether the delivery was signed with this key.
    fn verify(&self, delivery: &Delivery, key: &Secret) -> bool;
    /// Reads it. Fields that cannot be true become problems of the event, not errors.
    fn read(&self, delivery: &Delivery, kind: CallEventKind) -> Result<CallEvent, Unreadable>;
}

/// What a company's account at a provider is reached with.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// The account.
    pub account_id: String,
    /// Its key.
    pub api_key: Secret,
}

/// A recording being downloaded.
pub struct RecordingDownload {
    /// As the provider says.
    pub content_type: Option<String>,
    /// In bytes, where the provider says.
    pub length: Option<u64>,
    /// The bytes.
    pub body: ByteStream,
}

/// Which calls to list.
#[derive(Clone, Debug)]
pub struct CallsSince {
    /// Begun at or after.
    pub since: Timestamp,
    /// Where the last page left off.
    pub page: Option<String>,
}

/// A page of a provider's own list of calls.
#[derive(Clone, Debug)]
pub struct ListedCalls {
    /// Each call as the event that would have told us of it, with the company it is of.
    pub events: Vec<(TenantHints, CallEvent)>,
    /// Where the next page begins, if there is one.
    pub next_page: Option<String>,
}

/// A provider's recordings, and its own list of calls.
#[async_trait]
pub trait RecordingSource: Send + Sync {
    /// Whose.
    fn provider(&self) -> Provider;
    /// Starts downloading a recording. [`ProviderError::NotFound`] while there is none (yet).
    async fn download(
        &self,
        credentials: &Credentials,
        recording_id: &str,
    ) -> Result<RecordingDownload, ProviderError>;
    /// A page of the calls the provider knows, to find those whose webhooks never reached us.
    async fn list_calls(
        &self,
        credentials: &Credentials,
        since: &CallsSince,
    ) -> Result<ListedCalls, ProviderError>;
}

/// A request for an analysis.
#[derive(Clone, Debug)]
pub struct SubmitRequest {
    /// The same for every try of one submission, another for the next submission.
    pub idempotency_key: String,
    /// The tenant.
    pub company: CompanyId,
    /// The call, by the number the vendor knows it by.
    pub call: CallId,
    /// Where the vendor may fetch the audio.
    pub audio_url: Secret,
    /// Whose conversation it is.
    pub call_type: CallType,
    /// The company's IANA zone, where it has one.
    pub time_zone: Option<String>,
    /// When the call began.
    pub started_at: Timestamp,
}

/// The vendor took it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedByEngine {
    /// Its id for the work.
    pub task_id: Option<String>,
}

/// Where the vendor says an analysis stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineStatus {
    /// Not done yet.
    Processing,
    /// The transcript is there, but nobody asked for the analysis.
    NotStarted,
    /// Done.
    Completed,
    /// Given up.
    Failed {
        /// The vendor's code.
        code: String,
    },
    /// The vendor knows nothing of this call.
    Unknown,
}

/// The AI vendor.
#[async_trait]
pub trait AnalysisEngine: Send + Sync {
    /// The longest audio it takes, in bytes.
    fn max_audio_bytes(&self) -> u64;
    /// Asks for transcript and analysis. Asking twice with one key is asking once.
    async fn submit(&self, request: &SubmitRequest) -> Result<AcceptedByEngine, ProviderError>;
    /// Asks for the analysis of a call whose transcript is there.
    async fn start_analysis(&self, company: &CompanyId, call: CallId) -> Result<(), ProviderError>;
    /// Where it stands.
    async fn status(&self, company: &CompanyId, call: CallId) -> Result<EngineStatus, ProviderError>;
    /// The whole analysis, as sent.
    async fn result(&self, company: &CompanyId, call: CallId) -> Result<Value, ProviderError>;
    /// The transcript, as sent.
    async fn transcript(&self, company: &CompanyId, call: CallId) -> Result<Value, ProviderError>;
}

/// Why a vendor webhook is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofError {
    /// No signature or no timestamp.
    Missing,
    /// The timestamp cannot be read, or lies too far from now.
    Expired,
    /// The signature is not of these bytes.
    Mismatch,
    /// We have no secret to check with; then nothing is believed.
    NoSecret,
}

impl ProofError {
    /// For metrics and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Expired => "expired",
            Self::Mismatch => "mismatch",
            Self::NoSecret => "no_secret",
        }
    }
}

/// What a vendor webhook is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineEventKind {
    /// The transcript is there.
    Transcribed,
    /// The analysis is there.
    Analysed,
    /// The vendor gave up.
    Failed,
    /// Nothing yet, or something we do not use.
    Progress,
}

/// A vendor webhook, read.
#[derive(Clone, PartialEq)]
pub struct EngineEvent {
    /// What it is about.
    pub kind: EngineEventKind,
    /// The tenant it names.
    pub company: String,
    /// The vendor's ids for the work, in the order they are to be tried.
    pub task_ids: Vec<String>,
    /// The call it names.
    pub call: Option<CallId>,
    /// What it carries (`result` or `data`), or nothing.
    pub payload: Option<Value>,
    /// The vendor's error code, for a failure.
    pub error_code: Option<String>,
}

/// The AI vendor's webhooks.
pub trait AnalysisWebhooks: Send + Sync {
    /// Whether the delivery was signed with our secret, and lately.
    fn verify(&self, delivery: &Delivery, now: Timestamp) -> Result<(), ProofError>;
    /// Reads it. `Ok(None)` if it lacks the ids every event has.
    fn read(&self, body: &[u8]) -> Result<Option<EngineEvent>, Unreadable>;
}

/// How long a link to audio handed to the vendor works: its queue may be long (contract `shunya.md` §10).
pub const AUDIO_LINK_LIFE: Duration = Duration::from_hours(6);

// signatures are kept from logs like what they prove
kernel::hides_personal!(Delivery { kind, tenant_key, path, content_type, received_at, trace; query, proof, body });
kernel::hides_personal!(EngineEvent { kind, company, task_ids, call, error_code; payload });
