use std::{sync::Arc, time::Duration};

use app::{
    ports::{AcceptedByEngine, AnalysisEngine, EngineStatus, SubmitRequest, Traces},
    provider_call,
};
use async_trait::async_trait;
use backon::{ExponentialBuilder, Retryable};
use hmac::{Hmac, KeyInit, Mac};
use kernel::{CallId, Clock, CompanyId, IdSource, Provider, ProviderError, Secret};
use reqwest::{Client, Method, RequestBuilder, header, redirect};
use serde_json::{Value, json};
use sha2::Sha256;
use url::Url;

use crate::{
    errors::{answer_of, not_sent},
    python_json,
    token::bearer,
};

/// The vendor's documented limit for audio.
const MAX_AUDIO_BYTES: u64 = 100 * 1024 * 1024;

/// Where and how to reach Shunya.
#[derive(Clone, Debug)]
pub struct ShunyaSettings {
    /// `https://otto.shunyalabs.ai`, or a stand-in.
    pub base_url: Url,
    /// Sent as bearer token where there is no JWT secret.
    pub api_key: Secret,
    /// Signs our bearer tokens.
    pub jwt_secret: Option<Secret>,
    /// Signs our bodies.
    pub hmac_secret: Option<Secret>,
    /// `X-UWC-Version`.
    pub version: String,
    /// Give up connecting after this.
    pub connect_timeout: Duration,
    /// Give up waiting for an answer after this.
    pub timeout: Duration,
}

/// Shunya's API.
pub struct ShunyaClient {
    http: Client,
    settings: ShunyaSettings,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
    traces: Arc<dyn Traces>,
}

impl ShunyaClient {
    /// Prepares a client; connects to nothing yet.
    pub fn new(
        settings: ShunyaSettings,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdSource>,
        traces: Arc<dyn Traces>,
    ) -> Result<Self, reqwest::Error> {
        let http = Client::builder()
            .connect_timeout(settings.connect_timeout)
            .timeout(settings.timeout)
            // what is asked with our key is answered where it was asked
            .redirect(redirect::Policy::none())
            .user_agent(concat!("otto/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { http, settings, clock, ids, traces })
    }

    fn request(
        &self,
        method: Method,
        company: &CompanyId,
        path: &[&str],
    ) -> Result<RequestBuilder, ProviderError> {
        let mut url = self.settings.base_url.clone();
        url.path_segments_mut()
            .map_err(|()| ProviderError::Rejected { code: "base_url".to_owned() })?
            .pop_if_empty()
            .extend(["api", "v1"])
            .extend(path);
        let now = self.clock.now();
        let token = match &self.settings.jwt_secret {
            Some(secret) => bearer(secret.expose(), company, now),
            None => Some(self.settings.api_key.expose().clone()),
        };
        let request = self
            .http
            .request(method, url)
            .bearer_auth(token.unwrap_or_default())
            .header("X-Company-ID", company.as_str())
            .header("X-Request-ID", self.ids.next().to_string())
            .header("X-UWC-Version", &self.settings.version)
            .header("X-UWC-Timestamp", kernel::rfc3339(now))
            .header("X-Target-Role", "customer_rep");
        Ok(match self.traces.current() {
            Some(trace) => request.header("traceparent", trace),
            None => request,
        })
    }

    async fn get(&self, company: &CompanyId, path: &[&str]) -> Result<Value, ProviderError> {
        let get = || provider_call(Provider::Shunya, operation_of(path), self.get_once(company, path));
        get.retry(moments()).when(ProviderError::is_momentary).await
    }

    async fn get_once(&self, company: &CompanyId, path: &[&str]) -> Result<Value, ProviderError> {
        let request = self.request(Method::GET, company, path)?;
        answer_of(request.send().await.map_err(|error| not_sent(&error))?).await
    }

    /// The key makes asking twice safe: the first may have been done although its answer was lost.
    async fn post(
        &self,
        company: &CompanyId,
        path: &[&str],
        key: &str,
        body: &Value,
    ) -> Result<Value, ProviderError> {
        let post =
            || provider_call(Provider::Shunya, operation_of(path), self.post_once(company, path, key, body));
        post.retry(moments()).when(ProviderError::is_momentary).await
    }

    async fn post_once(
        &self,
        company: &CompanyId,
        path: &[&str],
        key: &str,
        body: &Value,
    ) -> Result<Value, ProviderError> {
        // written as the vendor would write it again to check the signature, so that both ways of checking agree
        let body = python_json(body);
        let mut request = self
            .request(Method::POST, company, path)?
            .header("Idempotency-Key", key)
            .header(header::CONTENT_TYPE, "application/json");
        if let Some(secret) = &self.settings.hmac_secret {
            let timestamp = kernel::rfc3339(self.clock.now());
            if let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) {
                mac.update(timestamp.as_bytes());
                mac.update(b":");
                mac.update(body.as_bytes());
                request = request.header("X-Signature", hex::encode(mac.finalize().into_bytes()));
            }
        }
        answer_of(request.body(body).send().await.map_err(|error| not_sent(&error))?).await
    }
}

/// What a request is for: its path without the call, which metrics have no room for.
fn operation_of(path: &[&str]) -> &'static str {
    match path {
        ["transcription", "transcribe", ..] => "submit",
        ["transcription", "status", ..] => "transcription_status",
        ["transcription", "transcript", ..] => "transcript",
        ["analysis", "start", ..] => "start_analysis",
        ["analysis", "status", ..] => "analysis_status",
        ["analysis", "complete", ..] => "result",
        _ => "other",
    }
}

/// What passes by itself within a moment is not worth a job's attempt.
fn moments() -> ExponentialBuilder {
    ExponentialBuilder::new().with_min_delay(Duration::from_millis(200)).with_max_times(2).with_jitter()
}

fn word<'a>(answer: &'a Value, name: &str) -> Option<&'a str> {
    answer.get(name).or_else(|| answer.pointer(&format!("/data/{name}"))).and_then(Value::as_str)
}

fn id_of(answer: &Value) -> Option<String> {
    ["task_id", "shunya_job_id", "job_id"].iter().find_map(|name| word(answer, name)).map(str::to_owned)
}

/// A failure the vendor reports inside a successful answer.
fn failure(answer: &Value) -> EngineStatus {
    let code =
        answer.pointer("/error/error_code").or_else(|| answer.get("error_code")).and_then(Value::as_str);
    EngineStatus::Failed { code: code.unwrap_or("vendor_failed").chars().take(64).collect() }
}

#[async_trait]
impl AnalysisEngine for ShunyaClient {
    fn max_audio_bytes(&self) -> u64 {
        MAX_AUDIO_BYTES
    }

    async fn submit(&self, request: &SubmitRequest) -> Result<AcceptedByEngine, ProviderError> {
        let mut body = json!({
            "call_id": request.call, "audio_url": request.audio_url.expose(),
            "call_type": request.call_type.as_str(), "call_started_at": kernel::rfc3339(request.started_at),
        });
        if let (Some(zone), Value::Object(fields)) = (&request.time_zone, &mut body) {
            fields.insert("timezone".to_owned(), zone.as_str().into());
        }
        let path = ["transcription", "transcribe"];
        let answer = self.post(&request.company, &path, &request.idempotency_key, &body).await?;
        Ok(AcceptedByEngine { task_id: id_of(&answer) })
    }

    async fn start_analysis(&self, company: &CompanyId, call: CallId) -> Result<(), ProviderError> {
        let call = call.to_string();
        let key = format!("start-{call}");
        self.post(company, &["analysis", "start", &call], &key, &json!({})).await.map(|_| ())
    }

    async fn status(&self, company: &CompanyId, call: CallId) -> Result<EngineStatus, ProviderError> {
        let call = call.to_string();
        match self.get(company, &["analysis", "status", &call]).await {
            Ok(answer) => {
                return Ok(match word(&answer, "status") {
                    Some("completed" | "complete" | "succeeded" | "success") => EngineStatus::Completed,
                    Some("failed" | "error") => failure(&answer),
                    _ => EngineStatus::Processing,
                });
            }
            Err(ProviderError::NotFound { code }) if code == "CALL_NOT_FOUND" => {
                return Ok(EngineStatus::Unknown);
            }
            Err(ProviderError::NotFound { .. }) => {}
            Err(other) => return Err(other),
        }
        // no analysis: the transcript tells whether one is under way, was never begun, or cannot be made
        match self.get(company, &["transcription", "status", &call]).await {
            Ok(answer) => Ok(match word(&answer, "status") {
                Some("completed" | "complete" | "succeeded" | "success") => EngineStatus::NotStarted,
                Some("failed" | "error") => failure(&answer),
                _ => EngineStatus::Processing,
            }),
            Err(ProviderError::NotFound { .. }) => Ok(EngineStatus::Unknown),
            Err(other) => Err(other),
        }
    }

    async fn result(&self, company: &CompanyId, call: CallId) -> Result<Value, ProviderError> {
        self.get(company, &["analysis", "complete", &call.to_string()]).await
    }

    async fn transcript(&self, company: &CompanyId, call: CallId) -> Result<Value, ProviderError> {
        self.get(company, &["transcription", "transcript", &call.to_string()]).await
    }
}
