use std::time::Duration;

use queue::{Backoff, JobKind, Priority, Queue, Schedule};

/// Waiting times for work that depends on a provider: it may be down for hours, and nothing may be given up lightly. With
/// full jitter 120 attempts take about 14 hours.
const PROVIDER: Backoff = Backoff { base: Duration::from_secs(2), cap: Duration::from_mins(15) };
/// Waiting times for work that depends on our own database alone.
const OURS: Backoff = Backoff { base: Duration::from_millis(500), cap: Duration::from_mins(1) };

const fn kind(
    name: &'static str,
    queue: Queue,
    max_attempts: u32,
    timeout_s: u64,
    backoff: Backoff,
) -> JobKind {
    let timeout = Duration::from_secs(timeout_s);
    JobKind { name, queue, max_attempts, timeout, backoff, priority: Priority::Normal }
}

const fn sweep(name: &'static str) -> JobKind {
    let kind = kind(name, Queue::Default, 3, 120, OURS);
    JobKind { priority: Priority::Low, ..kind }
}

/// Copies a recording. A recording may come late and be an hour long.
pub static FETCH_RECORDING: JobKind = kind("recording.fetch", Queue::Asr, 120, 900, PROVIDER);
/// Asks Shunya for an analysis. As long as the client's three tries take, each of which may be answered late.
pub static SUBMIT_TO_SHUNYA: JobKind = kind("shunya.submit", Queue::Shunya, 120, 120, PROVIDER);
/// Asks Shunya whether it is done.
pub static POLL_SHUNYA: JobKind = kind("shunya.poll", Queue::Shunya, 20, 90, PROVIDER);
/// Applies what Shunya's webhook said.
pub static APPLY_ENGINE_EVENT: JobKind = kind("shunya.apply_event", Queue::Analysis, 20, 90, PROVIDER);
/// Reads a provider's list of one company's calls. It waits for the provider for most of its time, so it is what a process
/// that dies is most likely in the middle of: dying a few times over it says nothing of the job.
pub static LIST_COMPANY_CALLS: JobKind =
    kind("callrail.list_company_calls", Queue::Default, 20, 300, PROVIDER);
/// Marks one company's tasks as overdue.
pub static MARK_TASKS_OVERDUE: JobKind = kind("tasks.mark_overdue", Queue::Default, 3, 60, OURS);

/// Finds recordings and calls left lying.
pub static SWEEP_CALLS: JobKind = sweep("calls.sweep_unfinished");
/// Finds requests to Shunya left lying.
pub static SWEEP_SHUNYA: JobKind = sweep("shunya.sweep_unsettled");
/// Finds webhooks whose subject has appeared since.
pub static MATCH_WAITING: JobKind = sweep("webhooks.match_waiting");
/// Finds companies with tasks past their time.
pub static SWEEP_TASKS: JobKind = sweep("tasks.sweep_overdue");
/// Reads the list of calls of the platform's account. Tried as often as [`LIST_COMPANY_CALLS`].
pub static LIST_PLATFORM_CALLS: JobKind = kind("callrail.list_calls", Queue::Default, 20, 600, PROVIDER);
/// Deletes what is finished and old.
pub static CLEAN_UP: JobKind = sweep("maintenance.delete_expired");

/// Every kind there is.
pub static KINDS: [&JobKind; 12] = [
    &FETCH_RECORDING,
    &SUBMIT_TO_SHUNYA,
    &POLL_SHUNYA,
    &APPLY_ENGINE_EVENT,
    &LIST_COMPANY_CALLS,
    &MARK_TASKS_OVERDUE,
    &SWEEP_CALLS,
    &SWEEP_SHUNYA,
    &MATCH_WAITING,
    &SWEEP_TASKS,
    &LIST_PLATFORM_CALLS,
    &CLEAN_UP,
];

/// How often a provider is asked for its own list of calls, unless settings say otherwise.
pub const LIST_CALLS_EVERY: Duration = Duration::from_mins(15);

/// Everything that recurs.
pub fn schedules(list_calls_every: Duration) -> Vec<Schedule> {
    vec![
        Schedule { name: "calls.sweep", kind: &SWEEP_CALLS, every: Duration::from_mins(1) },
        Schedule { name: "shunya.sweep", kind: &SWEEP_SHUNYA, every: Duration::from_mins(1) },
        Schedule { name: "webhooks.match", kind: &MATCH_WAITING, every: Duration::from_mins(1) },
        Schedule { name: "tasks.sweep", kind: &SWEEP_TASKS, every: Duration::from_mins(15) },
        Schedule { name: "callrail.list", kind: &LIST_PLATFORM_CALLS, every: list_calls_every },
        Schedule { name: "maintenance", kind: &CLEAN_UP, every: Duration::from_hours(1) },
    ]
}
