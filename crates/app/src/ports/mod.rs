//! What the use cases need of the world, as traits. Adapters implement them; wiring puts them together.

mod auth;
mod blobs;
mod inbox;
mod inspection;
mod intake;
mod jobs;
mod limits;
mod listings;
mod locks;
mod predecessor;
mod presence;
mod providers;
mod repositories;
mod short_cache;
mod signals;
mod store;
mod tallies;
mod tenants;
mod traces;

use std::sync::Arc;

use kernel::{Clock, Dice, IdSource, Provider, Scope, Secret, StoreError};

pub use auth::{AuthError, Authenticator, Identity, Presented};
pub use blobs::{
    BlobError, BlobKey, BlobPages, BlobRead, BlobStore, ByteStream, LinkFor, ListedBlob, StoredBlob,
};
pub use inbox::{
    EmptiedBodies, Inbox, InboxEntry, InboxFilter, InboxLine, InboxOffice, NewInboxEntry, StoredArrival,
};
pub use inspection::{
    Column, CountedCall, Extent, Finding, InspectedCall, InspectedCard, InspectedFacts, InspectedRecording,
    InspectedWebhook, Inspector, Looked, Mark, RowKey, Stretch,
};
pub use intake::{
    CardPut, Intake, MovedAppointment, MovedCard, MovedLead, MovedOutcome, MovedSignal, MovedStep, MovedTask,
    MovedUser, Put,
};
pub use jobs::{
    Claim, JobClaims, JobFilter, JobLine, JobOffice, JobOutbox, LEASE, QueueDepth, Release, Renewal,
    ReplayOutcome, SlotJob,
};
pub use limits::{Budget, Headroom, Rate, RateLimiter, Ruling, Whose};
pub use listings::{CallListing, CallListings};
pub use locks::{Acquired, HeldLock, LockRenewal, Locks};
pub use predecessor::{OldRow, OldTable, Predecessor, PredecessorError};
pub use presence::{BudgetLeft, LinkProbe, LinkState, Part, PartRole, Presence, ProviderSight, Unknowable};
pub use providers::{
    AUDIO_LINK_LIFE, AcceptedByEngine, AnalysisEngine, AnalysisWebhooks, CallWebhooks, CallsSince,
    Credentials, Delivery, EngineEvent, EngineEventKind, EngineStatus, ListedCall, ListedCalls, ProofError,
    RecordingDownload, RecordingSource, SubmitRequest, TenantHints, Unreadable,
};
pub use repositories::{
    AnalysisRepository, CallRepository, CrmRepository, EnsuredContact, EnsuredLead, Event, EventLog,
    MatchedJob, NewAnalysis, NewAppointment, NewContact, NewLead, NewSignalRow, NewTaskRow, Recording,
    StoredCall, TenantDirectory,
};
pub use short_cache::{CacheKey, Computation, MAX_CACHED_BYTES, ShortCache};
pub use signals::{Bell, Doorbell, EventBus, EventStream, NoEvents};
pub use store::{Store, UnitOfWork};
pub use tallies::{InboxDepth, Tallies};
pub use tenants::{
    LeftCall, LeftRequest, SealedSecret, SecretBox, SecretBoxError, Sweeps, TenantSetup, Tenants,
};
pub use traces::{Traces, Untraced};

use crate::{ingest::SenderSearch, reads::Reads};

/// Platform-wide secrets, used where a company has none of its own.
#[derive(Clone, Debug, Default)]
pub struct PlatformSecrets {
    /// CallRail's signing key of the platform's own account.
    pub callrail_signing_key: Option<Secret>,
    /// CallRail's API key of the platform's own account.
    pub callrail_api_key: Option<Secret>,
    /// CallRail's account id of the platform's own account.
    pub callrail_account_id: Option<String>,
}

/// How long rows are kept that nobody needs any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Webhooks, once settled. Until then a repetition is known as one (contract `environment.md`, `IDEMPOTENCY_TTL_DAYS`).
    pub webhooks: chrono::Duration,
    /// Their bodies, for people to look at.
    pub bodies: chrono::Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self { webhooks: chrono::Duration::days(90), bodies: chrono::Duration::days(30) }
    }
}

/// What processes share besides the database. All of it may be lost at any moment: that costs time, never data.
#[derive(Clone)]
pub struct Shared {
    /// Counts requests.
    pub limiter: Arc<dyn RateLimiter>,
    /// Keeps answers for moments.
    pub cache: Arc<dyn ShortCache>,
    /// Keeps processes from doing the same work at once.
    pub locks: Arc<dyn Locks>,
    /// Who is there.
    pub presence: Arc<dyn Presence>,
    /// How the thing that connects the processes stands.
    pub link: Arc<dyn LinkProbe>,
}

/// Everything a use case may need of the world.
#[derive(Clone)]
pub struct Ports {
    /// Units of work, each for one tenant.
    pub store: Arc<dyn Store>,
    /// Reads for people, each for one tenant.
    pub reads: Arc<dyn Reads>,
    /// Across tenants: which tenant does this belong to?
    pub tenants: Arc<dyn Tenants>,
    /// Across tenants: webhooks nobody's yet, and what operators do with the inbox.
    pub inbox_office: Arc<dyn InboxOffice>,
    /// Across tenants: claiming and finishing jobs.
    pub claims: Arc<dyn JobClaims>,
    /// Across tenants: what operators do with jobs.
    pub job_office: Arc<dyn JobOffice>,
    /// Across tenants: what should have happened by now and has not.
    pub sweeps: Arc<dyn Sweeps>,
    /// Across tenants: how far providers' lists of calls have been read.
    pub listings: Arc<dyn CallListings>,
    /// Across tenants: what waits, counted.
    pub tallies: Arc<dyn Tallies>,
    /// Secrets at rest.
    pub secrets: Arc<dyn SecretBox>,
    /// Recordings and documents.
    pub blobs: Arc<dyn BlobStore>,
    /// Wakes workers.
    pub doorbell: Arc<dyn Doorbell>,
    /// Tells who listens what happened.
    pub events: Arc<dyn EventBus>,
    /// What processes share besides the database.
    pub shared: Shared,
    /// CallRail's webhooks.
    pub callrail_webhooks: Arc<dyn CallWebhooks>,
    /// Finds out by its signature alone whose a webhook is.
    pub sender_search: Arc<SenderSearch>,
    /// CallRail's recordings and call lists.
    pub callrail: Arc<dyn RecordingSource>,
    /// Shunya's API.
    pub engine: Arc<dyn AnalysisEngine>,
    /// Shunya's webhooks.
    pub engine_webhooks: Arc<dyn AnalysisWebhooks>,
    /// What belongs to what, over processes and time.
    pub traces: Arc<dyn Traces>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// New ids.
    pub ids: Arc<dyn IdSource>,
    /// Chance.
    pub dice: Arc<dyn Dice>,
    /// Secrets of the platform itself.
    pub platform: PlatformSecrets,
    /// Whether recordings are sent to the AI vendor.
    pub submit: bool,
    /// Recordings longer than this are refused.
    pub max_recording_bytes: u64,
    /// How long what nobody needs any more is kept.
    pub retention: Retention,
}

impl Ports {
    /// Begins a unit of work that rings the doorbell and publishes its events once it is committed. What it adds belongs to
    /// the trace of the current span.
    pub async fn begin(&self, scope: &Scope) -> Result<crate::Work<'_>, StoreError> {
        Ok(crate::Work::new(self, scope.clone(), self.store.begin(scope).await?))
    }

    /// The same world, in which nothing is remembered of tenants; `None` if nothing is anyway.
    pub fn without_memory(&self) -> Option<Self> {
        self.tenants.unremembered().map(|tenants| Self { tenants, ..self.clone() })
    }

    /// The webhooks of a provider whose calls we take.
    pub fn call_webhooks(&self, provider: Provider) -> Option<&Arc<dyn CallWebhooks>> {
        (self.callrail_webhooks.provider() == provider).then_some(&self.callrail_webhooks)
    }

    /// The recordings of a provider whose calls we take.
    pub fn recordings(&self, provider: Provider) -> Option<&dyn RecordingSource> {
        (self.callrail.provider() == provider).then(|| self.callrail.as_ref())
    }
}
