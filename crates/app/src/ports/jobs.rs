use std::time::Duration;

use async_trait::async_trait;
use kernel::{CompanyId, JobId, StoreError, Timestamp};
use queue::{ClaimedJob, JobState, Lease, NewJob, Queue, Slot};
use serde_json::Value;
use uuid::Uuid;

/// The jobs of one tenant, inside a unit of work.
#[async_trait]
pub trait JobOutbox: Send {
    /// Adds a job; `false` if one of its kind, tenant and dedupe key is ready or running already.
    async fn enqueue(
        &mut self,
        job: &NewJob,
        trace: Option<&str>,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
    /// The same for who does not need to know whether it was added. It may be written together with what comes after it.
    async fn enqueue_quietly(
        &mut self,
        job: &NewJob,
        trace: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError>;
    /// Marks the job being done as done, in the transaction of its result. [`StoreError::LeaseLost`] if another worker
    /// holds it by now: then nothing of this unit of work may be committed.
    async fn finish(&mut self, lease: Lease, now: Timestamp) -> Result<(), StoreError>;
    /// Gives the job being done up, in the transaction that says so in the domain. Fails like
    /// [`JobOutbox::finish`].
    async fn bury(&mut self, lease: Lease, error: &str, now: Timestamp) -> Result<(), StoreError>;
    /// Makes a dead or cancelled job of this tenant ready again, with all its attempts. What its end had settled is the
    /// caller's to open again, in the same unit of work.
    async fn retry(&mut self, id: JobId, now: Timestamp) -> Result<ReplayOutcome, StoreError>;
    /// Calls off a ready or dead job of this tenant at once, and a running one at its next heartbeat, or when it is put
    /// back or its worker vanishes, whichever comes first. From then on the running one can commit nothing:
    /// [`JobOutbox::finish`] finds its lease lost.
    async fn cancel(&mut self, id: JobId, now: Timestamp) -> Result<ReplayOutcome, StoreError>;
}

/// A request for work.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    /// From which queue.
    pub queue: Queue,
    /// At most so many.
    pub limit: i64,
    /// For whom, for people to see.
    pub worker: &'a str,
    /// Different at every claim.
    pub token: Uuid,
    /// When.
    pub now: Timestamp,
    /// Until when the claim holds unless renewed.
    pub lease_until: Timestamp,
}

/// What a renewal found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Renewal {
    /// Still ours.
    Held(JobId),
    /// Still ours, and somebody asked to call it off.
    CancelRequested(JobId),
}

/// How a claimed job goes back.
#[derive(Clone, Debug, PartialEq)]
pub enum Release {
    /// The attempt failed; again at that time.
    Retry {
        /// When.
        at: Timestamp,
        /// Why, free of personal data.
        error: String,
    },
    /// It gave way without failing; again at that time. The attempt does not count.
    Snooze {
        /// When.
        at: Timestamp,
    },
    /// What it needs is not to be had; again at that time. The attempt does not count, and neither as giving way.
    Defer {
        /// When.
        at: Timestamp,
        /// Why, free of personal data.
        why: String,
    },
    /// The worker is shutting down, or has held it for too long without beginning. The attempt does not count.
    HandBack,
    /// Given up on.
    Bury {
        /// Why, free of personal data.
        error: String,
    },
    /// Called off.
    Cancel,
}

/// A recurring job and its slot.
#[derive(Clone, Debug)]
pub struct SlotJob {
    /// The slot.
    pub slot: Slot,
    /// The job.
    pub job: NewJob,
}

/// How full a queue is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueDepth {
    /// Which.
    pub queue: String,
    /// In which state.
    pub state: JobState,
    /// How many.
    pub count: i64,
    /// When the oldest of them was due (ready) or began (running).
    pub oldest: Option<Timestamp>,
}

/// The worker's side of the queue, across tenants.
#[async_trait]
pub trait JobClaims: Send + Sync {
    /// Claims due jobs of one queue, fairly between tenants: each tenant's turn counts what it has running already, so
    /// one with a thousand jobs waits behind one with a single job. Answers them in the order to begin them in.
    async fn claim(&self, claim: &Claim<'_>) -> Result<Vec<ClaimedJob>, StoreError>;
    /// Keeps leases alive; answers those still held.
    async fn renew(&self, leases: &[Lease], until: Timestamp) -> Result<Vec<Renewal>, StoreError>;
    /// Marks jobs as done that had no result to store, or as cancelled where somebody called them off; answers how many
    /// were still held.
    async fn finish(&self, leases: &[Lease], now: Timestamp) -> Result<usize, StoreError>;
    /// Puts a job back; `false` if its lease was lost.
    async fn release(&self, lease: Lease, release: &Release, now: Timestamp) -> Result<bool, StoreError>;
    /// Frees jobs whose lease ran out; answers how many.
    async fn rescue(&self, now: Timestamp) -> Result<usize, StoreError>;
    /// When each of these queues has its next job due; queues with none are left out.
    async fn next_due(&self, queues: &[Queue]) -> Result<Vec<(Queue, Timestamp)>, StoreError>;
    /// Adds a schedule's job unless its slot was taken already; answers whether it was added.
    async fn enqueue_slot(&self, slot: &SlotJob, now: Timestamp) -> Result<bool, StoreError>;
}

/// Which jobs to list.
#[derive(Clone, Debug, Default)]
pub struct JobFilter {
    /// Of this queue.
    pub queue: Option<Queue>,
    /// In this state.
    pub state: Option<JobState>,
    /// Of this kind.
    pub kind: Option<String>,
    /// Of this tenant.
    pub company: Option<CompanyId>,
    /// Older than this one.
    pub before: Option<JobId>,
    /// At most so many.
    pub limit: i64,
}

/// A job as operators see it.
#[derive(Clone, Debug)]
pub struct JobLine {
    /// Its id.
    pub id: JobId,
    /// Whose it is.
    pub company: Option<CompanyId>,
    /// Where it waits.
    pub queue: String,
    /// What it does.
    pub kind: String,
    /// With what.
    pub args: Value,
    /// Where it stands.
    pub state: JobState,
    /// How often it was tried.
    pub attempts: i32,
    /// How often it may be.
    pub max_attempts: i32,
    /// How often it gave way.
    pub snoozes: i32,
    /// When it is or was due.
    pub run_at: Timestamp,
    /// Who has it.
    pub worker: Option<String>,
    /// Until when.
    pub lease_until: Option<Timestamp>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was last begun.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// What asking for a replay found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplayOutcome {
    /// Done.
    Changed,
    /// It is not in a state that allows it.
    NotNow(JobState),
    /// There is none.
    Unknown,
}

/// What operators do with jobs.
#[async_trait]
pub trait JobOffice: Send + Sync {
    /// Newest first.
    async fn list(&self, filter: &JobFilter) -> Result<Vec<JobLine>, StoreError>;
    /// One.
    async fn find(&self, id: JobId) -> Result<Option<JobLine>, StoreError>;
    /// As [`JobOutbox::retry`], for a job that is nobody's in particular; a tenant's is unknown here.
    async fn retry(&self, id: JobId, now: Timestamp) -> Result<ReplayOutcome, StoreError>;
    /// As [`JobOutbox::cancel`], for a job that is nobody's in particular; a tenant's is unknown here.
    async fn cancel(&self, id: JobId, now: Timestamp) -> Result<ReplayOutcome, StoreError>;
    /// How full every queue is.
    async fn depths(&self) -> Result<Vec<QueueDepth>, StoreError>;
    /// Deletes jobs done or called off before `before`, and dead ones before `dead_before`; at most `limit` of each.
    async fn delete_finished(
        &self,
        before: Timestamp,
        dead_before: Timestamp,
        limit: i64,
    ) -> Result<usize, StoreError>;
    /// Deletes schedule slots begun before `before`; answers how many.
    async fn delete_slots(&self, before: Timestamp) -> Result<usize, StoreError>;
}

/// How long a claim holds unless renewed.
pub const LEASE: Duration = Duration::from_mins(1);
