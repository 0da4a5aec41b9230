//! Bringing a database to the schema this program knows.

use std::path::Path;

use diesel::{SqliteConnection, connection::SimpleConnection, migration::MigrationSource};
use diesel_async::{
    AsyncConnection, AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use kernel::BoxError;

pub const POSTGRES: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");
pub const SQLITE: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// Two processes that start together must not both migrate. The number means nothing; it is ours.
const ADVISORY_LOCK: i64 = 7_300_811_142_026_112;

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
    /// spelling `sqlite:///./otto.db` is relative, `sqlite:////data/otto.db` absolute).
    pub fn parse(url: &str) -> Result<Self, &'static str> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(url.to_owned()));
        }
        let Some(rest) = url.strip_prefix("sqlite:") else {
            return Err("must begin with postgres:// or sqlite:");
        };
        let path = rest.strip_prefix("///").or_else(|| rest.strip_prefix("//")).unwrap_or(rest);
        if path.is_empty() || path.contains('?') {
            return Err("must name a file, as in sqlite:///./otto.db");
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

/// Whether a database has every migration this program knows, and no other. Changes nothing.
pub async fn check(target: &Target) -> Result<(), MigrateError> {
    match target {
        Target::Postgres(url) => {
            let conn = connect_postgres(url).await?;
            blocking(move || is_current(&mut AsyncMigrationHarness::new(conn), POSTGRES)).await
        }
        Target::Sqlite(path) => {
            let path = path.clone();
            blocking(move || is_current(&mut open_sqlite(&path)?, SQLITE)).await
        }
    }
}

/// Undoes everything, newest first. For tests of the migrations themselves.
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
    AsyncPgConnection::establish(url)
        .await
        .map_err(|error| MigrateError::Connect { reason: error.to_string() })
}

async fn migrate_postgres(url: &str) -> Result<Migrated, MigrateError> {
    let mut conn = connect_postgres(url).await?;
    let failed = |error| MigrateError::Failed(Box::new(error));
    // fails at once if the server only reads
    conn.batch_execute("SET lock_timeout = '60s'").await.map_err(failed)?;
    diesel::sql_query("SELECT pg_advisory_lock($1)")
        .bind::<diesel::sql_types::BigInt, _>(ADVISORY_LOCK)
        .execute(&mut conn)
        .await
        .map_err(failed)?;
    // the lock goes with the connection
    blocking(move || {
        let mut harness = AsyncMigrationHarness::new(conn);
        run(&mut harness, POSTGRES)
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
