//! Stand-ins that run in another process, by their control APIs.

use std::time::Duration;

use serde_json::{Value, json};

use crate::callrail::{CallOrder, OrderedCall, SentCall};

/// A call takes as long as its story does, late webhooks included.
const PATIENCE: Duration = Duration::from_mins(10);

/// Why a stand-in elsewhere did not do as asked.
#[derive(Debug, thiserror::Error)]
#[error("the stand-in at {url} did not answer as expected")]
pub struct RemoteError {
    /// Which.
    pub url: String,
    /// Why.
    #[source]
    pub source: reqwest::Error,
}

/// The stand-ins of an Otto that runs elsewhere.
#[derive(Clone, Debug)]
pub struct RemoteStandIns {
    http: reqwest::Client,
    callrail: String,
    shunya: String,
    tenant_seed: u64,
}

impl RemoteStandIns {
    /// By what that Otto calls its providers' base URLs. `tenant_seed` is that of its demo companies.
    pub fn new(callrail_url: &str, shunya_url: &str, tenant_seed: u64) -> Result<Self, RemoteError> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .map_err(|source| RemoteError { url: callrail_url.to_owned(), source })?;
        let control = |url: &str| format!("{}/_control", url.trim_end_matches('/').trim_end_matches("/v3"));
        Ok(Self { http, callrail: control(callrail_url), shunya: control(shunya_url), tenant_seed })
    }

    async fn post(&self, url: String, body: &Value) -> Result<reqwest::Response, RemoteError> {
        let sent = self.http.post(&url).json(body).send().await;
        sent.and_then(reqwest::Response::error_for_status).map_err(|source| RemoteError { url, source })
    }

    /// What goes wrong there now.
    pub async fn faults(&self) -> Result<Value, RemoteError> {
        let url = format!("{}/faults", self.callrail);
        let failed = |source| RemoteError { url: url.clone(), source };
        let answer = self.http.get(&url).send().await.map_err(failed)?;
        answer.json().await.map_err(failed)
    }

    /// Changes what goes wrong there: a preset's name under `preset`, or rates as [`RemoteStandIns::faults`] answered.
    pub async fn set_faults(&self, faults: &Value) -> Result<(), RemoteError> {
        for control in [&self.callrail, &self.shunya] {
            self.post(format!("{control}/faults"), faults).await?;
        }
        Ok(())
    }

    /// Has a call made, from the first ring to the last webhook about it.
    pub async fn send(&self, order: &CallOrder) -> Result<SentCall, RemoteError> {
        let asked = OrderedCall {
            tenant_seed: self.tenant_seed,
            company_id: order.tenant.company_id.clone(),
            conversation: order.conversation.clone(),
        };
        let url = format!("{}/calls", self.callrail);
        let answer = self.post(url.clone(), &json!(asked)).await?;
        answer.json().await.map_err(|source| RemoteError { url, source })
    }
}
