//! Saying that one is there, for as long as one is.

use std::{sync::Arc, time::Duration};

use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::{Ports, ports::Part};

/// How often a part says that it is there.
pub const ANNOUNCED_EVERY: Duration = Duration::from_secs(5);
/// How long it is believed.
const BELIEVED_FOR: Duration = Duration::from_secs(16);

/// Says that a part is there until shutdown is asked for, then that it leaves.
pub async fn run_presence(ports: Arc<Ports>, part: Part, shutdown: CancellationToken) {
    while !shutdown.is_cancelled() {
        ports.shared.presence.announce(&part, BELIEVED_FOR).await;
        let _ = timeout(ANNOUNCED_EVERY, shutdown.cancelled()).await;
    }
    ports.shared.presence.withdraw(&part).await;
}
