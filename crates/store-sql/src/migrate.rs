//! Bringing a database to the schema this program knows.

use std::{path::Path, time::Duration};

use diesel::{
    SqliteConnection,
    connection::SimpleConnection,
    migration::{Migration, MigrationSource},
    pg::Pg,
};
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use kernel::BoxError;
use tokio::time::{Instant, sleep};

use crate::{
    address::{Address, Mode},
    connect::{self, Unopened},
    tls::{Encryption, TlsError},
};

pub const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");
pub const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// Two processes that start together must not both migrate. The number means nothing; it is ours.
const ADVISORY_LOCK: i64 = 7_300_811_142_026_112;
/// How often is looked whether it is our turn, or a busy table free.
const POLL: Duration = Duration::from_millis(250);
/// Another process that migrates for longer than this does not get done.
const TURN_PATIENCE: Duration = Duration::from_mins(30);
/// A migration in a transaction waits for a table no longer than this at a time,
const LOCK_PATIENCE: &str = "3s";
/// and so often.
const LOCK_TRIES: u32 = 40;

/// Where a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `postgres://…`
    Postgres(String),
    /// A file.
    Sqlite(String),
}

impl Target {
    /// Reads a database URL: `postgres://`, `postgresql://`, `sqlite://PATH` or `sqlite:PATH` (in the predecessor's
    /// spelling `sqlite:///./otto.db` is relative, `sqlite:////data/otto.db` absolute). Refused with what is wrong, and
    /// nothing of what may be secret in it.
    pub fn parse(url: &str) -> Result<Self, String> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return match Address::parse(url) {
                Ok(_) => Ok(Self::Postgres(url.to_owned())),
                Err(TlsError::Setting(what)) => Err(what),
                Err(error) => Err(error.to_string()),
            };
        }
        let Some(rest) = url.strip_prefix("sqlite:") else {
            return Err("must begin with postgres:// or sqlite:".to_owned());
        };
        let path = rest.strip_prefix("///").or_else(|| rest.strip_prefix("//")).unwrap_or(rest);
        if path.is_empty() || path.contains('?') {
            return Err("must name a file, as in sqlite:///./otto.db".to_owned());
        }
        Ok(Self::Sqlite(path.to_owned()))
    }
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The migrations run just now, in order.
    pub applied: Vec<String>,
}

/// Why a database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// It cannot be reached or opened.
    #[error("cannot open the database: {reason}")]
    Connect {
        /// In the database's words.
        reason: String,
    },
    /// It cannot be reached as safely as its URL asks for.
    #[error("cannot open the database: {0}")]
    Tls(#[from] TlsError),
    /// It was written by a newer version of Otto.
    #[error(
        "the database was made by a newer version of Otto (it has migration {newest}, which this version does not)"
    )]
    NewerSchema {
        /// The newest migration it has.
        newest: String,
    },
    /// It is not up to date, and this process is not the one to change that.
    #[error("the database lacks {count} of this version's migrations (the first is {first})")]
    Outdated {
        /// How many it lacks.
        count: usize,
        /// The first of them.
        first: String,
    },
    /// Another process is at it and does not get done.
    #[error("another process has been migrating the database for half an hour")]
    Busy,
    /// A migration failed.
    #[error("cannot bring the database up to date: {0}")]
    Failed(#[source] BoxError),
}

/// Runs what is missing. Refuses a database with migrations this program does not know.
pub async fn migrate(target: &Target) -> Result<Migrated, MigrateError> {
    match target {
        Target::Postgres(url) => migrate_postgres(url).await,
        Target::Sqlite(path) => {
            let path = path.clone();
            blocking(move || migrate_sqlite(&path)).await
        }
    }
}

/// Whether this program may work on a database: it has every migration the program knows. On PostgreSQL it may have more, as
/// long as none of them took away what the program needs, so that programs of two versions can run side by side while one
/// replaces the other, or after it was taken back. Changes nothing.
pub async fn check(target: &Target) -> Result<(), MigrateError> {
    match target {
        Target::Postgres(url) => {
            let conn = connect_postgres(url).await?;
            let (mut conn, checked) = on_harness(conn, |harness| Ok(is_current(harness, POSTGRES))).await?;
            match checked {
                Err(MigrateError::NewerSchema { newest }) => {
                    match service(&mut conn).await.map_err(failed)? {
                        Service::Promised => {
                            tracing::warn!(
                                newest,
                                "the database was made by a newer version, which says that it serves this one too"
                            );
                            Ok(())
                        }
                        Service::NotDenied => {
                            tracing::warn!(
                                newest,
                                "the database was made by a newer version; nothing says that this one cannot work on it"
                            );
                            Ok(())
                        }
                        Service::Denied => Err(MigrateError::NewerSchema { newest }),
                    }
                }
                checked => checked,
            }
        }
        Target::Sqlite(path) => {
            let path = path.clone();
            blocking(move || is_current(&mut open_sqlite(&path)?, SQLITE)).await
        }
    }
}

/// Whether a newer schema still has everything this program needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Service {
    /// It says so.
    Promised,
    /// It says nothing, because nothing was ever taken away.
    NotDenied,
    /// It says that it has not.
    Denied,
}

/// A migration that takes something away says as of which version programs do without it, in the comment of diesel's own
/// table.
async fn service(conn: &mut AsyncPgConnection) -> diesel::QueryResult<Service> {
    #[derive(diesel::QueryableByName)]
    struct Said {
        #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::Text>)]
        since: Option<String>,
    }
    let said = "SELECT obj_description('__diesel_schema_migrations'::regclass) AS since";
    let said: Said = diesel::sql_query(said).get_result(conn).await?;
    let ours = MigrationSource::<Pg>::migrations(&POSTGRES).unwrap_or_default();
    let ours = ours.iter().map(|migration| migration.name().version().to_string()).max().unwrap_or_default();
    let since = said.since.as_deref().and_then(|text| text.strip_prefix(SERVES_SINCE));
    Ok(match since {
        None => Service::NotDenied,
        Some(since) if since.trim() <= ours.as_str() => Service::Promised,
        Some(_) => Service::Denied,
    })
}

/// How the comment begins that says which versions a schema serves; the number of a migration follows.
const SERVES_SINCE: &str = "serves programs since ";

/// Undoes everything, newest first. For tests of the migrations themselves: no program can do it.
pub async fn revert_all(target: &Target) -> Result<(), MigrateError> {
    match target {
        Target::Postgres(url) => {
            let conn = connect_postgres(url).await?;
            blocking(move || {
                let mut harness = AsyncMigrationHarness::new(conn);
                harness.revert_all_migrations(POSTGRES).map_err(MigrateError::Failed)?;
                Ok(())
            })
            .await
        }
        Target::Sqlite(path) => {
            let path = path.clone();
            blocking(move || {
                let mut conn = open_sqlite(&path)?;
                conn.revert_all_migrations(SQLITE).map_err(MigrateError::Failed)?;
                Ok(())
            })
            .await
        }
    }
}

async fn blocking<R: Send + 'static>(
    work: impl FnOnce() -> Result<R, MigrateError> + Send + 'static,
) -> Result<R, MigrateError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| MigrateError::Failed(Box::new(error)))?
}

pub(crate) async fn connect_postgres(url: &str) -> Result<AsyncPgConnection, MigrateError> {
    open_postgres(url).await.map(|(conn, _)| conn)
}

async fn open_postgres(url: &str) -> Result<(AsyncPgConnection, Encryption), MigrateError> {
    connect::open(url).await.map_err(|error| match error {
        Unopened::Tls(error) => MigrateError::Tls(error),
        Unopened::Otherwise(error) => MigrateError::Connect { reason: error.to_string() },
    })
}

/// How well connections to a database are kept from others, as one opened now tells; nothing of a file.
pub async fn encryption(target: &Target) -> Result<Option<Encryption>, MigrateError> {
    match target {
        Target::Postgres(url) => open_postgres(url).await.map(|(_, encryption)| Some(encryption)),
        Target::Sqlite(_) => Ok(None),
    }
}

/// Whether everybody who could listen to connections to a database is on this machine, or its URL says in so many words
/// that they are not encrypted.
pub fn may_be_unencrypted(target: &Target) -> bool {
    match target {
        Target::Postgres(url) => Address::parse(url)
            .is_ok_and(|address| address.is_local() || (address.mode_given && address.mode == Mode::Disable)),
        Target::Sqlite(_) => true,
    }
}

async fn migrate_postgres(url: &str) -> Result<Migrated, MigrateError> {
    let mut conn = connect_postgres(url).await?;
    take_turn(&mut conn).await?;
    drop_unfinished_indexes(&mut conn).await.map_err(failed)?;
    let mut applied = Vec::new();
    let mut tries = 0;
    // the lock goes with the connection
    loop {
        let (back, next) = on_harness(conn, |harness| {
            refuse_newer(harness, &POSTGRES)?;
            let pending: Vec<Box<dyn Migration<Pg>>> =
                harness.pending_migrations(POSTGRES).map_err(MigrateError::Failed)?;
            Ok(pending.as_slice().first().map(|next| next.metadata().run_in_transaction()))
        })
        .await?;
        conn = back;
        let Some(in_transaction) = next else { return Ok(Migrated { applied }) };
        // whoever waits for a table's strongest lock has everybody else wait behind them, so such a wait is short and is
        // begun again; what runs outside a transaction stops nobody while it waits
        let patience = if in_transaction { LOCK_PATIENCE } else { "0" };
        conn.batch_execute(&format!("SET lock_timeout = '{patience}'")).await.map_err(failed)?;
        let (back, ran) = on_harness(conn, |harness| {
            Ok(harness.run_next_migration(POSTGRES).map(|version| version.to_string()))
        })
        .await?;
        conn = back;
        match ran {
            Ok(version) => {
                applied.push(version);
                tries = 0;
            }
            Err(error) if tries < LOCK_TRIES && in_full(error.as_ref()).contains("lock timeout") => {
                tries += 1;
                tracing::info!(tries, "a table is busy; the migration is tried again");
                sleep(POLL).await;
            }
            Err(error) => return Err(MigrateError::Failed(error)),
        }
    }
}

fn failed(error: diesel::result::Error) -> MigrateError {
    MigrateError::Failed(Box::new(error))
}

fn in_full(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Waits until nobody else migrates. Asked for again and again: a statement that waited for the lock would itself be what
/// an index that is being built waits for, and so hold up the very migration it waits for.
async fn take_turn(conn: &mut AsyncPgConnection) -> Result<(), MigrateError> {
    #[derive(diesel::QueryableByName)]
    struct Taken {
        #[diesel(sql_type = diesel::sql_types::Bool)]
        taken: bool,
    }
    let deadline = Instant::now() + TURN_PATIENCE;
    loop {
        let ask = diesel::sql_query("SELECT pg_try_advisory_lock($1) AS taken");
        let ask = ask.bind::<diesel::sql_types::BigInt, _>(ADVISORY_LOCK);
        if ask.get_result::<Taken>(conn).await.map_err(failed)?.taken {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(MigrateError::Busy);
        }
        sleep(POLL).await;
    }
}

/// An index that was being built without a transaction when the process died is there, of no use, and in the way of the next
/// try. One that is being built at this moment, by whomever, is left alone.
async fn drop_unfinished_indexes(conn: &mut AsyncPgConnection) -> diesel::QueryResult<()> {
    #[derive(diesel::QueryableByName)]
    struct Unfinished {
        #[diesel(sql_type = diesel::sql_types::Text)]
        name: String,
    }
    let unfinished = "SELECT x.oid::regclass::text AS name FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid \
                      WHERE NOT i.indisvalid AND x.relnamespace = 'public'::regnamespace AND NOT EXISTS \
                      (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid)";
    for Unfinished { name } in diesel::sql_query(unfinished).load(conn).await? {
        tracing::warn!(name, "an index was never finished; it is made anew");
        conn.batch_execute(&format!("DROP INDEX CONCURRENTLY {name}")).await?;
    }
    Ok(())
}

/// Lends a connection to diesel's harness, on a thread that may wait.
async fn on_harness<R: Send + 'static>(
    conn: AsyncPgConnection,
    work: impl FnOnce(&mut AsyncMigrationHarness<AsyncPgConnection>) -> Result<R, MigrateError> + Send + 'static,
) -> Result<(AsyncPgConnection, R), MigrateError> {
    blocking(move || {
        let mut harness = AsyncMigrationHarness::new(conn);
        let done = work(&mut harness)?;
        Ok((harness.into_inner(), done))
    })
    .await
}

fn migrate_sqlite(path: &str) -> Result<Migrated, MigrateError> {
    let mut conn = open_sqlite(path)?;
    run(&mut conn, SQLITE)
}

fn open_sqlite(path: &str) -> Result<SqliteConnection, MigrateError> {
    use diesel::Connection;
    let connect = |reason: String| MigrateError::Connect { reason };
    let mut conn = SqliteConnection::establish(path).map_err(|error| connect(error.to_string()))?;
    conn.batch_execute("PRAGMA busy_timeout = 10000; PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;")
        .map_err(|error| connect(error.to_string()))?;
    Ok(conn)
}

fn is_current<DB, C>(conn: &mut C, source: EmbeddedMigrations) -> Result<(), MigrateError>
where
    DB: diesel::backend::Backend,
    C: MigrationHarness<DB>,
    EmbeddedMigrations: MigrationSource<DB>,
{
    refuse_newer(conn, &source)?;
    let missing = conn.pending_migrations(source).map_err(MigrateError::Failed)?;
    match missing.iter().map(|one| one.name().version().to_string()).min() {
        None => Ok(()),
        Some(first) => Err(MigrateError::Outdated { count: missing.len(), first }),
    }
}

fn run<DB, C>(conn: &mut C, source: EmbeddedMigrations) -> Result<Migrated, MigrateError>
where
    DB: diesel::backend::Backend,
    C: MigrationHarness<DB>,
    EmbeddedMigrations: MigrationSource<DB>,
{
    refuse_newer(conn, &source)?;
    let run = conn.run_pending_migrations(source).map_err(MigrateError::Failed)?;
    Ok(Migrated { applied: run.iter().map(ToString::to_string).collect() })
}

fn refuse_newer<DB, C>(conn: &mut C, source: &EmbeddedMigrations) -> Result<(), MigrateError>
where
    DB: diesel::backend::Backend,
    C: MigrationHarness<DB>,
    EmbeddedMigrations: MigrationSource<DB>,
{
    let known: Vec<String> = MigrationSource::<DB>::migrations(source)
        .map_err(MigrateError::Failed)?
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect();
    let applied = conn.applied_migrations().map_err(MigrateError::Failed)?;
    let unknown = applied.iter().map(ToString::to_string).filter(|version| !known.contains(version)).max();
    unknown.map_or(Ok(()), |newest| Err(MigrateError::NewerSchema { newest }))
}

/// Whether a SQLite file can be made and written where it is to be; the message names the folder.
pub fn check_writable(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let probe = folder.join(".otto-write-test");
    std::fs::write(&probe, b"otto")?;
    std::fs::remove_file(&probe)
}
