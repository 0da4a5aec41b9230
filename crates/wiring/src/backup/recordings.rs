//! The recordings a list names, brought from one folder to another.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
    sync::Arc,
};

use app::{ports::BlobKey, progress::Progress};
use blob_fs::Carried;
use kernel::CompanyId;
use store_sql::backup::{ListedRecording, RECORDINGS};
use tokio::sync::mpsc;

use super::{BackupError, RecordingsKept, at};

/// How far ahead of the bar the work may be.
const AHEAD: usize = 256;

/// Brings over what the list in a backup's folder names.
pub(super) async fn carry_all(
    from: &Path,
    to: &Path,
    backup: &Path,
    count: u64,
    progress: &dyn Progress,
) -> Result<RecordingsKept, BackupError> {
    progress.begin("recordings", Some(count));
    let (told, mut steps) = mpsc::channel(AHEAD);
    let (from, to, list) = (Arc::<Path>::from(from), Arc::<Path>::from(to), backup.join(RECORDINGS));
    let working = tokio::task::spawn_blocking(move || walk(&from, &to, &list, &told));
    while let Some(()) = steps.recv().await {
        progress.advance(1);
    }
    progress.end();
    let failed = |error: tokio::task::JoinError| BackupError::Folder {
        path: backup.to_owned(),
        source: std::io::Error::other(error),
    };
    working.await.map_err(failed)?
}

fn walk(from: &Path, to: &Path, list: &Path, told: &mpsc::Sender<()>) -> Result<RecordingsKept, BackupError> {
    std::fs::create_dir_all(to).map_err(at(to))?;
    let (mut copied, mut missing, mut strange) = (0, 0, 0);
    for line in BufReader::new(File::open(list).map_err(at(list))?).lines() {
        let line = line.map_err(at(list))?;
        let listed: ListedRecording = serde_json::from_str(&line)
            .map_err(|error| BackupError::Unreadable { path: list.to_owned(), why: error.to_string() })?;
        // a row that does not say where its object is has none
        let key = key_of(&listed.key).zip(u64::try_from(listed.size).ok());
        let carried = match key {
            Some((key, size)) => blob_fs::carry(from, to, &key, size).map_err(at(&to.join(key.as_str())))?,
            None => Carried::Missing,
        };
        match carried {
            Carried::Linked | Carried::Copied => copied += 1,
            Carried::Strange => {
                copied += 1;
                strange += 1;
            }
            Carried::Missing => missing += 1,
        }
        // nobody listening is nobody's harm
        let _ = told.blocking_send(());
    }
    Ok(RecordingsKept::Folder { copied, missing, strange })
}

fn key_of(text: &str) -> Option<BlobKey> {
    let company = text.split('/').nth(1)?;
    BlobKey::parse(&CompanyId::try_new(company).ok()?, text)
}
