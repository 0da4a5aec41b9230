use std::{fs, path::Path};

use app::progress::Progress;
use settings::Settings;
use store_sql::{Target, backup};

use super::{BLOBS, BackupError, Manifest, RecordingsKept, at, manifest::sha256_of, recordings};
use crate::{
    build::{create_data_dir, target_of},
    keys::KEY_FILE,
    update_store,
};

/// What was restored.
#[derive(Clone, Debug)]
pub struct Restored {
    /// From what.
    pub manifest: Manifest,
    /// Migrations that this version has and the backup had not, run just now.
    pub migrated: Vec<String>,
    /// Recordings, where they were in the backup's folder.
    pub recordings: Option<RecordingsKept>,
}

/// Restores a backup into an empty database and an empty folder, as settings name them.
pub async fn restore(
    settings: &Settings,
    folder: &Path,
    progress: &dyn Progress,
) -> Result<Restored, BackupError> {
    let manifest = Manifest::read(folder)?;
    let target = target_of(settings)?;
    manifest.check_known(&backup::known_migrations(&target)?)?;
    check_fits(settings, &target, &manifest)?;
    let dump = folder.join(&manifest.database.file);
    if sha256_of(&dump)? != manifest.database_sha256 {
        let why = "it is not what was backed up: it was damaged since".to_owned();
        return Err(BackupError::Unreadable { path: dump, why });
    }
    let blobs = settings.data_dir.join(BLOBS);
    // everything that can be refused is refused before anything is written
    backup::check_empty(&target).await?;
    if matches!(manifest.recordings, RecordingsKept::Folder { .. }) && holds_something(&blobs)? {
        return Err(BackupError::NotEmpty { path: blobs });
    }
    let key = settings.data_dir.join(KEY_FILE);
    check_key(settings, &manifest, &folder.join(KEY_FILE), &key)?;

    create_data_dir(&settings.data_dir).map_err(at(&settings.data_dir))?;
    // under another name until the database is there too
    let half = settings.data_dir.join("blobs.restoring");
    remove(&half)?;
    let recordings = match &manifest.recordings {
        RecordingsKept::Folder { .. } => {
            let (from, count) = (folder.join(BLOBS), manifest.database.recordings);
            Some(recordings::carry_all(&from, &half, folder, count, progress).await?)
        }
        RecordingsKept::Bucket { .. } => None,
    };
    backup::restore(&target, folder, &manifest.database, progress).await?;
    if recordings.is_some() {
        remove(&blobs)?;
        fs::rename(&half, &blobs).map_err(at(&blobs))?;
    }
    if manifest.with_key && !key.exists() {
        fs::copy(folder.join(KEY_FILE), &key).map_err(at(&key))?;
    }
    let migrated = update_store(settings).await?;
    Ok(Restored { manifest, migrated, recordings })
}

/// Removes what an earlier attempt left, or a folder that holds nothing.
fn remove(folder: &Path) -> Result<(), BackupError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(at(folder)(error)),
        _ => Ok(()),
    }
}

fn check_fits(settings: &Settings, target: &Target, manifest: &Manifest) -> Result<(), BackupError> {
    let here = match target {
        Target::Postgres(_) => "postgres",
        Target::Sqlite(_) => "sqlite",
    };
    let there = manifest.database.database.as_str();
    if here != there {
        return Err(BackupError::Mismatch(format!(
            "the backup is of a {there} database, and DATABASE_URL names a {here} one"
        )));
    }
    match (&manifest.recordings, &settings.s3) {
        (RecordingsKept::Folder { .. }, Some(_)) => Err(BackupError::Mismatch(
            "the backup holds its recordings in a folder, and S3_BUCKET is set\nUnset it to restore them into the data \
             directory."
                .to_owned(),
        )),
        (RecordingsKept::Bucket { name }, None) => Err(BackupError::Mismatch(format!(
            "the backup's recordings are in the bucket {name}, and S3_BUCKET is not set"
        ))),
        _ => Ok(()),
    }
}

fn holds_something(folder: &Path) -> Result<bool, BackupError> {
    match fs::read_dir(folder) {
        Ok(mut entries) => Ok(entries.next().is_some()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(at(folder)(error)),
    }
}

/// What is sealed can be opened afterwards, and no other key is written over.
fn check_key(settings: &Settings, manifest: &Manifest, kept: &Path, own: &Path) -> Result<(), BackupError> {
    if manifest.with_key && own.exists() {
        let (kept_key, own_key) = (fs::read(kept).map_err(at(kept))?, fs::read(own).map_err(at(own))?);
        if kept_key != own_key {
            return Err(BackupError::Mismatch(format!(
                "{} is another key than the backup's\nMove it away, or restore into another data directory.",
                own.display()
            )));
        }
    }
    let sealed = manifest.database.rows.get("provider_credentials").copied().unwrap_or_default();
    let has_key = manifest.with_key || own.exists() || settings.encryption_key.is_some();
    if sealed == 0 || has_key {
        return Ok(());
    }
    Err(BackupError::Mismatch(format!(
        "the backup holds sealed credentials and not the key that opens them\nPut the key at {} or into \
         OTTO_ENCRYPTION_KEY first.",
        own.display()
    )))
}
