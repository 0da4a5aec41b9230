//! What the store is asked, to the letter.

use std::time::Duration;

use app::ports::{BlobStore, LinkFor};
use blob_s3::{S3Blobs, S3Settings};
use testkit::contract::blobs::{alone, is_alone};

use crate::store::{Asked, Deed, LONG, TestStore, bytes, key, now};

const PLENTY: u64 = 1 << 30;

async fn put_both(blobs: &S3Blobs) {
    blobs.put(&key("short.wav"), "audio/wav", bytes(10), PLENTY).await.unwrap();
    blobs.put(&key("long.wav"), "audio/wav", bytes(LONG), PLENTY).await.unwrap();
}

fn of_both(store: &TestStore) -> [Asked; 2] {
    ["PutObject", "CreateMultipartUpload"].map(|operation| {
        let asked = store.asked(operation);
        assert_eq!(asked.len(), 1, "{operation}");
        asked.into_iter().next().unwrap()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_encrypted_by_the_store() {
    let store = TestStore::start().await;
    put_both(&store.blobs().await).await;
    for asked in of_both(&store) {
        assert_eq!(asked.header("x-amz-server-side-encryption"), Some("AES256"));
        assert_eq!(asked.header("x-amz-server-side-encryption-aws-kms-key-id"), None);
        assert_eq!(asked.header("content-type"), Some("audio/wav"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_are_encrypted_with_our_key_where_there_is_one() {
    let store = TestStore::start().await;
    put_both(&S3Blobs::new(S3Settings { kms_key: Some("key-1".to_owned()), ..store.settings() }).await).await;
    for asked in of_both(&store) {
        assert_eq!(asked.header("x-amz-server-side-encryption"), Some("aws:kms"));
        assert_eq!(asked.header("x-amz-server-side-encryption-aws-kms-key-id"), Some("key-1"));
        assert_eq!(asked.header("x-amz-server-side-encryption-bucket-key-enabled"), Some("true"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_body_goes_with_its_digest_under_the_signature() {
    let store = TestStore::start().await;
    put_both(&store.blobs().await).await;
    let sent = [store.asked("PutObject"), store.asked("UploadPart")].concat();
    assert_eq!(sent.len(), 3);
    for asked in sent {
        assert!(asked.header("x-amz-checksum-sha256").is_some(), "{asked:?}");
        assert!(asked.header("authorization").unwrap().contains("x-amz-checksum-sha256"), "{asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_is_for_saving_or_playing_and_hides_no_headers() {
    let store = TestStore::start().await;
    let link = store
        .blobs()
        .await
        .link(&key("a.wav"), LinkFor::Reading, Duration::from_hours(6), now())
        .await
        .unwrap();
    let link = link.expose();
    assert!(link.contains("response-content-disposition=attachment"), "{link}");
    assert!(link.contains("X-Amz-Expires=21600"), "{link}");
    assert!(link.contains("X-Amz-SignedHeaders=host&"), "{link}");
    assert!(
        link.starts_with(&format!("http://{}/otto-test/tenants/org_a/a.wav?", store.address())),
        "{link}"
    );
    assert!(store.asked("GetObject").is_empty(), "signing asks nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bucket_is_in_the_host_name_unless_told_otherwise() {
    let store = TestStore::start().await;
    let settings =
        S3Settings { path_style: false, endpoint: None, region: "eu-west-1".to_owned(), ..store.settings() };
    let link = S3Blobs::new(settings)
        .await
        .link(&key("a.wav"), LinkFor::Reading, Duration::from_hours(1), now())
        .await
        .unwrap();
    let link = link.expose();
    assert!(link.starts_with("https://otto-test.s3.eu-west-1.amazonaws.com/tenants/org_a/a.wav?"), "{link}");
}

#[tokio::test(flavor = "multi_thread")]
async fn deleting_deletes_every_version() {
    let store = TestStore::start().await;
    let page = |body: &str| {
        let xml = format!("<?xml version=\"1.0\"?><ListVersionsResult>{body}</ListVersionsResult>");
        Deed::Say(200, xml)
    };
    let one = |tag: &str, name: &str, version: &str| {
        format!("<{tag}><Key>tenants/org_a/{name}</Key><VersionId>{version}</VersionId></{tag}>")
    };
    let first = [
        "<IsTruncated>true</IsTruncated><NextKeyMarker>tenants/org_a/a.wav</NextKeyMarker>\
         <NextVersionIdMarker>v2</NextVersionIdMarker>",
        &one("DeleteMarker", "a.wav", "v3"),
        &one("Version", "a.wav", "v2"),
    ];
    let second = [
        "<IsTruncated>true</IsTruncated><NextKeyMarker>tenants/org_a/a.wav2</NextKeyMarker>",
        &one("Version", "a.wav", "v1"),
        &one("Version", "a.wav2", "other"),
    ];
    store.plan("ListObjectVersions", [page(&first.concat()), page(&second.concat())]);
    store.plan("DeleteObject", vec![Deed::Say(204, String::new()); 9]);
    store.blobs().await.delete(&key("a.wav")).await.unwrap();
    let listed = store.asked("ListObjectVersions");
    assert_eq!(listed.len(), 2, "a page of other keys is the last one");
    assert!(listed.iter().all(|asked| asked.query.contains("prefix=tenants%2Forg_a%2Fa.wav")), "{listed:?}");
    assert!(listed.iter().any(|asked| asked.query.contains("version-id-marker=v2")), "{listed:?}");
    let deleted = store.asked("DeleteObject");
    assert!(deleted.iter().all(|asked| asked.path == "/otto-test/tenants/org_a/a.wav"), "{deleted:?}");
    for version in ["versionId=v1", "versionId=v2", "versionId=v3"] {
        assert_eq!(deleted.iter().filter(|asked| asked.query.contains(version)).count(), 1, "{deleted:?}");
    }
    assert_eq!(deleted.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_that_may_not_be_listed_are_not_taken_for_none() {
    let store = TestStore::start().await;
    let refused = "<Error><Code>AccessDenied</Code></Error>".to_owned();
    store.plan("ListObjectVersions", [Deed::Say(403, refused)]);
    store.blobs().await.delete(&key("a.wav")).await.unwrap_err();
    assert!(store.asked("DeleteObject").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_credentials_of_ours_the_sdk_finds_its_own() {
    let name = concat!(module_path!(), "::without_credentials_of_ours_the_sdk_finds_its_own");
    if !is_alone() {
        let found = [("AWS_ACCESS_KEY_ID", "AKIATEST"), ("AWS_SECRET_ACCESS_KEY", "not-a-secret-at-all")];
        return alone(name, &found).await;
    }
    let store = TestStore::start().await;
    let blobs = S3Blobs::new(S3Settings { credentials: None, ..store.settings() }).await;
    blobs.put(&key("a.wav"), "audio/wav", bytes(10), PLENTY).await.unwrap();
    assert!(store.holds(&key("a.wav")).await);
}
