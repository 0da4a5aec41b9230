use async_trait::async_trait;
use idempotency::{Arrival, InboxState};
use kernel::{CallId, CompanyId, InboxId, Provider, StoreError, Timestamp};

/// A webhook to be stored.
#[derive(Clone)]
pub struct NewInboxEntry {
    /// Its id.
    pub id: InboxId,
    /// Who sent it.
    pub provider: Provider,
    /// What its URL says it is about, such as `call.completed`.
    pub kind: String,
    /// Under which it is stored once.
    pub event_key: String,
    /// What it speaks of, for matching what arrives too early.
    pub match_key: Option<String>,
    /// Where it stands.
    pub state: InboxState,
    /// Why, for what is not simply applied.
    pub reason: Option<String>,
    /// The path it was sent to, without a tenant key.
    pub path: String,
    /// Its query string.
    pub query: String,
    /// As sent.
    pub content_type: Option<String>,
    /// The headers that prove who sent it.
    pub proof: Vec<(String, String)>,
    /// Its bytes.
    pub body: Vec<u8>,
    /// The trace it belongs to.
    pub trace: Option<String>,
    /// The call it is about, where that is known.
    pub call: Option<CallId>,
    /// When it arrived.
    pub received_at: Timestamp,
}

/// A stored webhook.
#[derive(Clone, Debug)]
pub struct InboxEntry {
    /// Whose it is, once known.
    pub company: Option<CompanyId>,
    /// What was stored.
    pub entry: NewInboxEntry,
    /// How often it was sent again.
    pub duplicates: i32,
    /// When it was applied or set aside.
    pub processed_at: Option<Timestamp>,
}

/// What storing found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredArrival {
    /// The row, whether new or old.
    pub id: InboxId,
    /// New or old.
    pub arrival: Arrival,
}

/// The webhooks of one tenant.
#[async_trait]
pub trait Inbox: Send {
    /// Stores a webhook unless its event key is there already; counts the repetition if it is.
    async fn store(&mut self, entry: &NewInboxEntry) -> Result<StoredArrival, StoreError>;
    /// Stores a webhook together with what it does. If its event key is there already, nothing of this unit is committed, and
    /// the commit answers [`StoreError::AlreadyExists`] of `webhook_inbox`.
    async fn store_new(&mut self, entry: &NewInboxEntry) -> Result<(), StoreError>;
    /// One of this tenant's webhooks, locked until the unit of work ends.
    async fn find(&mut self, id: InboxId) -> Result<Option<InboxEntry>, StoreError>;
    /// Where a webhook stands from now on.
    async fn settle(
        &mut self,
        id: InboxId,
        state: InboxState,
        reason: Option<&str>,
        call: Option<CallId>,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// Takes the waiting webhooks that speak of one of these, so that each is applied by one taker.
    async fn take_waiting(&mut self, match_keys: &[String]) -> Result<Vec<InboxId>, StoreError>;
}

/// Which webhooks to list.
#[derive(Clone, Debug, Default)]
pub struct InboxFilter {
    /// Of this provider.
    pub provider: Option<Provider>,
    /// In this state.
    pub state: Option<InboxState>,
    /// Of this tenant.
    pub company: Option<CompanyId>,
    /// Older than this one.
    pub before: Option<InboxId>,
    /// At most so many.
    pub limit: i64,
}

/// A webhook in a list: everything but its bytes.
#[derive(Clone, Debug)]
pub struct InboxLine {
    /// Its id.
    pub id: InboxId,
    /// Whose it is, once known.
    pub company: Option<CompanyId>,
    /// Who sent it.
    pub provider: Provider,
    /// What its URL says it is about.
    pub kind: String,
    /// Where it stands.
    pub state: InboxState,
    /// Why.
    pub reason: Option<String>,
    /// The call it turned out to be about.
    pub call: Option<CallId>,
    /// How often it was sent again.
    pub duplicates: i32,
    /// When it arrived.
    pub received_at: Timestamp,
}

/// What emptying bodies did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EmptiedBodies {
    /// How many.
    pub count: usize,
    /// The last of them arrived then: the next chunk begins there. `None` if there was none.
    pub up_to: Option<Timestamp>,
}

/// The inbox across tenants: webhooks nobody's yet, and what operators do.
#[async_trait]
pub trait InboxOffice: Send + Sync {
    /// Stores an authentic webhook whose tenant is not known.
    async fn quarantine(&self, entry: &NewInboxEntry) -> Result<StoredArrival, StoreError>;
    /// Newest first.
    async fn list(&self, filter: &InboxFilter) -> Result<Vec<InboxLine>, StoreError>;
    /// One, with its bytes.
    async fn find(&self, id: InboxId) -> Result<Option<InboxEntry>, StoreError>;
    /// Gives a quarantined webhook to the tenant it turned out to be for.
    async fn assign(&self, id: InboxId, company: &CompanyId) -> Result<(), StoreError>;
    /// Webhooks still waiting for what they speak of, oldest first, received before `before`; only those after one of
    /// them, if it is given.
    async fn waiting(
        &self,
        before: Timestamp,
        after: Option<InboxId>,
        limit: i64,
    ) -> Result<Vec<InboxEntry>, StoreError>;
    /// Deletes what was settled before `before`, at most `limit`; answers how many.
    async fn delete_settled(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError>;
    /// Empties the bodies and proofs of what is settled and arrived at or after `from` and before `before`, at most `limit`,
    /// oldest first. The rest stays, and with it what an event is known by.
    async fn empty_bodies(
        &self,
        from: Timestamp,
        before: Timestamp,
        limit: i64,
    ) -> Result<EmptiedBodies, StoreError>;
}

kernel::hides_personal!(NewInboxEntry {
    id, provider, kind, state, reason, path, content_type, trace, received_at;
    event_key, match_key, query, proof, body
});
