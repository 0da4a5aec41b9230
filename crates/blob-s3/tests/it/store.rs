//! An S3 server in this process: it checks signatures, ends and checksums, remembers what it was asked, and fails as told.

use std::{
    collections::VecDeque,
    convert::Infallible,
    fs, io,
    net::SocketAddr,
    path::Path,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use app::ports::{BlobKey, BlobStore, ByteStream};
use blob_s3::{S3Blobs, S3Credentials, S3Patience, S3Settings};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use hyper::{Request, Response, StatusCode, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use kernel::{CompanyId, Secret, Timestamp};
use s3s::{
    Body,
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
    stream::DynByteStream,
};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};

pub const BUCKET: &str = "otto-test";
const ACCESS: &str = "AKIATEST";
const SECRET: &str = "not-a-secret-at-all";

/// What the server does with a request.
#[derive(Clone, Debug)]
pub enum Deed {
    /// As S3 does.
    Serve,
    /// Answers this instead.
    Say(u16, String),
    /// Never answers.
    Hang,
    /// Serves all but the end of the answer.
    BreakOff,
}

/// A request, as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub query: String,
    pub headers: Vec<(String, String)>,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Which operation it is, as far as these tests tell them apart.
    pub fn operation(&self) -> &'static str {
        let has = |word: &str| self.query.split('&').any(|pair| pair.split('=').next() == Some(word));
        match self.method.as_str() {
            "PUT" if has("partNumber") => "UploadPart",
            "PUT" => "PutObject",
            "POST" if has("uploads") => "CreateMultipartUpload",
            "POST" => "CompleteMultipartUpload",
            "DELETE" if has("uploadId") => "AbortMultipartUpload",
            "DELETE" => "DeleteObject",
            "HEAD" => "HeadObject",
            _ if has("versions") => "ListObjectVersions",
            _ if has("list-type") => "ListObjectsV2",
            _ => "GetObject",
        }
    }
}

#[derive(Default)]
struct State {
    asked: Vec<Asked>,
    /// What to do with the next requests of an operation.
    plans: Vec<(&'static str, VecDeque<Deed>)>,
}

pub struct TestStore {
    pub folder: TempDir,
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
    count: watch::Receiver<usize>,
    server: JoinHandle<()>,
}

impl Drop for TestStore {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[expect(clippy::disallowed_methods, reason = "the server's clock is the machine's")]
pub fn now() -> Timestamp {
    std::time::SystemTime::now().into()
}

pub fn key(name: &str) -> BlobKey {
    let company = CompanyId::try_new("org_a").unwrap();
    BlobKey::parse(&company, &format!("tenants/org_a/{name}")).unwrap()
}

/// So many bytes in chunks.
pub fn bytes(length: usize) -> ByteStream {
    let chunks: Vec<_> =
        vec![7_u8; length].chunks(65_521).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    stream::iter(chunks).boxed()
}

/// More than one part.
pub const LONG: usize = (9 << 20) + 1;

/// Hurried enough for tests that wait for it.
pub fn hurried() -> S3Patience {
    S3Patience {
        connect: Duration::from_secs(2),
        attempt: Duration::from_millis(400),
        operation: Duration::from_secs(5),
        attempts: 3,
        stall: Duration::from_secs(1),
    }
}

impl TestStore {
    pub async fn start() -> Self {
        Self::start_at(([127, 0, 0, 1], 0).into()).await
    }

    pub async fn start_at(address: SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(BUCKET)).unwrap();
        let service = {
            let mut builder = S3ServiceBuilder::new(FileSystem::new(folder.path()).unwrap());
            builder.set_auth(SimpleAuth::from_single(ACCESS, SECRET));
            builder.build()
        };
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(Mutex::new(State::default()));
        let (counting, count) = watch::channel(0);
        let serving = state.clone();
        let server = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (service, state, counting) = (service.clone(), serving.clone(), counting.clone());
                let answer = service_fn(move |request| {
                    serve(service.clone(), state.clone(), counting.clone(), request)
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), answer));
            }
        });
        Self { folder, address, state, count, server }
    }

    /// Frees the port.
    pub async fn stop(mut self) {
        self.server.abort();
        let _ = (&mut self.server).await;
    }

    pub fn settings(&self) -> S3Settings {
        S3Settings {
            bucket: BUCKET.to_owned(),
            region: "us-east-1".to_owned(),
            credentials: Some(S3Credentials {
                access_key_id: ACCESS.to_owned(),
                secret_access_key: Secret::new(SECRET.to_owned()),
                session_token: None,
            }),
            endpoint: Some(format!("http://{}", self.address).parse().unwrap()),
            path_style: true,
            kms_key: None,
            patience: S3Patience::default(),
        }
    }

    pub async fn blobs(&self) -> S3Blobs {
        S3Blobs::new(self.settings()).await
    }

    pub async fn hurried(&self) -> S3Blobs {
        S3Blobs::new(S3Settings { patience: hurried(), ..self.settings() }).await
    }

    /// What to do with the next requests of an operation; later ones are served.
    pub fn plan(&self, operation: &'static str, deeds: impl IntoIterator<Item = Deed>) {
        self.state.lock().unwrap().plans.push((operation, deeds.into_iter().collect()));
    }

    pub fn asked(&self, operation: &str) -> Vec<Asked> {
        let state = self.state.lock().unwrap();
        state.asked.iter().filter(|asked| asked.operation() == operation).cloned().collect()
    }

    /// Waits until an operation was asked for and answered.
    pub async fn was_asked(&self, operation: &str) {
        let mut count = self.count.clone();
        let seen = async {
            while self.asked(operation).is_empty() {
                count.changed().await.unwrap();
            }
        };
        tokio::time::timeout(Duration::from_secs(20), seen).await.expect("it is asked for");
    }

    /// Files of uploads that are neither joined nor thrown away.
    pub fn leftovers(&self) -> Vec<String> {
        fn visit(folder: &Path, found: &mut Vec<String>) {
            for entry in fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                let name = entry.file_name().into_string().unwrap();
                if entry.file_type().unwrap().is_dir() {
                    visit(&entry.path(), found);
                } else if name.contains(".upload") || name.starts_with(".tmp") {
                    found.push(name);
                }
            }
        }
        let mut found = Vec::new();
        visit(self.folder.path(), &mut found);
        found
    }

    pub async fn holds(&self, key: &BlobKey) -> bool {
        self.blobs().await.get(key, 0, Some(1)).await.unwrap().is_some()
    }
}

static WRITING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

async fn serve(
    service: S3Service,
    state: Arc<Mutex<State>>,
    counting: watch::Sender<usize>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let asked = Asked {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        headers: request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
            .collect(),
    };
    let operation = asked.operation();
    let deed = {
        let mut state = state.lock().unwrap();
        let mut plans = state.plans.iter_mut().filter(|(planned, _)| *planned == operation);
        plans.find_map(|(_, deeds)| deeds.pop_front()).unwrap_or(Deed::Serve)
    };
    // counted when it is answered, so that whoever waits sees what came of it; one that is never answered counts at once
    let count = |asked| {
        state.lock().unwrap().asked.push(asked);
        counting.send_modify(|count| *count += 1);
    };
    match deed {
        Deed::Hang => {
            count(asked);
            std::future::pending().await
        }
        Deed::Say(status, text) => {
            count(asked);
            let mut answer = Response::new(Body::from(text));
            *answer.status_mut() = StatusCode::from_u16(status).unwrap();
            Ok(answer)
        }
        Deed::Serve | Deed::BreakOff => {
            // s3s-fs writes an object and its checksum one after the other; S3 does not
            let _turn = if asked.method == "PUT" { Some(WRITING.lock().await) } else { None };
            let answer = service.call(request.map(Body::from)).await.expect("an answer");
            count(asked);
            Ok(if matches!(deed, Deed::BreakOff) { cut(answer) } else { answer })
        }
    }
}

/// The head of an answer and too little of its body.
fn cut(answer: Response<Body>) -> Response<Body> {
    answer.map(|_| Body::from(Box::pin(Cut(0)) as DynByteStream))
}

struct Cut(u8);

impl Stream for Cut {
    type Item = Result<Bytes, s3s::StdError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0 += 1;
        match self.0 {
            1 => Poll::Ready(Some(Ok(Bytes::from_static(b"too little")))),
            // when there is nothing to send at the moment, what was given is sent
            2 => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            _ => Poll::Ready(Some(Err(io::Error::other("gone").into()))),
        }
    }
}

impl s3s::stream::ByteStream for Cut {}
