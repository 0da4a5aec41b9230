//! The cron driver: enqueues what is due. Any number may run: one has the watch, the others stand by,
//! and each slot is enqueued once because its key is unique.

use std::{collections::HashMap, sync::Arc};

use kernel::{JobId, Timestamp};
use queue::{NewJob, Schedule};
use serde_json::json;
use tokio::time::{Duration, sleep};
use tokio_util::sync::CancellationToken;

use crate::{
    Ports,
    ports::{Acquired, HeldLock, LockRenewal, SlotJob},
};

/// Enqueues due schedules until shutdown is asked for.
pub async fn run_cron(ports: Arc<Ports>, schedules: Vec<Schedule>, shutdown: CancellationToken) {
    let mut done: HashMap<&'static str, Timestamp> = HashMap::new();
    let mut watch = Watch::new(ports.clone());
    while !shutdown.is_cancelled() {
        if !watch.is_ours().await {
            tokio::select! {
                () = shutdown.cancelled() => {}
                () = sleep(LOOK_EVERY) => {}
            }
            continue;
        }
        let now = ports.clock.now();
        for schedule in &schedules {
            let slot = schedule.slot(now);
            if done.get(schedule.name) == Some(&slot.begins) {
                continue;
            }
            match enqueue(&ports, schedule, now).await {
                Ok(added) => {
                    done.insert(schedule.name, slot.begins);
                    if added {
                        ports.doorbell.ring(&[schedule.kind.queue]);
                    }
                }
                Err(error) => {
                    tracing::warn!(
                        schedule = schedule.name,
                        error = &error as &dyn std::error::Error,
                        "cannot enqueue a schedule"
                    );
                }
            }
        }
        let missed =
            schedules.iter().any(|schedule| done.get(schedule.name) != Some(&schedule.slot(now).begins));
        let next = schedules.iter().map(|schedule| schedule.next(now)).min().unwrap_or(now);
        let wait = if missed { Duration::from_secs(1) } else { (next - now).to_std().unwrap_or_default() };
        tokio::select! {
            () = shutdown.cancelled() => {}
            () = sleep(wait.clamp(Duration::from_millis(50), LOOK_EVERY)) => {}
        }
    }
    watch.hand_over().await;
}

/// How long the watch of a driver that died lasts.
const WATCH: Duration = Duration::from_secs(6);
/// How often the watch is renewed, and looked at by those who stand by: a driver that died is replaced within this and
/// [`WATCH`], much sooner than the shortest slot ends, so that no slot passes while nobody drives.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Which of several drivers works while the others stand by. It spares the database their questions and no more: where
/// nobody can tell, all of them work, and each slot is still enqueued once.
struct Watch {
    ports: Arc<Ports>,
    held: Option<Box<dyn HeldLock>>,
    /// Nobody could tell when it was asked last, so that the log says it once.
    undecided: bool,
}

impl Watch {
    fn new(ports: Arc<Ports>) -> Self {
        Self { ports, held: None, undecided: false }
    }

    async fn is_ours(&mut self) -> bool {
        if let Some(held) = &self.held {
            match held.renew(WATCH).await {
                LockRenewal::Held => return self.decided(true),
                LockRenewal::Undecided => return self.undecided(),
                LockRenewal::Lost => self.held = None,
            }
        }
        match self.ports.shared.locks.acquire("cron", WATCH).await {
            Acquired::Held(held) => {
                tracing::info!(watch = held.fencing(), "this cron driver has the watch");
                self.held = Some(held);
                self.decided(true)
            }
            Acquired::Taken => self.decided(false),
            Acquired::Undecided => self.undecided(),
        }
    }

    fn decided(&mut self, ours: bool) -> bool {
        self.undecided = false;
        ours
    }

    fn undecided(&mut self) -> bool {
        if !self.undecided {
            tracing::warn!("nobody can tell who has the watch; this cron driver works meanwhile");
        }
        self.undecided = true;
        true
    }

    async fn hand_over(self) {
        if let Some(held) = self.held {
            held.release().await;
        }
    }
}

async fn enqueue(ports: &Ports, schedule: &Schedule, now: Timestamp) -> Result<bool, kernel::StoreError> {
    let job = NewJob {
        id: JobId::fresh(ports.ids.as_ref()),
        kind: schedule.kind,
        args: json!({ "v": 1 }),
        run_at: now,
        // a sweep still waiting from an earlier slot does the work of this one too
        dedupe_key: Some("schedule".to_owned()),
    };
    ports.claims.enqueue_slot(&SlotJob { slot: schedule.slot(now), job }, now).await
}
