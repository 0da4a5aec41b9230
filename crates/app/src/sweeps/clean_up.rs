use chrono::Duration;
use kernel::StoreError;

use super::tally::Tally;
use crate::{
    Ports,
    jobs::{Done, JobError, SystemRun},
};

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

/// What is deleted.
#[derive(Clone, Copy, Debug)]
enum Old {
    Jobs,
    Webhooks,
    Events,
    Slots,
}

/// Deletes what is finished and old. Each sort on its own: one that cannot be deleted does not keep the others.
pub async fn clean_up(run: &SystemRun<'_>) -> Result<Done, JobError> {
    let mut tally = Tally::of("old rows");
    let mut deleted = 0;
    for old in [Old::Jobs, Old::Webhooks, Old::Events, Old::Slots] {
        let fared = delete(run.ports, old, &mut deleted).await;
        tally.note(format_args!("{old:?}"), fared)?;
    }
    tracing::info!(deleted, "old rows deleted");
    tally.end()
}

async fn delete(ports: &Ports, old: Old, deleted: &mut usize) -> Result<(), StoreError> {
    let now = ports.clock.now();
    for _ in 0..MOST_CHUNKS {
        let chunk = match old {
            Old::Jobs => {
                ports.job_office.delete_finished(now - FINISHED_JOBS, now - DEAD_JOBS, CHUNK).await?
            }
            Old::Webhooks => ports.inbox_office.delete_settled(now - WEBHOOKS, CHUNK).await?,
            Old::Events => ports.sweeps.delete_events(now - EVENTS, CHUNK).await?,
            Old::Slots => ports.job_office.delete_slots(now - SLOTS).await?,
        };
        *deleted += chunk;
        if chunk == 0 {
            break;
        }
    }
    Ok(())
}
