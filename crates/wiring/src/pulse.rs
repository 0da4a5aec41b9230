//! What a process does every few seconds: closes connections a burst left behind, and measures what nobody asks for.

use std::time::Duration;

use app::presence::Expected;
use kernel::StoreError;
use queue::{JobState, Queue};
use tokio_util::sync::CancellationToken;

use crate::{Otto, vigil::Vigil};

/// Often enough for an alert that waits a minute, seldom enough to cost nothing.
const EVERY: Duration = Duration::from_secs(10);

/// Tends the pools, and in a server, which is scraped, counts what waits and sees whether anybody works.
pub(crate) async fn pulse(otto: Otto, scraped: bool, expected: Expected, stop: CancellationToken) {
    let mut vigil = Vigil::default();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        otto.pools.store.close_idle();
        otto.pools.system.close_idle();
        for pool in otto.pools.store.pool_use().into_iter().chain(otto.pools.system.pool_use()) {
            metrics::gauge!("otto_db_pool_limit", "pool" => pool.pool).set(pool.limit as f64);
            metrics::gauge!("otto_db_pool_open", "pool" => pool.pool).set(pool.open as f64);
            metrics::gauge!("otto_db_pool_busy", "pool" => pool.pool).set(pool.busy as f64);
            metrics::gauge!("otto_db_pool_waiting", "pool" => pool.pool).set(pool.waiting as f64);
        }
        if scraped && let Ok(parts) = otto.ports.shared.presence.present().await {
            vigil.look(&expected.absent(&parts), otto.ports.clock.now());
        }
        if scraped && let Err(error) = count_jobs(&otto).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "cannot count jobs");
        }
    }
}

async fn count_jobs(otto: &Otto) -> Result<(), StoreError> {
    let depths = otto.ports.job_office.depths().await?;
    let now = otto.ports.clock.now();
    // what has become empty is in no row, and must not keep its last number
    for queue in Queue::ALL.map(Queue::as_str) {
        for state in [JobState::Ready, JobState::Running, JobState::Dead] {
            let found = depths.iter().find(|depth| depth.queue == queue && depth.state == state);
            let count = found.map_or(0, |depth| depth.count);
            metrics::gauge!("otto_queue_jobs", "queue" => queue, "state" => state.as_str()).set(count as f64);
            if state == JobState::Ready {
                let due = found.and_then(|depth| depth.oldest);
                let age = due.map_or(0, |due| (now - due).num_seconds().max(0));
                metrics::gauge!("otto_queue_oldest_seconds", "queue" => queue).set(age as f64);
            }
        }
    }
    Ok(())
}
