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
    /// The storage does not answer.
    #[error(transparent)]
    Blob(#[from] BlobError),
}

impl ReadMediaError {
    /// How the failure concerns the caller.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NotFound => ErrorKind::NotFound,
            Self::Blob(error) => error.kind(),
        }
    }
}

/// Reads bytes `from` to `until` (excluded) of an object whose link was checked by the caller.
pub async fn read_media(
    ports: &Ports,
    key: &str,
    from: u64,
    until: Option<u64>,
) -> Result<BlobRead, ReadMediaError> {
    let company = key.strip_prefix("tenants/").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let company = CompanyId::try_new(company).map_err(|_| ReadMediaError::NotFound)?;
    let key = BlobKey::parse(&company, key).ok_or(ReadMediaError::NotFound)?;
    ports.blobs.get(&key, from, until).await?.ok_or(ReadMediaError::NotFound)
}
