//! What the cases are built from.

use std::{any::Any, io, sync::Arc};

use app::ports::{BlobError, BlobKey, BlobStore, ByteStream, StoredBlob};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use kernel::{CompanyId, Timestamp};

/// A storage, with whatever must live as long as it.
pub struct BlobBench {
    /// The storage.
    pub blobs: Arc<dyn BlobStore>,
    /// What time it is where its links are served.
    pub now: Timestamp,
    /// Servers and folders.
    pub keep: Box<dyn Any + Send + Sync>,
}

/// More than one part of an upload in parts.
pub(super) const LONG: usize = (17 << 20) + 3;
/// As much as any case stores, except where limits are the question.
pub(super) const PLENTY: u64 = 1 << 30;

pub(super) fn company(id: &str) -> CompanyId {
    CompanyId::try_new(id).unwrap()
}

/// A key of one tenant.
pub(super) fn key(name: &str) -> BlobKey {
    key_of("org_a", name)
}

pub(super) fn key_of(tenant: &str, name: &str) -> BlobKey {
    BlobKey::parse(&company(tenant), &format!("tenants/{tenant}/{name}")).expect("a key")
}

/// So many bytes, different ones for each seed, and of no pattern.
pub(super) fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.flatten().take(length).collect()
}

/// A stream of bytes in chunks of a size that fits nothing.
pub(super) fn streamed(bytes: &[u8]) -> ByteStream {
    let chunks: Vec<_> = bytes.chunks(65_521).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    stream::iter(chunks).boxed()
}

/// So many bytes and then an error.
pub(super) fn broken(length: usize) -> ByteStream {
    let end = stream::once(async { Err(io::Error::from(io::ErrorKind::ConnectionReset)) });
    streamed(&noise(99, length)).chain(end).boxed()
}

impl BlobBench {
    pub(super) async fn put(&self, key: &BlobKey, bytes: &[u8]) -> Result<StoredBlob, BlobError> {
        self.blobs.put(key, "audio/wav", streamed(bytes), PLENTY).await
    }

    /// What is stored under a key.
    pub(super) async fn stored(&self, key: &BlobKey) -> Option<Vec<u8>> {
        self.part(key, 0, None).await.map(|(_, bytes)| bytes)
    }

    /// Size of the whole, and a part.
    pub(super) async fn part(&self, key: &BlobKey, from: u64, until: Option<u64>) -> Option<(u64, Vec<u8>)> {
        let read = self.blobs.get(key, from, until).await.expect("the storage answers")?;
        let chunks: Vec<Bytes> = read.body.try_collect().await.expect("the bytes come");
        Some((read.size, chunks.concat()))
    }

    pub(super) async fn content_type(&self, key: &BlobKey) -> String {
        self.blobs.get(key, 0, None).await.unwrap().expect("it is stored").content_type
    }
}
