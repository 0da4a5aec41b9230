//! Walking through the folder in the order in which keys sort, with no more in memory than the names of the folders on the
//! way.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use app::ports::{BlobError, BlobPages, ListedBlob};
use async_trait::async_trait;
use kernel::{Timestamp, truncate_to_micros};

use crate::{is_absent, unavailable};

/// So many objects on a page.
const PAGE: usize = 1_000;

/// What is in a folder.
struct Entry {
    name: String,
    is_folder: bool,
}

/// A folder on the way, and what is left of it.
struct Level {
    /// Its key, ending with a slash.
    key: String,
    rest: std::vec::IntoIter<Entry>,
}

struct Walk {
    root: PathBuf,
    levels: Vec<Level>,
    /// Where it begins, until it has begun.
    start: Option<String>,
}

/// The pages of a walk; `None` after a failure.
pub struct FolderPages(Option<Walk>);

impl FolderPages {
    /// Everything below a folder, whose key ends with a slash.
    pub fn below(root: &Path, key: String) -> Self {
        Self(Some(Walk { root: root.to_owned(), levels: Vec::new(), start: Some(key) }))
    }
}

#[async_trait]
impl BlobPages for FolderPages {
    async fn next(&mut self) -> Result<Option<Vec<ListedBlob>>, BlobError> {
        let Some(mut walk) = self.0.take() else { return Ok(None) };
        let walked = tokio::task::spawn_blocking(move || (walk.page(), walk)).await;
        let (page, walk) = walked.map_err(|error| BlobError::Unavailable(Box::new(error)))?;
        let page = page.map_err(unavailable)?;
        if page.is_empty() {
            return Ok(None);
        }
        self.0 = Some(walk);
        Ok(Some(page))
    }
}

impl Walk {
    fn page(&mut self) -> io::Result<Vec<ListedBlob>> {
        if let Some(start) = self.start.take() {
            self.enter(start)?;
        }
        let mut page = Vec::new();
        while page.len() < PAGE {
            let Some(level) = self.levels.last_mut() else { break };
            let Some(entry) = level.rest.next() else {
                self.levels.pop();
                continue;
            };
            let key = format!("{}{}", level.key, entry.name);
            if entry.is_folder {
                self.enter(key + "/")?;
            } else if let Some(blob) = listed(&self.root, key)? {
                page.push(blob);
            }
        }
        Ok(page)
    }

    fn enter(&mut self, key: String) -> io::Result<()> {
        let mut entries = Vec::new();
        let found = match fs::read_dir(self.root.join(&key)) {
            Ok(found) => found,
            Err(error) if is_absent(&error) => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in found {
            let entry = entry?;
            let kind = entry.file_type()?;
            // what we keep beside objects, and what is being written, has a name no object can have
            let name = entry.file_name().to_string_lossy().into_owned();
            if (kind.is_dir() || kind.is_file()) && !name.contains('~') {
                entries.push(Entry { name, is_folder: kind.is_dir() });
            }
        }
        // a folder sorts as its objects do, whose keys go on with a slash
        let order = |entry: &Entry| entry.name.clone() + if entry.is_folder { "/" } else { "" };
        entries.sort_by_cached_key(order);
        self.levels.push(Level { key, rest: entries.into_iter() });
        Ok(())
    }
}

fn listed(root: &Path, key: String) -> io::Result<Option<ListedBlob>> {
    match fs::symlink_metadata(root.join(&key)) {
        Ok(meta) => {
            let stored_at = truncate_to_micros(Timestamp::from(meta.modified()?));
            Ok(Some(ListedBlob { key, size: meta.len(), stored_at }))
        }
        // it was removed a moment ago
        Err(error) if is_absent(&error) => Ok(None),
        Err(error) => Err(error),
    }
}
