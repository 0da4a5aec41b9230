use std::time::Duration as StdDuration;

use chrono::Duration;
use tokio::time::Instant;

use crate::jobs::{Done, JobError, SystemRun};

/// Jobs that ended well are kept this long, for people to look at.
const FINISHED_JOBS: Duration = Duration::days(3);
/// Jobs given up on are kept this long, for people to replay.
const DEAD_JOBS: Duration = Duration::days(90);
/// Schedule slots are kept this long; only the current one of each schedule is ever asked for.
const SLOTS: Duration = Duration::days(2);
/// Events are kept this long.
const EVENTS: Duration = Duration::days(90);
/// Rows are deleted in small transactions, so that nobody waits for a large one.
const CHUNK: i64 = 1_000;
/// A run that has taken this long leaves the rest to the next; the job itself may take longer. A busy month's rows are gone
/// in one.
const LONGEST: StdDuration = StdDuration::from_secs(60);
/// Bodies are looked for among webhooks that came to their age in this time: no index says which have one. What an outage
/// longer than this leaves behind keeps its body until it is deleted.
const BODIES_BACK: Duration = Duration::days(2);

/// Deletes what is finished and old, and the bodies of what is a little less old. Takes its turn at each sort of row, so
/// that a mountain of one does not keep the others waiting.
pub async fn clean_up(run: &SystemRun<'_>) -> Result<Done, JobError> {
    let ports = run.ports;
    let (began, now) = (Instant::now(), ports.clock.now());
    let bodies_before = now - ports.retention.bodies;
    let mut bodies_from = Some(bodies_before - BODIES_BACK);
    let (mut deleted, mut emptied) = (0, 0);
    loop {
        let jobs = ports.job_office.delete_finished(now - FINISHED_JOBS, now - DEAD_JOBS, CHUNK).await?;
        let webhooks = ports.inbox_office.delete_settled(now - ports.retention.webhooks, CHUNK).await?;
        let events = ports.sweeps.delete_events(now - EVENTS, CHUNK).await?;
        for (table, rows) in [("jobs", jobs), ("webhook_inbox", webhooks), ("events", events)] {
            metrics::counter!("otto_deleted_rows_total", "table" => table).increment(rows as u64);
        }
        let mut bodies = 0;
        if let Some(from) = bodies_from {
            let chunk = ports.inbox_office.empty_bodies(from, bodies_before, CHUNK).await?;
            bodies = chunk.count;
            bodies_from = chunk.up_to;
        }
        deleted += jobs + webhooks + events;
        emptied += bodies;
        if jobs + webhooks + events + bodies == 0 {
            break;
        }
        if began.elapsed() >= LONGEST {
            tracing::warn!(deleted, emptied, "more old rows than one run has time for; the next goes on");
            break;
        }
    }
    deleted += ports.job_office.delete_slots(now - SLOTS).await?;
    tracing::info!(deleted, emptied, "old rows deleted");
    Ok(Done::Finished)
}
