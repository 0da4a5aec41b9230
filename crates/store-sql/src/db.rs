//! Connections to either database, and the macro that lets one query body serve both.

use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use diesel::{QueryResult, SqliteConnection};
use diesel_async::{
    AsyncPgConnection, SimpleAsyncConnection,
    pooled_connection::{AsyncDieselConnectionManager, deadpool::Object},
    sync_connection_wrapper::{SpawnBlocking, SyncConnectionWrapper},
};
use futures_util::{FutureExt, future::BoxFuture};
use kernel::BoxError;

use crate::{
    ahead::Ahead,
    error::{as_overtaken, is_of_no_more_use},
    types::DbId,
};

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

    /// The condition that a row is one of a choice (`FROM … WHERE …`, and which first and how many), for a statement
    /// that deletes or changes exactly those.
    ///
    /// PostgreSQL reads `id IN (SELECT …)` as a join, and where its statistics say that the choice finds next to nothing it
    /// compares each row of one side with each of the other: seconds for twenty thousand. By place there is nothing to
    /// choose. The rows are locked as they are chosen, so that each still is what it was chosen as; those that somebody
    /// else is about are left for the next time.
    pub fn picks(&self, choice: &str) -> String {
        match self {
            Self::Postgres(_) => format!("ctid = ANY (ARRAY (SELECT ctid {choice} FOR UPDATE SKIP LOCKED))"),
            Self::Sqlite(_) => format!("id IN (SELECT id {choice})"),
        }
    }
}

/// How a connection has fared since it left the pool.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent marks, not one state")]
pub struct Fate {
    /// A statement began and nobody has seen its end.
    running: bool,
    /// Nobody ever will: its future was dropped. It may still be running, or even waiting for a thread to begin.
    abandoned: bool,
    /// A statement failed, so that the transaction it was in is not what its owner thinks it is.
    failed: bool,
    /// The connection leads nowhere any more, or to a server that has become another's replica.
    lost: bool,
    /// A transaction may be open.
    pub in_transaction: bool,
    /// A transaction that only reads is open: it is ended when the connection goes back.
    pub reading: bool,
    /// It leads to a replica.
    pub on_replica: bool,
    /// A row that was added because it had to be new was there already: nothing of this may be committed.
    pub repeated: bool,
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
    pub fn end<T>(&mut self, result: &QueryResult<T>) {
        self.running = false;
        self.failed |= result.is_err();
        self.lost |= result.as_ref().is_err_and(is_of_no_more_use);
    }
}

/// A connection on loan from its pool. It goes back when dropped, unless it is in the middle of something: then it is
/// closed, which ends its transaction and its locks. In the pool it would keep both until somebody takes it out again.
pub struct Pooled<C>
where
    AsyncDieselConnectionManager<C>: deadpool::managed::Manager<Type = C>,
    C: SimpleAsyncConnection + Send + 'static,
{
    // there until it is dropped
    object: Option<Object<C>>,
    /// How it has fared.
    pub fate: Fate,
    /// What it still has to say. Always nothing on SQLite, where nothing has a way to go.
    pub ahead: Ahead,
    slow: Duration,
}

impl<C> Pooled<C>
where
    AsyncDieselConnectionManager<C>: deadpool::managed::Manager<Type = C>,
    C: SimpleAsyncConnection + Send + 'static,
{
    pub(crate) fn new(object: Object<C>, slow: Duration) -> Self {
        Self { object: Some(object), fate: Fate::default(), ahead: Ahead::default(), slow }
    }

    /// A statement that takes as long as this is worth a warning.
    pub(crate) fn slow(&self) -> Duration {
        self.slow
    }
}

impl<C> Deref for Pooled<C>
where
    AsyncDieselConnectionManager<C>: deadpool::managed::Manager<Type = C>,
    C: SimpleAsyncConnection + Send + 'static,
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
    C: SimpleAsyncConnection + Send + 'static,
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
    C: SimpleAsyncConnection + Send + 'static,
{
    fn drop(&mut self) {
        let Some(object) = self.object.take() else { return };
        let begun = !self.ahead.is_unbegun();
        let broken = self.fate.is_astray() || self.fate.lost || (self.fate.in_transaction && begun);
        let to_be_ended = self.fate.reading && begun;
        if !broken && !to_be_ended {
            return;
        }
        if self.fate.lost {
            forget_as_old(&object);
        }
        // nobody needs to wait for the end of a transaction that only read
        if !broken && let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(end_reading(object));
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

/// What happened to one connection has probably happened to those that were idle meanwhile. They are closed, so that who
/// tries again gets one that is new.
fn forget_as_old<C>(lost: &Object<C>)
where
    AsyncDieselConnectionManager<C>: deadpool::managed::Manager<Type = C>,
{
    let since = Object::metrics(lost).last_used();
    if let Some(pool) = Object::pool(lost) {
        // answers those it took out, whose closing is done when they are dropped
        drop(pool.retain(|_, metrics| metrics.last_used() < since));
    }
}

/// A connection whose transaction only read and is being ended. Closed if that is interrupted.
struct Ending<C>(Option<Object<C>>)
where
    AsyncDieselConnectionManager<C>: deadpool::managed::Manager<Type = C>;

impl<C> Drop for Ending<C>
where
    AsyncDieselConnectionManager<C>: deadpool::managed::Manager<Type = C>,
{
    fn drop(&mut self) {
        drop(self.0.take().map(Object::take));
    }
}

/// Ends a transaction that only read, and gives the connection back; one that cannot do even this is closed.
async fn end_reading<C>(object: Object<C>)
where
    AsyncDieselConnectionManager<C>: deadpool::managed::Manager<Type = C>,
    C: SimpleAsyncConnection + Send + 'static,
{
    let mut ending = Ending(Some(object));
    if let Some(object) = &mut ending.0
        && object.batch_execute("COMMIT").await.is_ok()
    {
        // back into the pool
        drop(ending.0.take());
    }
}

/// Runs a statement on PostgreSQL, after what is ahead of it; measures it under its name (`<table>.<verb>`), and remembers
/// whether it ended well.
macro_rules! on_postgres {
    ($pooled:expr, $name:literal, |$c:ident| $body:expr) => {{
        let pooled = $pooled;
        match $crate::db::write_due(pooled).await {
            Ok(_) => $crate::db::at_once!(pooled, $name, |$c| $body),
            Err(error) => Err(error),
        }
    }};
}
pub(crate) use on_postgres;

/// The same where nothing but the transaction's beginning is ahead of it.
macro_rules! at_once {
    ($pooled:expr, $name:literal, |$c:ident| $body:expr) => {{
        let pooled = $pooled;
        pooled.fate.begin();
        let timed = $crate::db::timed!(pooled, $name);
        let begin = pooled.ahead.take_begin();
        let mut shared: &diesel_async::AsyncPgConnection = &**pooled;
        let begun = $crate::ahead::Begun::send(begin, shared);
        let $c = &mut shared;
        let result = $body;
        let result = begun.and(result).await;
        drop(timed);
        pooled.fate.end(&result);
        result
    }};
}
pub(crate) use at_once;

/// Does the writes that are due, as one statement. Answers what was told for the first time.
pub async fn write_due(pooled: &mut Pooled<AsyncPgConnection>) -> QueryResult<Vec<DbId>> {
    if !pooled.ahead.is_due() {
        return Ok(Vec::new());
    }
    let due = pooled.ahead.take_due();
    let written =
        at_once!(&mut *pooled, "transaction.write", |c| due.write(c).await).map_err(as_overtaken)?;
    pooled.fate.repeated |= written.is_repeated;
    Ok(written.told)
}

/// The same on SQLite.
macro_rules! on_sqlite {
    ($pooled:expr, $name:literal, |$c:ident| $body:expr) => {{
        let pooled = $pooled;
        pooled.fate.begin();
        let timed = $crate::db::timed!(pooled, $name);
        let $c = &mut **pooled;
        let result = $body;
        drop(timed);
        pooled.fate.end(&result);
        result
    }};
}
pub(crate) use on_sqlite;

/// A statement that begins now.
macro_rules! timed {
    ($pooled:expr, $name:literal) => {
        $crate::timing::Timed::start(
            concat!("store.", $name),
            $pooled.slow(),
            tracing::debug_span!(concat!("store.", $name)),
        )
    };
}
pub(crate) use timed;

/// Type-checks one query body once for each database. `$c` is the connection; the body is a `Result`.
macro_rules! on_db {
    ($conn:expr, $name:literal, |$c:ident| $body:expr) => {
        match $conn {
            $crate::db::Conn::Postgres(pooled) => $crate::db::on_postgres!(pooled, $name, |$c| $body),
            $crate::db::Conn::Sqlite(pooled) => $crate::db::on_sqlite!(pooled, $name, |$c| $body),
        }
    };
}
pub(crate) use on_db;

/// A write whose outcome nobody waits for: it is done before whatever is asked next, and fails that if it fails. On
/// PostgreSQL several of them are one statement, so that none may be about a row that another adds or changes; they may
/// refer to each other's rows. The statement owns what it uses.
macro_rules! later {
    ($conn:expr, $name:literal, $table:expr, $statement:expr) => {
        match $conn {
            $crate::db::Conn::Postgres(pooled) => {
                pooled.ahead.add($statement);
                Ok(())
            }
            $crate::db::Conn::Sqlite(pooled) => {
                let result = $crate::db::on_sqlite!(pooled, $name, |c| $statement.execute(c).await);
                result.map(drop).map_err($crate::error::as_overtaken).map_err($crate::error::fail($table))
            }
        }
    };
}
pub(crate) use later;

/// One row, if there is one, locked until the transaction ends. On SQLite the whole file already is.
///
/// The lock leaves keys alone: rows that refer to this one can be added meanwhile. None of our statements changes a key
/// that anything refers to, and a stronger lock would make two transactions wait for each other in a circle when one
/// adds such a row.
macro_rules! find_locked {
    ($conn:expr, $name:literal, $query:expr) => {
        match $conn {
            $crate::db::Conn::Postgres(pooled) => $crate::db::on_postgres!(pooled, $name, |c| {
                let found = $query.for_no_key_update().get_result(c).await;
                diesel::OptionalExtension::optional(found)
            }),
            $crate::db::Conn::Sqlite(pooled) => $crate::db::on_sqlite!(pooled, $name, |c| {
                let found = $query.get_result(c).await;
                diesel::OptionalExtension::optional(found)
            }),
        }
    };
}
pub(crate) use find_locked;
