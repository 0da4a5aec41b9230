use app::ports::BlobError;
use aws_sdk_s3::{
    Client,
    primitives::ByteStream,
    types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart, ServerSideEncryption},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use tokio::runtime::Handle;

use crate::{
    failure::{Failure, described, failed},
    parts::{Part, Parts},
};

/// How objects are encrypted at rest.
#[derive(Clone)]
pub enum Encryption {
    /// With a key the store keeps.
    ByTheStore,
    /// With a key of ours at KMS.
    WithKey(String),
}

impl Encryption {
    fn algorithm(&self) -> ServerSideEncryption {
        match self {
            Self::ByTheStore => ServerSideEncryption::Aes256,
            Self::WithKey(_) => ServerSideEncryption::AwsKms,
        }
    }

    fn key(&self) -> Option<String> {
        match self {
            Self::ByTheStore => None,
            Self::WithKey(key) => Some(key.clone()),
        }
    }

    /// One request to KMS for many objects.
    fn bucket_key(&self) -> Option<bool> {
        matches!(self, Self::WithKey(_)).then_some(true)
    }
}

/// Where an object goes.
pub struct Place {
    /// The store.
    pub client: Client,
    /// The bucket.
    pub bucket: String,
    /// The key in it.
    pub key: String,
    /// How it is encrypted.
    pub encryption: Encryption,
}

impl Place {
    /// Stores an object of one part.
    pub async fn put(self, part: Part, content_type: &str) -> Result<(), BlobError> {
        self.client
            .put_object()
            .bucket(self.bucket)
            .key(self.key)
            .content_type(content_type)
            .server_side_encryption(self.encryption.algorithm())
            .set_ssekms_key_id(self.encryption.key())
            .set_bucket_key_enabled(self.encryption.bucket_key())
            .checksum_sha256(STANDARD.encode(part.sha256))
            .body(ByteStream::from(part.bytes))
            .customize()
            // the digest is signed; digesting once more for the signature proves nothing more
            .disable_payload_signing()
            .send()
            .await
            .map_err(|error| failed("PutObject", &error))?;
        Ok(())
    }

    async fn throw_away(&self, id: &str) {
        let asked = self.client.abort_multipart_upload().bucket(&self.bucket).key(&self.key).upload_id(id);
        if let Err(error) = asked.send().await {
            // the bucket's lifecycle rule takes what is left
            let error = described("AbortMultipartUpload", &error);
            tracing::warn!(key = self.key, %error, "parts of an upload are left behind");
        }
    }
}

/// An upload in parts that has begun. One that is dropped, as when a job takes too long, is thrown away too.
pub struct Upload {
    place: Option<Place>,
    id: String,
    done: Vec<CompletedPart>,
}

impl Upload {
    /// Begins one.
    pub async fn begin(place: Place, content_type: &str) -> Result<Self, BlobError> {
        let begun = place
            .client
            .create_multipart_upload()
            .bucket(&place.bucket)
            .key(&place.key)
            .content_type(content_type)
            .server_side_encryption(place.encryption.algorithm())
            .set_ssekms_key_id(place.encryption.key())
            .set_bucket_key_enabled(place.encryption.bucket_key())
            .checksum_algorithm(ChecksumAlgorithm::Sha256)
            .send()
            .await
            .map_err(|error| failed("CreateMultipartUpload", &error))?;
        let id = begun
            .upload_id
            .ok_or_else(|| Failure::misunderstood("CreateMultipartUpload", "without an id"))?;
        Ok(Self { place: Some(place), id, done: Vec::new() })
    }

    /// Sends one part while the next is read, until the last.
    pub async fn send_all(&mut self, first: Part, parts: &mut Parts) -> Result<(), BlobError> {
        let mut current = first;
        loop {
            // neither is given up for the other: a part on its way when the upload is thrown away may outlive it
            let (sent, next) = tokio::join!(self.send(current), parts.next());
            let next = next?;
            sent?;
            if next.bytes.is_empty() {
                return Ok(());
            }
            current = next;
        }
    }

    async fn send(&mut self, part: Part) -> Result<(), BlobError> {
        let Some(place) = &self.place else { return Ok(()) };
        let number = i32::try_from(self.done.len() + 1).unwrap_or(i32::MAX);
        let sha256 = STANDARD.encode(part.sha256);
        let sent = place
            .client
            .upload_part()
            .bucket(&place.bucket)
            .key(&place.key)
            .upload_id(&self.id)
            .part_number(number)
            .checksum_sha256(&sha256)
            .body(ByteStream::from(part.bytes))
            .customize()
            // the digest is signed; digesting once more for the signature proves nothing more
            .disable_payload_signing()
            .send()
            .await
            .map_err(|error| failed("UploadPart", &error))?;
        let part = CompletedPart::builder().part_number(number).set_e_tag(sent.e_tag).checksum_sha256(sha256);
        self.done.push(part.build());
        Ok(())
    }

    /// Joins the parts into the object.
    pub async fn complete(mut self) -> Result<(), BlobError> {
        let Some(place) = &self.place else { return Ok(()) };
        let parts =
            CompletedMultipartUpload::builder().set_parts(Some(std::mem::take(&mut self.done))).build();
        let joined = place
            .client
            .complete_multipart_upload()
            .bucket(&place.bucket)
            .key(&place.key)
            .upload_id(&self.id)
            .multipart_upload(parts)
            .send()
            .await;
        match joined {
            Ok(_) => {
                self.place = None;
                Ok(())
            }
            Err(error) => {
                self.abort().await;
                Err(failed("CompleteMultipartUpload", &error))
            }
        }
    }

    /// Throws its parts away.
    pub async fn abort(mut self) {
        if let Some(place) = &self.place {
            place.throw_away(&self.id).await;
        }
        self.place = None;
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let (Some(place), Ok(runtime)) = (self.place.take(), Handle::try_current()) else { return };
        let id = std::mem::take(&mut self.id);
        runtime.spawn(async move { place.throw_away(&id).await });
    }
}
