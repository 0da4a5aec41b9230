use async_trait::async_trait;
use kernel::{CompanyId, Provider, StoreError, Timestamp};

/// How far a provider's own list of calls has been read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallListing {
    /// Whose account it is; none for the platform's own.
    pub owner: Option<CompanyId>,
    /// At which provider.
    pub provider: Provider,
    /// A fingerprint of the account's name.
    pub account_key: String,
    /// Every call that began before this was taken in.
    pub listed_until: Timestamp,
    /// When the walk through the list began that is not at its end.
    pub walk_began: Option<Timestamp>,
    /// The provider's link to that walk's next page.
    pub next_page: Option<String>,
    /// When a walk last reached the end of the list.
    pub finished_at: Option<Timestamp>,
    /// Since when none gets on.
    pub failing_since: Option<Timestamp>,
    /// Why not. Free of personal data and secrets.
    pub last_error: Option<String>,
    /// Grows with every change.
    pub version: i32,
}

/// How far providers' lists of calls have been read, across tenants.
#[async_trait]
pub trait CallListings: Send + Sync {
    /// One account's, begun at `listed_until` if nothing is known of it.
    async fn open(
        &self,
        owner: Option<&CompanyId>,
        provider: Provider,
        account_key: &str,
        listed_until: Timestamp,
        now: Timestamp,
    ) -> Result<CallListing, StoreError>;
    /// Writes one back and raises its version; `false` if somebody else has written it since it was read.
    async fn save(&self, listing: &mut CallListing, now: Timestamp) -> Result<bool, StoreError>;
    /// All of them, by owner.
    async fn list(&self) -> Result<Vec<CallListing>, StoreError>;
}
