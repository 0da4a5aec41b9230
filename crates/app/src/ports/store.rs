use async_trait::async_trait;
use kernel::{Scope, StoreError};

use super::{
    AnalysisRepository, CallRepository, CrmRepository, EventLog, Inbox, Intake, JobOutbox, TenantDirectory,
};

/// Where everything a tenant owns is kept.
#[async_trait]
pub trait Store: Send + Sync {
    /// Opens a transaction that sees and touches the rows of one tenant only.
    async fn begin(&self, scope: &Scope) -> Result<Box<dyn UnitOfWork>, StoreError>;
}

/// One transaction of one tenant. Nothing over the network may be awaited while one is open: on SQLite it would hold
/// every other writer up, on PostgreSQL a connection.
#[must_use = "dropping a unit of work rolls it back"]
#[async_trait]
pub trait UnitOfWork: Send {
    /// Webhooks received.
    fn inbox(&mut self) -> &mut dyn Inbox;
    /// Calls and their recordings.
    fn calls(&mut self) -> &mut dyn CallRepository;
    /// Requests to Shunya, transcripts and analyses.
    fn analyses(&mut self) -> &mut dyn AnalysisRepository;
    /// Contact cards, leads, appointments, tasks and key signals.
    fn crm(&mut self) -> &mut dyn CrmRepository;
    /// Jobs to be done, and the one being done.
    fn jobs(&mut self) -> &mut dyn JobOutbox;
    /// What happened.
    fn events(&mut self) -> &mut dyn EventLog;
    /// The company and its people.
    fn directory(&mut self) -> &mut dyn TenantDirectory;
    /// Rows that come from elsewhere as they are.
    fn intake(&mut self) -> &mut dyn Intake;
    /// Makes it all true.
    async fn commit(self: Box<Self>) -> Result<(), StoreError>;
    /// Makes none of it true. Cheaper than dropping, which costs the connection.
    async fn rollback(self: Box<Self>) -> Result<(), StoreError>;
}
