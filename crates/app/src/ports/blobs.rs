use std::{fmt, io, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use kernel::{BoxError, CallId, CompanyId, ErrorKind, RecordingId, Secret, Timestamp};

/// Bytes as they come, never all at once.
pub type ByteStream = BoxStream<'static, io::Result<Bytes>>;

/// The name of a stored object. Built by us from ids only and always under its tenant's prefix, so that erasing a tenant
/// is erasing a prefix, and nothing a person typed ends up in a path.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct BlobKey(String);

impl BlobKey {
    /// Where a call's recording is kept.
    pub fn recording(
        company: &CompanyId,
        call: CallId,
        recording: RecordingId,
        extension: &str,
        at: Timestamp,
    ) -> Self {
        let month = at.format("%Y/%m");
        Self(format!("tenants/{company}/recordings/{month}/{call}/{recording}.{extension}"))
    }

    /// Reads back a stored key. `None` unless it lies under the tenant's prefix and has no part that could leave it.
    pub fn parse(company: &CompanyId, text: &str) -> Option<Self> {
        let rest = text.strip_prefix("tenants/")?.strip_prefix(company.as_str())?.strip_prefix('/')?;
        let clean = |part: &str| {
            !part.is_empty()
                && part != "."
                && part != ".."
                && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        };
        rest.split('/').all(clean).then(|| Self(text.to_owned()))
    }

    /// Under which all objects of a tenant lie, or of all tenants.
    pub fn prefix(company: Option<&CompanyId>) -> String {
        company.map_or_else(|| "tenants/".to_owned(), |company| format!("tenants/{company}/"))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tenant it belongs to, as it stands in the key.
    pub fn company(&self) -> &str {
        self.0.split('/').nth(1).unwrap_or_default()
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBlob {
    /// How many bytes.
    pub size: u64,
    /// Lower-case hex SHA-256 of them.
    pub sha256: String,
}

/// An object being read.
pub struct BlobRead {
    /// The size of the whole object, in bytes.
    pub size: u64,
    /// As it was stored with.
    pub content_type: String,
    /// The bytes asked for.
    pub body: ByteStream,
}

/// An object in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedBlob {
    /// Its name as it stands in the storage, which need not be one of ours.
    pub key: String,
    /// How many bytes.
    pub size: u64,
    /// When it was stored.
    pub stored_at: Timestamp,
}

/// A list of objects, page by page, in the order of their names' bytes.
#[async_trait]
pub trait BlobPages: Send {
    /// The next page, which is not empty; `None` at the end. What is stored or removed meanwhile may be in it or not.
    /// After a failure the list is over.
    async fn next(&mut self) -> Result<Option<Vec<ListedBlob>>, BlobError>;
}

/// Why an object could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// More bytes than allowed. Nothing is stored.
    #[error("larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// The sender broke off. Nothing is stored.
    #[error("the source broke off")]
    Source(#[source] io::Error),
    /// The storage is full, read-only or out of reach.
    #[error("the blob storage is unavailable")]
    Unavailable(#[source] BoxError),
}

impl BlobError {
    /// How the failure concerns the caller.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::TooLarge { .. } => ErrorKind::TooLarge,
            Self::Source(_) | Self::Unavailable(_) => ErrorKind::Unavailable,
        }
    }
}

/// What a link allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkFor<'a> {
    /// Reading the object.
    Reading,
    /// Storing the object, with this content type and no other: whoever stores sends it as `Content-Type`. A link cannot
    /// bound the size; whoever takes the object up looks at it first.
    Storing {
        /// The content type.
        content_type: &'a str,
    },
}

/// Where recordings and documents are kept.
#[async_trait]
pub trait BlobStore: Send + Sync {
    /// Stores a stream under a key, in bounded memory. All or nothing: a key either holds the whole object or what it
    /// held before.
    async fn put(
        &self,
        key: &BlobKey,
        content_type: &str,
        body: ByteStream,
        limit: u64,
    ) -> Result<StoredBlob, BlobError>;

    /// Reads an object from byte `from` up to but not including `until`; `None` if there is no such object.
    async fn get(&self, key: &BlobKey, from: u64, until: Option<u64>) -> Result<Option<BlobRead>, BlobError>;

    /// Removes an object; removing what is not there is fine.
    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError>;

    /// Every object of one tenant, or of all.
    fn list(&self, company: Option<&CompanyId>) -> Box<dyn BlobPages>;

    /// A link by which anyone may fetch (`GET`) or store (`PUT`) the object until it ends. Secret, because whoever has it
    /// can.
    async fn link(
        &self,
        key: &BlobKey,
        allows: LinkFor<'_>,
        valid_for: Duration,
        now: Timestamp,
    ) -> Result<Secret, BlobError>;

    /// Whether a link that leads to our own server is one we gave out for this and has not ended. Storages that serve
    /// their own links give out none such.
    fn admits(
        &self,
        key: &BlobKey,
        allows: LinkFor<'_>,
        expires: &str,
        signature: &str,
        now: Timestamp,
    ) -> bool;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_cannot_leave_their_tenant() {
        let a = CompanyId::try_new("org_a").unwrap();
        assert!(BlobKey::parse(&a, "tenants/org_a/recordings/2026/11/1/x.wav").is_some());
        for text in [
            "tenants/org_b/recordings/x.wav",
            "tenants/org_a/../org_b/x.wav",
            "tenants/org_ab/x.wav",
            "tenants/org_a//x.wav",
            "tenants/org_a/x\0.wav",
            "/tenants/org_a/x.wav",
            "tenants/org_a/",
        ] {
            assert!(BlobKey::parse(&a, text).is_none(), "{text}");
        }
    }
}
