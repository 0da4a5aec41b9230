//! Serving a stored object to whoever holds a link to it: only for storages that cannot serve their own links.

use kernel::{CompanyId, ErrorKind};

use crate::{
    Ports,
    ports::{BlobError, BlobKey, BlobRead},
};

/// Why nothing is served.
#[derive(Debug, thiserror::Error)]
pub enum ReadMediaError {
    /// No such object, or a name that cannot be one.
    #[error("there is no such object")]
    NotFound,
    /// The link is not ours, or has ended.
    #[error("the link is not valid, or no longer")]
    BadLink,
    /// The storage does not answer.
    #[error(transparent)]
    Blob(#[from] BlobError),
}

impl ReadMediaError {
    /// How the failure concerns the caller.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound => ErrorKind::NotFound,
            Self::BadLink => ErrorKind::Forbidden,
            Self::Blob(error) => error.kind(),
        }
    }
}

/// The parts of a link to an object.
#[derive(Clone, Copy, Debug)]
pub struct MediaLink<'a> {
    /// The object's key.
    pub key: &'a str,
    /// When the link ends, as it stands in it.
    pub expires: &'a str,
    /// The proof that we gave it out.
    pub signature: &'a str,
}

/// Reads bytes `from` to `until` (excluded) of the object a link is for.
pub async fn read_media(
    ports: &Ports,
    link: MediaLink<'_>,
    from: u64,
    until: Option<u64>,
) -> Result<BlobRead, ReadMediaError> {
    let key = link.key;
    let company = key.strip_prefix("tenants/").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let company = CompanyId::try_new(company).map_err(|_| ReadMediaError::NotFound)?;
    let key = BlobKey::parse(&company, key).ok_or(ReadMediaError::NotFound)?;
    if !ports.blobs.admits(&key, link.expires, link.signature, ports.clock.now()) {
        return Err(ReadMediaError::BadLink);
    }
    ports.blobs.get(&key, from, until).await?.ok_or(ReadMediaError::NotFound)
}
