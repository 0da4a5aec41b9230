//! Recordings and documents in an S3 bucket, or in any store that speaks S3.
//!
//! Objects are uploaded part by part, so that a recording of any length takes the memory of two parts. A key holds the
//! whole object or what it held before: small objects are one request, large ones become visible when their parts are
//! joined, and parts of what went wrong are thrown away. Every request carries the SHA-256 of its bytes, which the store
//! checks; everything is encrypted at rest. Links are signed by us and served by the store.

mod erase;
mod failure;
mod list;
mod parts;
mod settings;
mod upload;

use std::{io, time::Duration};

use app::ports::{BlobError, BlobKey, BlobPages, BlobRead, BlobStore, ByteStream, LinkFor, StoredBlob};
use async_trait::async_trait;
use aws_sdk_s3::{Client, presigning::PresigningConfig};
use futures_util::{StreamExt, stream};
use kernel::{CompanyId, Secret, Timestamp};

use crate::{
    failure::{Failure, failed, status},
    list::BucketPages,
    parts::{Parts, part_size},
    upload::{Encryption, Place, Upload},
};

pub use settings::{S3Credentials, S3Patience, S3Settings};

/// What an object without a type is.
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// A bucket of objects.
pub struct S3Blobs {
    client: Client,
    bucket: String,
    encryption: Encryption,
}

impl S3Blobs {
    /// Uses a bucket. Nothing is asked of it before the first object: a store that is down must not keep Otto down.
    pub async fn new(settings: S3Settings) -> Self {
        let encryption = settings.kms_key.clone().map_or(Encryption::ByTheStore, Encryption::WithKey);
        let bucket = settings.bucket.clone();
        Self { client: settings.client().await, bucket, encryption }
    }

    /// Size and type alone, for when none of the bytes are wanted.
    async fn head(&self, key: &BlobKey) -> Result<Option<BlobRead>, BlobError> {
        match self.client.head_object().bucket(&self.bucket).key(key.as_str()).send().await {
            Ok(answer) => Ok(Some(BlobRead {
                size: answer.content_length().and_then(|size| size.try_into().ok()).unwrap_or_default(),
                content_type: answer.content_type.unwrap_or_else(|| UNKNOWN_TYPE.to_owned()),
                body: stream::empty().boxed(),
            })),
            // the answer to HEAD has no body that could say more
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(failed("HeadObject", &error)),
        }
    }
}

/// The header that asks for bytes `from` up to but not including `until`.
fn range(from: u64, until: Option<u64>) -> Option<String> {
    match (from, until) {
        (0, None) => None,
        (from, None) => Some(format!("bytes={from}-")),
        (from, Some(until)) => Some(format!("bytes={from}-{}", until.saturating_sub(1))),
    }
}

/// The size of the whole object, as the answer to a range says it: `bytes 2-4/10`.
fn whole_size(content_range: &str) -> Option<u64> {
    content_range.rsplit_once('/')?.1.parse().ok()
}

fn body_of(body: aws_sdk_s3::primitives::ByteStream) -> ByteStream {
    stream::unfold(body, |mut body| async {
        let chunk = body.next().await?;
        Some((chunk.map_err(io::Error::other), body))
    })
    .boxed()
}

#[async_trait]
impl BlobStore for S3Blobs {
    async fn put(
        &self,
        key: &BlobKey,
        content_type: &str,
        body: ByteStream,
        limit: u64,
    ) -> Result<StoredBlob, BlobError> {
        let place = Place {
            client: self.client.clone(),
            bucket: self.bucket.clone(),
            key: key.as_str().to_owned(),
            encryption: self.encryption.clone(),
        };
        let size = part_size(limit);
        let mut parts = Parts::new(body, limit, size);
        let first = parts.next().await?;
        if first.bytes.len() < size {
            place.put(first, content_type).await?;
        } else {
            let mut upload = Upload::begin(place, content_type).await?;
            match upload.send_all(first, &mut parts).await {
                Ok(()) => upload.complete().await?,
                Err(error) => {
                    upload.abort().await;
                    return Err(error);
                }
            }
        }
        Ok(parts.stored())
    }

    async fn get(&self, key: &BlobKey, from: u64, until: Option<u64>) -> Result<Option<BlobRead>, BlobError> {
        if until.is_some_and(|until| until <= from) {
            return self.head(key).await;
        }
        let range = range(from, until);
        let asked = self.client.get_object().bucket(&self.bucket).key(key.as_str()).set_range(range.clone());
        let answer = match asked.send().await {
            Ok(answer) => answer,
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(aws_sdk_s3::operation::get_object::GetObjectError::is_no_such_key) =>
            {
                return Ok(None);
            }
            // nothing of the object lies in the range
            Err(error) if status(&error) == Some(416) => return self.head(key).await,
            Err(error) => return Err(failed("GetObject", &error)),
        };
        let size = match range {
            None => answer.content_length().and_then(|size| size.try_into().ok()),
            Some(_) => answer.content_range().and_then(whole_size),
        };
        let size = size
            .ok_or_else(|| Failure::misunderstood("GetObject", "without the size of what was asked for"))?;
        let content_type = answer.content_type.unwrap_or_else(|| UNKNOWN_TYPE.to_owned());
        Ok(Some(BlobRead { size, content_type, body: body_of(answer.body) }))
    }

    async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        erase::erase(&self.client, &self.bucket, key.as_str()).await
    }

    fn list(&self, company: Option<&CompanyId>) -> Box<dyn BlobPages> {
        Box::new(BucketPages::of(self.client.clone(), self.bucket.clone(), BlobKey::prefix(company)))
    }

    async fn link(
        &self,
        key: &BlobKey,
        allows: LinkFor<'_>,
        valid_for: Duration,
        now: Timestamp,
    ) -> Result<Secret, BlobError> {
        let signing = PresigningConfig::builder().start_time(now.into()).expires_in(valid_for).build();
        let signing = signing.map_err(|error| BlobError::Unavailable(Box::new(error)))?;
        let signed = match allows {
            LinkFor::Reading => self
                .client
                .get_object()
                .bucket(&self.bucket)
                .key(key.as_str())
                // saved or played, never run as a page
                .response_content_disposition("attachment")
                .presigned(signing)
                .await
                .map_err(|error| failed("signing a link", &error))?,
            // encrypted as the bucket says: how would have to be sent along by whoever stores
            LinkFor::Storing { content_type } => self
                .client
                .put_object()
                .bucket(&self.bucket)
                .key(key.as_str())
                .content_type(content_type)
                .presigned(signing)
                .await
                .map_err(|error| failed("signing a link", &error))?,
        };
        let expected = match allows {
            LinkFor::Reading => None,
            LinkFor::Storing { content_type } => Some(("content-type", content_type)),
        };
        if signed.headers().any(|header| Some(header) != expected) {
            // whoever follows a link sends no headers of ours
            return Err(Failure::misunderstood("signing a link", "with headers to be sent along").into());
        }
        Ok(Secret::new(signed.uri().to_owned()))
    }

    fn admits(&self, _: &BlobKey, _: LinkFor<'_>, _expires: &str, _signature: &str, _: Timestamp) -> bool {
        // the store serves our links itself
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_asked_for_as_http_counts_them() {
        assert_eq!(range(0, None), None);
        assert_eq!(range(7, None).as_deref(), Some("bytes=7-"));
        assert_eq!(range(0, Some(1)).as_deref(), Some("bytes=0-0"));
        assert_eq!(range(2, Some(5)).as_deref(), Some("bytes=2-4"));
        assert_eq!(whole_size("bytes 2-4/10"), Some(10));
        assert_eq!(whole_size("bytes 2-4/*"), None);
    }
}
