use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use app::{
    cron::run_cron,
    ports::{AuthError, Authenticator, Identity, Part, PartRole, Presented, Rate},
    presence::{Expected, run_presence},
    worker::{WorkerSettings, run_worker, worker_name},
};
use auth_dev::DevAuthenticator;
use console::ConsoleState;
use http_api::{ApiSettings, ApiState, BoundServer, ClientLimits, Mount, ProbeState, RouteTable};
use queue::Queue;
use settings::{Environment, Frequency, Settings};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{Otto, StartError, pulse::pulse};

/// Running requests and jobs get this long to end.
const GRACE: Duration = Duration::from_secs(20);

/// Which parts run in this process.
#[derive(Clone, Debug, Default)]
pub struct Parts {
    /// The HTTP API and the console.
    pub server: bool,
    /// A worker, and the queues it serves.
    pub worker: Option<Vec<Queue>>,
    /// The cron driver.
    pub cron: bool,
}

impl Parts {
    /// All of them, and all queues.
    pub fn all() -> Self {
        Self { server: true, worker: Some(Queue::ALL.to_vec()), cron: true }
    }

    /// All of them but those a developer turned off.
    pub fn wanted(settings: &Settings) -> Self {
        let Self { server, worker, cron } = Self::all();
        let background = &settings.background;
        Self { server, worker: worker.filter(|_| background.worker), cron: cron && background.scheduler }
    }
}

/// An Otto that runs until it is stopped.
pub struct Running {
    /// Where it listens, if it serves.
    pub address: Option<SocketAddr>,
    /// Where it answers probes, if it does not serve.
    pub probes: Option<SocketAddr>,
    /// Where providers and clients reach it.
    pub public_url: Url,
    /// The world.
    pub otto: Otto,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    /// Answers until everything else has ended.
    prober: Option<(CancellationToken, JoinHandle<()>)>,
}

impl Running {
    /// Ends by itself only if the server broke.
    pub async fn ended(&self) {
        self.stop.cancelled().await;
    }

    /// Stops: no more requests or jobs are taken, running ones end within a grace period, then everything is over.
    pub async fn stop(self) {
        self.stop.cancel();
        for task in self.tasks {
            if let Err(error) = task.await {
                tracing::error!(%error, "a part of Otto broke");
            }
        }
        if let Some((enough, prober)) = self.prober {
            enough.cancel();
            let _ = prober.await;
        }
    }
}

/// Nobody may come in: where there is no sign-in configured.
struct Closed;

#[async_trait::async_trait]
impl Authenticator for Closed {
    async fn authenticate(&self, presented: Presented<'_>) -> Result<Identity, AuthError> {
        Err(if presented.bearer.is_some() { AuthError::Invalid } else { AuthError::Missing })
    }
}

fn authenticator(settings: &Settings) -> Arc<dyn Authenticator> {
    match &settings.dev_mode {
        Some(dev) => Arc::new(DevAuthenticator { company: dev.company.clone(), user: dev.user.clone() }),
        None => Arc::new(Closed),
    }
}

fn bind(settings: &Settings) -> Result<BoundServer, StartError> {
    let address = SocketAddr::new(settings.http.host, settings.http.port);
    Ok(http_api::bind(address)?)
}

/// Takes the port for probes, if there is to be one.
fn bind_probes(settings: &Settings) -> Result<Option<BoundServer>, StartError> {
    let Some(port) = settings.observe.probe_port else { return Ok(None) };
    let address = SocketAddr::new(settings.http.host, port);
    let bound = http_api::bind(address);
    bound.map(Some).map_err(|error| StartError::Setting {
        name: "OTTO_PROBE_PORT",
        what: format!("{error}; each process of a machine needs one of its own"),
    })
}

/// Answers probes of a process without a server.
fn probe(
    otto: &Otto,
    bound: BoundServer,
    metrics: Arc<dyn Fn() -> String + Send + Sync>,
    stopping: CancellationToken,
) -> Result<(CancellationToken, JoinHandle<()>), StartError> {
    let state = ProbeState { ports: otto.ports.clone(), metrics, stopping: stopping.clone() };
    let mut running = http_api::run_probes(bound, state)?;
    let enough = CancellationToken::new();
    let until = enough.clone();
    let prober = tokio::spawn(async move {
        let ended = tokio::select! {
            () = until.cancelled() => {
                let ((), ended) = tokio::join!(running.stop(), running.ended);
                ended
            }
            ended = &mut running.ended => ended,
        };
        if let Err(error) = ended {
            tracing::error!(%error, "probes are no longer answered");
            stopping.cancel();
        }
    });
    Ok((enough, prober))
}

/// Where providers and clients reach us: as configured, else where we listen.
fn public_url(settings: &Settings, address: SocketAddr) -> Url {
    let host = if address.ip().is_unspecified() { IpAddr::from([127, 0, 0, 1]) } else { address.ip() };
    let listening = SocketAddr::new(host, address.port());
    settings
        .http
        .backend_url
        .clone()
        .or_else(|| Url::parse(&format!("http://{listening}/")).ok())
        .unwrap_or_else(|| unreachable!("a socket address makes a URL"))
}

/// Starts everything in this process.
pub async fn start(
    settings: Settings,
    parts: Parts,
    metrics: Arc<dyn Fn() -> String + Send + Sync>,
) -> Result<Running, StartError> {
    if parts.worker.is_some() && !parts.server && settings.http.backend_url.is_none() {
        let what = "must be set for a worker of its own: links to recordings lead there".to_owned();
        return Err(StartError::Setting { name: "BACKEND_URL", what });
    }
    // the port is taken before anything else happens: it is part of our address, and often the first thing to be wrong
    let bound = if parts.server { Some(bind(&settings)?) } else { None };
    let to_probe = if parts.server { None } else { bind_probes(&settings)? };
    let probes = to_probe.as_ref().map(|bound| bound.address);
    let address = bound.as_ref().map(|bound| bound.address);
    let public_url = public_url(&settings, address.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0))));
    // large, and done once
    let otto = Box::pin(Otto::build(settings, public_url.clone())).await?;
    let stop = CancellationToken::new();
    let is_read = parts.server || to_probe.is_some();
    let mut tasks = vec![tokio::spawn(pulse(otto.clone(), is_read, expected(&otto.settings), stop.clone()))];
    tasks.push(tokio::spawn(follow_replica(otto.clone(), stop.clone())));
    let answers = to_probe.map(|bound| probe(&otto, bound, metrics.clone(), stop.clone())).transpose()?;
    if let Some(bound) = bound {
        tasks.push(serve(&otto, bound, metrics, stop.clone())?);
    }
    if let Some(queues) = parts.worker {
        let name = worker_name("otto", std::process::id(), otto.ports.ids.next());
        let lease = otto.settings.job_lease;
        let mut worker = WorkerSettings { lease, ..WorkerSettings::all_queues(name.clone()) };
        worker.queues.retain(|(queue, _)| queues.contains(queue));
        tasks.push(present(&otto, PartRole::Worker, name, queues, &stop));
        let worker = run_worker(otto.ports.clone(), worker, stop.clone());
        tasks.push(watched("worker", worker, &stop));
    }
    if parts.cron {
        let name = worker_name("otto", std::process::id(), otto.ports.ids.next());
        tasks.push(present(&otto, PartRole::Scheduler, name, Vec::new(), &stop));
        let schedules = app::jobs::schedules(otto.settings.callrail.list_every);
        tasks.push(watched("cron", run_cron(otto.ports.clone(), schedules, stop.clone()), &stop));
    }
    Ok(Running { address, probes, public_url, otto, stop, tasks, prober: answers })
}

/// Keeps an eye on the replica, where there is one.
async fn follow_replica(otto: Otto, stop: CancellationToken) {
    tokio::select! {
        () = stop.cancelled() => {}
        () = otto.pools.store.follow_replica() => {}
    }
}

/// Runs a part, whose end before we stop ends the process: one that idles on looks alive and does nothing.
fn watched(
    name: &'static str,
    part: impl Future<Output = ()> + Send + 'static,
    stop: &CancellationToken,
) -> JoinHandle<()> {
    let stop = stop.clone();
    tokio::spawn(async move {
        let ended = tokio::spawn(part).await;
        if !stop.is_cancelled() {
            tracing::error!(part = name, panicked = ended.is_err(), "a part of Otto ended");
            stop.cancel();
        }
    })
}

/// Says that a part is there for as long as it is.
fn present(
    otto: &Otto,
    role: PartRole,
    id: String,
    queues: Vec<Queue>,
    stop: &CancellationToken,
) -> JoinHandle<()> {
    let started_at = otto.ports.clock.now();
    let (version, providers) = (env!("CARGO_PKG_VERSION").to_owned(), Vec::new());
    // whoever runs jobs asks providers, and knows how that goes
    let guards = if role == PartRole::Worker { otto.guards.clone() } else { Vec::new() };
    let part = Part { role, id, queues, version, started_at, providers };
    tokio::spawn(run_presence(otto.ports.clone(), part, guards, stop.clone()))
}

/// Where the providers are, if they are this machine's: a demo must never be sent to the real ones.
fn stand_ins(settings: &Settings) -> Option<Vec<(&'static str, String)>> {
    let here = |url: &Url| match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let (callrail, shunya) = (&settings.callrail.base_url, &settings.shunya.base_url);
    let told = || vec![("callrail", callrail.to_string()), ("shunya", shunya.to_string())];
    (here(callrail) && here(shunya)).then(told)
}

fn expected(settings: &Settings) -> Expected {
    Expected { worker: settings.background.worker, scheduler: settings.background.scheduler }
}

fn limits(settings: &Settings) -> Option<ClientLimits> {
    let rate = |often: Frequency| Rate { count: often.count, per: often.per };
    settings.rate_limits.map(|limits| ClientLimits { user: rate(limits.user), tenant: rate(limits.tenant) })
}

fn serve(
    otto: &Otto,
    bound: BoundServer,
    metrics: Arc<dyn Fn() -> String + Send + Sync>,
    stop: CancellationToken,
) -> Result<JoinHandle<()>, StartError> {
    let settings = &otto.settings;
    let development = settings.environment == Environment::Development && settings.dev_mode.is_some();
    let version = env!("CARGO_PKG_VERSION");
    let state = ApiState {
        ports: otto.ports.clone(),
        authenticator: authenticator(settings),
        table: RouteTable::new(console::ROUTES),
        settings: ApiSettings {
            environment: settings.environment.as_str(),
            version,
            allowed_origins: settings.http.allowed_origins.clone(),
            max_webhook_bytes: settings.http.max_webhook_bytes,
            webhook_patience: settings.http.webhook_patience,
            limits: limits(settings),
            expected: expected(settings),
            stand_ins: stand_ins(settings).filter(|_| development),
        },
        stopping: stop.clone(),
        metrics,
        home: tokio::runtime::Handle::current(),
    };
    let stop_delay = settings.http.stop_delay;
    let pages = ConsoleState {
        ports: otto.ports.clone(),
        expected: expected(settings),
        development,
        version,
        stopping: stop.clone(),
    };
    let pages: Mount = Arc::new(console::mount(pages));
    let workers = std::thread::available_parallelism().map_or(2, usize::from).min(8);
    let running = bound.run(state, vec![pages], workers, GRACE)?;
    Ok(tokio::spawn(async move {
        let mut running = running;
        tokio::select! {
            () = stop.cancelled() => {
                // not ready any more, and still there for whoever has not heard of it
                tokio::time::sleep(stop_delay).await;
                let stopping = running.stop();
                let ((), end) = tokio::join!(stopping, running.ended);
                if let Err(error) = end {
                    tracing::error!(%error, "the server broke while stopping");
                }
            }
            end = &mut running.ended => {
                match end {
                    Ok(()) => tracing::warn!("the server ended"),
                    Err(error) => tracing::error!(%error, "the server broke"),
                }
                // an Otto that cannot be reached is of no use: let whoever runs the process start another
                stop.cancel();
            }
        }
    }))
}
