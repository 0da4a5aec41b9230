//! The database's part of a backup: all of it, of one moment, while work goes on.
//!
//! - PostgreSQL: `pg_dump` and `pg_restore`, which know their own server best. Rows are counted and recordings listed in
//!   the very snapshot that is dumped.
//! - SQLite: `VACUUM INTO`, which reads one moment of the file and writes a file of its own.

mod postgres;
mod programs;
mod sqlite;

use std::{collections::BTreeMap, io, path::Path};

use app::progress::Progress;
use diesel::migration::MigrationSource;
use kernel::BoxError;
use serde::{Deserialize, Serialize};

use crate::migrate::{MigrateError, POSTGRES, SQLITE, Target};

/// Where stored recordings are listed: one JSON object in each line.
pub const RECORDINGS: &str = "recordings.jsonl";

/// So many numbers of calls are passed over in a restored database. The vendor knows calls by them, and the Otto that was
/// lost may have given some out after the backup: one that meant another call would get the other's analysis.
const NUMBERS_PASSED_OVER: i64 = 1_000_000;

/// A stored recording, as it is listed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedRecording {
    /// Where it is kept.
    pub key: String,
    /// How many bytes it has.
    pub size: i64,
    /// Lower-case hex SHA-256 of them.
    pub sha256: String,
}

/// What was dumped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dumped {
    /// `postgres` or `sqlite`.
    pub database: String,
    /// The server's and the programs' versions, for people.
    pub versions: Vec<String>,
    /// The file in the backup's folder.
    pub file: String,
    /// The migrations it has, in order.
    pub migrations: Vec<String>,
    /// How many rows each table has.
    pub rows: BTreeMap<String, u64>,
    /// How many recordings are listed.
    pub recordings: u64,
}

/// Why a database cannot be dumped or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// It cannot be reached or opened, or its schema is not one this program knows.
    #[error(transparent)]
    Database(#[from] MigrateError),
    /// It answered with an error.
    #[error("the database refused: {0}")]
    Refused(#[source] BoxError),
    /// A file cannot be read or written.
    #[error("cannot use {path}: {source}")]
    File {
        /// Which.
        path: String,
        /// Why.
        source: io::Error,
    },
    /// A program of PostgreSQL's is not there, or is too old.
    #[error("{0}")]
    Program(String),
    /// A program of PostgreSQL's failed.
    #[error("{program} failed:\n{said}")]
    Failed {
        /// Which.
        program: &'static str,
        /// The last it said.
        said: String,
    },
    /// It would not hold, or does not hold, everything.
    #[error("{0}")]
    Incomplete(String),
    /// The database to restore into is not empty.
    #[error(
        "the database is not empty: it has {0}\nRestore into an empty one: a new database, or a file that is not there yet."
    )]
    NotEmpty(String),
}

fn file_error(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.display().to_string();
    move |source| BackupError::File { path, source }
}

fn refused(error: impl std::error::Error + Send + Sync + 'static) -> BackupError {
    BackupError::Refused(Box::new(error))
}

/// Dumps a database into a folder, and lists its recordings there.
pub async fn dump(target: &Target, folder: &Path, progress: &dyn Progress) -> Result<Dumped, BackupError> {
    match target {
        Target::Postgres(url) => postgres::dump(url, folder, progress).await,
        Target::Sqlite(path) => sqlite::dump(path, folder, progress).await,
    }
}

/// Whether a database holds nothing, so that one may be restored into it.
pub async fn check_empty(target: &Target) -> Result<(), BackupError> {
    match target {
        Target::Postgres(url) => postgres::check_empty(url).await,
        Target::Sqlite(path) => sqlite::check_empty(path).await,
    }
}

/// Restores a dump into an empty database, all or nothing, and compares the number of rows.
pub async fn restore(
    target: &Target,
    folder: &Path,
    dumped: &Dumped,
    progress: &dyn Progress,
) -> Result<(), BackupError> {
    check_empty(target).await?;
    let rows = match target {
        Target::Postgres(url) => postgres::restore(url, folder, dumped, progress).await?,
        Target::Sqlite(path) => sqlite::restore(path, folder, dumped, progress).await?,
    };
    let mut differ = Vec::new();
    for (table, wanted) in &dumped.rows {
        let found = rows.get(table).copied().unwrap_or_default();
        if found != *wanted {
            differ.push(format!("{table} has {found} rows of {wanted}"));
        }
    }
    if differ.is_empty() { Ok(()) } else { Err(BackupError::Incomplete(differ.join("; "))) }
}

/// The migrations this program knows, for a database of this sort.
pub fn known_migrations(target: &Target) -> Result<Vec<String>, BackupError> {
    let names = match target {
        Target::Postgres(_) => versions::<diesel::pg::Pg>(&POSTGRES),
        Target::Sqlite(_) => versions::<diesel::sqlite::Sqlite>(&SQLITE),
    };
    names.map_err(BackupError::Refused)
}

fn versions<DB: diesel::backend::Backend>(
    source: &impl MigrationSource<DB>,
) -> Result<Vec<String>, BoxError> {
    Ok(source.migrations()?.iter().map(|migration| migration.name().version().to_string()).collect())
}
