use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use crm::{
    AppointmentOutcome, AppointmentStatus, CardFields, LeadSource, LeadStatus, Priority, SignalSeverity,
    SignalType, TaskAssignee, TaskSource, TaskStatus,
};
use kernel::{
    AppointmentId, CallId, ContactCardId, KeySignalId, LeadId, PhoneNumber, Provider, StoreError, TaskId,
    Timestamp, UserId,
};
use rbac::Role;
use serde_json::Value;
use tenancy::Company;
use uuid::Uuid;

use super::{OldTable, SealedSecret};

/// What became of a row that was to be put in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It is there from now on.
    Taken,
    /// It is there already.
    There,
    /// Another has what only one may have.
    Refused,
}

/// A person.
#[derive(Clone, Debug)]
pub struct MovedUser {
    /// The identity provider's id.
    pub id: UserId,
    /// As shown.
    pub name: Option<String>,
    /// Where they are written to.
    pub email: Option<String>,
    /// What they are.
    pub role: Role,
}

/// A customer's card.
#[derive(Clone)]
pub struct MovedCard {
    /// Its id.
    pub id: ContactCardId,
    /// The natural key.
    pub phone: PhoneNumber,
    /// Another number of theirs.
    pub second_phone: Option<PhoneNumber>,
    /// What is known of them.
    pub fields: CardFields,
    /// Whatever else was noted.
    pub metadata: Option<Value>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

kernel::hides_personal!(MovedCard { id, created_at, updated_at; phone, second_phone, fields, metadata });

/// A card that is there now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardPut {
    /// It was put in.
    Taken,
    /// It is there already.
    There,
    /// The number has another card. Whether something of this one was missing there, and was added.
    United {
        /// Whether it was.
        filled: bool,
    },
    /// Another company has a card of this id.
    Refused,
}

/// A line of a lead's history.
#[derive(Clone, Debug, PartialEq)]
pub struct MovedStep {
    /// From; none when the lead was made.
    pub from: Option<LeadStatus>,
    /// To.
    pub to: LeadStatus,
    /// Why.
    pub reason: Option<String>,
    /// Who or what did it.
    pub triggered_by: String,
    /// Whatever else was noted.
    pub context: Option<Value>,
    /// When.
    pub at: Timestamp,
}

/// A lead with all of its history, which ends at its status.
#[derive(Clone, Debug, PartialEq)]
pub struct MovedLead {
    /// Its id.
    pub id: LeadId,
    /// Whose.
    pub contact: ContactCardId,
    /// Where it stands.
    pub status: LeadStatus,
    /// Where it came from.
    pub source: LeadSource,
    /// The marketing campaign.
    pub campaign: Option<String>,
    /// A column of the company's own board.
    pub pipeline_stage: Option<String>,
    /// How soon somebody should look at it.
    pub priority: Option<Priority>,
    /// How good it looks.
    pub score: Option<i32>,
    /// Labels.
    pub tags: Option<Value>,
    /// Who works on it.
    pub assigned_rep: Option<UserId>,
    /// Where the sale stands.
    pub deal_status: Option<String>,
    /// What it is worth, in cents.
    pub deal_size_cents: Option<i64>,
    /// When the customer was last in contact.
    pub last_contacted_at: Option<Timestamp>,
    /// From its making on, the oldest first. Its length is the lead's version.
    pub history: Vec<MovedStep>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// An appointment.
#[derive(Clone, Debug)]
pub struct MovedAppointment {
    /// Its id.
    pub id: AppointmentId,
    /// For which lead.
    pub lead: LeadId,
    /// With whom.
    pub contact: Option<ContactCardId>,
    /// Who goes.
    pub assigned_rep: Option<UserId>,
    /// When.
    pub start: Timestamp,
    /// Until when.
    pub end: Option<Timestamp>,
    /// Where it stands.
    pub status: AppointmentStatus,
    /// What came of it.
    pub outcome: AppointmentOutcome,
    /// in-person, virtual or phone.
    pub appointment_type: Option<String>,
    /// Where.
    pub location: Option<String>,
    /// What for.
    pub service_type: Option<String>,
    /// Whatever else was noted.
    pub notes: Option<String>,
    /// What another calendar calls it.
    pub external_id: Option<String>,
    /// What was sold, in cents.
    pub deal_size_cents: Option<i64>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A task.
#[derive(Clone)]
pub struct MovedTask {
    /// Its id.
    pub id: TaskId,
    /// For whom.
    pub contact: Option<ContactCardId>,
    /// For which lead.
    pub lead: Option<LeadId>,
    /// For which appointment.
    pub appointment: Option<AppointmentId>,
    /// From which call.
    pub call: Option<CallId>,
    /// What to do.
    pub description: String,
    /// Whose it is.
    pub assigned_to: TaskAssignee,
    /// Which of them.
    pub assignee: Option<String>,
    /// Who made it.
    pub source: TaskSource,
    /// One of the contract's action types.
    pub action_type: Option<String>,
    /// Two unfinished ones with the same are one.
    pub natural_key: String,
    /// When it is due.
    pub due_at: Option<Timestamp>,
    /// Where it stands.
    pub status: TaskStatus,
    /// How soon.
    pub priority: Option<Priority>,
    /// When it was done.
    pub completed_at: Option<Timestamp>,
    /// By whom.
    pub completed_by: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

kernel::hides_personal!(MovedTask { id, contact, lead, appointment, call, status; description, natural_key });

/// A key signal.
#[derive(Clone)]
pub struct MovedSignal {
    /// Its id.
    pub id: KeySignalId,
    /// About whom.
    pub contact: ContactCardId,
    /// About which lead.
    pub lead: Option<LeadId>,
    /// About which appointment.
    pub appointment: Option<AppointmentId>,
    /// What about.
    pub signal_type: SignalType,
    /// How much it matters.
    pub severity: SignalSeverity,
    /// In a few words.
    pub title: String,
    /// In more.
    pub description: Option<String>,
    /// Two open ones with the same are one.
    pub natural_key: String,
    /// What it was made from.
    pub metadata: Option<Value>,
    /// Whether somebody has seen it, when and who.
    pub acknowledged: Option<(Option<Timestamp>, Option<String>)>,
    /// When it was made.
    pub created_at: Timestamp,
}

kernel::hides_personal!(MovedSignal { id, contact, lead, signal_type, severity; title, description, metadata });

/// What came of a call's sale, as people entered it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "boxes people tick")]
pub struct MovedOutcome {
    /// Called off.
    pub cancelled: bool,
    /// Sold.
    pub bought: bool,
    /// Not decided.
    pub still_deciding: bool,
    /// Why it was lost.
    pub loss_reason: Option<String>,
    /// For how much, in cents.
    pub sold_price_cents: Option<i64>,
    /// Whether what was said differs from what was entered.
    pub has_discrepancies: bool,
}

/// Rows that come from elsewhere with ids, times and histories of their own. Nobody is told of them. What is there stays as
/// it is.
#[async_trait]
pub trait Intake: Send {
    /// The company this unit of work is for, and a credential or number only if it has none of the kind.
    async fn put_company(&mut self, company: &Company, now: Timestamp) -> Result<Put, StoreError>;
    /// A number its customers call.
    async fn put_number(
        &mut self,
        provider: Provider,
        number: &PhoneNumber,
        now: Timestamp,
    ) -> Result<Put, StoreError>;
    /// A secret, unless there is one of its name.
    async fn put_credential(
        &mut self,
        provider: Provider,
        name: &str,
        sealed: &SealedSecret,
        now: Timestamp,
    ) -> Result<Put, StoreError>;
    /// A person.
    async fn put_user(&mut self, user: &MovedUser, now: Timestamp) -> Result<Put, StoreError>;
    /// Those of these rows that are there.
    async fn there(&mut self, table: OldTable, ids: &[Uuid]) -> Result<HashSet<Uuid>, StoreError>;
    /// A card. Where its number has one, what is empty there is filled with what this one says.
    async fn put_card(&mut self, card: &MovedCard) -> Result<CardPut, StoreError>;
    /// The card of a number.
    async fn card_of(&mut self, phone: &PhoneNumber) -> Result<Option<ContactCardId>, StoreError>;
    /// A lead with its history. Refused if it is active and its customer has another active one, or if its id is taken.
    async fn put_lead(&mut self, lead: &MovedLead) -> Result<Put, StoreError>;
    /// An appointment. Refused if its lead has another at that time, or another has its external id.
    async fn put_appointment(&mut self, appointment: &MovedAppointment) -> Result<Put, StoreError>;
    /// A task. Refused if an unfinished one says the same.
    async fn put_task(&mut self, task: &MovedTask) -> Result<Put, StoreError>;
    /// A signal. Refused if an open one says the same.
    async fn put_signal(&mut self, signal: &MovedSignal) -> Result<Put, StoreError>;
    /// Which of the predecessor's calls are which of ours.
    async fn imported_calls(&mut self, source: &[i64]) -> Result<HashMap<i64, CallId>, StoreError>;
    /// Calls of a customer's that were first heard of in a stretch of time and are none of the predecessor's.
    async fn calls_around(
        &mut self,
        phone: &PhoneNumber,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<Vec<CallId>, StoreError>;
    /// Notes that a call of ours is one of the predecessor's.
    async fn note_imported_call(
        &mut self,
        source: i64,
        call: CallId,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// What came of a call's sale, unless something is entered already.
    async fn put_outcome(
        &mut self,
        call: CallId,
        outcome: &MovedOutcome,
        now: Timestamp,
    ) -> Result<(), StoreError>;
}
