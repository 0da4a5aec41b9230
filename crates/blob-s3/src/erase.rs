use app::ports::BlobError;
use aws_sdk_s3::{Client, error::ProvideErrorMetadata};

use crate::failure::{failed, status};

/// Removes an object with all its versions: in a bucket that keeps versions a plain delete only hides it.
pub async fn erase(client: &Client, bucket: &str, key: &str) -> Result<(), BlobError> {
    let (mut key_marker, mut version_marker) = (None, None);
    loop {
        let asked = client
            .list_object_versions()
            .bucket(bucket)
            .prefix(key)
            .set_key_marker(key_marker)
            .set_version_id_marker(version_marker)
            .send()
            .await;
        let page = match asked {
            Ok(page) => page,
            // a store that cannot list versions has none
            Err(error) if is_not_implemented(error.code(), status(&error)) => {
                return remove(client, bucket, key, None).await;
            }
            Err(error) => return Err(failed("ListObjectVersions", &error)),
        };
        let versions = page.versions().iter().map(|one| (one.key(), one.version_id()));
        let markers = page.delete_markers().iter().map(|one| (one.key(), one.version_id()));
        // a prefix names longer keys too
        for (_, version) in versions.chain(markers).filter(|(found, _)| *found == Some(key)) {
            remove(client, bucket, key, version).await?;
        }
        // keys are listed in order, and none comes before its own prefix
        if page.is_truncated() != Some(true) || page.next_key_marker().is_none_or(|next| next != key) {
            return Ok(());
        }
        (key_marker, version_marker) = (page.next_key_marker, page.next_version_id_marker);
    }
}

fn is_not_implemented(code: Option<&str>, status: Option<u16>) -> bool {
    code == Some("NotImplemented") || status == Some(501)
}

async fn remove(client: &Client, bucket: &str, key: &str, version: Option<&str>) -> Result<(), BlobError> {
    let asked = client.delete_object().bucket(bucket).key(key).set_version_id(version.map(str::to_owned));
    match asked.send().await {
        Ok(_) => Ok(()),
        Err(error) if matches!(error.code(), Some("NoSuchKey" | "NoSuchVersion")) => Ok(()),
        Err(error) => Err(failed("DeleteObject", &error)),
    }
}
