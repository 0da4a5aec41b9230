//! Commands: a small pool of connections, and a guard that keeps callers from waiting for a Redis that is not there.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use app::ports::{LinkProbe, LinkState};
use deadpool_redis::{
    Connection, Manager, Pool, Runtime,
    redis::{self, AsyncConnectionConfig, Cmd, FromRedisValue, Pipeline, RedisResult, ScriptInvocation},
};
use kernel::Clock;
use tokio::{
    sync::{Notify, watch},
    time::timeout,
};

use crate::{Pace, RedisSettings, UnusableUrl, error::LinkError};

/// Connections of one process. Each carries many commands, but is lent to one caller at a time.
const POOL: usize = 8;

pub(crate) struct Link {
    pool: Pool,
    pace: Pace,
    prefix: String,
    clock: Arc<dyn Clock>,
    state: watch::Sender<LinkState>,
    look: Arc<Notify>,
    /// What went wrong last, so that the log says each thing once.
    said: Mutex<Option<String>>,
}

impl Link {
    pub(crate) async fn open(
        settings: &RedisSettings,
        clock: Arc<dyn Clock>,
    ) -> Result<Arc<Self>, UnusableUrl> {
        let pace = settings.pace;
        let connection = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(pace.probe))
            .set_response_timeout(Some(pace.probe));
        let manager =
            Manager::new_with_config(settings.url.expose().as_str(), connection).map_err(|_| UnusableUrl)?;
        let pool = Pool::builder(manager).max_size(POOL).runtime(Runtime::Tokio1).build();
        let link = Arc::new(Self {
            pool: pool.map_err(|_| UnusableUrl)?,
            pace,
            prefix: settings.prefix.clone(),
            clock,
            state: watch::channel(LinkState::Up).0,
            look: Arc::new(Notify::new()),
            said: Mutex::new(None),
        });
        link.probe(pace.command).await;
        tokio::spawn(watch_over(Arc::downgrade(&link), link.look.clone(), pace));
        Ok(link)
    }

    /// The name of a key. The braces keep all keys of a tenant on one node of a cluster.
    pub(crate) fn key(&self, of: &str, rest: &str) -> String {
        format!("{}{{{of}}}:{rest}", self.prefix)
    }

    pub(crate) fn channel(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    pub(crate) async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, LinkError> {
        self.guarded(async |mut connection| command.query_async(&mut connection).await).await
    }

    pub(crate) async fn send(&self, pipeline: &Pipeline) -> Result<(), LinkError> {
        self.guarded(async |mut connection| pipeline.query_async(&mut connection).await).await
    }

    /// Runs a script; one that Redis has forgotten is sent again.
    pub(crate) async fn run<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T, LinkError> {
        self.guarded(async |mut connection| script.invoke_async(&mut connection).await).await
    }

    /// How long to wait before asking again for something it refused.
    pub(crate) fn pause(&self) -> Duration {
        self.pace.retry
    }

    /// Waits until it answers.
    pub(crate) async fn up(&self) {
        let mut state = self.state.subscribe();
        // the sender is ours: it cannot go away meanwhile
        let _ = state.wait_for(|state| !matches!(state, LinkState::Down { .. })).await;
    }

    async fn guarded<T>(&self, work: impl AsyncFnOnce(Connection) -> RedisResult<T>) -> Result<T, LinkError> {
        if matches!(*self.state.borrow(), LinkState::Down { .. }) {
            return Err(LinkError::Down);
        }
        let done = self.within(self.pace.command, work).await;
        if let Err(error) = &done {
            self.failed(error);
        }
        done
    }

    async fn within<T>(
        &self,
        budget: Duration,
        work: impl AsyncFnOnce(Connection) -> RedisResult<T>,
    ) -> Result<T, LinkError> {
        let working = async {
            let connection =
                self.pool.get().await.map_err(|error| LinkError::NoConnection(error.to_string()))?;
            work(connection).await.map_err(LinkError::from)
        };
        timeout(budget, working).await.unwrap_or(Err(LinkError::Slow))
    }

    fn failed(&self, error: &LinkError) {
        if error.is_outage() {
            let since = self.clock.now();
            let fell = self.state.send_if_modified(|state| {
                let was_up = !matches!(state, LinkState::Down { .. });
                if was_up {
                    *state = LinkState::Down { since };
                }
                was_up
            });
            if fell {
                tracing::warn!(%error, "Redis is down; Otto goes on without it");
                metrics::gauge!("otto_redis_up").set(0.0);
                self.look.notify_one();
            }
            return;
        }
        let text = error.to_string();
        let mut said = self.said();
        if said.as_ref() != Some(&text) {
            tracing::warn!(%error, "Redis refused something");
            *said = Some(text);
        }
    }

    fn said(&self) -> MutexGuard<'_, Option<String>> {
        self.said.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks it whether it is there.
    async fn probe(&self, budget: Duration) {
        let ping = redis::cmd("PING");
        match self.within(budget, async |mut connection| ping.query_async::<()>(&mut connection).await).await
        {
            Ok(()) => {
                let was_down = matches!(self.state.send_replace(LinkState::Up), LinkState::Down { .. });
                metrics::gauge!("otto_redis_up").set(1.0);
                *self.said() = None;
                if was_down {
                    tracing::info!("Redis is back");
                }
            }
            Err(error @ LinkError::Failed(_)) if !error.is_outage() => {
                // it answers, but not to us: loading its file, or our password is wrong
                self.failed(&LinkError::NoConnection(error.to_string()));
            }
            Err(error) => self.failed(&error),
        }
    }
}

/// Looks at Redis now and then, for as long as anybody uses it.
async fn watch_over(link: Weak<Link>, look: Arc<Notify>, pace: Pace) {
    loop {
        let down = match link.upgrade() {
            Some(link) => matches!(*link.state.borrow(), LinkState::Down { .. }),
            None => return,
        };
        let _ = timeout(if down { pace.retry } else { pace.watch }, async {
            // while it is down there is nothing to hurry for
            if down { std::future::pending().await } else { look.notified().await }
        })
        .await;
        let Some(link) = link.upgrade() else { return };
        link.probe(pace.probe).await;
    }
}

impl LinkProbe for Link {
    fn state(&self) -> LinkState {
        *self.state.borrow()
    }
}
