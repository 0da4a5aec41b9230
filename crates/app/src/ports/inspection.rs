use std::collections::HashMap;

use async_trait::async_trait;
use calls::{CallFacts, CallStage, RecordingState};
use insights::Window;
use kernel::{CallId, CompanyId, ContactCardId, InboxId, Provider, RecordingId, StoreError, Timestamp};
use shunya_jobs::JobState;
use uuid::Uuid;

use crate::verify::RowCheck;

/// The key of a row. Inspections go through tables in the order of their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowKey {
    /// A call's number.
    Number(i64),
    /// Everything else.
    Id(Uuid),
}

/// What is to be counted before it is gone through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// What a check of rows looks at.
    Of(RowCheck),
    /// Calls.
    Calls,
    /// Recordings that say they are stored.
    Recordings,
    /// Customers' cards.
    Cards,
    /// Webhooks.
    Webhooks,
}

/// Where a check of rows stands: in which of its tables, and after which row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Which table, by its place among those the check looks at.
    pub table: usize,
    /// After which row; `None` at the table's beginning.
    pub after: Option<RowKey>,
}

/// Which rows to look at next.
#[derive(Clone, Copy, Debug)]
pub struct Stretch<'a> {
    /// Of this tenant; of all, if none is named.
    pub company: Option<&'a CompanyId>,
    /// At most so many.
    pub rows: i64,
    /// What has been like this since before may still be on its way.
    pub before: Timestamp,
    /// Nothing older than this is expected to be told in `events`.
    pub told_since: Timestamp,
}

/// A row that is not as it must be. Free of personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is, and its id: `call 7`, `lead 0190…`.
    pub subject: String,
    /// Whose.
    pub company: Option<String>,
    /// What is wrong with it.
    pub why: String,
}

/// What a look at some rows found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Looked {
    /// So many rows were looked at.
    pub rows: u64,
    /// Those that are wrong.
    pub found: Vec<Finding>,
    /// Where to go on; `None` at the end.
    pub next: Option<Mark>,
}

/// A call as an inspection reads it: what it is, and all of what it should follow from.
#[derive(Clone)]
pub struct InspectedCall {
    /// Its number.
    pub id: CallId,
    /// Whose.
    pub company: String,
    /// What it says, if a program can read it.
    pub told: Option<InspectedFacts>,
    /// Of its recording.
    pub recording: Option<RecordingState>,
    /// Of its newest request to Shunya.
    pub request: Option<JobState>,
    /// Whether it has one.
    pub has_analysis: bool,
}

/// What a call's row says, and the events it says it from.
#[derive(Clone)]
pub struct InspectedFacts {
    /// All that was ever said of it.
    pub facts: CallFacts,
    /// Where it says it stands.
    pub stage: CallStage,
    /// What lists and dashboards read, by the name of the column. The second is what the facts amount to.
    pub columns: Vec<(&'static str, Column)>,
}

/// A column, and what it should hold. It may hold a customer's number or name: neither is to be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Column {
    /// What it holds.
    pub is: Option<String>,
    /// What it should.
    pub should: Option<String>,
}

/// A stored recording.
#[derive(Clone, Debug)]
pub struct InspectedRecording {
    /// Its id.
    pub id: RecordingId,
    /// Whose.
    pub company: String,
    /// Where it is kept.
    pub blob_key: Option<String>,
    /// How many bytes it must have.
    pub size_bytes: Option<i64>,
    /// What its content must be.
    pub sha256: Option<String>,
}

/// A customer's card.
#[derive(Clone)]
pub struct InspectedCard {
    /// Its id.
    pub id: ContactCardId,
    /// Whose.
    pub company: String,
    /// As stored.
    pub phone: String,
}

/// A stored webhook, as far as its key is made of it.
#[derive(Clone)]
pub struct InspectedWebhook {
    /// Its id.
    pub id: InboxId,
    /// Whose.
    pub company: Option<String>,
    /// Who sent it.
    pub provider: Option<Provider>,
    /// What its address says it is about.
    pub kind: String,
    /// Its query string.
    pub query: String,
    /// Its bytes.
    pub body: Vec<u8>,
    /// Under which it is stored.
    pub event_key: String,
}

/// A call that counts on a dashboard, with the verdicts of its newest analysis as the analysis itself has them.
#[derive(Clone, Debug)]
pub struct CountedCall {
    /// Its number.
    pub id: CallId,
    /// When it began.
    pub created_at: Timestamp,
    /// The verdict.
    pub lead_quality: Option<String>,
    /// The verdict.
    pub booking_status: Option<String>,
}

/// Reads everything there is, across tenants, for checks: in the order of keys, so many rows at a time.
#[async_trait]
pub trait Inspector: Send + Sync {
    /// How many rows there are to go through.
    async fn extent(&self, of: Extent, company: Option<&CompanyId>) -> Result<u64, StoreError>;
    /// Looks at some rows.
    async fn look(&self, check: RowCheck, from: Mark, stretch: &Stretch<'_>) -> Result<Looked, StoreError>;
    /// Calls.
    async fn calls(
        &self,
        after: Option<CallId>,
        stretch: &Stretch<'_>,
    ) -> Result<Vec<InspectedCall>, StoreError>;
    /// Recordings that say they are stored.
    async fn recordings(
        &self,
        after: Option<RecordingId>,
        stretch: &Stretch<'_>,
    ) -> Result<Vec<InspectedRecording>, StoreError>;
    /// Where these recordings are kept, by id; those that are not there are left out.
    async fn kept_at(&self, ids: &[RecordingId]) -> Result<HashMap<RecordingId, Option<String>>, StoreError>;
    /// Customers' cards.
    async fn cards(
        &self,
        after: Option<ContactCardId>,
        stretch: &Stretch<'_>,
    ) -> Result<Vec<InspectedCard>, StoreError>;
    /// Whether a tenant has a card of this number.
    async fn has_card(&self, company: &str, phone: &str) -> Result<bool, StoreError>;
    /// Webhooks with their bodies.
    async fn webhooks(
        &self,
        after: Option<InboxId>,
        stretch: &Stretch<'_>,
    ) -> Result<Vec<InspectedWebhook>, StoreError>;
    /// A tenant's calls that began in a window and count on its dashboard, in the order in which they began, after one
    /// of them.
    async fn counted_calls(
        &self,
        company: &CompanyId,
        window: Window,
        after: Option<(Timestamp, CallId)>,
        limit: i64,
    ) -> Result<Vec<CountedCall>, StoreError>;
}
