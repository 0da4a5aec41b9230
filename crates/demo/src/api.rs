//! Otto's HTTP API, as any client would use it.

#![expect(clippy::indexing_slicing, reason = "of JSON, which answers null where there is nothing")]

use std::time::Duration;

use reqwest::{Client, Response, StatusCode, header};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

/// Why the API did not answer as expected.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No connection, or it broke.
    #[error("{path} cannot be reached")]
    Connection {
        /// What was asked.
        path: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// Another status than 200.
    #[error("{path} answered {status}")]
    Status {
        /// What was asked.
        path: String,
        /// The answer.
        status: StatusCode,
    },
    /// An answer that does not follow the contract.
    #[error("{path} answered something else than the contract says")]
    Shape {
        /// What was asked.
        path: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

impl ApiError {
    /// Whether asking again may help: it could not be reached, or something it needs could not.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Connection { .. } => true,
            Self::Status { status, .. } => status.is_server_error(),
            Self::Shape { .. } => false,
        }
    }
}

#[derive(Deserialize)]
struct Envelope<T> {
    data: T,
    #[serde(default)]
    meta: Value,
}

/// A call as the list answers it.
#[derive(Clone, Debug, Deserialize)]
#[expect(clippy::struct_field_names, reason = "the fields of the contract")]
pub struct Call {
    /// Its number.
    pub call_id: i64,
    /// What its provider calls it.
    pub provider_call_id: String,
    /// Where it stands.
    pub stage: String,
    /// The AI says booked.
    pub booked: bool,
    /// The customer.
    pub contact_card_id: Option<String>,
}

#[derive(Deserialize)]
struct CallPage {
    calls: Vec<Call>,
    next_cursor: Option<String>,
}

/// A busy Otto is asked the same thing so many times.
const MAX_ASKED: u32 = 10;

/// How long whoever asks too often is to wait.
fn asked_to_wait(answer: &Response) -> Duration {
    let said = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    Duration::from_secs(said.unwrap_or(1).clamp(1, 60))
}

/// One company's view of an Otto.
#[derive(Clone)]
pub struct OttoApi {
    http: Client,
    base: String,
    token: String,
}

impl OttoApi {
    /// As the manager of a company, with a development token.
    pub fn new(base: &str, company: &str) -> Result<Self, reqwest::Error> {
        let http = Client::builder().no_proxy().timeout(Duration::from_secs(30)).build()?;
        let token = format!("dev:manager:demo:{company}");
        Ok(Self { http, base: base.trim_end_matches('/').to_owned(), token })
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ApiError> {
        let url = format!("{}{path}", self.base);
        let unreachable = |source| ApiError::Connection { path: path.to_owned(), source };
        let mut asked = 0;
        let answer = loop {
            let answer = self.http.get(&url).bearer_auth(&self.token).send().await.map_err(unreachable)?;
            asked += 1;
            if answer.status() != StatusCode::TOO_MANY_REQUESTS || asked == MAX_ASKED {
                break answer;
            }
            tokio::time::sleep(asked_to_wait(&answer)).await;
        };
        let status = answer.status();
        if status != StatusCode::OK {
            return Err(ApiError::Status { path: path.to_owned(), status });
        }
        let bytes = answer.bytes().await.map_err(unreachable)?;
        serde_json::from_slice(&bytes).map_err(|source| ApiError::Shape { path: path.to_owned(), source })
    }

    /// `GET /health/detailed`.
    pub async fn health(&self) -> Result<Value, ApiError> {
        self.get("/health/detailed").await
    }

    /// Every call that began at or after an instant, page by page.
    pub async fn calls_since(&self, since: &str) -> Result<Vec<Call>, ApiError> {
        let mut calls = Vec::new();
        let mut cursor = String::new();
        loop {
            let path = format!("/api/v1/calls?limit=200&date_from={since}{cursor}");
            let page: Envelope<CallPage> = self.get(&path).await?;
            calls.extend(page.data.calls);
            match page.data.next_cursor {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(calls),
            }
        }
    }

    /// The counts of `GET /api/v1/pipeline`.
    pub async fn pipeline(&self) -> Result<Value, ApiError> {
        Ok(self.get::<Envelope<Value>>("/api/v1/pipeline").await?.data)
    }

    /// Every lead.
    pub async fn leads(&self) -> Result<Vec<Value>, ApiError> {
        let mut leads = Vec::new();
        loop {
            let path = format!("/api/v1/leads?limit=200&offset={}", leads.len());
            let page: Envelope<Vec<Value>> = self.get(&path).await?;
            let total =
                page.meta["total"].as_u64().and_then(|total| usize::try_from(total).ok()).unwrap_or_default();
            let nothing_more = page.data.is_empty();
            leads.extend(page.data);
            if nothing_more || leads.len() >= total {
                return Ok(leads);
            }
        }
    }

    /// Every task.
    pub async fn tasks(&self) -> Result<Vec<Value>, ApiError> {
        let mut tasks: Vec<Value> = Vec::new();
        loop {
            let path = format!("/api/v1/tasks?limit=1000&offset={}", tasks.len());
            let page: Envelope<Value> = self.get(&path).await?;
            let some = page.data["tasks"].as_array().cloned().unwrap_or_default();
            let nothing_more = some.is_empty();
            tasks.extend(some);
            let total =
                page.data["total"].as_u64().and_then(|total| usize::try_from(total).ok()).unwrap_or_default();
            if nothing_more || tasks.len() >= total {
                return Ok(tasks);
            }
        }
    }

    /// Every signal nobody has acknowledged.
    pub async fn open_signals(&self) -> Result<Vec<Value>, ApiError> {
        let list: Envelope<Value> = self.get("/api/v1/key-signals?acknowledged=false").await?;
        Ok(list.data["signals"].as_array().cloned().unwrap_or_default())
    }

    /// The appointments of a day.
    pub async fn appointments(&self, day: &str) -> Result<Vec<Value>, ApiError> {
        let list: Envelope<Value> = self.get(&format!("/api/v1/appointments?date={day}")).await?;
        Ok(list.data["appointments"].as_array().cloned().unwrap_or_default())
    }
}

/// The status an address answers.
pub async fn answers(url: &str, patience: Duration) -> Result<u16, ApiError> {
    let unreachable = |source| ApiError::Connection { path: url.to_owned(), source };
    let http = Client::builder().no_proxy().timeout(patience).build().map_err(unreachable)?;
    Ok(http.get(url).send().await.map_err(unreachable)?.status().as_u16())
}
