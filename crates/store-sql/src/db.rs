//! Connections to either database, and the macro that lets one query body serve both.

use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use diesel::{ConnectionError, ConnectionResult, SqliteConnection};
use diesel_async::{
    AsyncConnection, AsyncPgConnection, SimpleAsyncConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod,
        deadpool::{Object, Pool, PoolError},
    },
    sync_connection_wrapper::{SpawnBlocking, SyncConnectionWrapper},
};
use futures_util::{FutureExt, future::BoxFuture};
use kernel::{BoxError, StoreError};

/// SQLite as diesel-async drives it: each statement on a blocking thread.
pub type AsyncSqlite = SyncConnectionWrapper<SqliteConnection, Blocking>;

/// Where SQLite's statements run: on the blocking threads of whichever runtime asks.
///
/// Not diesel-async's own: that one is tied to the runtime which opened the connection, and when a statement is abandoned
/// it waits for its end with `block_in_place`, which panics on a single-threaded runtime such as a web server's. Here an
/// abandoned statement ends by itself, and [`Pooled`] sees to it that its connection is not used again.
pub struct Blocking;

impl SpawnBlocking for Blocking {
    fn spawn_blocking<'a, R: Send + 'static>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> BoxFuture<'a, Result<R, BoxError>> {
        tokio::task::spawn_blocking(task).map(|ended| ended.map_err(Into::into)).boxed()
    }

    fn get_runtime() -> Self {
        Self
    }
}

/// A pooled connection to either database.
#[expect(
    clippy::large_enum_variant,
    reason = "one at a time on the stack of a unit of work, never in a collection"
)]
pub enum Conn {
    /// PostgreSQL.
    Postgres(Pooled<AsyncPgConnection>),
    /// SQLite.
    Sqlite(Pooled<AsyncSqlite>),
}

impl Conn {
    /// How it has fared since it left the pool.
    pub fn fate(&mut self) -> &mut Fate {
        match self {
            Self::Postgres(pooled) => &mut pooled.fate,
            Self::Sqlite(pooled) => &mut pooled.fate,
        }
    }
}

/// How a connection has fared since it left the pool.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "four independent marks, not one state")]
pub struct Fate {
    /// A statement began and nobody has seen its end.
    running: bool,
    /// Nobody ever will: its future was dropped. It may still be running, or even waiting for a thread to begin.
    abandoned: bool,
    /// A statement failed, so that the transaction it was in is not what its owner thinks it is.
    failed: bool,
    /// A transaction may be open.
    pub in_transaction: bool,
}

impl Fate {
    /// Whether every statement so far ended well.
    pub fn is_sound(&self) -> bool {
        !self.is_astray() && !self.failed
    }

    /// Whether a statement may be at work that nobody waits for. Such a connection can only be closed.
    pub fn is_astray(&self) -> bool {
        self.running || self.abandoned
    }

    /// A statement begins.
    pub fn begin(&mut self) {
        self.abandoned |= self.running;
        self.running = true;
    }

    /// The statement has ended.
    pub fn end<T, E>(&mut self, result: &Result<T, E>) {
        self.running = false;
        self.failed |= result.is_err();
    }
}

/// A connection on loan from its pool. It goes back when dropped, unless it is in the middle of something: then it is
/// closed, which ends its transaction and its locks. In the pool it would keep both until somebody takes it out again.
pub struct Pooled<C>
where
    AsyncDieselConnectionManager<C>: deadpool::managed::Manager<Type = C>,
    C: Send + 'static,
{
    // there until it is dropped
    object: Option<Object<C>>,
    /// How it has fared.
    pub fate: Fate,
}

impl<C> Pooled<C>
where
    AsyncDieselConnectionManager<C>: deadpool::managed::Manager<Type = C>,
    C: Send + 'static,
{
    fn new(object: Object<C>) -> Self {
        Self { object: Some(object), fate: Fate::default() }
    }
}

impl<C> Deref for Pooled<C>
where
    AsyncDieselConnectionManager<C>: deadpool::managed::Manager<Type = C>,
    C: Send + 'static,
{
    type Target = C;
    fn deref(&self) -> &C {
        match &self.object {
            Some(object) => object,
            None => unreachable!("only dropping takes it"),
        }
    }
}

impl<C> DerefMut for Pooled<C>
where
    AsyncDieselConnectionManager<C>: deadpool::managed::Manager<Type = C>,
    C: Send + 'static,
{
    fn deref_mut(&mut self) -> &mut C {
        match &mut self.object {
            Some(object) => object,
            None => unreachable!("only dropping takes it"),
        }
    }
}

impl<C> Drop for Pooled<C>
where
    AsyncDieselConnectionManager<C>: deadpool::managed::Manager<Type = C>,
    C: Send + 'static,
{
    fn drop(&mut self) {
        let Some(object) = self.object.take() else { return };
        if !self.fate.is_astray() && !self.fate.in_transaction {
            return;
        }
        let conn = Object::take(object);
        // closing a SQLite file may write to it
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || drop(conn))),
            Err(_) => drop(conn),
        }
    }
}

/// Runs a statement on one of the two databases, and remembers whether it ended well.
macro_rules! statement {
    ($pooled:expr, |$c:ident| $body:expr) => {{
        let pooled = $pooled;
        pooled.fate.begin();
        let $c = &mut **pooled;
        let result = $body;
        pooled.fate.end(&result);
        result
    }};
}
pub(crate) use statement;

/// Type-checks one query body once for each database. `$c` is the connection; the body is a `Result`.
macro_rules! on_db {
    ($conn:expr, |$c:ident| $body:expr) => {
        match $conn {
            $crate::db::Conn::Postgres(pooled) => $crate::db::statement!(pooled, |$c| $body),
            $crate::db::Conn::Sqlite(pooled) => $crate::db::statement!(pooled, |$c| $body),
        }
    };
}
pub(crate) use on_db;

/// One row, if there is one, locked until the transaction ends. On SQLite the whole file already is.
///
/// The lock leaves keys alone: rows that refer to this one can be added meanwhile. None of our statements changes a key
/// that anything refers to, and a stronger lock would make two transactions wait for each other in a circle when one
/// adds such a row.
macro_rules! find_locked {
    ($conn:expr, $query:expr) => {
        match $conn {
            $crate::db::Conn::Postgres(pooled) => $crate::db::statement!(pooled, |c| {
                let found = $query.for_no_key_update().get_result(c).await;
                diesel::OptionalExtension::optional(found)
            }),
            $crate::db::Conn::Sqlite(pooled) => $crate::db::statement!(pooled, |c| {
                let found = $query.get_result(c).await;
                diesel::OptionalExtension::optional(found)
            }),
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
        // what carries a connection's bytes is a task of the runtime it was made in, and a web server has a runtime for
        // each of its threads: those end first when we stop, and would take connections of running jobs with them
        let home = tokio::runtime::Handle::try_current().ok();
        config.custom_setup = Box::new(move |url| {
            // a client that went away in the middle of a statement is noticed within a second, and its locks are freed;
            // not every platform's server can do that
            let setup = format!(
                "SET statement_timeout = {statement_timeout}; SET lock_timeout = '10s'; \
                 SET idle_in_transaction_session_timeout = '60s'; SET timezone = 'UTC'; \
                 DO $$ BEGIN PERFORM set_config('client_connection_check_interval', '1s', false); \
                 EXCEPTION WHEN OTHERS THEN NULL; END $$"
            );
            let (url, home) = (url.to_owned(), home.clone());
            let connecting = async move {
                let mut conn = AsyncPgConnection::establish(&url).await?;
                conn.batch_execute(&setup).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
                Ok(conn)
            };
            async move {
                match home {
                    Some(home) => match home.spawn(connecting).await {
                        Ok(connected) => connected,
                        Err(error) => Err(ConnectionError::BadConnection(error.to_string())),
                    },
                    None => connecting.await,
                }
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
            Self::Postgres(pool) => take(pool.get().await, Conn::Postgres),
            Self::Sqlite { writer, .. } => take(writer.get().await, Conn::Sqlite),
        }
    }

    /// A connection to read with.
    pub async fn reader(&self) -> Result<Conn, StoreError> {
        match self {
            Self::Postgres(pool) => take(pool.get().await, Conn::Postgres),
            Self::Sqlite { readers, .. } => take(readers.get().await, Conn::Sqlite),
        }
    }
}

fn take<C>(object: Result<Object<C>, PoolError>, wrap: fn(Pooled<C>) -> Conn) -> Result<Conn, StoreError>
where
    AsyncDieselConnectionManager<C>: deadpool::managed::Manager<Type = C>,
    C: Send + 'static,
{
    object.map(Pooled::new).map(wrap).map_err(unavailable)
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
