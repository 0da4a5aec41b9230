//! Backups: the database of one moment, the recordings it names, and a manifest that says all of it is there.
//!
//! A folder is a backup when it has a manifest. Objects are never changed after their row is committed, so that those which
//! the dumped rows name can be brought over after the dump.

mod manifest;
mod recordings;
mod restore;

use std::{
    fs, io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

use app::progress::Progress;
use kernel::{Clock, rfc3339};
use settings::Settings;
use store_sql::backup::{self, BackupError as DatabaseError};

use crate::{
    StartError, SystemClock,
    build::target_of,
    error::{LACKS_ROLES, chain, lacks_roles, remedy_for_database},
    keys::KEY_FILE,
};

use manifest::sha256_of;

pub use manifest::{MANIFEST, Manifest, RecordingsKept};
pub use restore::{Restored, restore};

/// The folder recordings are kept in, in a data directory and in a backup.
pub(super) const BLOBS: &str = "blobs";

/// Why a backup cannot be made or restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Settings.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The database.
    #[error("{}", describe(.0))]
    Database(#[from] DatabaseError),
    /// A folder or file.
    #[error("cannot use {}: {source}", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The folder to write to holds something.
    #[error("{} is not empty\nName a folder that is empty, or not there yet.", path.display())]
    NotEmpty {
        /// Which.
        path: PathBuf,
    },
    /// There is no manifest.
    #[error(
        "{} is no backup: it has no manifest.json\nA backup without one broke off before it was whole, and cannot be relied on.",
        path.display()
    )]
    NotWhole {
        /// Where.
        path: PathBuf,
    },
    /// The manifest cannot be read.
    #[error("{} cannot be read: {why}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A newer Otto made it.
    #[error(
        "the backup was made by Otto {version} and has migration {migration}, which this version does not know\nRestore it with that version, or a newer one."
    )]
    Newer {
        /// Which Otto.
        version: String,
        /// Which migration.
        migration: String,
    },
    /// It does not fit the settings.
    #[error("{0}")]
    Mismatch(String),
}

fn describe(error: &DatabaseError) -> String {
    match error {
        DatabaseError::Database(source) => format!("{source}\n{}", remedy_for_database(source)),
        DatabaseError::Refused(_) if lacks_roles(&chain(error)) => format!("{error}\n{LACKS_ROLES}"),
        other => other.to_string(),
    }
}

pub(super) fn at(path: &Path) -> impl FnOnce(io::Error) -> BackupError {
    let path = path.to_owned();
    move |source| BackupError::Folder { path, source }
}

/// Makes a backup in a folder that is empty or not there yet.
pub async fn back_up(
    settings: &Settings,
    folder: &Path,
    with_key: bool,
    progress: &dyn Progress,
) -> Result<Manifest, BackupError> {
    let started_at = SystemClock.now();
    let target = target_of(settings)?;
    let key = if with_key { Some(own_key(settings)?) } else { None };
    make_empty(folder)?;
    let database = backup::dump(&target, folder, progress).await?;
    let recordings = if let Some(bucket) = &settings.s3 {
        RecordingsKept::Bucket { name: bucket.bucket.clone() }
    } else {
        let from = settings.data_dir.join(BLOBS);
        recordings::carry_all(&from, &folder.join(BLOBS), folder, database.recordings, progress).await?
    };
    if let Some(key) = key {
        let copy = folder.join(KEY_FILE);
        // permissions come along: nobody but its owner may read it
        fs::copy(&key, &copy).map_err(at(&copy))?;
    }
    let database_sha256 = sha256_of(&folder.join(&database.file))?;
    let manifest = Manifest {
        format: Manifest::format(),
        otto_version: env!("CARGO_PKG_VERSION").to_owned(),
        schema_version: database.migrations.last().cloned().unwrap_or_default(),
        database,
        database_sha256,
        recordings,
        with_key,
        started_at: rfc3339(started_at),
        finished_at: rfc3339(SystemClock.now()),
    };
    manifest.write(folder)?;
    Ok(manifest)
}

/// The key of our own, where there is one.
fn own_key(settings: &Settings) -> Result<PathBuf, BackupError> {
    if settings.encryption_key.is_some() {
        return Err(BackupError::Mismatch(
            "the key is in OTTO_ENCRYPTION_KEY and not in a file, so it cannot be put into a backup\nKeep it where you keep \
             other secrets, and leave --with-key out."
                .to_owned(),
        ));
    }
    let path = settings.data_dir.join(KEY_FILE);
    if path.is_file() {
        return Ok(path);
    }
    Err(BackupError::Mismatch(format!("there is no key at {}", path.display())))
}

/// A backup holds everything customers said: nobody else on the machine may look into it.
fn make_empty(folder: &Path) -> Result<(), BackupError> {
    if folder.exists() {
        return match fs::read_dir(folder).map_err(at(folder))?.next() {
            None => Ok(()),
            Some(_) => Err(BackupError::NotEmpty { path: folder.to_owned() }),
        };
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(at(folder))
}
