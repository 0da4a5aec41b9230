use std::{sync::Arc, time::Duration};

use app::ports::{Doorbell, EventBus, Shared};
use tokio::time::{Instant, sleep};

/// What one process has of what processes share.
#[derive(Clone)]
pub struct Process {
    /// Its bell.
    pub doorbell: Arc<dyn Doorbell>,
    /// Its bus.
    pub events: Arc<dyn EventBus>,
    /// The rest.
    pub shared: Shared,
}

/// Two processes that share what processes share; for adapters within one process, that one twice.
#[derive(Clone)]
pub struct Two {
    /// One.
    pub here: Process,
    /// The other.
    pub there: Process,
}

/// Waits until something is so. Fails if it takes far too long.
pub async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so().await {
        assert!(Instant::now() < deadline, "it did not come to be that {what}");
        sleep(Duration::from_millis(20)).await;
    }
}
