use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use app::ports::{CacheKey, Computation, MAX_CACHED_BYTES, ShortCache};
use async_trait::async_trait;
use bytes::Bytes;
use kernel::StoreError;
use tokio::time::{Instant, timeout};

/// How long to wait for somebody else's computation before making one's own.
const PATIENCE: Duration = Duration::from_secs(2);
/// No more values than this are kept.
const MANY: usize = 1_000;

#[derive(Default)]
struct Kept {
    values: HashMap<CacheKey, (Bytes, Instant)>,
    /// Who computes a key holds its turn.
    turns: HashMap<CacheKey, Weak<tokio::sync::Mutex<()>>>,
}

/// A cache within one process.
#[derive(Default)]
pub struct MemoryCache(Mutex<Kept>);

impl MemoryCache {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn get(&self, key: &CacheKey) -> Option<Bytes> {
        let now = Instant::now();
        self.kept().values.get(key).filter(|(_, until)| *until > now).map(|(value, _)| value.clone())
    }

    fn turn(&self, key: &CacheKey) -> Arc<tokio::sync::Mutex<()>> {
        let mut kept = self.kept();
        if let Some(turn) = kept.turns.get(key).and_then(Weak::upgrade) {
            return turn;
        }
        if kept.turns.len() >= MANY {
            kept.turns.retain(|_, turn| turn.strong_count() > 0);
        }
        let turn = Arc::new(tokio::sync::Mutex::new(()));
        kept.turns.insert(key.clone(), Arc::downgrade(&turn));
        turn
    }

    fn keep(&self, key: &CacheKey, value: &Bytes, life: Duration) {
        if value.len() > MAX_CACHED_BYTES {
            return;
        }
        let (mut kept, now) = (self.kept(), Instant::now());
        if kept.values.len() >= MANY {
            kept.values.retain(|_, (_, until)| *until > now);
        }
        if kept.values.len() < MANY {
            kept.values.insert(key.clone(), (value.clone(), now + life));
        }
    }
}

#[async_trait]
impl ShortCache for MemoryCache {
    async fn get_or_compute(
        &self,
        key: &CacheKey,
        life: Duration,
        compute: Computation<'_>,
    ) -> Result<Bytes, StoreError> {
        if let Some(value) = self.get(key) {
            return Ok(value);
        }
        let turn = self.turn(key);
        // whoever is cancelled while computing gives its turn up
        let _turn = timeout(PATIENCE, turn.lock()).await.ok();
        if let Some(value) = self.get(key) {
            return Ok(value);
        }
        let value = compute.await?;
        self.keep(key, &value, life);
        Ok(value)
    }
}
