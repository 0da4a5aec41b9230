//! Stores that refuse, fail, hang or are not there.

use app::ports::{BlobError, BlobStore};
use blob_s3::{S3Blobs, S3Credentials, S3Settings};
use futures_util::TryStreamExt;
use kernel::Secret;

use crate::store::{Deed, TestStore, bytes, key};

const PLENTY: u64 = 1 << 30;

/// What an operator reads.
fn told(error: &BlobError) -> String {
    let BlobError::Unavailable(source) = error else { panic!("{error:?}") };
    source.to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_momentary_failure_is_got_over() {
    let store = TestStore::start().await;
    let unwell = || Deed::Say(500, "<Error><Code>InternalError</Code></Error>".to_owned());
    for operation in ["PutObject", "GetObject", "HeadObject", "DeleteObject"] {
        store.plan(operation, [unwell(), Deed::Hang]);
    }
    let (blobs, key) = (store.hurried().await, key("a.wav"));
    blobs.put(&key, "audio/wav", bytes(10), PLENTY).await.unwrap();
    assert!(blobs.get(&key, 0, None).await.unwrap().is_some());
    assert!(blobs.get(&key, 3, Some(3)).await.unwrap().is_some());
    blobs.delete(&key).await.unwrap();
    assert!(!store.holds(&key).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lasting_failure_is_told_after_so_many_attempts() {
    let store = TestStore::start().await;
    let unwell = Deed::Say(500, "<Error><Code>InternalError</Code></Error>".to_owned());
    store.plan("PutObject", vec![unwell; 9]);
    let error = store.hurried().await.put(&key("a.wav"), "audio/wav", bytes(10), PLENTY).await.unwrap_err();
    assert_eq!(told(&error), "PutObject was answered 500 InternalError");
    assert_eq!(store.asked("PutObject").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_never_answers_is_given_up() {
    let store = TestStore::start().await;
    store.plan("PutObject", vec![Deed::Hang; 9]);
    store.plan("GetObject", vec![Deed::Hang; 9]);
    let blobs = store.hurried().await;
    let error = blobs.put(&key("a.wav"), "audio/wav", bytes(10), PLENTY).await.unwrap_err();
    assert!(told(&error).contains("timeout"), "{}", told(&error));
    assert!(blobs.get(&key("a.wav"), 0, None).await.is_err());
    assert_eq!(store.asked("GetObject").len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_not_there_is_unavailable_and_used_again_when_it_is() {
    let mut store = TestStore::start().await;
    store.stop().await;
    let blobs = store.hurried().await;
    let key = key("a.wav");
    for error in [
        blobs.put(&key, "audio/wav", bytes(10), PLENTY).await.map(drop).unwrap_err(),
        blobs.get(&key, 0, None).await.map(drop).unwrap_err(),
        blobs.delete(&key).await.unwrap_err(),
    ] {
        assert!(told(&error).contains("onnection refused"), "{}", told(&error));
    }
    store.start().await.unwrap();
    blobs.put(&key, "audio/wav", bytes(10), PLENTY).await.unwrap();
    assert!(store.holds(&key).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_credentials_are_told_and_not_shown() {
    let store = TestStore::start().await;
    let wrong = S3Credentials {
        access_key_id: "AKIATEST".to_owned(),
        secret_access_key: Secret::new("hunter2-hunter2".to_owned()),
        session_token: None,
    };
    let blobs = S3Blobs::new(S3Settings { credentials: Some(wrong), ..store.settings() }).await;
    let error = blobs.put(&key("a.wav"), "audio/wav", bytes(10), PLENTY).await.unwrap_err();
    assert_eq!(told(&error), "PutObject was answered 403 SignatureDoesNotMatch");
    let all = format!("{error:?}");
    assert!(!all.contains("hunter2") && !all.contains("AKIATEST"), "{all}");
    assert_eq!(store.asked("PutObject").len(), 1, "asking again would not help");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_not_there_is_not_an_object_that_is_not_there() {
    let store = TestStore::start().await;
    let no_bucket = "<Error><Code>NoSuchBucket</Code></Error>".to_owned();
    store.plan("GetObject", [Deed::Say(404, no_bucket)]);
    let Err(error) = store.blobs().await.get(&key("a.wav"), 0, None).await else {
        panic!("there is no such bucket")
    };
    assert_eq!(told(&error), "GetObject was answered 404 NoSuchBucket");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_breaks_off_is_an_error_and_no_end() {
    let store = TestStore::start().await;
    let blobs = store.hurried().await;
    blobs.put(&key("a.wav"), "audio/wav", bytes(100_000), PLENTY).await.unwrap();
    store.plan("GetObject", [Deed::BreakOff]);
    let read = blobs.get(&key("a.wav"), 0, None).await.unwrap().unwrap();
    assert_eq!(read.size, 100_000);
    assert!(read.body.try_collect::<Vec<_>>().await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_fails_is_no_list_that_ends() {
    let store = TestStore::start().await;
    let blobs = store.hurried().await;
    for number in 0..1_001 {
        blobs.put(&key(&format!("{number}.wav")), "audio/wav", bytes(1), PLENTY).await.unwrap();
    }
    // what a moment can mend is got over
    store.plan("ListObjectsV2", [Deed::Say(500, "<Error><Code>InternalError</Code></Error>".to_owned())]);
    let mut pages = blobs.list(None);
    assert_eq!(pages.next().await.unwrap().unwrap().len(), 1_000);
    let denied = Deed::Say(403, "<Error><Code>AccessDenied</Code></Error>".to_owned());
    store.plan("ListObjectsV2", [denied]);
    let error = pages.next().await.unwrap_err();
    assert_eq!(told(&error), "ListObjectsV2 was answered 403 AccessDenied");
    assert!(pages.next().await.unwrap().is_none(), "a list that has failed is over");
}
