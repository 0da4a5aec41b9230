//! What a process does every few seconds: closes connections a burst left behind, and measures what nobody asks for.

use std::time::Duration;

use app::ingest::listings_in_use;
use kernel::StoreError;
use queue::{JobState, Queue};
use tokio_util::sync::CancellationToken;

use crate::Otto;

/// Often enough for an alert that waits a minute, seldom enough to cost nothing.
const EVERY: Duration = Duration::from_secs(10);

/// Tends the pools, and in a server, which is scraped, counts what waits.
pub(crate) async fn pulse(otto: Otto, scraped: bool, stop: CancellationToken) {
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
        if scraped && let Err(error) = count_jobs(&otto).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "cannot count jobs");
        }
        if scraped && let Err(error) = measure_lists(&otto).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "cannot tell how far lists were read");
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

/// How long ago the list of calls that is furthest behind was read to, and how many cannot be read.
async fn measure_lists(otto: &Otto) -> Result<(), StoreError> {
    let listings = listings_in_use(&otto.ports).await?;
    let now = otto.ports.clock.now();
    let lag = listings.iter().map(|listing| (now - listing.listed_until).num_seconds().max(0)).max();
    let failing = listings.iter().filter(|listing| listing.failing_since.is_some()).count();
    metrics::gauge!("otto_callrail_list_lag_seconds").set(lag.unwrap_or(0) as f64);
    metrics::gauge!("otto_callrail_lists_failing").set(failing as f64);
    Ok(())
}
