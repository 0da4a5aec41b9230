//! What waits, counted for whoever watches over Otto.
//!
//! Counting reads indexes from end to end, so it is done in one place: the first process that asks counts, and the others
//! read its answer from the short-lived cache. Where processes share none, each counts for itself. Counting that takes long
//! is done less often: it never takes more than a twentieth of the time.

use std::time::Duration;

use bytes::Bytes;
use idempotency::InboxState;
use kernel::{BoxError, CompanyId, StoreError, Timestamp};
use queue::{JobState, Queue, Schedule};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::{Ports, ingest::listings_in_use, ports::CacheKey};

/// How often is counted at most.
pub const COUNTED_EVERY: Duration = Duration::from_secs(10);
/// Counting takes no more than this part of the time.
const PART: u32 = 20;

/// How many, and since when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Depth {
    /// Of what: a queue and a state of jobs, or a state of webhooks.
    pub of: (String, String),
    /// How many.
    pub count: i64,
    /// The first of them: when a ready job is or was due, a running one began, a webhook arrived.
    pub oldest: Option<Timestamp>,
}

/// How far the providers' own lists of calls were read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lists {
    /// Up to when every one of them was taken in.
    pub read_to: Option<Timestamp>,
    /// How many cannot be read at present.
    pub failing: i64,
}

/// Everything that was counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// When.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
    /// Jobs by queue and state.
    pub jobs: Vec<Depth>,
    /// Webhooks by state.
    pub webhooks: Vec<Depth>,
    /// When the newest slot of each schedule began.
    pub slots: Vec<(String, Timestamp)>,
    /// Lists of calls.
    #[serde(default)]
    pub lists: Lists,
}

impl Counts {
    /// How long to wait before counting again.
    pub fn rest(&self) -> Duration {
        COUNTED_EVERY.max(Duration::from_millis(self.took_ms) * PART)
    }

    /// Jobs of a queue in a state.
    pub fn jobs_of(&self, queue: Queue, state: JobState) -> (i64, Option<Timestamp>) {
        of(&self.jobs, queue.as_str(), state.as_str())
    }

    /// Webhooks in a state.
    pub fn webhooks_of(&self, state: InboxState) -> (i64, Option<Timestamp>) {
        of(&self.webhooks, "", state.as_str())
    }

    /// How long the next slot of a schedule is overdue. `since` stands for the newest slot where there has been none: when
    /// somebody first looked.
    pub fn late(&self, schedule: &Schedule, since: Timestamp, now: Timestamp) -> Duration {
        let newest = self.slots.iter().find(|(name, _)| name == schedule.name).map(|(_, at)| *at);
        let every = chrono::Duration::from_std(schedule.every).unwrap_or_default();
        (now - (newest.unwrap_or(since) + every)).to_std().unwrap_or_default()
    }
}

fn of(depths: &[Depth], first: &str, second: &str) -> (i64, Option<Timestamp>) {
    let found = depths.iter().find(|depth| depth.of.0 == first && depth.of.1 == second);
    found.map_or((0, None), |depth| (depth.count, depth.oldest))
}

/// What was counted lately, by whichever process; counts if nobody has. `rest` is how long the last counts were to last.
pub async fn counts(ports: &Ports, rest: Duration) -> Result<Counts, StoreError> {
    // counts are no tenant's, and nobody else keeps any
    let company = CompanyId::try_new("_all").map_err(|error| unreadable(error.into()))?;
    let key = CacheKey { company, what: "counts", detail: String::new() };
    // whoever comes back after its rest is not to find what it has read already
    let life = rest.saturating_sub(COUNTED_EVERY / 10);
    let counted = ports.shared.cache.get_or_compute(&key, life, Box::pin(count(ports))).await?;
    serde_json::from_slice(&counted).map_err(|error| unreadable(error.into()))
}

fn unreadable(source: BoxError) -> StoreError {
    StoreError::Statement { table: "counts", source }
}

async fn count(ports: &Ports) -> Result<Bytes, StoreError> {
    let started = Instant::now();
    let at = ports.clock.now();
    let jobs = ports.job_office.depths().await?;
    let webhooks = ports.tallies.open_webhooks().await?;
    let slots = ports.tallies.newest_slots().await?;
    let listings = listings_in_use(ports).await?;
    let counts = Counts {
        at,
        took_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        jobs: jobs
            .into_iter()
            .map(|depth| Depth {
                of: (depth.queue, depth.state.as_str().to_owned()),
                count: depth.count,
                oldest: depth.oldest,
            })
            .collect(),
        webhooks: webhooks
            .into_iter()
            .map(|depth| Depth {
                of: (String::new(), depth.state.as_str().to_owned()),
                count: depth.count,
                oldest: depth.oldest,
            })
            .collect(),
        slots,
        lists: Lists {
            read_to: listings.iter().map(|listing| listing.listed_until).min(),
            failing: listings.iter().map(|listing| i64::from(listing.failing_since.is_some())).sum(),
        },
    };
    serde_json::to_vec(&counts).map(Bytes::from).map_err(|error| unreadable(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jobs::schedules;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_timestamp(second, 0).unwrap()
    }

    fn nothing() -> Counts {
        let (jobs, webhooks, slots) = (Vec::new(), Vec::new(), Vec::new());
        Counts { at: at(0), took_ms: 0, jobs, webhooks, slots, lists: Lists::default() }
    }

    #[test]
    fn a_schedule_is_late_when_its_next_slot_is_overdue() {
        let schedules = schedules(Duration::from_mins(15));
        let sweep = schedules.iter().find(|schedule| schedule.every == Duration::from_mins(1)).unwrap();
        let none = nothing();
        let some = Counts { slots: vec![(sweep.name.to_owned(), at(600))], ..none.clone() };
        assert_eq!(some.late(sweep, at(0), at(659)), Duration::ZERO);
        assert_eq!(some.late(sweep, at(0), at(700)), Duration::from_secs(40));
        // a deployment whose scheduler never came up is late as well
        assert_eq!(none.late(sweep, at(100), at(160)), Duration::ZERO);
        assert_eq!(none.late(sweep, at(100), at(460)), Duration::from_mins(5));
    }

    #[test]
    fn counting_that_takes_long_is_done_less_often() {
        let quick = Counts { took_ms: 12, ..nothing() };
        assert_eq!(quick.rest(), COUNTED_EVERY);
        assert_eq!(Counts { took_ms: 3_000, ..quick }.rest(), Duration::from_mins(1));
    }
}
