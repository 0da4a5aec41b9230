use std::sync::Arc;

use async_trait::async_trait;
use kernel::{Provider, ProviderError, fingerprint};

use super::guard::{Account, Limit, ProviderGuard};
use crate::ports::{CallsSince, Credentials, ListedCalls, RecordingDownload, RecordingSource};

/// A provider's recordings and calls, asked for only when and as often as they may be. A download that has begun goes on,
/// whatever becomes of others.
pub struct GuardedRecordings {
    inner: Arc<dyn RecordingSource>,
    guard: Arc<ProviderGuard>,
    limits: Vec<Limit>,
}

impl GuardedRecordings {
    /// Around a client.
    pub fn new(inner: Arc<dyn RecordingSource>, guard: Arc<ProviderGuard>, limits: Vec<Limit>) -> Self {
        Self { inner, guard, limits }
    }
}

/// Whoever names an account without its key must not be able to open its breaker or use up its budget.
fn account_of(credentials: &Credentials) -> Account {
    let parts = [credentials.account_id.as_bytes(), credentials.api_key.expose().as_bytes()];
    let key = fingerprint(&parts).chars().take(32).collect();
    Account { key, name: credentials.account_id.clone() }
}

#[async_trait]
impl RecordingSource for GuardedRecordings {
    fn provider(&self) -> Provider {
        self.inner.provider()
    }

    async fn download(
        &self,
        credentials: &Credentials,
        recording_id: &str,
    ) -> Result<RecordingDownload, ProviderError> {
        let download = self.inner.download(credentials, recording_id);
        self.guard.call(&account_of(credentials), &self.limits, download).await
    }

    async fn list_calls(
        &self,
        credentials: &Credentials,
        since: &CallsSince,
    ) -> Result<ListedCalls, ProviderError> {
        let list = self.inner.list_calls(credentials, since);
        self.guard.call(&account_of(credentials), &self.limits, list).await
    }
}
