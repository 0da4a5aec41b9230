use std::str::FromStr;

use kernel::{CompanyId, JobId, Timestamp};
use serde_json::Value;
use uuid::Uuid;

use crate::JobKind;

/// Where a job stands: `ready → running → done`, `running → ready` (try again), `running → dead`,
/// `ready | dead → cancelled`, `dead → ready` (replay).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum JobState {
    /// Waits for its time and a free worker.
    Ready,
    /// A worker holds its lease.
    Running,
    /// Its result is stored.
    Done,
    /// Given up on; a person may replay it.
    Dead,
    /// A person called it off.
    Cancelled,
}

impl JobState {
    /// Every state.
    pub const ALL: [Self; 5] = [Self::Ready, Self::Running, Self::Done, Self::Dead, Self::Cancelled];

    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Done => "done",
            Self::Dead => "dead",
            Self::Cancelled => "cancelled",
        }
    }
}

impl FromStr for JobState {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(())
    }
}

/// Which of one tenant's jobs go first within a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Sweeps and clean-ups.
    Low,
    /// Everything else.
    Normal,
    /// Somebody waits for it.
    High,
}

impl Priority {
    /// Every priority, the lowest first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Normal, Self::High];

    /// As stored; higher goes first.
    pub fn rank(self) -> i16 {
        match self {
            Self::Low => 0,
            Self::Normal => 10,
            Self::High => 20,
        }
    }
}

/// A job to be written in the transaction of the fact that calls for it.
#[derive(Clone, Debug, PartialEq)]
pub struct NewJob {
    /// Its id, also the root of the idempotency keys of what it calls.
    pub id: JobId,
    /// What it does.
    pub kind: &'static JobKind,
    /// What to do it with.
    pub args: Value,
    /// Not before.
    pub run_at: Timestamp,
    /// While a job of this kind, tenant and key is ready or running, another one is not added. `None`: no such limit.
    pub dedupe_key: Option<String>,
}

/// Proof that a worker holds a job. Renewals, results and completion carry it; the store refuses one that is not the
/// newest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The job.
    pub job: JobId,
    /// Different at every claim.
    pub token: Uuid,
}

/// A job a worker may run now.
#[derive(Clone, Debug, PartialEq)]
pub struct ClaimedJob {
    /// Proof of the claim.
    pub lease: Lease,
    /// The tenant it works for; `None` for work that is nobody's in particular, such as a clean-up.
    pub company: Option<CompanyId>,
    /// The stored name of its kind.
    pub kind: String,
    /// What to do it with.
    pub args: Value,
    /// This is attempt number (from 1).
    pub attempt: u32,
    /// How often it gave way without failing (a poll that found nothing).
    pub snoozes: u32,
    /// The trace it belongs to, as W3C `traceparent`.
    pub trace: Option<String>,
}
