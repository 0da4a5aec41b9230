use std::borrow::Cow;

use async_trait::async_trait;
use calls::{AnalysisProgress, CallFacts, CallStage, CallType, Problem, ProviderCallIds, RecordingState};
use crm::{AppointmentChange, ContactUpdate, KnownLead, LeadFacts, LeadMove, LeadStatus, NewSignal, NewTask};
use kernel::{
    AnalysisId, AppointmentId, CallId, ContactCardId, EventId, KeySignalId, LeadId, PhoneNumber, Provider,
    RecordingId, ShunyaJobId, StoreError, TaskId, Timestamp, TranscriptId, UserId,
};
use serde_json::Value;
use shunya_jobs::{AnalysisRecord, Failure, JobState, ShunyaJob, Transcript, UnknownValue};
use tenancy::Company;

/// A call as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredCall {
    /// Its number; 0 before it is inserted.
    pub id: CallId,
    /// Who reports it.
    pub provider: Provider,
    /// What they call it.
    pub ids: ProviderCallIds,
    /// All that was said of it.
    pub facts: CallFacts,
    /// What was said that cannot be true.
    pub problems: Vec<Problem>,
    /// Where it stands on its way to being analysed.
    pub stage: CallStage,
    /// Whose conversation it is.
    pub call_type: Option<CallType>,
    /// The CSR whose call it is.
    pub owner: Option<UserId>,
    /// The customer.
    pub contact: Option<ContactCardId>,
    /// The customer's lead.
    pub lead: Option<LeadId>,
    /// The newest analysis' verdict.
    pub lead_quality: Option<String>,
    /// The newest analysis' verdict.
    pub booking_status: Option<String>,
    /// When the newest analysis was made.
    pub analyzed_at: Option<Timestamp>,
    /// When it began; when it was first heard of, if nobody said.
    pub created_at: Timestamp,
    /// When it was first heard of.
    pub received_at: Timestamp,
}

impl StoredCall {
    /// How far its analysis has come, as its stage tells.
    pub fn analysis_progress(&self, recording: Option<RecordingState>) -> AnalysisProgress {
        match (self.stage, recording) {
            (CallStage::Analysing, _) => AnalysisProgress::Requested,
            (CallStage::Analysed, _) => AnalysisProgress::Done,
            (CallStage::Failed, Some(RecordingState::Stored)) => AnalysisProgress::Failed,
            _ => AnalysisProgress::None,
        }
    }
}

/// A call's recording as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct Recording {
    /// Its id.
    pub id: RecordingId,
    /// The call.
    pub call: CallId,
    /// Where it comes from.
    pub provider: Provider,
    /// What the provider calls it.
    pub provider_recording_id: Option<String>,
    /// Where it stands.
    pub state: RecordingState,
    /// Where it is kept.
    pub blob_key: Option<String>,
    /// What it is.
    pub content_type: Option<String>,
    /// How many bytes.
    pub size_bytes: Option<i64>,
    /// Of what content.
    pub sha256: Option<String>,
    /// How long, in seconds.
    pub duration_seconds: Option<i32>,
    /// Why it was given up.
    pub error: Option<String>,
}

/// Calls and their recordings.
#[async_trait]
pub trait CallRepository: Send {
    /// By any of the provider's ids, locked until the unit of work ends.
    async fn find_by_provider(
        &mut self,
        provider: Provider,
        ids: &ProviderCallIds,
    ) -> Result<Option<StoredCall>, StoreError>;
    /// Those that bear one of the provider's newer names. Not locked.
    async fn named(&mut self, provider: Provider, names: &[&str]) -> Result<Vec<StoredCall>, StoreError>;
    /// By its number, locked until the unit of work ends.
    async fn find(&mut self, id: CallId) -> Result<Option<StoredCall>, StoreError>;
    /// The first call of a customer's in a stretch of time that was moved in and that its provider has not named yet, locked
    /// until the unit of work ends.
    async fn find_imported(
        &mut self,
        provider: Provider,
        phone: &PhoneNumber,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Option<StoredCall>, StoreError>;
    /// Adds a call and answers its number; `None` if somebody else just added it.
    async fn insert(&mut self, call: &StoredCall, now: Timestamp) -> Result<Option<CallId>, StoreError>;
    /// Adds a call that was not there when this unit looked, and answers its number. If somebody else has added it since, the
    /// unit fails as one that is to be done again.
    async fn insert_new(&mut self, call: &StoredCall, now: Timestamp) -> Result<CallId, StoreError>;
    /// Writes a call back.
    async fn save(&mut self, call: &StoredCall, now: Timestamp) -> Result<(), StoreError>;
    /// Makes one call of two that turned out to be the same: what was stored about `gone` is about `kept` from now on,
    /// its events under the keys they would have had. The recording of `gone` is dropped; it must not be analysed.
    async fn unite(
        &mut self,
        kept: CallId,
        gone: CallId,
        event_keys: &[(String, String)],
    ) -> Result<(), StoreError>;
    /// A call's recording.
    async fn recording(&mut self, call: CallId) -> Result<Option<Recording>, StoreError>;
    /// Adds a call's recording, or writes it back.
    async fn save_recording(&mut self, recording: &Recording, now: Timestamp) -> Result<(), StoreError>;
}

/// An analysis to be stored.
#[derive(Clone, Debug)]
pub struct NewAnalysis<'a> {
    /// Its id.
    pub id: AnalysisId,
    /// The call.
    pub call: CallId,
    /// The request it answers.
    pub job: ShunyaJobId,
    /// Of the normalised record, to tell two answers apart.
    pub fingerprint: &'a str,
    /// What it says.
    pub record: &'a AnalysisRecord,
    /// What it says that we do not know.
    pub unknown: &'a [UnknownValue],
    /// As it was sent.
    pub payload: &'a Value,
    /// When the vendor made it.
    pub analyzed_at: Timestamp,
}

/// A request an event speaks of.
#[derive(Clone, Debug)]
pub struct MatchedJob {
    /// The request.
    pub job: ShunyaJob,
    /// The trace it was made in.
    pub trace: Option<String>,
}

/// Requests to Shunya, transcripts and analyses.
#[async_trait]
pub trait AnalysisRepository: Send {
    /// Adds a request; `false` if the same call was already submitted with the same input.
    async fn insert_job(
        &mut self,
        job: &ShunyaJob,
        input_hash: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
    /// One, locked until the unit of work ends.
    async fn find_job(&mut self, id: ShunyaJobId) -> Result<Option<ShunyaJob>, StoreError>;
    /// The request an event speaks of: by the vendor's ids, else the newest of the call. Locked.
    async fn match_job(
        &mut self,
        task_ids: &[String],
        call: Option<CallId>,
    ) -> Result<Option<MatchedJob>, StoreError>;
    /// Records that the vendor took it.
    async fn mark_submitted(
        &mut self,
        id: ShunyaJobId,
        task_id: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// Records its outcome: the result's fingerprint and the way it came (`webhook`, `poll`), or a failure.
    async fn settle_job(
        &mut self,
        id: ShunyaJobId,
        state: JobState,
        result: Option<(&str, &str)>,
        failure: Option<&Failure>,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// Records the trace it was last submitted in: the vendor's webhook comes without one.
    async fn set_trace(&mut self, id: ShunyaJobId, trace: &str) -> Result<(), StoreError>;
    /// The trace it was last submitted in.
    async fn trace_of(&mut self, id: ShunyaJobId) -> Result<Option<String>, StoreError>;
    /// Writes back a request that was opened again, as [`ShunyaJob::open_again`] has it; its failure is forgotten.
    async fn reopen_job(&mut self, job: &ShunyaJob, now: Timestamp) -> Result<(), StoreError>;
    /// Whether the request's transcript is stored.
    async fn has_transcript(&mut self, job: ShunyaJobId) -> Result<bool, StoreError>;
    /// Stores a transcript; `false` if the request has one.
    async fn insert_transcript(
        &mut self,
        id: TranscriptId,
        call: CallId,
        job: ShunyaJobId,
        transcript: &Transcript,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Stores an analysis with its objections; `false` if the request has one.
    async fn insert_analysis(
        &mut self,
        analysis: &NewAnalysis<'_>,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
}

/// A customer seen for the first time.
#[derive(Clone, Debug)]
pub struct NewContact<'a> {
    /// Its id, if it is new.
    pub id: ContactCardId,
    /// The natural key.
    pub phone: &'a PhoneNumber,
    /// As the provider has it.
    pub name: Option<&'a str>,
    /// As the provider has it.
    pub city: Option<&'a str>,
    /// As the provider has it.
    pub state: Option<&'a str>,
}

/// A contact card that is there now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnsuredContact {
    /// Which.
    pub id: ContactCardId,
    /// Whether it was made just now.
    pub is_new: bool,
}

/// A lead to be made if the contact has none to go on with.
#[derive(Clone, Debug)]
pub struct NewLead {
    /// Its id, if it is made.
    pub id: LeadId,
    /// Whose.
    pub contact: ContactCardId,
    /// What the call it is made for says of it.
    pub facts: LeadFacts,
}

/// A lead that is there now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnsuredLead {
    /// Which.
    pub id: LeadId,
    /// Where it stands.
    pub status: LeadStatus,
    /// Whether it was made just now.
    pub is_new: bool,
}

/// What a planned task is attached to.
#[derive(Clone, Debug)]
pub struct NewTaskRow<'a> {
    /// Its id, if it is made.
    pub id: TaskId,
    /// What to do.
    pub task: &'a NewTask,
    /// For whom.
    pub contact: Option<ContactCardId>,
    /// For which lead.
    pub lead: Option<LeadId>,
    /// From which call.
    pub call: CallId,
}

/// What a planned signal is attached to.
#[derive(Clone, Debug)]
pub struct NewSignalRow<'a> {
    /// Its id, if it is made.
    pub id: KeySignalId,
    /// What to know.
    pub signal: &'a NewSignal,
    /// About whom.
    pub contact: ContactCardId,
    /// About which lead.
    pub lead: Option<LeadId>,
    /// From which call.
    pub call: CallId,
}

/// An appointment to be made.
#[derive(Clone, Debug)]
pub struct NewAppointment<'a> {
    /// Its id, if it is made.
    pub id: AppointmentId,
    /// For which lead.
    pub lead: LeadId,
    /// With whom.
    pub contact: ContactCardId,
    /// From which call.
    pub call: CallId,
    /// When.
    pub start: Timestamp,
    /// in-person, virtual or phone.
    pub appointment_type: Option<&'a str>,
    /// Where.
    pub location: Option<&'a str>,
    /// What for.
    pub service_type: Option<&'a str>,
}

/// Contact cards, leads, appointments, tasks and key signals.
#[async_trait]
pub trait CrmRepository: Send {
    /// The contact card of a number, made if there is none. Concurrent callers get the same one.
    async fn ensure_contact(
        &mut self,
        contact: &NewContact<'_>,
        now: Timestamp,
    ) -> Result<EnsuredContact, StoreError>;
    /// Puts on a contact card what the customer said in a call that began at a time, where nobody wrote anything and no
    /// earlier call said anything. Answers whether anything changed. Locks the card until the unit of work ends, even for
    /// nothing: who needs a card and its lead takes the card first.
    async fn hear_of_contact(
        &mut self,
        id: ContactCardId,
        update: &ContactUpdate,
        call: (CallId, Timestamp),
        now: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Makes a contact card, and a lead of its, what their stored calls say of them, except where people wrote something
    /// else. Locks the card until the unit of work ends.
    async fn learn_from_calls(
        &mut self,
        contact: ContactCardId,
        lead: Option<LeadId>,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// The contact's active lead; else the newest one asleep, which the customer takes up again; else a new one.
    /// Concurrent callers get the same one.
    async fn ensure_lead(&mut self, lead: &NewLead, now: Timestamp) -> Result<EnsuredLead, StoreError>;
    /// What is known of a lead, locked until the unit of work ends.
    async fn known_lead(&mut self, id: LeadId) -> Result<Option<KnownLead>, StoreError>;
    /// Records a verdict on a lead, its move if it moves, and the line in its history. `false` if the move would give
    /// the contact a second active lead; then nothing moves.
    async fn record_verdict(
        &mut self,
        id: LeadId,
        call: CallId,
        call_at: Timestamp,
        lead_move: Option<&LeadMove>,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Makes an appointment; `false` if the lead has one at that time.
    async fn insert_appointment(
        &mut self,
        appointment: &NewAppointment<'_>,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Moves or cancels an appointment still to be held; `false` if it is not, or the lead has one at the new time.
    async fn change_appointment(
        &mut self,
        change: &AppointmentChange,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
    /// Makes a task; `false` if an unfinished one with its key exists, or this call already made it.
    async fn insert_task(&mut self, task: &NewTaskRow<'_>, now: Timestamp) -> Result<bool, StoreError>;
    /// Makes a signal; `false` if an unacknowledged one with its key exists, or this call already made it.
    async fn insert_signal(&mut self, signal: &NewSignalRow<'_>, now: Timestamp) -> Result<bool, StoreError>;
    /// Marks this tenant's open tasks past their due time as overdue; answers them, at most `limit`.
    async fn mark_overdue(&mut self, now: Timestamp, limit: i64) -> Result<Vec<TaskId>, StoreError>;
}

/// Something that happened, as told to whoever listens (contract `conventions.md` §13).
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Its id: the order of things for one tenant.
    pub id: EventId,
    /// Its name in the catalogue.
    pub event: Cow<'static, str>,
    /// Under which it is stored and told once.
    pub key: String,
    /// The lead it concerns.
    pub lead: Option<LeadId>,
    /// The person it concerns.
    pub user: Option<UserId>,
    /// The call it concerns.
    pub call: Option<CallId>,
    /// What the catalogue says it carries.
    pub data: Value,
    /// When it happened.
    pub at: Timestamp,
}

/// What happened.
#[async_trait]
pub trait EventLog: Send {
    /// Adds events not there yet; answers those added.
    async fn append(&mut self, events: Vec<Event>, trace: Option<&str>) -> Result<Vec<Event>, StoreError>;
    /// Corrects which lead and person stored events concern.
    async fn relate(
        &mut self,
        keys: &[String],
        lead: Option<LeadId>,
        user: Option<&UserId>,
    ) -> Result<(), StoreError>;
}

/// The company and its people.
#[async_trait]
pub trait TenantDirectory: Send {
    /// The tenant itself.
    async fn company(&mut self) -> Result<Option<Company>, StoreError>;
    /// Whether this is one of its people.
    async fn has_user(&mut self, id: &UserId) -> Result<bool, StoreError>;
}
