//! What Redis does between processes, within one: doorbell, event bus, rate limits, cache, locks, presence.

mod bus;
mod doorbell;
mod limiter;
mod locks;
mod presence;
mod short_cache;

use std::sync::Arc;

use app::ports::Shared;

pub use bus::MemoryBus;
pub use doorbell::MemoryDoorbell;
pub use limiter::MemoryLimiter;
pub use locks::MemoryLocks;
pub use presence::{MemoryPresence, NoLink};
pub use short_cache::MemoryCache;

/// Everything the parts of one process share.
pub fn shared() -> Shared {
    Shared {
        limiter: Arc::new(MemoryLimiter::default()),
        cache: Arc::new(MemoryCache::default()),
        locks: Arc::new(MemoryLocks::default()),
        presence: Arc::new(MemoryPresence::default()),
        link: Arc::new(NoLink),
    }
}
