//! The ports the console never asks. One that is asked all the same ends the test.

use std::time::Duration;

use app::ports::*;
use async_trait::async_trait;
use calls::{CallEvent, CallEventKind};
use kernel::{
    CallId, CompanyId, Dice, IdSource, JobId, PhoneNumber, Provider, ProviderError, Scope, Secret,
    StoreError, Timestamp,
};
use queue::{ClaimedJob, Lease, Queue};
use serde_json::Value;
use tenancy::Company;
use uuid::Uuid;

pub struct Unused;

fn never<T>() -> T {
    unreachable!("the console does not ask this")
}

#[async_trait]
impl Store for Unused {
    async fn begin(&self, _: &Scope) -> Result<Box<dyn UnitOfWork>, StoreError> {
        never()
    }
}

#[async_trait]
impl JobClaims for Unused {
    async fn claim(&self, _: &Claim<'_>) -> Result<Vec<ClaimedJob>, StoreError> {
        never()
    }
    async fn renew(&self, _: &[Lease], _: Timestamp) -> Result<Vec<Renewal>, StoreError> {
        never()
    }
    async fn finish(&self, _: &[Lease], _: Timestamp) -> Result<usize, StoreError> {
        never()
    }
    async fn release(&self, _: Lease, _: &Release, _: Timestamp) -> Result<bool, StoreError> {
        never()
    }
    async fn rescue(&self, _: Timestamp) -> Result<usize, StoreError> {
        never()
    }
    async fn next_due(&self, _: &[Queue]) -> Result<Vec<(Queue, Timestamp)>, StoreError> {
        never()
    }
    async fn enqueue_slot(&self, _: &SlotJob, _: Timestamp) -> Result<bool, StoreError> {
        never()
    }
}

#[async_trait]
impl Sweeps for Unused {
    async fn unfetched_recordings(
        &self,
        _: Timestamp,
        _: Option<&LeftCall>,
        _: i64,
    ) -> Result<Vec<LeftCall>, StoreError> {
        never()
    }
    async fn unrequested_analyses(
        &self,
        _: Timestamp,
        _: Option<&LeftCall>,
        _: i64,
    ) -> Result<Vec<LeftCall>, StoreError> {
        never()
    }
    async fn unheard_recordings(
        &self,
        _: Timestamp,
        _: Option<&LeftCall>,
        _: i64,
    ) -> Result<Vec<LeftCall>, StoreError> {
        never()
    }
    async fn unsettled_requests(
        &self,
        _: Timestamp,
        _: Option<&LeftRequest>,
        _: i64,
    ) -> Result<Vec<LeftRequest>, StoreError> {
        never()
    }
    async fn overdue_tasks(&self, _: Timestamp) -> Result<Vec<CompanyId>, StoreError> {
        never()
    }
    async fn delete_events(&self, _: Timestamp, _: i64) -> Result<usize, StoreError> {
        never()
    }
}

#[async_trait]
impl CallListings for Unused {
    async fn open(
        &self,
        _: Option<&CompanyId>,
        _: Provider,
        _: &str,
        _: Timestamp,
        _: Timestamp,
    ) -> Result<CallListing, StoreError> {
        never()
    }
    async fn save(&self, _: &mut CallListing, _: Timestamp) -> Result<bool, StoreError> {
        never()
    }
    async fn list(&self) -> Result<Vec<CallListing>, StoreError> {
        never()
    }
}

#[async_trait]
impl Tallies for Unused {
    async fn open_webhooks(&self) -> Result<Vec<InboxDepth>, StoreError> {
        never()
    }
    async fn newest_slots(&self) -> Result<Vec<(String, Timestamp)>, StoreError> {
        never()
    }
}

impl SecretBox for Unused {
    fn seal(&self, _: &Secret, _: &str) -> Result<SealedSecret, SecretBoxError> {
        never()
    }
    fn open(&self, _: &SealedSecret, _: &str) -> Result<Secret, SecretBoxError> {
        never()
    }
}

#[async_trait]
impl Doorbell for Unused {
    fn ring(&self, _: &[Queue]) {
        never::<()>();
    }
    async fn listen(&self) -> Box<dyn Bell> {
        never()
    }
}

impl CallWebhooks for Unused {
    fn provider(&self) -> Provider {
        never()
    }
    fn hints(&self, _: &Delivery) -> TenantHints {
        never()
    }
    fn has_proof(&self, _: &Delivery) -> bool {
        never()
    }
    fn verify(&self, _: &Delivery, _: &Secret) -> bool {
        never()
    }
    fn read(&self, _: &Delivery, _: CallEventKind) -> Result<CallEvent, Unreadable> {
        never()
    }
}

#[async_trait]
impl RecordingSource for Unused {
    fn provider(&self) -> Provider {
        never()
    }
    async fn download(&self, _: &Credentials, _: &str) -> Result<RecordingDownload, ProviderError> {
        never()
    }
    async fn whose(&self, _: &Credentials, _: &str) -> Result<TenantHints, ProviderError> {
        never()
    }
    async fn list_calls(&self, _: &Credentials, _: &CallsSince) -> Result<ListedCalls, ProviderError> {
        never()
    }
}

#[async_trait]
impl AnalysisEngine for Unused {
    fn max_audio_bytes(&self) -> u64 {
        never()
    }
    async fn submit(&self, _: &SubmitRequest) -> Result<AcceptedByEngine, ProviderError> {
        never()
    }
    async fn start_analysis(&self, _: &CompanyId, _: CallId) -> Result<(), ProviderError> {
        never()
    }
    async fn status(&self, _: &CompanyId, _: CallId) -> Result<EngineStatus, ProviderError> {
        never()
    }
    async fn result(&self, _: &CompanyId, _: CallId) -> Result<Value, ProviderError> {
        never()
    }
    async fn transcript(&self, _: &CompanyId, _: CallId) -> Result<Value, ProviderError> {
        never()
    }
}

impl AnalysisWebhooks for Unused {
    fn verify(&self, _: &Delivery, _: Timestamp) -> Result<(), ProofError> {
        never()
    }
    fn read(&self, _: &[u8]) -> Result<Option<EngineEvent>, Unreadable> {
        never()
    }
}

impl IdSource for Unused {
    fn next(&self) -> Uuid {
        never()
    }
}

impl Dice for Unused {
    fn roll(&self) -> f64 {
        never()
    }
}

/// Links, and nothing behind them.
pub struct Links;

#[async_trait]
impl BlobStore for Links {
    async fn put(&self, _: &BlobKey, _: &str, _: ByteStream, _: u64) -> Result<StoredBlob, BlobError> {
        never()
    }
    async fn get(&self, _: &BlobKey, _: u64, _: Option<u64>) -> Result<Option<BlobRead>, BlobError> {
        never()
    }
    fn list(&self, _: Option<&CompanyId>) -> Box<dyn BlobPages> {
        never()
    }
    async fn delete(&self, _: &BlobKey) -> Result<(), BlobError> {
        never()
    }
    async fn link(
        &self,
        key: &BlobKey,
        _: LinkFor<'_>,
        _: Duration,
        _: Timestamp,
    ) -> Result<Secret, BlobError> {
        Ok(Secret::new(format!("/media/{key}?expires=1795399200&signature=0000")))
    }
    fn admits(&self, _: &BlobKey, _: LinkFor<'_>, _: &str, _: &str, _: Timestamp) -> bool {
        never()
    }
}

/// Knows one company.
pub struct OneCompany(pub Company);

#[async_trait]
impl Tenants for OneCompany {
    async fn by_key(&self, _: &Secret) -> Result<Option<Company>, StoreError> {
        never()
    }
    async fn by_accounts(&self, _: Provider, _: &[String]) -> Result<Vec<Company>, StoreError> {
        never()
    }
    async fn by_tracking_number(&self, _: &PhoneNumber) -> Result<Option<Company>, StoreError> {
        never()
    }
    async fn find(&self, id: &CompanyId) -> Result<Option<Company>, StoreError> {
        Ok((self.0.id == *id).then(|| self.0.clone()))
    }
    async fn credential(
        &self,
        _: &CompanyId,
        _: Provider,
        _: &str,
    ) -> Result<Option<SealedSecret>, StoreError> {
        never()
    }
    async fn credentials_named(
        &self,
        _: Provider,
        _: &str,
    ) -> Result<Vec<(CompanyId, SealedSecret)>, StoreError> {
        never()
    }
    async fn with_credential(&self, _: Provider, _: &str) -> Result<Vec<CompanyId>, StoreError> {
        never()
    }
    async fn list(&self) -> Result<Vec<Company>, StoreError> {
        never()
    }
    async fn set_up(&self, _: &TenantSetup, _: Timestamp) -> Result<(), StoreError> {
        never()
    }
    async fn owns_vendor_task(&self, _: &[String]) -> Result<Option<CompanyId>, StoreError> {
        never()
    }
}

/// What operators may do, which the console does not offer yet.
pub fn not_offered() -> ReplayOutcome {
    never()
}

/// Of the kinds of ids nobody made.
pub fn job_id(number: u128) -> JobId {
    JobId(Uuid::from_u128((0x0195_7000_0000_7000 << 64) | (0x8000 << 48) | number))
}
