//! What a process does every few seconds: closes connections a burst left behind, and measures what nobody asks for.

use std::time::Duration;

use app::{
    counts::{COUNTED_EVERY, Counts, counts},
    ports::{LinkState, Part, PartRole},
    presence::Expected,
};
use idempotency::InboxState;
use kernel::{StoreError, Timestamp};
use queue::{JobState, Queue, Schedule};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{Otto, vigil::Vigil};

/// Often enough for an alert that waits a minute, seldom enough to cost nothing.
const EVERY: Duration = Duration::from_secs(10);

/// Tends the pools, and where somebody reads it, says what waits and who is there, and sees whether anybody works.
pub(crate) async fn pulse(otto: Otto, read: bool, expected: Expected, stop: CancellationToken) {
    let schedules = app::jobs::schedules(otto.settings.callrail.list_every);
    let since = otto.ports.clock.now();
    let mut rest = COUNTED_EVERY;
    let mut count_at = Instant::now();
    let mut vigil = Vigil::default();
    loop {
        otto.pools.store.close_idle();
        otto.pools.system.close_idle();
        for pool in otto.pools.store.pool_use().into_iter().chain(otto.pools.system.pool_use()) {
            metrics::gauge!("otto_db_pool_limit", "pool" => pool.pool).set(pool.limit as f64);
            metrics::gauge!("otto_db_pool_open", "pool" => pool.pool).set(pool.open as f64);
            metrics::gauge!("otto_db_pool_busy", "pool" => pool.pool).set(pool.busy as f64);
            metrics::gauge!("otto_db_pool_waiting", "pool" => pool.pool).set(pool.waiting as f64);
        }
        match otto.ports.shared.link.state() {
            LinkState::InProcess => {}
            LinkState::Up => metrics::gauge!("otto_redis_up").set(1.0),
            LinkState::Down { .. } => metrics::gauge!("otto_redis_up").set(0.0),
        }
        if read && let Some(present) = tell_presence(&otto).await {
            vigil.look(&expected.absent(&present), otto.ports.clock.now());
        }
        if read && Instant::now() >= count_at {
            match tell_counts(&otto, &schedules, since, rest).await {
                Ok(next) => rest = next,
                Err(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "cannot count what waits");
                }
            }
            count_at = Instant::now() + rest;
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// Who is there, where anybody can say.
async fn tell_presence(otto: &Otto) -> Option<Vec<Part>> {
    let present = otto.ports.shared.presence.present().await;
    metrics::gauge!("otto_presence_known").set(if present.is_ok() { 1.0 } else { 0.0 });
    let parts = present.ok()?;
    for role in [PartRole::Worker, PartRole::Scheduler] {
        let alive = parts.iter().filter(|part| part.role == role).count();
        metrics::gauge!("otto_parts_alive", "role" => role.as_str()).set(alive as f64);
    }
    for queue in Queue::ALL {
        let serve = parts.iter().filter(|part| part.queues.contains(&queue)).count();
        metrics::gauge!("otto_queue_workers", "queue" => queue.as_str()).set(serve as f64);
    }
    Some(parts)
}

/// What waits; answers how long to wait before asking again.
async fn tell_counts(
    otto: &Otto,
    schedules: &[Schedule],
    since: Timestamp,
    rest: Duration,
) -> Result<Duration, StoreError> {
    let counted = counts(&otto.ports, rest).await?;
    let now = otto.ports.clock.now();
    metrics::gauge!("otto_counted_at_seconds").set(counted.at.timestamp() as f64);
    let age = |oldest: Option<Timestamp>| {
        oldest.map_or(0.0, |oldest| (now - oldest).num_milliseconds().max(0) as f64 / 1000.0)
    };
    // what has become empty is in no row, and must not keep its last number
    for queue in Queue::ALL {
        for state in [JobState::Ready, JobState::Running, JobState::Dead] {
            let (count, oldest) = counted.jobs_of(queue, state);
            let (queue, name) = (queue.as_str(), state.as_str());
            metrics::gauge!("otto_queue_jobs", "queue" => queue, "state" => name).set(count as f64);
            if state == JobState::Ready {
                metrics::gauge!("otto_queue_oldest_seconds", "queue" => queue).set(age(oldest));
            }
        }
    }
    for state in [InboxState::Received, InboxState::Waiting, InboxState::Quarantined] {
        let (count, oldest) = counted.webhooks_of(state);
        metrics::gauge!("otto_inbox_webhooks", "state" => state.as_str()).set(count as f64);
        metrics::gauge!("otto_inbox_oldest_seconds", "state" => state.as_str()).set(age(oldest));
    }
    tell_schedules(&counted, schedules, since, now);
    Ok(counted.rest())
}

fn tell_schedules(counted: &Counts, schedules: &[Schedule], since: Timestamp, now: Timestamp) {
    for schedule in schedules {
        let late = counted.late(schedule, since, now).as_secs_f64();
        metrics::gauge!("otto_schedule_late_seconds", "schedule" => schedule.name).set(late);
    }
}
