use std::sync::Mutex;

use app::ports::{
    AcceptedByEngine, AnalysisEngine, AnalysisWebhooks, Delivery, EngineEvent, EngineEventKind, EngineStatus,
    ProofError, SubmitRequest, Unreadable,
};
use async_trait::async_trait;
use kernel::{CallId, CompanyId, ProviderError, Timestamp};
use serde_json::{Value, json};

/// An AI vendor that is done with every call at once and says the same of all.
#[derive(Debug)]
pub struct FakeEngine {
    /// What it says of every call.
    pub result: Mutex<Value>,
    submitted: Mutex<Vec<SubmitRequest>>,
}

impl Default for FakeEngine {
    fn default() -> Self {
        Self { result: Mutex::new(json!({})), submitted: Mutex::default() }
    }
}

impl FakeEngine {
    /// What it was asked to analyse, in order.
    pub fn submitted(&self) -> Vec<SubmitRequest> {
        self.submitted.lock().unwrap().clone()
    }
}

#[async_trait]
impl AnalysisEngine for FakeEngine {
    fn max_audio_bytes(&self) -> u64 {
        1 << 20
    }

    async fn submit(&self, request: &SubmitRequest) -> Result<AcceptedByEngine, ProviderError> {
        self.submitted.lock().unwrap().push(request.clone());
        Ok(AcceptedByEngine { task_id: Some(format!("task-{}", request.call)) })
    }

    async fn start_analysis(&self, _company: &CompanyId, _call: CallId) -> Result<(), ProviderError> {
        Ok(())
    }

    async fn status(&self, _company: &CompanyId, _call: CallId) -> Result<EngineStatus, ProviderError> {
        Ok(EngineStatus::Completed)
    }

    async fn result(&self, _company: &CompanyId, _call: CallId) -> Result<Value, ProviderError> {
        Ok(self.result.lock().unwrap().clone())
    }

    async fn transcript(&self, _company: &CompanyId, _call: CallId) -> Result<Value, ProviderError> {
        Ok(json!({ "transcript": "Hello, this is Otto." }))
    }
}

/// Vendor webhooks that are always believed, and say that a call's analysis is there: the body is the company and the
/// call's number, with a blank between them.
#[derive(Debug, Default)]
pub struct FakeEngineWebhooks;

impl AnalysisWebhooks for FakeEngineWebhooks {
    fn verify(&self, _delivery: &Delivery, _now: Timestamp) -> Result<(), ProofError> {
        Ok(())
    }

    fn read(&self, body: &[u8]) -> Result<Option<EngineEvent>, Unreadable> {
        let text = std::str::from_utf8(body).map_err(|_| Unreadable::Malformed)?;
        let Some((company, call)) = text.split_once(' ') else { return Ok(None) };
        let call = call.parse().map(CallId).map_err(|_| Unreadable::Malformed)?;
        Ok(Some(EngineEvent {
            kind: EngineEventKind::Analysed,
            company: company.to_owned(),
            task_ids: vec![format!("task-{call}")],
            call: Some(call),
            payload: None,
            error_code: None,
        }))
    }
}
