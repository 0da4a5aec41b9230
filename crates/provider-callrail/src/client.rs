use std::time::Duration;

use app::{
    ports::{CallsSince, Credentials, ListedCalls, RecordingDownload, RecordingSource, TenantHints, Traces},
    provider_call,
};
use async_trait::async_trait;
use backon::{ExponentialBuilder, Retryable};
use futures_util::StreamExt;
use kernel::{Clock, Provider, ProviderError};
use reqwest::{Client, ClientBuilder, RequestBuilder, Response, StatusCode, header, redirect};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};
use std::sync::Arc;
use url::Url;

use crate::{
    listed::{FIELDS, ListedPage, calls_of},
    webhook::hints_of,
};

/// Longer answers of the API are not read: the longest, a page of 250 calls, is a tenth of this.
const MOST_ANSWER_BYTES: usize = 8 << 20;
/// An answer of the API is here within this time, to its last byte.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);
/// A recording that is moved on more often is not followed.
const MOST_REDIRECTS: usize = 5;

/// Where and how to reach CallRail.
#[derive(Clone, Debug)]
pub struct CallrailSettings {
    /// `https://api.callrail.com/v3`, or a stand-in.
    pub base_url: Url,
    /// Give up connecting after this.
    pub connect_timeout: Duration,
    /// Give up waiting for an answer, or for the next bytes of a recording, after this.
    pub read_timeout: Duration,
}

/// CallRail's REST API.
pub struct CallrailClient {
    http: Client,
    /// For recordings, which are elsewhere.
    media: Client,
    base_url: Url,
    clock: Arc<dyn Clock>,
    traces: Arc<dyn Traces>,
}

#[derive(Deserialize)]
struct RecordingLink {
    url: String,
}

impl CallrailClient {
    /// Prepares a client; connects to nothing yet.
    pub fn new(
        settings: &CallrailSettings,
        clock: Arc<dyn Clock>,
        traces: Arc<dyn Traces>,
    ) -> Result<Self, reqwest::Error> {
        // what is asked with our key is answered where it was asked
        let http = builder(settings).redirect(redirect::Policy::none()).build()?;
        let media = builder(settings).redirect(moved_recordings()).build()?;
        Ok(Self { http, media, base_url: settings.base_url.clone(), clock, traces })
    }

    fn get(&self, credentials: &Credentials, path: &[&str]) -> Result<RequestBuilder, ProviderError> {
        let mut url = self.base_url.clone();
        url.path_segments_mut()
            .map_err(|()| ProviderError::Rejected { code: "base_url".to_owned() })?
            .pop_if_empty()
            .extend(["a", credentials.account_id.as_str()])
            .extend(path);
        Ok(self.request(credentials, url))
    }

    /// With our key, and the trace it belongs to.
    fn request(&self, credentials: &Credentials, url: Url) -> RequestBuilder {
        let token = format!("Token token=\"{}\"", credentials.api_key.expose());
        let request = self.http.get(url).timeout(ANSWER_TIMEOUT);
        let request = request.header(header::AUTHORIZATION, token).header("Request-From", "otto");
        match self.traces.current() {
            Some(trace) => request.header("traceparent", trace),
            None => request,
        }
    }
}

fn builder(settings: &CallrailSettings) -> ClientBuilder {
    Client::builder()
        .connect_timeout(settings.connect_timeout)
        .read_timeout(settings.read_timeout)
        .user_agent(concat!("otto/", env!("CARGO_PKG_VERSION")))
}

/// Whoever answers for a recording may send us on, but not to where nobody proves who they are: what can be reached from
/// here without encryption is our own.
fn moved_recordings() -> redirect::Policy {
    redirect::Policy::custom(|attempt| {
        let from = attempt.previous();
        let is_safe = attempt.url().scheme() == "https"
            || from.iter().all(|url| url.origin() == attempt.url().origin());
        if is_safe && from.len() <= MOST_REDIRECTS { attempt.follow() } else { attempt.stop() }
    })
}

/// An answer's JSON.
async fn json<T: DeserializeOwned>(mut response: Response) -> Result<T, ProviderError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| not_sent(&error))? {
        if body.len() + chunk.len() > MOST_ANSWER_BYTES {
            return Err(unavailable("an answer without end"));
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).map_err(|_| unavailable("an answer that is not JSON"))
}

fn unavailable(reason: &str) -> ProviderError {
    ProviderError::Unavailable { reason: reason.to_owned(), retry_after: None }
}

fn not_sent(error: &reqwest::Error) -> ProviderError {
    if error.is_timeout() { ProviderError::Timeout } else { unavailable("no connection") }
}

/// CallRail answers 429 without saying for how long; the caller's backoff decides.
fn checked(response: Response) -> Result<Response, ProviderError> {
    let status = response.status();
    match status {
        _ if status.is_success() => Ok(response),
        StatusCode::NOT_FOUND => Err(ProviderError::NotFound { code: "404".to_owned() }),
        StatusCode::TOO_MANY_REQUESTS => {
            Err(ProviderError::Throttled { retry_after: retry_after(&response) })
        }
        StatusCode::REQUEST_TIMEOUT => Err(ProviderError::Timeout),
        // a key being changed is mended by people, not by giving the call up
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            Err(ProviderError::KeyRefused { code: status.as_str().to_owned() })
        }
        _ if status.is_server_error() => Err(unavailable(status.as_str())),
        _ => Err(ProviderError::Rejected { code: status.as_str().to_owned() }),
    }
}

fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

#[async_trait]
impl RecordingSource for CallrailClient {
    fn provider(&self) -> Provider {
        Provider::Callrail
    }

    async fn download(
        &self,
        credentials: &Credentials,
        recording_id: &str,
    ) -> Result<RecordingDownload, ProviderError> {
        let open = || {
            provider_call(
                Provider::Callrail,
                "open_recording",
                self.open_recording(credentials, recording_id),
            )
        };
        open.retry(moments()).when(ProviderError::is_momentary).await
    }

    async fn whose(&self, credentials: &Credentials, call_id: &str) -> Result<TenantHints, ProviderError> {
        let ask = || provider_call(Provider::Callrail, "whose", self.company_of(credentials, call_id));
        ask.retry(moments()).when(ProviderError::is_momentary).await
    }

    async fn list_calls(
        &self,
        credentials: &Credentials,
        since: &CallsSince,
    ) -> Result<ListedCalls, ProviderError> {
        let list = || provider_call(Provider::Callrail, "list_calls", self.list_page(credentials, since));
        list.retry(moments()).when(ProviderError::is_momentary).await
    }
}

/// What passes by itself within a moment is not worth a job's attempt.
fn moments() -> ExponentialBuilder {
    ExponentialBuilder::new().with_min_delay(Duration::from_millis(200)).with_max_times(2).with_jitter()
}

impl CallrailClient {
    async fn open_recording(
        &self,
        credentials: &Credentials,
        recording_id: &str,
    ) -> Result<RecordingDownload, ProviderError> {
        let request = self.get(credentials, &["calls", recording_id, "recording.json"])?;
        let response = checked(request.send().await.map_err(|error| not_sent(&error))?)?;
        let link: RecordingLink = json(response).await?;
        let link = Url::parse(&link.url).map_err(|_| unavailable("a link that is none"))?;
        // the link is the vendor's, over an authenticated answer; still nothing but the web is to be reached by it
        if link.scheme() != "https" && link.scheme() != self.base_url.scheme() {
            return Err(unavailable("a link without encryption"));
        }
        // the link is its own proof: our key is for the API alone
        let audio = self.media.get(link).send().await.map_err(|error| not_sent(&error))?;
        // an expired link is asked for again
        let audio = match audio.status() {
            StatusCode::FORBIDDEN | StatusCode::GONE | StatusCode::UNAUTHORIZED => {
                return Err(unavailable("the link has expired"));
            }
            _ => checked(audio)?,
        };
        let content_type = audio
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let length = audio.content_length();
        let body = audio.bytes_stream().map(|chunk| chunk.map_err(std::io::Error::other)).boxed();
        Ok(RecordingDownload { content_type, length, body })
    }

    async fn list_page(
        &self,
        credentials: &Credentials,
        since: &CallsSince,
    ) -> Result<ListedCalls, ProviderError> {
        let request = match &since.page {
            Some(next) => self.next_page(credentials, next)?,
            // the oldest first: what is added meanwhile comes at the end and shifts no page
            None => self.get(credentials, &["calls.json"])?.query(&[
                ("relative_pagination", "true"),
                ("sort", "start_time"),
                ("order", "asc"),
                ("per_page", "250"),
                ("start_date", &kernel::rfc3339(since.since)),
                ("fields", FIELDS),
            ]),
        };
        let response = checked(request.send().await.map_err(|error| not_sent(&error))?)?;
        let page: ListedPage = json(response).await?;
        Ok(calls_of(page, self.clock.now()))
    }

    async fn company_of(
        &self,
        credentials: &Credentials,
        call_id: &str,
    ) -> Result<TenantHints, ProviderError> {
        let file = format!("{call_id}.json");
        let request = self.get(credentials, &["calls", &file])?.query(&[("fields", "company_id")]);
        let response = checked(request.send().await.map_err(|error| not_sent(&error))?)?;
        let call: Map<String, Value> = json(response).await?;
        Ok(hints_of(&call))
    }

    /// The next page by the vendor's own link, as long as it leads to the vendor.
    fn next_page(&self, credentials: &Credentials, next: &str) -> Result<RequestBuilder, ProviderError> {
        let url = self.base_url.join(next).map_err(|_| unavailable("a link that is none"))?;
        if url.origin() != self.base_url.origin() {
            return Err(unavailable("a link to somewhere else"));
        }
        Ok(self.request(credentials, url))
    }
}
