use std::{collections::HashMap, sync::Arc, time::Duration};

use app::ports::{CacheKey, Computation, MAX_CACHED_BYTES, ShortCache};
use async_trait::async_trait;
use bytes::Bytes;
use deadpool_redis::redis::{self, Script};
use kernel::{IdSource, StoreError};
use std::sync::{Mutex, PoisonError, Weak};
use tokio::time::{Instant, sleep, timeout};

use crate::{link::Link, locks::millis};

/// How long to wait for somebody else's computation before making one's own.
const PATIENCE: Duration = Duration::from_secs(2);
/// Who computes has this long before others may.
const TURN: Duration = Duration::from_secs(5);
/// How often to look whether somebody else's computation is there, at first and at most.
const LOOK: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(80));
/// So many keys are waited for at once before the list is cleared up.
const MANY: usize = 1_000;

type Turns = HashMap<CacheKey, Weak<tokio::sync::Mutex<()>>>;

/// What looking at a key found.
enum Found {
    Value(Bytes),
    /// Nobody computes it; it is ours to do, under this token.
    Ours(String),
    /// Somebody else computes it.
    Theirs,
    /// Redis is out of reach.
    Nothing,
}

/// A cache between processes. One caller of each process goes to Redis for a key, and one of all processes computes it.
pub(crate) struct RedisCache {
    link: Arc<Link>,
    ids: Arc<dyn IdSource>,
    look: Script,
    keep: Script,
    give_up: Script,
    turns: Mutex<Turns>,
}

impl RedisCache {
    pub(crate) fn new(link: Arc<Link>, ids: Arc<dyn IdSource>) -> Self {
        Self {
            link,
            ids,
            look: Script::new(include_str!("scripts/cache_look.lua")),
            keep: Script::new(include_str!("scripts/cache_keep.lua")),
            give_up: Script::new(include_str!("scripts/lock_release.lua")),
            turns: Mutex::default(),
        }
    }

    fn turn(&self, key: &CacheKey) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(turn) = turns.get(key).and_then(Weak::upgrade) {
            return turn;
        }
        if turns.len() >= MANY {
            turns.retain(|_, turn| turn.strong_count() > 0);
        }
        let turn = Arc::new(tokio::sync::Mutex::new(()));
        turns.insert(key.clone(), Arc::downgrade(&turn));
        turn
    }

    fn names(&self, key: &CacheKey) -> (String, String) {
        let name = |kind| self.link.key(key.company.as_str(), &format!("{kind}:{}:{}", key.what, key.detail));
        (name("cache"), name("turn"))
    }

    async fn look(&self, value: &str, turn: &str) -> Found {
        let token = self.ids.next().simple().to_string();
        let mut run = self.look.prepare_invoke();
        run.key(value).key(turn).arg(&token).arg(millis(TURN));
        match self.link.run::<(u8, Vec<u8>)>(&run).await {
            Ok((1, value)) => Found::Value(value.into()),
            Ok((2, _)) => Found::Ours(token),
            Ok(_) => Found::Theirs,
            Err(_) => Found::Nothing,
        }
    }

    /// Looks until there is a value, it is ours to compute, or patience ends.
    async fn wait(&self, value: &str, turn: &str) -> Found {
        let deadline = Instant::now() + PATIENCE;
        let mut pause = LOOK.0;
        loop {
            match self.look(value, turn).await {
                Found::Theirs if Instant::now() < deadline => {}
                found => return found,
            }
            sleep(pause).await;
            pause = (pause * 2).min(LOOK.1);
        }
    }
}

#[async_trait]
impl ShortCache for RedisCache {
    async fn get_or_compute(
        &self,
        key: &CacheKey,
        life: Duration,
        compute: Computation<'_>,
    ) -> Result<Bytes, StoreError> {
        let (value_key, turn_key) = self.names(key);
        // who has it already waits for nobody
        if let Ok(Some(value)) = self.link.query::<Option<Vec<u8>>>(redis::cmd("GET").arg(&value_key)).await {
            return Ok(value.into());
        }
        let turn = self.turn(key);
        let _turn = timeout(PATIENCE, turn.lock()).await.ok();
        let token = match self.wait(&value_key, &turn_key).await {
            Found::Value(value) => return Ok(value),
            Found::Ours(token) => Some(token),
            Found::Theirs | Found::Nothing => None,
        };
        let computed = compute.await;
        let token = token.unwrap_or_default();
        match &computed {
            Ok(value) if value.len() <= MAX_CACHED_BYTES => {
                let mut run = self.keep.prepare_invoke();
                run.key(&value_key).key(&turn_key).arg(&token).arg(value.as_ref()).arg(millis(life));
                let _ = self.link.run::<u8>(&run).await;
            }
            // let the next one try at once
            _ => {
                let mut run = self.give_up.prepare_invoke();
                run.key(&turn_key).arg(&token);
                let _ = self.link.run::<u8>(&run).await;
            }
        }
        computed
    }
}
