//! Connections to either database, and the macro that lets one query body serve both.

use std::time::Duration;

use diesel::{ConnectionError, ConnectionResult, SqliteConnection};
use diesel_async::{
    AsyncConnection, AsyncPgConnection, SimpleAsyncConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{Object, Pool},
    },
    sync_connection_wrapper::SyncConnectionWrapper,
};
use futures_util::FutureExt;
use kernel::StoreError;

/// SQLite as diesel-async drives it: each statement on a blocking thread.
pub type AsyncSqlite = SyncConnectionWrapper<SqliteConnection>;

/// A pooled connection to either database.
pub enum Conn {
    /// PostgreSQL.
    Postgres(Object<AsyncPgConnection>),
    /// SQLite.
    Sqlite(Object<AsyncSqlite>),
}

/// Type-checks one query body once for each database. `$c` is the connection.
macro_rules! on_db {
    ($conn:expr, |$c:ident| $body:expr) => {
        match $conn {
            $crate::db::Conn::Postgres(pooled) => {
                let $c: &mut diesel_async::AsyncPgConnection = &mut *pooled;
                $body
            }
            $crate::db::Conn::Sqlite(pooled) => {
                let $c: &mut $crate::db::AsyncSqlite = &mut *pooled;
                $body
            }
        }
    };
}
pub(crate) use on_db;

/// One row, if there is one, locked until the transaction ends. On SQLite the whole file already is.
macro_rules! find_locked {
    ($conn:expr, $query:expr) => {
        match $conn {
            $crate::db::Conn::Postgres(pooled) => {
                let found = $query.for_update().get_result(&mut **pooled).await;
                diesel::OptionalExtension::optional(found)
            }
            $crate::db::Conn::Sqlite(pooled) => {
                let found = $query.get_result(&mut **pooled).await;
                diesel::OptionalExtension::optional(found)
            }
        }
    };
}
pub(crate) use find_locked;

/// How many connections, and how long to wait for one.
#[derive(Clone, Debug)]
pub struct PoolSettings {
    /// At most so many connections (PostgreSQL).
    pub size: usize,
    /// Give up waiting for one after this.
    pub wait: Duration,
    /// A statement that takes longer is cancelled (PostgreSQL).
    pub statement_timeout: Duration,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self { size: 20, wait: Duration::from_secs(30), statement_timeout: Duration::from_secs(30) }
    }
}

/// Builds a pool. A macro, because the bounds of a generic function would be a page long.
macro_rules! pool {
    ($manager:expr, $size:expr, $wait:expr) => {
        Pool::builder($manager)
            .max_size($size)
            .wait_timeout(Some($wait))
            .create_timeout(Some(Duration::from_secs(10)))
            .runtime(deadpool::Runtime::Tokio1)
            .build()
            .map_err(unavailable)
    };
}
/// Either database.
#[derive(Clone)]
pub enum Db {
    /// PostgreSQL: one pool for everything.
    Postgres(Pool<AsyncPgConnection>),
    /// SQLite: one writer, because the file allows one at a time and waiting here is cheaper than being refused there;
    /// and readers, which the write-ahead log lets go on meanwhile.
    Sqlite {
        /// The writer.
        writer: Pool<AsyncSqlite>,
        /// The readers.
        readers: Pool<AsyncSqlite>,
    },
}

/// How many readers a SQLite file gets.
const SQLITE_READERS: usize = 4;

impl Db {
    /// Prepares pools; connects to nothing yet.
    pub fn postgres(url: &str, settings: &PoolSettings) -> Result<Self, StoreError> {
        let statement_timeout = settings.statement_timeout.as_millis();
        let mut config = ManagerConfig::<AsyncPgConnection>::default();
        // the transaction state tells a broken connection; asking the server each time costs a round trip
        config.recycling_method = RecyclingMethod::Fast;
        config.custom_setup = Box::new(move |url| {
            let setup = format!(
                "SET statement_timeout = {statement_timeout}; SET lock_timeout = '10s'; \
                 SET idle_in_transaction_session_timeout = '60s'; SET timezone = 'UTC'"
            );
            async move {
                let mut conn = AsyncPgConnection::establish(url).await?;
                conn.batch_execute(&setup).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
                Ok(conn)
            }
            .boxed()
        });
        let manager = AsyncDieselConnectionManager::new_with_config(url, config);
        Ok(Self::Postgres(pool!(manager, settings.size, settings.wait)?))
    }

    /// Prepares pools; opens nothing yet.
    pub fn sqlite(path: &str, settings: &PoolSettings) -> Result<Self, StoreError> {
        let writer = sqlite_manager(path);
        let readers = sqlite_manager(path);
        Ok(Self::Sqlite {
            writer: pool!(writer, 1, settings.wait)?,
            readers: pool!(readers, SQLITE_READERS, settings.wait)?,
        })
    }

    /// A connection to write with.
    pub async fn writer(&self) -> Result<Conn, StoreError> {
        match self {
            Self::Postgres(pool) => pool.get().await.map(Conn::Postgres).map_err(unavailable),
            Self::Sqlite { writer, .. } => writer.get().await.map(Conn::Sqlite).map_err(unavailable),
        }
    }

    /// A connection to read with.
    pub async fn reader(&self) -> Result<Conn, StoreError> {
        match self {
            Self::Postgres(pool) => pool.get().await.map(Conn::Postgres).map_err(unavailable),
            Self::Sqlite { readers, .. } => readers.get().await.map(Conn::Sqlite).map_err(unavailable),
        }
    }
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
pub async fn establish_sqlite(path: &str) -> ConnectionResult<AsyncSqlite> {
    let mut conn = AsyncSqlite::establish(path).await?;
    conn.batch_execute(
        "PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
         PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY;",
    )
    .await
    .map_err(ConnectionError::CouldntSetupConfiguration)?;
    Ok(conn)
}
