use std::{collections::BTreeMap, io, sync::Mutex, time::Duration};

use app::ports::{
    BlobError, BlobKey, BlobPages, BlobRead, BlobStore, ByteStream, LinkFor, ListedBlob, SealedSecret,
    SecretBox, SecretBoxError, StoredBlob,
};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use kernel::{CompanyId, Secret, Timestamp};
use sha2::{Digest, Sha256};

use crate::Database;

/// Objects in memory.
#[derive(Debug, Default)]
pub struct FakeBlobs(Mutex<BTreeMap<String, (String, Vec<u8>)>>);

impl FakeBlobs {
    /// Puts an object there behind Otto's back.
    pub fn slip_in(&self, key: &str, bytes: &[u8]) {
        self.0.lock().unwrap().insert(key.to_owned(), ("audio/wav".to_owned(), bytes.to_vec()));
    }

    /// Takes an object away behind Otto's back.
    pub fn lose(&self, key: &str) {
        assert!(self.0.lock().unwrap().remove(key).is_some(), "{key} is not there");
    }

    /// The names of all objects.
    pub fn keys(&self) -> Vec<String> {
        self.0.lock().unwrap().keys().cloned().collect()
    }
}

#[async_trait]
impl BlobStore for FakeBlobs {
    async fn put(
        &self,
        key: &BlobKey,
        content_type: &str,
        body: ByteStream,
        limit: u64,
    ) -> Result<StoredBlob, BlobError> {
        let parts: Vec<Bytes> = body.try_collect().await.map_err(BlobError::Source)?;
        let bytes = parts.concat();
        let size = u64::try_from(bytes.len()).expect("a small object");
        if size > limit {
            return Err(BlobError::TooLarge { limit });
        }
        let sha256 = hex::encode(Sha256::digest(&bytes));
        self.0.lock().unwrap().insert(key.as_str().to_owned(), (content_type.to_owned(), bytes));
        Ok(StoredBlob { size, sha256 })
    }

    async fn get(&self, key: &BlobKey, from: u64, until: Option<u64>) -> Result<Option<BlobRead>, BlobError> {
        let Some((content_type, bytes)) = self.0.lock().unwrap().get(key.as_str()).cloned() else {
            return Ok(None);
        };
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
        let size = u64::try_from(bytes.len()).expect("a small object");
        let part = bytes.get(place(from)..place(until.unwrap_or(size))).unwrap_or_default().to_vec();
        let body = stream::once(async move { Ok::<_, io::Error>(Bytes::from(part)) }).boxed();
        Ok(Some(BlobRead { size, content_type, body }))
    }

    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        self.0.lock().unwrap().remove(key.as_str());
        Ok(())
    }

    fn list(&self, company: Option<&CompanyId>) -> Box<dyn BlobPages> {
        let prefix = BlobKey::prefix(company);
        let blobs = self.0.lock().unwrap();
        let listed = blobs.iter().filter(|(key, _)| key.starts_with(&prefix)).map(|(key, (_, bytes))| {
            let size = u64::try_from(bytes.len()).expect("a small object");
            ListedBlob { key: key.clone(), size, stored_at: Database::now() - chrono::Duration::days(1) }
        });
        Box::new(FakePages(listed.collect()))
    }

    async fn link(
        &self,
        key: &BlobKey,
        _allows: LinkFor<'_>,
        _valid_for: Duration,
        _now: Timestamp,
    ) -> Result<Secret, BlobError> {
        Ok(Secret::new(format!("https://blobs.example/{key}")))
    }

    fn admits(&self, _: &BlobKey, _: LinkFor<'_>, _expires: &str, _signature: &str, _: Timestamp) -> bool {
        false
    }
}

/// One page.
struct FakePages(Vec<ListedBlob>);

#[async_trait]
impl BlobPages for FakePages {
    async fn next(&mut self) -> Result<Option<Vec<ListedBlob>>, BlobError> {
        let page = std::mem::take(&mut self.0);
        Ok((!page.is_empty()).then_some(page))
    }
}

/// Secrets that are not very secret.
#[derive(Debug, Default)]
pub struct FakeSecrets;

impl SecretBox for FakeSecrets {
    fn seal(&self, secret: &Secret, context: &str) -> Result<SealedSecret, SecretBoxError> {
        Ok(SealedSecret(format!("{context}\n{}", secret.expose()).into_bytes()))
    }

    fn open(&self, sealed: &SealedSecret, context: &str) -> Result<Secret, SecretBoxError> {
        let text = std::str::from_utf8(&sealed.0).map_err(|error| SecretBoxError(Box::new(error)))?;
        match text.split_once('\n') {
            Some((sealed_for, secret)) if sealed_for == context => Ok(Secret::new(secret.to_owned())),
            _ => Err(SecretBoxError("sealed for another place".into())),
        }
    }
}
