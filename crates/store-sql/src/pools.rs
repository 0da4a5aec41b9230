//! Pools of connections: how many, how long they live, and as whom they speak to PostgreSQL.

use std::time::Duration;

use deadpool::managed::TimeoutType;
use diesel::{ConnectionError, ConnectionResult};
use diesel_async::{
    AsyncConnection, AsyncPgConnection, SimpleAsyncConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{Hook, HookError, Pool, PoolError},
    },
};
use futures_util::FutureExt;
use kernel::StoreError;

use crate::{
    connect::Connector,
    db::{AsyncSqlite, Conn, Pooled},
    error::PoolExhausted,
    timing::Waiting,
};

/// How many connections, how long they live, and how long anything may take.
#[derive(Clone, Debug)]
pub struct PoolSettings {
    /// So many connections are kept when nothing happens (PostgreSQL).
    pub size: usize,
    /// So many more are made under load, and closed again afterwards (PostgreSQL).
    pub overflow: usize,
    /// Give up waiting for one after this.
    pub wait: Duration,
    /// A connection older than this is replaced before its next use (PostgreSQL).
    pub recycle: Duration,
    /// A statement that takes longer is cancelled (PostgreSQL).
    pub statement_timeout: Duration,
    /// Waiting longer for a lock is given up (PostgreSQL).
    pub lock_timeout: Duration,
    /// A statement that takes as long as this is worth a warning.
    pub slow_statement: Duration,
    /// Nothing is read from a replica that lags by more than this.
    pub replica_lag: Duration,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            size: 20,
            overflow: 40,
            wait: Duration::from_secs(30),
            recycle: Duration::from_mins(30),
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(10),
            slow_statement: Duration::from_millis(500),
            replica_lag: Duration::from_secs(5),
        }
    }
}

/// How much of a pool is in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolUse {
    /// Which pool.
    pub pool: &'static str,
    /// At most so many connections.
    pub limit: usize,
    /// So many there are.
    pub open: usize,
    /// So many of these are in use.
    pub busy: usize,
    /// So many callers wait for one.
    pub waiting: usize,
}

/// Claims, cron and operators use few connections, each for a moment.
const SYSTEM_CONNECTIONS: usize = 8;

/// A connection unused for longer is asked whether it still lives before it is used.
const TRUSTED_FOR: Duration = Duration::from_secs(5);

/// And if it does not say so within this, it does not.
const PING_PATIENCE: Duration = Duration::from_secs(2);

/// How many readers a SQLite file gets.
const SQLITE_READERS: usize = 4;

/// Whom connections speak to PostgreSQL as. Neither owns a table; what each may see is in the migrations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// One tenant's work: sees the rows of the tenant its transaction names.
    App,
    /// Work across tenants.
    System,
}

impl Role {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::App => "otto_app",
            Self::System => "otto_system",
        }
    }
}

/// Builds a pool. A macro, because the bounds of a generic function would be a page long.
macro_rules! pool {
    ($manager:expr, $size:expr, $wait:expr) => {
        Pool::builder($manager)
            .max_size($size)
            .wait_timeout(Some($wait))
            .create_timeout(Some(Duration::from_secs(10)))
            // the connection used last: its server process has everything at hand, and the others' may end
            .queue_mode(deadpool::managed::QueueMode::Lifo)
            .runtime(deadpool::Runtime::Tokio1)
    };
}

/// Takes a connection out of a pool, and measures how long that took.
macro_rules! take {
    ($pool:expr, $name:expr, $slow:expr, $wrap:expr) => {{
        let waiting = Waiting::start($name);
        match $pool.get().await {
            Ok(object) => Ok($wrap(Pooled::new(object, $slow))),
            Err(PoolError::Timeout(TimeoutType::Wait)) => {
                let status = $pool.status();
                Err(exhausted($name, &status, waiting.so_far()))
            }
            Err(error) => Err(unavailable(error)),
        }
    }};
}

/// Either database.
#[derive(Clone)]
pub enum Db {
    /// PostgreSQL.
    Postgres {
        /// The connections.
        pool: Pool<AsyncPgConnection>,
        /// So many are kept when nothing happens.
        keep: usize,
        /// Which pool, as metrics name it.
        name: &'static str,
        /// A statement that takes as long as this is worth a warning.
        slow: Duration,
    },
    /// SQLite: one writer, because the file allows one at a time and waiting here is cheaper than being refused there;
    /// and readers, which the write-ahead log lets go on meanwhile.
    Sqlite {
        /// The writer.
        writer: Pool<AsyncSqlite>,
        /// The readers.
        readers: Pool<AsyncSqlite>,
        /// A statement that takes as long as this is worth a warning.
        slow: Duration,
    },
}

impl Db {
    /// Prepares a pool; connects to nothing yet.
    pub fn postgres(
        name: &'static str,
        url: &str,
        role: Role,
        settings: &PoolSettings,
    ) -> Result<Self, StoreError> {
        let connector = Connector::new(url, role, settings);
        let mut config = ManagerConfig::<AsyncPgConnection>::default();
        // the transaction state tells a broken connection; the hook below asks those that were not used for a while
        config.recycling_method = RecyclingMethod::Fast;
        config.custom_setup = Box::new(move |_| connector.clone().connect().boxed());
        let (keep, limit) = match role {
            Role::App => (settings.size, settings.size + settings.overflow),
            Role::System => (1, SYSTEM_CONNECTIONS.min(settings.size + settings.overflow)),
        };
        let recycle = settings.recycle;
        let alive = Hook::async_fn(move |conn: &mut AsyncPgConnection, metrics| {
            let (age, idle) = (metrics.age(), metrics.last_used());
            async move {
                if age > recycle {
                    return Err(HookError::message("old enough to be replaced"));
                }
                if idle > TRUSTED_FOR {
                    match tokio::time::timeout(PING_PATIENCE, conn.batch_execute("SELECT 1")).await {
                        Ok(Ok(())) => {}
                        Ok(Err(error)) => return Err(HookError::message(error.to_string())),
                        Err(_) => return Err(HookError::message("does not answer")),
                    }
                }
                Ok(())
            }
            .boxed()
        });
        let manager = AsyncDieselConnectionManager::new_with_config(url, config);
        let pool = pool!(manager, limit, settings.wait).pre_recycle(alive).build().map_err(unavailable)?;
        Ok(Self::Postgres { pool, keep, name, slow: settings.slow_statement })
    }

    /// Prepares pools; opens nothing yet.
    pub fn sqlite(path: &str, settings: &PoolSettings) -> Result<Self, StoreError> {
        let writer = pool!(sqlite_manager(path), 1, settings.wait).build().map_err(unavailable)?;
        let readers =
            pool!(sqlite_manager(path), SQLITE_READERS, settings.wait).build().map_err(unavailable)?;
        Ok(Self::Sqlite { writer, readers, slow: settings.slow_statement })
    }

    /// A connection to write with.
    pub async fn writer(&self) -> Result<Conn, StoreError> {
        match self {
            Self::Postgres { pool, name, slow, .. } => take!(pool, *name, *slow, Conn::Postgres),
            Self::Sqlite { writer, slow, .. } => take!(writer, "writer", *slow, Conn::Sqlite),
        }
    }

    /// A connection to read with.
    pub async fn reader(&self) -> Result<Conn, StoreError> {
        match self {
            Self::Postgres { pool, name, slow, .. } => take!(pool, *name, *slow, Conn::Postgres),
            Self::Sqlite { readers, slow, .. } => take!(readers, "readers", *slow, Conn::Sqlite),
        }
    }

    /// Closes what a burst has opened and nobody has used since.
    pub fn close_idle(&self) {
        let Self::Postgres { pool, keep, .. } = self else { return };
        let mut open = pool.status().size;
        pool.retain(|_, metrics| {
            let keeping = open <= *keep || metrics.last_used() < Duration::from_secs(30);
            open -= usize::from(!keeping);
            keeping
        });
    }

    /// How much of it is in use.
    pub fn use_of(&self) -> Vec<PoolUse> {
        let of = |pool: &'static str, status: deadpool::Status| PoolUse {
            pool,
            limit: status.max_size,
            open: status.size,
            busy: status.size - status.available.min(status.size),
            waiting: status.waiting,
        };
        match self {
            Self::Postgres { pool, name, .. } => vec![of(name, pool.status())],
            Self::Sqlite { writer, readers, .. } => {
                vec![of("writer", writer.status()), of("readers", readers.status())]
            }
        }
    }
}

fn exhausted(pool: &'static str, status: &deadpool::Status, waited: Duration) -> StoreError {
    metrics::counter!("otto_db_pool_timeouts_total", "pool" => pool).increment(1);
    let (limit, waiting) = (status.max_size, status.waiting);
    StoreError::TimedOut(Box::new(PoolExhausted { pool, limit, waited, waiting }))
}

fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}

fn sqlite_manager(path: &str) -> AsyncDieselConnectionManager<AsyncSqlite> {
    let mut config = ManagerConfig::<AsyncSqlite>::default();
    config.recycling_method = RecyclingMethod::Fast;
    config.custom_setup = Box::new(|path| establish_sqlite(path).boxed());
    AsyncDieselConnectionManager::new_with_config(path, config)
}

/// Opens a SQLite file as Otto needs it. `synchronous = FULL`: what is acknowledged must survive a power cut, which
/// `NORMAL` does not promise with a write-ahead log.
async fn establish_sqlite(path: &str) -> ConnectionResult<AsyncSqlite> {
    let mut conn = AsyncSqlite::establish(path).await?;
    conn.batch_execute(
        "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
         PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;",
    )
    .await
    .map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}
