use std::sync::Arc;

use async_trait::async_trait;
use kernel::{CallId, CompanyId, ProviderError};
use serde_json::Value;

use super::guard::{Account, Limit, ProviderGuard};
use crate::ports::{AcceptedByEngine, AnalysisEngine, EngineStatus, SubmitRequest};

/// How often the AI vendor may be asked in the name of one company.
#[derive(Clone, Copy, Debug, Default)]
pub struct EngineBudgets {
    /// To transcribe and analyse a call.
    pub submissions: Option<Limit>,
    /// Whether it is done. One look may lead to a few more requests, for what it found; those are not counted.
    pub looks: Option<Limit>,
}

/// The AI vendor, asked only when and as often as it may be.
pub struct GuardedEngine {
    inner: Arc<dyn AnalysisEngine>,
    guard: Arc<ProviderGuard>,
    budgets: EngineBudgets,
}

impl GuardedEngine {
    /// Around a client.
    pub fn new(inner: Arc<dyn AnalysisEngine>, guard: Arc<ProviderGuard>, budgets: EngineBudgets) -> Self {
        Self { inner, guard, budgets }
    }

    async fn call<T>(
        &self,
        company: &CompanyId,
        limit: Option<Limit>,
        call: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<T, ProviderError> {
        let account = Account { key: company.as_str().to_owned(), name: company.as_str().to_owned() };
        self.guard.call(&account, limit.as_slice(), call).await
    }
}

#[async_trait]
impl AnalysisEngine for GuardedEngine {
    fn max_audio_bytes(&self) -> u64 {
        self.inner.max_audio_bytes()
    }

    async fn submit(&self, request: &SubmitRequest) -> Result<AcceptedByEngine, ProviderError> {
        self.call(&request.company, self.budgets.submissions, self.inner.submit(request)).await
    }

    async fn start_analysis(&self, company: &CompanyId, call: CallId) -> Result<(), ProviderError> {
        self.call(company, None, self.inner.start_analysis(company, call)).await
    }

    async fn status(&self, company: &CompanyId, call: CallId) -> Result<EngineStatus, ProviderError> {
        self.call(company, self.budgets.looks, self.inner.status(company, call)).await
    }

    async fn result(&self, company: &CompanyId, call: CallId) -> Result<Value, ProviderError> {
        self.call(company, None, self.inner.result(company, call)).await
    }

    async fn transcript(&self, company: &CompanyId, call: CallId) -> Result<Value, ProviderError> {
        self.call(company, None, self.inner.transcript(company, call)).await
    }
}
