//! The cron driver: enqueues what is due. Any number may run; each slot is enqueued once because its key is unique.

use std::{collections::HashMap, sync::Arc};

use kernel::{JobId, Timestamp};
use queue::{NewJob, Schedule};
use serde_json::json;
use tokio::time::{Duration, sleep};
use tokio_util::sync::CancellationToken;

use crate::{Ports, ports::SlotJob};

/// Enqueues due schedules until shutdown is asked for.
pub async fn run_cron(ports: Arc<Ports>, schedules: Vec<Schedule>, shutdown: CancellationToken) {
    let mut done: HashMap<&'static str, Timestamp> = HashMap::new();
    while !shutdown.is_cancelled() {
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
            () = sleep(wait.max(Duration::from_millis(50))) => {}
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
