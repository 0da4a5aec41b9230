use std::time::Duration as StdDuration;

use chrono::Duration;
use kernel::{StoreError, Timestamp};
use tokio::time::Instant;

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
/// Events are kept this many days.
pub(crate) const EVENTS_DAYS: i64 = 90;
const EVENTS: Duration = Duration::days(EVENTS_DAYS);
/// Rows are deleted in small transactions, so that nobody waits for a large one.
const CHUNK: i64 = 1_000;
/// A run that has taken this long leaves the rest to the next; the job itself may take longer. A busy month's rows are gone
/// in one.
const LONGEST: StdDuration = StdDuration::from_mins(1);
/// Bodies are looked for among webhooks that came to their age in this time: no index says which have one. What an outage
/// longer than this leaves behind keeps its body until it is deleted.
const BODIES_BACK: Duration = Duration::days(2);

/// What is deleted.
#[derive(Clone, Copy, Debug)]
enum Old {
    Jobs,
    Webhooks,
    Events,
    Bodies,
    Slots,
}

/// Deletes what is finished and old, and the bodies of what is a little less old. Takes its turn at each sort of row, so
/// that a mountain of one does not keep the others waiting, nor does one that cannot be deleted.
pub async fn clean_up(run: &SystemRun<'_>) -> Result<Done, JobError> {
    let ports = run.ports;
    let (began, now) = (Instant::now(), ports.clock.now());
    let mut tally = Tally::of("old rows");
    let mut cleaning = Cleaning { now, bodies_from: now - ports.retention.bodies - BODIES_BACK, done: 0 };
    let mut left = vec![Old::Jobs, Old::Webhooks, Old::Events, Old::Bodies, Old::Slots];
    while !left.is_empty() {
        let mut more = Vec::new();
        for old in left {
            match cleaning.chunk(ports, old).await {
                Ok(true) => more.push(old),
                Ok(false) => tally.note(format_args!("{old:?}"), Ok(()))?,
                Err(error) => tally.note(format_args!("{old:?}"), Err(error))?,
            }
        }
        left = more;
        if began.elapsed() >= LONGEST && !left.is_empty() {
            tracing::warn!(?left, "more old rows than one run has time for; the next goes on");
            break;
        }
    }
    tracing::info!(rows = cleaning.done, "old rows deleted or emptied");
    tally.end()
}

/// How far a run has come.
struct Cleaning {
    now: Timestamp,
    bodies_from: Timestamp,
    done: usize,
}

impl Cleaning {
    /// Deletes a chunk of one sort; answers whether there may be more.
    async fn chunk(&mut self, ports: &Ports, old: Old) -> Result<bool, StoreError> {
        let now = self.now;
        let (table, rows) = match old {
            Old::Jobs => {
                let office = &ports.job_office;
                ("jobs", office.delete_finished(now - FINISHED_JOBS, now - DEAD_JOBS, CHUNK).await?)
            }
            Old::Webhooks => {
                let before = now - ports.retention.webhooks;
                ("webhook_inbox", ports.inbox_office.delete_settled(before, CHUNK).await?)
            }
            Old::Events => ("events", ports.sweeps.delete_events(now - EVENTS, CHUNK).await?),
            Old::Bodies => {
                let before = now - ports.retention.bodies;
                let chunk = ports.inbox_office.empty_bodies(self.bodies_from, before, CHUNK).await?;
                self.done += chunk.count;
                let Some(up_to) = chunk.up_to else { return Ok(false) };
                self.bodies_from = up_to;
                return Ok(true);
            }
            Old::Slots => {
                self.done += ports.job_office.delete_slots(now - SLOTS).await?;
                return Ok(false);
            }
        };
        metrics::counter!("otto_deleted_rows_total", "table" => table).increment(rows as u64);
        self.done += rows;
        Ok(rows > 0)
    }
}
