use std::sync::Arc;

use async_trait::async_trait;
use kernel::{
    BoxError, CallId, CompanyId, PhoneNumber, Provider, Secret, ShunyaJobId, StoreError, Timestamp,
};
use rbac::Role;
use tenancy::Company;

/// A secret as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSecret(pub Vec<u8>);

/// Why a sealed secret cannot be opened.
#[derive(Debug, thiserror::Error)]
#[error("a stored secret cannot be opened with the configured encryption keys")]
pub struct SecretBoxError(#[source] pub BoxError);

/// Secrets at rest. A secret is sealed for one place (`context`) and opens only there, so that a row copied to another
/// tenant is worthless.
pub trait SecretBox: Send + Sync {
    /// Seals.
    fn seal(&self, secret: &Secret, context: &str) -> Result<SealedSecret, SecretBoxError>;
    /// Opens.
    fn open(&self, sealed: &SealedSecret, context: &str) -> Result<Secret, SecretBoxError>;
}

/// A tenant to be made, or brought to this state.
#[derive(Clone, Debug)]
pub struct TenantSetup {
    /// The company.
    pub company: Company,
    /// Its numbers and who serves them.
    pub tracking_numbers: Vec<(Provider, PhoneNumber)>,
    /// What providers call it.
    pub accounts: Vec<(Provider, String)>,
    /// Its secrets at providers, sealed: provider, name, secret.
    pub credentials: Vec<(Provider, String, SealedSecret)>,
    /// Its people: id, name, role.
    pub users: Vec<(kernel::UserId, Option<String>, Role)>,
}

/// Which tenant does this belong to? Asked before there is a tenant to scope by.
#[async_trait]
pub trait Tenants: Send + Sync {
    /// By the unguessable segment of its webhook addresses.
    async fn by_key(&self, key: &Secret) -> Result<Option<Company>, StoreError>;
    /// By a provider's names for it. More than one only if the names are several tenants'.
    async fn by_accounts(&self, provider: Provider, names: &[String]) -> Result<Vec<Company>, StoreError>;
    /// By a number of its.
    async fn by_tracking_number(&self, number: &PhoneNumber) -> Result<Option<Company>, StoreError>;
    /// By its id.
    async fn find(&self, id: &CompanyId) -> Result<Option<Company>, StoreError>;
    /// One of its sealed secrets.
    async fn credential(
        &self,
        company: &CompanyId,
        provider: Provider,
        name: &str,
    ) -> Result<Option<SealedSecret>, StoreError>;
    /// Every tenant's sealed secret of this name at a provider, by tenant.
    async fn credentials_named(
        &self,
        provider: Provider,
        name: &str,
    ) -> Result<Vec<(CompanyId, SealedSecret)>, StoreError>;
    /// Those that have a secret of this name at a provider.
    async fn with_credential(&self, provider: Provider, name: &str) -> Result<Vec<CompanyId>, StoreError>;
    /// All of them, by id.
    async fn list(&self) -> Result<Vec<Company>, StoreError>;
    /// Makes a tenant, or brings it to this state; what is not named stays. Refuses a number, account or key that
    /// belongs to another.
    async fn set_up(&self, setup: &TenantSetup, now: Timestamp) -> Result<(), StoreError>;
    /// Whose the request to Shunya is that the vendor knows by one of these ids.
    async fn owns_vendor_task(&self, task_ids: &[String]) -> Result<Option<CompanyId>, StoreError>;
    /// The same without what is remembered of them from moments ago, where anything is.
    fn unremembered(&self) -> Option<Arc<dyn Tenants>> {
        None
    }
}

/// A call left lying, and whose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftCall {
    /// Whose.
    pub company: CompanyId,
    /// Which.
    pub call: CallId,
    /// When it last changed.
    pub touched_at: Timestamp,
}

/// A request to Shunya left lying, and whose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftRequest {
    /// Whose.
    pub company: CompanyId,
    /// Which.
    pub request: ShunyaJobId,
    /// Whether the vendor confirmed that it has it.
    pub is_confirmed: bool,
    /// When it last changed.
    pub touched_at: Timestamp,
}

/// What should have happened by now and has not. Every lost wake-up, callback or webhook is found here. What a ready or
/// running job will move is not left lying.
///
/// Lists begin with what lies longest, and go on after the row given: a row that cannot be helped keeps its place at the
/// front, and must not hide those behind it.
#[async_trait]
pub trait Sweeps: Send + Sync {
    /// Calls untouched since `before` whose recording should have been copied by now.
    async fn unfetched_recordings(
        &self,
        before: Timestamp,
        after: Option<&LeftCall>,
        limit: i64,
    ) -> Result<Vec<LeftCall>, StoreError>;
    /// Calls untouched since `before` with a recording nobody asked to analyse.
    async fn unrequested_analyses(
        &self,
        before: Timestamp,
        after: Option<&LeftCall>,
        limit: i64,
    ) -> Result<Vec<LeftCall>, StoreError>;
    /// Calls that are over, untouched since `before`, whose provider has not said whether there is a recording.
    async fn unheard_recordings(
        &self,
        before: Timestamp,
        after: Option<&LeftCall>,
        limit: i64,
    ) -> Result<Vec<LeftCall>, StoreError>;
    /// Requests untouched since `before` without an outcome.
    async fn unsettled_requests(
        &self,
        before: Timestamp,
        after: Option<&LeftRequest>,
        limit: i64,
    ) -> Result<Vec<LeftRequest>, StoreError>;
    /// Tenants with open tasks due before `now`.
    async fn overdue_tasks(&self, now: Timestamp) -> Result<Vec<CompanyId>, StoreError>;
    /// Deletes events older than `before`, at most `limit`; answers how many.
    async fn delete_events(&self, before: Timestamp, limit: i64) -> Result<usize, StoreError>;
}
