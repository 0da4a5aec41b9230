use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::Path,
};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store_sql::backup::Dumped;

use super::BackupError;

/// The file that makes a folder a backup. Written last: without it the backup broke off.
pub const MANIFEST: &str = "manifest.json";
/// What this program writes and reads.
const FORMAT: u32 = 1;

/// Where recordings are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "in")]
pub enum RecordingsKept {
    /// In the backup's folder.
    Folder {
        /// How many objects were brought over.
        copied: u64,
        /// Recordings whose object was not there.
        missing: u64,
        /// Recordings whose object was of another size.
        strange: u64,
    },
    /// Where they were: in a bucket, which looks after its objects itself.
    Bucket {
        /// Its name.
        name: String,
    },
}

/// What is in a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The form of the backup.
    pub format: u32,
    /// The version of Otto that made it.
    pub otto_version: String,
    /// The newest migration of its database.
    pub schema_version: String,
    /// The database.
    pub database: Dumped,
    /// The SHA-256 of the database's file, in hexadecimal: what was damaged since is not restored.
    pub database_sha256: String,
    /// The recordings.
    pub recordings: RecordingsKept,
    /// Whether the key that opens stored credentials is in it.
    pub with_key: bool,
    /// When it was begun: it holds what was committed by then, and perhaps a moment more.
    pub started_at: String,
    /// When it was whole.
    pub finished_at: String,
}

/// The SHA-256 of a file, in hexadecimal.
pub(super) fn sha256_of(path: &Path) -> Result<String, BackupError> {
    let hash = || -> io::Result<String> {
        let mut file = File::open(path)?;
        let mut hasher = Sha256::new();
        let mut part = vec![0; 1 << 16];
        loop {
            match file.read(&mut part)? {
                0 => break,
                length => hasher.update(part.get(..length).unwrap_or_default()),
            }
        }
        Ok(kernel::hex(&hasher.finalize()))
    };
    hash().map_err(|source| BackupError::Folder { path: path.to_owned(), source })
}

impl Manifest {
    pub(super) fn format() -> u32 {
        FORMAT
    }

    /// Writes it, whole or not at all.
    pub(super) fn write(&self, folder: &Path) -> Result<(), BackupError> {
        let path = folder.join(MANIFEST);
        let half = folder.join("manifest.part");
        let write = || -> io::Result<()> {
            let mut file = File::create_new(&half)?;
            serde_json::to_writer_pretty(&mut file, self)?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            fs::rename(&half, &path)?;
            File::open(folder)?.sync_all()
        };
        write().map_err(|source| BackupError::Folder { path, source })
    }

    /// Reads the manifest of a backup.
    pub fn read(folder: &Path) -> Result<Self, BackupError> {
        let path = folder.join(MANIFEST);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(BackupError::NotWhole { path: folder.to_owned() });
            }
            Err(source) => return Err(BackupError::Folder { path, source }),
        };
        let manifest: Self = serde_json::from_slice(&text)
            .map_err(|error| BackupError::Unreadable { path: path.clone(), why: error.to_string() })?;
        if manifest.format != FORMAT {
            let why = format!("its form is {}, and this version of Otto reads {FORMAT}", manifest.format);
            return Err(BackupError::Unreadable { path, why });
        }
        Ok(manifest)
    }

    /// Refuses what a newer program made: its rows may mean what this one does not know.
    pub(super) fn check_known(&self, known: &[String]) -> Result<(), BackupError> {
        let unknown = self.database.migrations.iter().find(|migration| !known.contains(migration));
        unknown.map_or(Ok(()), |migration| {
            Err(BackupError::Newer { version: self.otto_version.clone(), migration: migration.clone() })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn manifest() -> Manifest {
        Manifest {
            format: FORMAT,
            otto_version: "9.9.9".to_owned(),
            schema_version: "2".to_owned(),
            database: Dumped {
                database: "sqlite".to_owned(),
                versions: Vec::new(),
                file: "database.sqlite".to_owned(),
                migrations: vec!["1".to_owned(), "2".to_owned()],
                rows: BTreeMap::new(),
                recordings: 0,
            },
            database_sha256: String::new(),
            recordings: RecordingsKept::Bucket { name: "otto".to_owned() },
            with_key: false,
            started_at: "2026-11-27T00:00:00Z".to_owned(),
            finished_at: "2026-11-27T00:00:01Z".to_owned(),
        }
    }

    #[test]
    fn what_is_written_is_read_and_what_is_missing_is_told() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(Manifest::read(folder.path()), Err(BackupError::NotWhole { .. })));
        let written = manifest();
        written.write(folder.path()).unwrap();
        assert_eq!(Manifest::read(folder.path()).unwrap(), written);
        fs::write(folder.path().join(MANIFEST), b"{\"format\":1}").unwrap();
        assert!(matches!(Manifest::read(folder.path()), Err(BackupError::Unreadable { .. })));
        let other = folder.path().join("other");
        fs::create_dir(&other).unwrap();
        Manifest { format: 2, ..written }.write(&other).unwrap();
        assert!(Manifest::read(&other).unwrap_err().to_string().contains("its form is 2"));
    }

    #[test]
    fn a_newer_schema_is_refused() {
        let known = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
        manifest().check_known(&known(&["1", "2", "3"])).unwrap();
        let told = manifest().check_known(&known(&["1"])).unwrap_err().to_string();
        assert!(told.contains("9.9.9") && told.contains("migration 2"), "{told}");
    }
}
