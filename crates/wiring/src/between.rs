use std::sync::Arc;

use app::ports::{Doorbell, EventBus, Shared};
use cache_memory::{MemoryBus, MemoryDoorbell};
use cache_redis::{Pace, RedisSettings};
use kernel::{Clock, IdSource};
use settings::Settings;

use crate::StartError;

/// What connects the processes: Redis where there is one, else this process itself.
pub(crate) struct Between {
    pub(crate) doorbell: Arc<dyn Doorbell>,
    pub(crate) events: Arc<dyn EventBus>,
    pub(crate) shared: Shared,
}

impl Between {
    pub(crate) async fn of(
        settings: &Settings,
        clock: &Arc<dyn Clock>,
        ids: &Arc<dyn IdSource>,
    ) -> Result<Self, StartError> {
        let Some(url) = settings.redis_url.clone() else {
            return Ok(Self {
                doorbell: Arc::new(MemoryDoorbell::default()),
                events: Arc::new(MemoryBus::default()),
                shared: cache_memory::shared(),
            });
        };
        let settings = RedisSettings { url, prefix: "otto:".to_owned(), pace: Pace::default() };
        let redis = cache_redis::connect(&settings, clock.clone(), ids.clone()).await;
        let redis =
            redis.map_err(|wrong| StartError::Setting { name: "REDIS_URL", what: wrong.to_string() })?;
        Ok(Self { doorbell: redis.doorbell, events: redis.events, shared: redis.shared })
    }
}
