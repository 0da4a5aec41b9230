//! The bucket these tests write to, on a throw-away S3 server.

use std::{
    ops::{Deref, DerefMut},
    time::Duration,
};

use app::ports::{BlobKey, BlobStore, ByteStream};
use blob_s3::{S3Blobs, S3Credentials, S3Patience, S3Settings};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use kernel::{CompanyId, Secret, Timestamp};
use servers::S3Server;

pub use servers::{Asked, Deed};

pub const BUCKET: &str = "otto-test";

/// A server of one test's own.
pub struct TestStore(S3Server);

impl Deref for TestStore {
    type Target = S3Server;
    fn deref(&self) -> &S3Server {
        &self.0
    }
}

impl DerefMut for TestStore {
    fn deref_mut(&mut self) -> &mut S3Server {
        &mut self.0
    }
}

#[expect(clippy::disallowed_methods, reason = "the server's clock is the machine's")]
pub fn now() -> Timestamp {
    std::time::SystemTime::now().into()
}

pub fn key(name: &str) -> BlobKey {
    let company = CompanyId::try_new("org_a").unwrap();
    BlobKey::parse(&company, &format!("tenants/org_a/{name}")).unwrap()
}

/// So many bytes in chunks.
pub fn bytes(length: usize) -> ByteStream {
    let chunks: Vec<_> =
        vec![7_u8; length].chunks(65_521).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    stream::iter(chunks).boxed()
}

/// More than one part.
pub const LONG: usize = (9 << 20) + 1;

/// Hurried enough for tests that wait for it.
pub fn hurried() -> S3Patience {
    S3Patience {
        connect: Duration::from_secs(2),
        attempt: Duration::from_millis(1200),
        operation: Duration::from_secs(12),
        attempts: 3,
        stall: Duration::from_secs(1),
    }
}

impl TestStore {
    pub async fn start() -> Self {
        Self(S3Server::started(BUCKET).await.unwrap())
    }

    pub fn settings(&self) -> S3Settings {
        S3Settings {
            bucket: BUCKET.to_owned(),
            region: "us-east-1".to_owned(),
            credentials: Some(S3Credentials {
                access_key_id: S3Server::ACCESS_KEY.to_owned(),
                secret_access_key: Secret::new(S3Server::SECRET.to_owned()),
                session_token: None,
            }),
            endpoint: Some(format!("http://{}", self.address()).parse().unwrap()),
            path_style: true,
            kms_key: None,
            patience: S3Patience::default(),
        }
    }

    pub async fn blobs(&self) -> S3Blobs {
        S3Blobs::new(self.settings()).await
    }

    pub async fn hurried(&self) -> S3Blobs {
        S3Blobs::new(S3Settings { patience: hurried(), ..self.settings() }).await
    }

    /// Waits until an operation was asked for and answered.
    pub async fn was_asked(&self, operation: &str) {
        let asked = self.0.was_asked(operation);
        tokio::time::timeout(Duration::from_secs(20), asked).await.expect("it is asked for");
    }

    pub async fn holds(&self, key: &BlobKey) -> bool {
        self.blobs().await.get(key, 0, Some(1)).await.unwrap().is_some()
    }
}
