//! A tiny Otto: takes webhooks, remembers them, answers as it is told, and serves audio.

use std::{
    collections::BTreeMap,
    net::TcpListener,
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    dev::ServerHandle,
    web::{self, Bytes, Data},
};
use serde_json::{Value, json};
use simulators::{SimulatedTenant, SimulatorSettings, Simulators, audio, corpus};
use tokio::sync::{Semaphore, mpsc};

/// Far longer than anything here takes: a test that waits this long waits for ever.
const GUARD: Duration = Duration::from_mins(2);

/// A webhook as it arrived.
#[derive(Clone, Debug)]
pub struct Received {
    pub path: String,
    pub query: String,
    pub headers: BTreeMap<String, String>,
    pub body: Bytes,
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn event(&self) -> String {
        self.json()["event_type"].as_str().unwrap_or_default().to_owned()
    }

    /// `call.completed` and so on.
    pub fn kind(&self) -> &str {
        self.path.rsplit('/').next().unwrap()
    }
}

type Policy = dyn Fn(&Received) -> u16 + Send + Sync;

struct Shared {
    inbox: mpsc::UnboundedSender<Received>,
    policy: Mutex<Arc<Policy>>,
    /// Webhooks are answered while there are permits.
    open: Semaphore,
    /// Audio by name.
    audio: Mutex<BTreeMap<String, Bytes>>,
    audio_open: Semaphore,
}

pub struct Otto {
    pub url: String,
    inbox: mpsc::UnboundedReceiver<Received>,
    shared: Arc<Shared>,
    handle: ServerHandle,
}

const MANY: usize = 1_000_000;

impl Otto {
    pub fn start() -> Self {
        let (sender, inbox) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            inbox: sender,
            policy: Mutex::new(Arc::new(|_| 200)),
            open: Semaphore::new(MANY),
            audio: Mutex::default(),
            audio_open: Semaphore::new(MANY),
        });
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let data = Data::from(Arc::clone(&shared));
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .route("/audio/{name}", web::get().to(serve_audio))
                .default_service(web::to(take))
        })
        .workers(1)
        .disable_signals()
        .listen(listener)
        .unwrap()
        .run();
        let handle = server.handle();
        tokio::spawn(server);
        Self { url, inbox, shared, handle }
    }

    /// From now on answers with the status `policy` says.
    pub fn answer(&self, policy: impl Fn(&Received) -> u16 + Send + Sync + 'static) {
        *self.shared.policy.lock().unwrap() = Arc::new(policy);
    }

    /// Takes webhooks, but answers none until released.
    pub fn hold(&self) {
        self.shared.open.forget_permits(MANY);
    }

    pub fn release(&self) {
        self.shared.open.add_permits(MANY);
    }

    /// Serves no audio until released.
    pub fn hold_audio(&self) {
        self.shared.audio_open.forget_permits(MANY);
    }

    pub fn release_audio(&self) {
        self.shared.audio_open.add_permits(MANY);
    }

    /// Serves audio; its address.
    pub fn put_audio(&self, name: &str, audio: impl Into<Bytes>) -> String {
        self.shared.audio.lock().unwrap().insert(name.to_owned(), audio.into());
        format!("{}/audio/{name}", self.url)
    }

    /// Serves the recording of a conversation; its address.
    pub fn put_talk(&self, conversation: &str) -> String {
        let talk = corpus::find(conversation).unwrap();
        self.put_audio(&format!("{conversation}.wav"), audio::recording(talk, "CAL1"))
    }

    /// The next webhook.
    pub async fn next(&mut self) -> Received {
        within(self.inbox.recv()).await.unwrap()
    }

    /// The next so many webhooks.
    pub async fn next_many(&mut self, count: usize) -> Vec<Received> {
        let mut all = Vec::new();
        for _ in 0..count {
            all.push(self.next().await);
        }
        all
    }

    /// Webhooks that arrived and were not looked at.
    pub fn rest(&mut self) -> Vec<Received> {
        std::iter::from_fn(|| self.inbox.try_recv().ok()).collect()
    }
}

impl Drop for Otto {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
    }
}

async fn take(shared: Data<Shared>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let headers = request.headers().iter();
    let received = Received {
        path: request.path().to_owned(),
        query: request.query_string().to_owned(),
        headers: headers
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect(),
        body,
    };
    let policy = Arc::clone(&shared.policy.lock().unwrap());
    let status = policy(&received);
    shared.inbox.send(received).unwrap();
    drop(shared.open.acquire().await.unwrap());
    HttpResponse::build(status.try_into().unwrap()).json(json!({ "status": "success" }))
}

async fn serve_audio(shared: Data<Shared>, name: web::Path<String>) -> HttpResponse {
    drop(shared.audio_open.acquire().await.unwrap());
    match shared.audio.lock().unwrap().get(name.as_str()) {
        Some(audio) => HttpResponse::Ok().content_type("audio/wav").body(audio.clone()),
        None => HttpResponse::NotFound().finish(),
    }
}

/// Fails a test that would wait for ever.
pub async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(GUARD, future).await.expect("nothing happened for two minutes")
}

/// What time it is.
#[expect(clippy::disallowed_methods, reason = "the stand-ins live in real time")]
pub fn now() -> chrono::DateTime<chrono::Utc> {
    chrono::Utc::now()
}

/// Stand-ins in a hurry, without surprises.
pub fn settings() -> SimulatorSettings {
    SimulatorSettings {
        seed: 7,
        time_scale: 0.002,
        quirks: 0.0,
        late_recordings: 0.0,
        ..SimulatorSettings::default()
    }
}

pub fn start_with(otto: &Otto, settings: SimulatorSettings) -> Simulators {
    let simulators = simulators::start(settings).unwrap();
    simulators.set_otto_url(&otto.url);
    simulators
}

pub fn tenant() -> SimulatedTenant {
    SimulatedTenant::demo(7).remove(0)
}

/// An HTTP answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: Value,
}

/// Sends a request; the answer, its body as JSON, or null where it is none.
pub async fn ask(request: reqwest::RequestBuilder) -> Answer {
    let response = within(request.send()).await.unwrap();
    let status = response.status().as_u16();
    let headers = response.headers().iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    let body = within(response.bytes()).await.unwrap();
    Answer { status, headers, body: serde_json::from_slice(&body).unwrap_or_default() }
}

pub fn http() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// Otto's side of Shunya's API.
pub struct ShunyaClient {
    http: reqwest::Client,
    base: String,
    token: String,
    company: String,
}

impl ShunyaClient {
    pub fn of(simulators: &Simulators) -> Self {
        Self {
            http: http(),
            base: simulators.shunya_url().to_owned(),
            token: simulators.secrets().shunya_api_key.expose().clone(),
            company: "org_1".to_owned(),
        }
    }

    pub fn with_token(self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self }
    }

    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, format!("{}{path}", self.base))
            .bearer_auth(&self.token)
            .header("X-Company-ID", &self.company)
    }

    pub async fn get(&self, path: &str) -> Answer {
        ask(self.request(reqwest::Method::GET, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        ask(self.request(reqwest::Method::POST, path).json(body)).await
    }

    pub fn submission(&self, call_id: i64, audio_url: &str, key: &str) -> reqwest::RequestBuilder {
        let body = json!({
            "call_id": call_id, "audio_url": audio_url, "call_type": "csr_call", "timezone": "America/Phoenix",
            "call_started_at": "2026-11-22T10:00:00-07:00",
        });
        self.request(reqwest::Method::POST, "/api/v1/transcription/transcribe")
            .header("Idempotency-Key", format!("{call_id}-{key}"))
            .json(&body)
    }

    pub async fn submit(&self, call_id: i64, audio_url: &str, key: &str) -> Answer {
        ask(self.submission(call_id, audio_url, key)).await
    }
}

/// Otto's side of CallRail's API.
pub struct CallrailClient {
    http: reqwest::Client,
    base: String,
    key: String,
}

impl CallrailClient {
    pub fn of(simulators: &Simulators) -> Self {
        let secrets = simulators.secrets();
        let base = format!("{}/a/{}", simulators.callrail_url(), secrets.callrail_account_id);
        Self { http: http(), base, key: secrets.callrail_api_key.expose().clone() }
    }

    pub fn request(&self, path: &str) -> reqwest::RequestBuilder {
        let url = if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) };
        self.http.get(url).header("Authorization", format!("Token token=\"{}\"", self.key))
    }

    pub async fn get(&self, path: &str) -> Answer {
        ask(self.request(path)).await
    }
}
