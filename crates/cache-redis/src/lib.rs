//! What processes tell each other through Redis: doorbell, event bus, rate limits, cache, locks, presence.
//!
//! Redis is an accelerator: it may be gone, slow or empty at any moment. Every port here answers within [`Pace::command`]
//! whatever state Redis is in, and at once while it is known to be down; a probe of its own finds out when it is back.

mod bus;
mod doorbell;
mod error;
mod hub;
mod limiter;
mod link;
mod locks;
mod presence;
mod short_cache;
mod speaker;

use std::{sync::Arc, time::Duration};

use app::ports::{Doorbell, EventBus, Shared};
use kernel::{Clock, IdSource, Secret};

pub use error::UnusableUrl;

use self::{hub::Hub, link::Link, speaker::Speaker};

/// How patient callers are.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// No caller waits longer for Redis than this.
    pub command: Duration,
    /// How long a probe may take, which nobody waits for: a connection through TLS over some distance takes a while.
    pub probe: Duration,
    /// How often it is looked at while it is up.
    pub watch: Duration,
    /// How often it is looked at while it is down.
    pub retry: Duration,
    /// By then everybody has announced themselves to a Redis that forgot everything.
    pub settle: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            command: Duration::from_millis(500),
            probe: Duration::from_secs(3),
            watch: Duration::from_secs(2),
            retry: Duration::from_millis(500),
            settle: app::presence::ANNOUNCED_EVERY * 2,
        }
    }
}

/// Where Redis is and how it is used.
#[derive(Clone, Debug)]
pub struct RedisSettings {
    /// `redis://` or `rediss://`, with a password if it has one.
    pub url: Secret,
    /// What all keys and channels begin with, so that several deployments can share a server.
    pub prefix: String,
    /// How patient callers are.
    pub pace: Pace,
}

/// Everything that goes through one Redis.
pub struct Redis {
    /// What processes share.
    pub shared: Shared,
    /// Wakes workers of all processes.
    pub doorbell: Arc<dyn Doorbell>,
    /// Tells listeners in all processes what happened.
    pub events: Arc<dyn EventBus>,
}

/// Prepares everything and looks whether Redis is there; if it is not, that is no reason not to start.
pub async fn connect(
    settings: &RedisSettings,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
) -> Result<Redis, UnusableUrl> {
    let link = Link::open(settings, clock.clone()).await?;
    let hub = Hub::open(settings)?;
    let speaker = Arc::new(Speaker::new(link.clone(), hub.clone(), ids.next()));
    hub.listen_as(speaker.id());
    Ok(Redis {
        shared: Shared {
            limiter: Arc::new(limiter::RedisLimiter::new(link.clone())),
            cache: Arc::new(short_cache::RedisCache::new(link.clone(), ids)),
            locks: Arc::new(locks::RedisLocks::new(link.clone())),
            presence: Arc::new(presence::RedisPresence::new(link.clone(), settings.pace.settle)),
            link,
        },
        doorbell: Arc::new(doorbell::RedisDoorbell::new(hub.clone(), speaker.clone())),
        events: Arc::new(bus::RedisBus::new(hub, speaker)),
    })
}
