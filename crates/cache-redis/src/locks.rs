use std::{sync::Arc, time::Duration};

use app::ports::{Acquired, HeldLock, LockRenewal, Locks};
use async_trait::async_trait;
use deadpool_redis::redis::Script;

use crate::link::Link;

/// Milliseconds as Redis wants them.
pub(crate) fn millis(life: Duration) -> u64 {
    u64::try_from(life.as_millis()).unwrap_or(u64::MAX).max(1)
}

/// Locks between processes.
pub(crate) struct RedisLocks {
    link: Arc<Link>,
    acquire: Script,
    scripts: Arc<(Script, Script)>,
}

impl RedisLocks {
    pub(crate) fn new(link: Arc<Link>) -> Self {
        let renew = Script::new(include_str!("scripts/lock_renew.lua"));
        let release = Script::new(include_str!("scripts/lock_release.lua"));
        let acquire = Script::new(include_str!("scripts/lock_acquire.lua"));
        Self { link, acquire, scripts: Arc::new((renew, release)) }
    }
}

#[async_trait]
impl Locks for RedisLocks {
    async fn acquire(&self, name: &str, life: Duration) -> Acquired {
        let key = self.link.key(name, "lock");
        let mut run = self.acquire.prepare_invoke();
        run.key(&key).key(self.link.key(name, "fence")).arg(millis(life));
        match self.link.run::<u64>(&run).await {
            Ok(0) => Acquired::Taken,
            Ok(fencing) => {
                let (link, scripts) = (self.link.clone(), self.scripts.clone());
                Acquired::Held(Box::new(RedisLock { link, scripts, key, fencing }))
            }
            Err(_) => Acquired::Undecided,
        }
    }
}

struct RedisLock {
    link: Arc<Link>,
    scripts: Arc<(Script, Script)>,
    key: String,
    fencing: u64,
}

#[async_trait]
impl HeldLock for RedisLock {
    fn fencing(&self) -> u64 {
        self.fencing
    }

    async fn renew(&self, life: Duration) -> LockRenewal {
        let mut run = self.scripts.0.prepare_invoke();
        run.key(&self.key).arg(self.fencing).arg(millis(life));
        match self.link.run::<u8>(&run).await {
            Ok(1) => LockRenewal::Held,
            Ok(_) => LockRenewal::Lost,
            Err(_) => LockRenewal::Undecided,
        }
    }

    async fn release(self: Box<Self>) {
        let mut run = self.scripts.1.prepare_invoke();
        run.key(&self.key).arg(self.fencing);
        // if Redis does not hear it, the lock runs out by itself
        let _ = self.link.run::<u8>(&run).await;
    }
}
