use chrono::Duration;

use crate::jobs::{Done, JobError, SystemRun};

/// Jobs that ended well are kept this long, for people to look at.
const FINISHED_JOBS: Duration = Duration::days(3);
/// Jobs given up on are kept this long, for people to replay.
const DEAD_JOBS: Duration = Duration::days(90);
/// Schedule slots are kept this long; only the current one of each schedule is ever asked for.
const SLOTS: Duration = Duration::days(2);
/// Webhooks are kept this long: what a provider sends again after that is taken as new (contract `environment.md`,
/// `IDEMPOTENCY_TTL_DAYS`).
const WEBHOOKS: Duration = Duration::days(90);
/// Events are kept this long.
const EVENTS: Duration = Duration::days(90);
/// Rows are deleted in small transactions, so that nobody waits for a large one.
const CHUNK: i64 = 1_000;
/// And at most so many of these in one run.
const MOST_CHUNKS: usize = 50;

/// Deletes what is finished and old.
pub async fn clean_up(run: &SystemRun<'_>) -> Result<Done, JobError> {
    let ports = run.ports;
    let now = ports.clock.now();
    let mut deleted = 0;
    for _ in 0..MOST_CHUNKS {
        let jobs = ports.job_office.delete_finished(now - FINISHED_JOBS, now - DEAD_JOBS, CHUNK).await?;
        let webhooks = ports.inbox_office.delete_settled(now - WEBHOOKS, CHUNK).await?;
        let events = ports.sweeps.delete_events(now - EVENTS, CHUNK).await?;
        deleted += jobs + webhooks + events;
        if jobs + webhooks + events == 0 {
            break;
        }
    }
    deleted += ports.job_office.delete_slots(now - SLOTS).await?;
    tracing::info!(deleted, "old rows deleted");
    Ok(Done::Finished)
}
