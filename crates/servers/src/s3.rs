//! An S3 server in this process: it checks signatures, ends and checksums, remembers what it was asked, and fails as told.

mod answer;

use std::{
    collections::VecDeque,
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use s3s::{
    auth::SimpleAuth,
    service::{S3Service, S3ServiceBuilder},
};
use s3s_fs::FileSystem;
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::watch, task::JoinSet};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use self::answer::answer;
use crate::{ServerError, free_port};

/// So many requests are remembered.
const REMEMBERED: usize = 20_000;

/// What the server does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// As S3 does.
    Serve,
    /// Answers this status and text instead.
    Say(u16, String),
    /// Never answers.
    Hang,
    /// Serves all but the end of the answer.
    BreakOff,
}

/// A request, as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// As sent.
    pub method: String,
    /// As sent.
    pub path: String,
    /// As sent, empty where there is none.
    pub query: String,
    /// Name and value.
    pub headers: Vec<(String, String)>,
}

impl Asked {
    /// A header's value.
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

/// What connections share.
struct Shared {
    service: S3Service,
    state: Mutex<State>,
    count: watch::Sender<usize>,
}

#[derive(Default)]
struct State {
    asked: Vec<Asked>,
    /// What to do with the next requests of an operation.
    plans: Vec<(&'static str, VecDeque<Deed>)>,
    /// What to do with requests nothing is planned for.
    otherwise: Option<Deed>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn deed(&self, operation: &str) -> Deed {
        let mut state = self.state();
        let mut plans = state.plans.iter_mut().filter(|(planned, _)| *planned == operation);
        let planned = plans.find_map(|(_, deeds)| deeds.pop_front());
        planned.or_else(|| state.otherwise.clone()).unwrap_or(Deed::Serve)
    }

    fn note(&self, asked: Asked) {
        let mut state = self.state();
        if state.asked.len() >= REMEMBERED {
            state.asked.remove(0);
        }
        state.asked.push(asked);
        drop(state);
        self.count.send_modify(|count| *count += 1);
    }
}

/// An S3 server with one bucket, which is a folder of plain files.
pub struct S3Server {
    folder: TempDir,
    bucket: String,
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: Option<Serving>,
}

struct Serving {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Drop for S3Server {
    fn drop(&mut self) {
        if let Some(serving) = &self.serving {
            serving.stop.cancel();
        }
    }
}

impl S3Server {
    /// The key it lets in.
    pub const ACCESS_KEY: &'static str = "AKIATEST";
    /// What that key signs with.
    pub const SECRET: &'static str = "not-a-secret-at-all";

    /// One that runs, on a port that is free.
    pub async fn started(bucket: &str) -> Result<Self, ServerError> {
        let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
        let failed = || ServerError::when("make a folder for S3");
        let folder = tempfile::tempdir().map_err(failed())?;
        fs::create_dir(folder.path().join(bucket)).map_err(failed())?;
        let files = FileSystem::new(folder.path()).map_err(|error| ServerError::Failed {
            what: "S3 cannot be served from a folder".to_owned(),
            told: format!("{error:?}"),
        })?;
        let mut builder = S3ServiceBuilder::new(files);
        builder.set_auth(SimpleAuth::from_single(Self::ACCESS_KEY, Self::SECRET));
        let (count, _) = watch::channel(0);
        let shared = Arc::new(Shared { service: builder.build(), state: Mutex::default(), count });
        let mut server = Self { folder, bucket: bucket.to_owned(), address, shared, serving: None };
        server.start().await?;
        Ok(server)
    }

    /// Serves on the same port as before, what is stored included.
    pub async fn start(&mut self) -> Result<(), ServerError> {
        let listening = TcpListener::bind(self.address).await;
        let listener = listening.map_err(ServerError::when(format!("listen on {} for S3", self.address)))?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        tasks.spawn(stop.clone().run_until_cancelled_owned(serve(listener, self.shared.clone())));
        self.serving = Some(Serving { stop, tasks });
        Ok(())
    }

    /// Breaks every connection and frees the port.
    pub async fn stop(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.stop.cancel();
            serving.tasks.close();
            serving.tasks.wait().await;
        }
    }

    /// The bucket's name.
    pub fn bucket(&self) -> &str {
        &self.bucket
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the bucket's objects are, as files named by their keys.
    pub fn objects(&self) -> PathBuf {
        self.folder.path().join(&self.bucket)
    }

    /// What to do with the next requests of an operation.
    pub fn plan(&self, operation: &'static str, deeds: impl IntoIterator<Item = Deed>) {
        self.shared.state().plans.push((operation, deeds.into_iter().collect()));
    }

    /// What to do with requests nothing is planned for, from now on.
    pub fn from_now_on(&self, deed: Deed) {
        self.shared.state().otherwise = Some(deed);
    }

    /// The requests of an operation so far.
    pub fn asked(&self, operation: &str) -> Vec<Asked> {
        let state = self.shared.state();
        state.asked.iter().filter(|asked| asked.operation() == operation).cloned().collect()
    }

    /// Waits until an operation was asked for and answered.
    pub async fn was_asked(&self, operation: &str) {
        let mut count = self.shared.count.subscribe();
        while self.asked(operation).is_empty() {
            // the sender is ours: it cannot go away meanwhile
            let _ = count.changed().await;
        }
    }

    /// Files of uploads that are neither joined nor thrown away.
    pub fn leftovers(&self) -> Vec<String> {
        let mut found = Vec::new();
        collect_leftovers(self.folder.path(), &mut found);
        found
    }
}

fn collect_leftovers(folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect_leftovers(&entry.path(), found);
        } else if name.contains(".upload") || name.starts_with(".tmp") {
            found.push(name);
        }
    }
}

/// Serves until it is dropped, and every connection with it.
async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        let shared = shared.clone();
        let service = service_fn(move |request| answer(shared.clone(), request));
        connections.spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
    }
}
