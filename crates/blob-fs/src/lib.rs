//! Recordings and documents in a folder: the twin of an S3 bucket for one machine.
//!
//! Objects are written to a temporary file, synced, and renamed into place, so that a key never holds half an object.
//! Links lead to our own server and carry a signature of key and end.

mod carry;
mod links;
mod list;

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use app::ports::{BlobError, BlobKey, BlobPages, BlobRead, BlobStore, ByteStream, LinkFor, StoredBlob};
use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt};
use kernel::{CompanyId, IdSource, Secret, Timestamp};
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tokio::{
    fs::{self, File},
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt},
};
use tokio_util::io::ReaderStream;
use url::Url;

use crate::{links::Links, list::FolderPages};

pub use carry::{Carried, carry};

/// A folder of objects.
pub struct FsBlobs {
    root: PathBuf,
    links: Links,
    ids: Arc<dyn IdSource>,
}

impl FsBlobs {
    /// Uses a folder, which is made when the first object is stored. `public_url` is where our own server is reached;
    /// `key` signs links and must survive restarts for links to.
    pub fn new(root: impl Into<PathBuf>, public_url: Url, key: Secret, ids: Arc<dyn IdSource>) -> Self {
        Self { root: root.into(), links: Links::new(public_url, key), ids }
    }

    fn path(&self, key: &BlobKey) -> PathBuf {
        self.root.join(key.as_str())
    }

    /// The content type is kept beside the object, under a name no object can have.
    fn type_path(&self, key: &BlobKey) -> PathBuf {
        self.root.join(format!("{}~type", key.as_str()))
    }
}

/// A file that is gone unless it was given its name: also when whoever writes it gives up half-way.
struct Temporary {
    path: PathBuf,
    named: bool,
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.named {
            // best effort: what is left behind has a name nobody asks for
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Nothing is there, and nothing can be.
fn is_absent(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory
    )
}

fn unavailable(error: io::Error) -> BlobError {
    BlobError::Unavailable(Box::new(error))
}

/// Writes a stream; answers its size and digest.
async fn write(path: &Path, mut body: ByteStream, limit: u64) -> Result<StoredBlob, BlobError> {
    let mut file = File::create_new(path).await.map_err(unavailable)?;
    let mut hasher = Sha256::new();
    let mut size = 0_u64;
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(BlobError::Source)?;
        size += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        if size > limit {
            return Err(BlobError::TooLarge { limit });
        }
        hasher.update(&chunk);
        file.write_all(&chunk).await.map_err(unavailable)?;
    }
    // writes end in the background, and syncing alone does not tell how the last one ended
    file.flush().await.map_err(unavailable)?;
    file.sync_all().await.map_err(unavailable)?;
    Ok(StoredBlob { size, sha256: hex::encode(hasher.finalize()) })
}

#[async_trait]
impl BlobStore for FsBlobs {
    async fn put(
        &self,
        key: &BlobKey,
        content_type: &str,
        body: ByteStream,
        limit: u64,
    ) -> Result<StoredBlob, BlobError> {
        let path = self.path(key);
        let folder = path.parent().unwrap_or(&self.root);
        fs::create_dir_all(folder).await.map_err(unavailable)?;
        let name = format!("{}~part", self.ids.next().simple());
        let mut temporary = Temporary { path: folder.join(name), named: false };
        let stored = write(&temporary.path, body, limit).await?;
        fs::write(self.type_path(key), content_type).await.map_err(unavailable)?;
        fs::rename(&temporary.path, &path).await.map_err(unavailable)?;
        temporary.named = true;
        // the new name is an entry of the folder, which is a file to be synced too
        File::open(folder).await.map_err(unavailable)?.sync_all().await.map_err(unavailable)?;
        Ok(stored)
    }

    async fn get(&self, key: &BlobKey, from: u64, until: Option<u64>) -> Result<Option<BlobRead>, BlobError> {
        let mut file = match File::open(self.path(key)).await {
            Ok(file) => file,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(unavailable(error)),
        };
        let meta = file.metadata().await.map_err(unavailable)?;
        if !meta.is_file() {
            return Ok(None);
        }
        let size = meta.len();
        let content_type = fs::read_to_string(self.type_path(key))
            .await
            .unwrap_or_else(|_| "application/octet-stream".to_owned());
        // past the end there is nothing, and far past it no place to go to
        file.seek(io::SeekFrom::Start(from.min(size))).await.map_err(unavailable)?;
        let length = until.unwrap_or(size).min(size).saturating_sub(from);
        let body = ReaderStream::new(file.take(length)).into_stream().boxed();
        Ok(Some(BlobRead { size, content_type, body }))
    }

    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        for path in [self.path(key), self.type_path(key)] {
            match fs::remove_file(path).await {
                Ok(()) => {}
                Err(error) if is_absent(&error) => {}
                Err(error) => return Err(unavailable(error)),
            }
        }
        Ok(())
    }

    fn list(&self, company: Option<&CompanyId>) -> Box<dyn BlobPages> {
        Box::new(FolderPages::below(&self.root, BlobKey::prefix(company)))
    }

    async fn link(
        &self,
        key: &BlobKey,
        allows: LinkFor<'_>,
        valid_for: Duration,
        now: Timestamp,
    ) -> Result<Secret, BlobError> {
        Ok(self.links.make(key, allows, valid_for, now))
    }

    fn admits(
        &self,
        key: &BlobKey,
        allows: LinkFor<'_>,
        expires: &str,
        signature: &str,
        now: Timestamp,
    ) -> bool {
        self.links.admits(key, allows, expires, signature, now)
    }
}
