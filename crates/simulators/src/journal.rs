//! What a stand-in must remember when its process is killed: JSON lines, the last one about a thing being the true one.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
};

use serde::{Serialize, de::DeserializeOwned};

/// An open journal.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
    file: Mutex<File>,
}

impl Journal {
    /// Opens `folder/name`, creating both, and reads what is in it. A line that was being written when the process died
    /// is left out. `keep` brings the entries to those still needed, and the file is rewritten with them.
    pub(crate) fn open<T: Serialize + DeserializeOwned>(
        folder: &Path,
        name: &str,
        keep: impl FnOnce(Vec<T>) -> Vec<T>,
    ) -> io::Result<(Self, Vec<T>)> {
        fs::create_dir_all(folder)?;
        let path = folder.join(name);
        let text = match fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let mut entries = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            match serde_json::from_str(line) {
                Ok(entry) => entries.push(entry),
                Err(error) => tracing::warn!(path = %path.display(), %error, "a journal line is skipped"),
            }
        }
        let entries = keep(entries);
        let mut fresh = Vec::new();
        for entry in &entries {
            serde_json::to_writer(&mut fresh, entry)?;
            fresh.push(b'\n');
        }
        // written beside and put in place at once: killed meanwhile, the old one is still whole
        let beside = path.with_extension("new");
        fs::write(&beside, fresh)?;
        fs::rename(&beside, &path)?;
        let file = OpenOptions::new().append(true).open(&path)?;
        Ok((Self { path, file: Mutex::new(file) }, entries))
    }

    /// Adds an entry. In the kernel's hands when this returns, which a killed process cannot take back.
    pub(crate) fn add<T: Serialize>(&self, entry: &T) {
        let written = serde_json::to_vec(entry).map_err(io::Error::from).and_then(|mut line| {
            line.push(b'\n');
            self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line)
        });
        if let Err(error) = written {
            tracing::error!(path = %self.path.display(), %error, "the journal cannot be written");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reopen(folder: &Path) -> (Journal, Vec<u32>) {
        Journal::open(folder, "numbers.jsonl", |all| all).unwrap()
    }

    #[test]
    fn what_was_added_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let (journal, entries) = reopen(&folder.path().join("deep"));
        assert!(entries.is_empty());
        journal.add(&1);
        journal.add(&2);
        drop(journal);
        let (journal, entries) = reopen(&folder.path().join("deep"));
        assert_eq!(entries, [1, 2]);
        journal.add(&3);
        assert_eq!(reopen(&folder.path().join("deep")).1, [1, 2, 3]);
    }

    #[test]
    fn a_torn_line_costs_itself_only() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("numbers.jsonl"), "1\n2\n{\"torn").unwrap();
        let (journal, entries) = reopen(folder.path());
        assert_eq!(entries, [1, 2]);
        journal.add(&3);
        assert_eq!(reopen(folder.path()).1, [1, 2, 3]);
    }

    #[test]
    fn what_is_not_kept_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("numbers.jsonl"), "1\n2\n3\n").unwrap();
        let odd = |all: Vec<u32>| all.into_iter().filter(|n| n % 2 == 1).collect();
        assert_eq!(Journal::open(folder.path(), "numbers.jsonl", odd).unwrap().1, [1, 3]);
        assert_eq!(reopen(folder.path()).1, [1, 3]);
    }
}
