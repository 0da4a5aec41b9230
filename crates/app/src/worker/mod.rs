//! The worker: claims jobs, runs them, keeps their leases alive.
//!
//! An idle worker sleeps until the bell rings or the next job it knows of is due. No transaction is open while a job
//! runs. Killing a worker at any moment loses nothing: its leases run out and others take its jobs up.

mod afterwards;
mod execute;
mod heartbeat;
mod held;
mod lane;

use std::{collections::HashMap, panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::FutureExt;
use kernel::StoreError;
use queue::{ClaimedJob, Lease, Queue};
use tokio::{
    sync::oneshot,
    task::JoinSet,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use self::{
    afterwards::{Afterwards, Ended},
    execute::execute,
    held::{HeldJobs, Stop},
    lane::Lane,
};
use crate::{
    Ports,
    jobs::KINDS,
    ports::{Claim, LEASE},
};

/// How long the store may take, in the end, to be told what has ended and what is handed back.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// How a worker behaves.
#[derive(Clone, Debug)]
pub struct WorkerSettings {
    /// Its name, for people to see who has a job.
    pub name: String,
    /// Which queues it serves, and how many of each one's jobs at a time.
    pub queues: Vec<(Queue, usize)>,
    /// How long it goes without looking when no bell rings and nothing is known to be due.
    pub idle_poll: Duration,
    /// How long running jobs get to end after shutdown is asked for.
    pub grace: Duration,
    /// How long a claim holds unless renewed.
    pub lease: Duration,
}

impl WorkerSettings {
    /// All queues with their default concurrency.
    pub fn all_queues(name: String) -> Self {
        Self {
            name,
            queues: Queue::ALL.into_iter().map(|queue| (queue, queue.default_concurrency())).collect(),
            idle_poll: Duration::from_secs(15),
            grace: Duration::from_secs(20),
            lease: LEASE,
        }
    }
}

/// A job that is claimed and not begun.
struct Waiting {
    job: ClaimedJob,
    /// Says if it is not to begin any more.
    stop: oneshot::Receiver<Stop>,
}

type Lanes = HashMap<Queue, Lane<Waiting>>;

/// Serves its queues until shutdown is asked for, then lets running jobs end or hands them back.
pub async fn run_worker(ports: Arc<Ports>, settings: WorkerSettings, shutdown: CancellationToken) {
    // what begins at something else than 0 has not grown, as far as anybody can see
    for kind in KINDS {
        metrics::counter!("otto_jobs_given_up_total", "kind" => kind.name).increment(0);
    }
    let held = Arc::new(HeldJobs::default());
    let beating = CancellationToken::new();
    let heart = tokio::spawn(heartbeat::beat(ports.clone(), held.clone(), settings.lease, beating.clone()));
    let mut bell = ports.doorbell.listen().await;
    let start = Instant::now();
    let mut lanes: Lanes =
        settings.queues.iter().map(|(queue, slots)| (*queue, Lane::new(*queue, *slots, start))).collect();
    let mut running: JoinSet<Ended> = JoinSet::new();
    let mut afterwards = Afterwards::new(ports.clone(), held.clone());
    let mut trouble = 0_u32;

    while !shutdown.is_cancelled() {
        match look(&ports, &settings, &mut lanes, &held, &mut running).await {
            Ok(()) => trouble = 0,
            Err(error) => {
                trouble = trouble.saturating_add(1);
                let wait = Duration::from_millis(250) * 2_u32.saturating_pow(trouble.min(6));
                tracing::warn!(error = &error as &dyn std::error::Error, ?wait, "cannot look for jobs");
                postpone(&mut lanes, wait);
            }
        }
        let now = Instant::now();
        for lane in lanes.values_mut() {
            let late = lane.waited_too_long(now);
            afterwards.hand_back(lane.queue, leases_of(&late));
        }
        let next = lanes.values().filter_map(Lane::next).min();
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = sleep_until(next.unwrap_or(now + settings.idle_poll)) => {}
            rung = bell.rung() => {
                for queue in rung {
                    if let Some(lane) = lanes.get_mut(&queue) {
                        lane.look_at(Instant::now());
                    }
                }
            }
            Some(ended) = running.join_next() => {
                let mut ends = vec![ended];
                // whatever else has ended is acknowledged in the same statement
                while let Some(ended) = running.try_join_next() {
                    ends.push(ended);
                }
                let ends: Vec<_> = ends.into_iter().flatten().collect();
                let now = Instant::now();
                for ended in &ends {
                    if let Some(lane) = lanes.get_mut(&ended.queue) {
                        lane.ended(ended.took, now);
                        begin(&ports, lane, &mut running);
                    }
                }
                afterwards.ended(&ends);
            }
            () = afterwards.acknowledged() => {}
        }
    }
    // nobody is kept waiting for what will not be begun
    for lane in lanes.values_mut() {
        let waiting = lane.give_up();
        afterwards.hand_back(lane.queue, leases_of(&waiting));
    }
    wind_down(&settings, &held, running, afterwards).await;
    beating.cancel();
    if let Err(error) = heart.await {
        tracing::error!(%error, "the heartbeat broke");
    }
}

/// Claims what the due lanes have room for, and learns when to look again.
async fn look(
    ports: &Arc<Ports>,
    settings: &WorkerSettings,
    lanes: &mut Lanes,
    held: &HeldJobs,
    running: &mut JoinSet<Ended>,
) -> Result<(), StoreError> {
    let due = Instant::now();
    let mut emptied = Vec::new();
    for lane in lanes.values_mut() {
        let Some(wanted) = lane.wants(due) else { continue };
        let now = ports.clock.now();
        let claim = Claim {
            queue: lane.queue,
            limit: i64::try_from(wanted).unwrap_or(i64::MAX),
            worker: &settings.name,
            token: ports.ids.next(),
            now,
            lease_until: now + chrono::Duration::from_std(settings.lease).unwrap_or_default(),
        };
        let claimed = ports.claims.claim(&claim).await?;
        let claimed = claimed.into_iter().map(|job| Waiting { stop: held.add(job.lease), job });
        if lane.claimed(wanted, claimed, Instant::now()) {
            emptied.push(lane.queue);
        }
        begin(ports, lane, running);
    }
    if emptied.is_empty() {
        return Ok(());
    }
    let known = ports.claims.next_due(&emptied).await?;
    let now = ports.clock.now();
    for queue in emptied {
        let wait = known
            .iter()
            .find(|(due, _)| *due == queue)
            .map(|(_, at)| (*at - now).to_std().unwrap_or_default())
            // another worker may be in the middle of claiming what is due: do not spin on it
            .map_or(settings.idle_poll, |wait| wait.max(Duration::from_millis(5)));
        if let Some(lane) = lanes.get_mut(&queue) {
            lane.look_at(Instant::now() + wait.min(settings.idle_poll));
        }
    }
    Ok(())
}

/// Begins what a lane has waiting and has room for.
fn begin(ports: &Arc<Ports>, lane: &mut Lane<Waiting>, running: &mut JoinSet<Ended>) {
    let began = Instant::now();
    while let Some(Waiting { job, stop }) = lane.begin(began) {
        let (queue, lease, ports) = (lane.queue, job.lease, ports.clone());
        running.spawn(async move {
            // a job's own panic is caught closer to it; this one would be ours, and its lease will run out
            let settled = AssertUnwindSafe(execute(&ports, job, stop)).catch_unwind().await;
            Ended { queue, lease, took: began.elapsed(), to_acknowledge: settled.unwrap_or(false) }
        });
    }
}

fn leases_of(waiting: &[Waiting]) -> Vec<Lease> {
    waiting.iter().map(|waiting| waiting.job.lease).collect()
}

fn postpone(lanes: &mut Lanes, wait: Duration) {
    let at = Instant::now() + wait;
    for lane in lanes.values_mut() {
        lane.postpone(at);
    }
}

async fn wind_down(
    settings: &WorkerSettings,
    held: &HeldJobs,
    mut running: JoinSet<Ended>,
    mut afterwards: Afterwards,
) {
    let deadline = Instant::now() + settings.grace;
    tracing::info!(running = running.len(), "worker is shutting down");
    let mut asked = false;
    loop {
        tokio::select! {
            ended = running.join_next() => match ended {
                Some(Ok(ended)) => afterwards.ended(&[ended]),
                Some(Err(error)) => tracing::error!(%error, "the runner of a job broke; its lease will run out"),
                None => break,
            },
            () = afterwards.acknowledged() => {}
            () = sleep_until(deadline), if !asked => {
                held.stop_all(Stop::Shutdown);
                asked = true;
            }
        }
    }
    // what cannot be said now is found out when leases run out
    if tokio::time::timeout(LAST_WORDS, afterwards.all_said()).await.is_err() {
        tracing::warn!(
            "the store does not answer; jobs that were ended or not begun keep their leases until they run out"
        );
    }
}

/// A name people can tell workers apart by.
pub fn worker_name(host: &str, process: u32, id: Uuid) -> String {
    let id = id.simple().to_string();
    let tail = id.get(id.len().saturating_sub(6)..).unwrap_or_default().to_owned();
    format!("{host}-{process}-{tail}")
}
