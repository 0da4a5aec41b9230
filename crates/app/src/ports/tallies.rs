use async_trait::async_trait;
use idempotency::InboxState;
use kernel::{StoreError, Timestamp};

/// How many webhooks stand somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxDepth {
    /// Where.
    pub state: InboxState,
    /// How many.
    pub count: i64,
    /// When the first of them arrived.
    pub oldest: Option<Timestamp>,
}

/// What is counted over all tenants, besides jobs, for whoever watches over Otto.
#[async_trait]
pub trait Tallies: Send + Sync {
    /// Webhooks something is still to be done about: received, waiting, quarantined.
    async fn open_webhooks(&self) -> Result<Vec<InboxDepth>, StoreError>;
    /// When the newest slot of each schedule that was ever enqueued began.
    async fn newest_slots(&self) -> Result<Vec<(String, Timestamp)>, StoreError>;
}
