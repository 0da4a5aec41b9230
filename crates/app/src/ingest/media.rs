//! Objects by link, to and from whoever holds one: only for storages that cannot serve their own links.

use kernel::{CompanyId, ErrorKind};

use crate::{
    Ports,
    ports::{BlobError, BlobKey, BlobRead, ByteStream, LinkFor},
};

/// Why nothing is served or stored.
#[derive(Debug, thiserror::Error)]
pub enum MediaError {
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

impl MediaError {
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

impl MediaLink<'_> {
    /// The object, if the link is one we gave out for this and has not ended.
    fn object(self, ports: &Ports, allows: LinkFor<'_>) -> Result<BlobKey, MediaError> {
        let company = self.key.strip_prefix("tenants/").and_then(|rest| rest.split('/').next());
        let company = CompanyId::try_new(company.unwrap_or_default()).map_err(|_| MediaError::NotFound)?;
        let key = BlobKey::parse(&company, self.key).ok_or(MediaError::NotFound)?;
        if ports.blobs.admits(&key, allows, self.expires, self.signature, ports.clock.now()) {
            Ok(key)
        } else {
            Err(MediaError::BadLink)
        }
    }
}

/// Reads bytes `from` to `until` (excluded) of the object a link is for.
pub async fn read_media(
    ports: &Ports,
    link: MediaLink<'_>,
    from: u64,
    until: Option<u64>,
) -> Result<BlobRead, MediaError> {
    let key = link.object(ports, LinkFor::Reading)?;
    ports.blobs.get(&key, from, until).await?.ok_or(MediaError::NotFound)
}

/// Stores the object a link is for, as long as it is no longer than any recording may be.
pub async fn store_media(
    ports: &Ports,
    link: MediaLink<'_>,
    content_type: &str,
    body: ByteStream,
) -> Result<(), MediaError> {
    let key = link.object(ports, LinkFor::Storing { content_type })?;
    ports.blobs.put(&key, content_type, body, ports.max_recording_bytes).await?;
    Ok(())
}
