use app::ports::{BlobError, BlobPages, ListedBlob};
use async_trait::async_trait;
use aws_sdk_s3::{Client, types::Object};
use kernel::{Timestamp, truncate_to_micros};

use crate::failure::{Failure, failed};

const LIST: &str = "ListObjectsV2";

/// Where a list stands.
enum Place {
    Beginning,
    /// After the page that came with this token.
    After(String),
    End,
}

/// The pages of a list, as the store cuts them: a thousand objects each.
pub struct BucketPages {
    client: Client,
    bucket: String,
    prefix: String,
    place: Place,
}

impl BucketPages {
    /// Everything whose name begins so.
    pub fn of(client: Client, bucket: String, prefix: String) -> Self {
        Self { client, bucket, prefix, place: Place::Beginning }
    }
}

#[async_trait]
impl BlobPages for BucketPages {
    async fn next(&mut self) -> Result<Option<Vec<ListedBlob>>, BlobError> {
        loop {
            // a list that fails is over
            let token = match std::mem::replace(&mut self.place, Place::End) {
                Place::Beginning => None,
                Place::After(token) => Some(token),
                Place::End => return Ok(None),
            };
            let asked = self.client.list_objects_v2().bucket(&self.bucket).prefix(&self.prefix);
            let page = asked.set_continuation_token(token).send().await;
            let page = page.map_err(|error| failed(LIST, &error))?;
            let listed = page.contents().iter().map(listed).collect::<Result<Vec<_>, _>>()?;
            if page.is_truncated() == Some(true) {
                let token = page
                    .next_continuation_token
                    .ok_or_else(|| Failure::misunderstood(LIST, "half a page without a token"))?;
                self.place = Place::After(token);
            }
            // a page may be empty and not the last
            if !listed.is_empty() {
                return Ok(Some(listed));
            }
        }
    }
}

fn listed(object: &Object) -> Result<ListedBlob, Failure> {
    let stored_at =
        object.last_modified().and_then(|at| Timestamp::from_timestamp(at.secs(), at.subsec_nanos()));
    match (object.key(), object.size().and_then(|size| size.try_into().ok()), stored_at) {
        (Some(key), Some(size), Some(stored_at)) => {
            Ok(ListedBlob { key: key.to_owned(), size, stored_at: truncate_to_micros(stored_at) })
        }
        _ => Err(Failure::misunderstood(LIST, "an object without a name, size or time")),
    }
}
