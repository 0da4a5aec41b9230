//! Uploads in parts that do not come to their end leave no parts behind.

use std::{io, task::Poll};

use app::ports::{BlobError, BlobStore};
use futures_util::{
    StreamExt,
    future::{Either, select},
    stream,
};

use crate::store::{Deed, LONG, TestStore, bytes, key};

const PLENTY: u64 = 1 << 30;

fn lasting(status: u16, code: &str) -> Vec<Deed> {
    let text = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>no</Message></Error>");
    vec![Deed::Say(status, text); 10]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_comes_to_its_end_leaves_nothing_but_the_object() {
    let store = TestStore::start().await;
    store.blobs().await.put(&key("a.wav"), "audio/wav", bytes(LONG), PLENTY).await.unwrap();
    assert_eq!(store.asked("UploadPart").len(), 2);
    assert_eq!(store.leftovers(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_breaks_off_or_goes_on_too_long_leaves_no_parts() {
    for (body, limit) in [
        (bytes(LONG).chain(stream::once(async { Err(io::Error::other("gone")) })).boxed(), PLENTY),
        (bytes(LONG), 9 << 20),
    ] {
        let store = TestStore::start().await;
        store.blobs().await.put(&key("a.wav"), "audio/wav", body, limit).await.unwrap_err();
        assert_eq!(store.asked("AbortMultipartUpload").len(), 1);
        assert_eq!(store.leftovers(), Vec::<String>::new());
        assert!(!store.holds(&key("a.wav")).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_is_dropped_leaves_no_parts() {
    let store = TestStore::start().await;
    let blobs = store.blobs().await;
    let (reached, end) = tokio::sync::oneshot::channel();
    let mut reached = Some(reached);
    let never = stream::poll_fn(move |_| {
        reached.take().map(|reached| reached.send(()));
        Poll::Pending
    });
    let key = key("a.wav");
    let put = blobs.put(&key, "audio/wav", bytes(LONG).chain(never).boxed(), PLENTY);
    let waiting = async {
        end.await.unwrap();
        store.was_asked("UploadPart").await;
    };
    let dropped = matches!(select(put, Box::pin(waiting)).await, Either::Right(_));
    assert!(dropped, "it cannot have ended");
    store.was_asked("AbortMultipartUpload").await;
    assert_eq!(store.leftovers(), Vec::<String>::new());
    assert!(!store.holds(&key).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_or_a_join_that_is_refused_leaves_no_parts() {
    for operation in ["UploadPart", "CompleteMultipartUpload"] {
        let store = TestStore::start().await;
        store.plan(operation, lasting(403, "AccessDenied"));
        let error =
            store.blobs().await.put(&key("a.wav"), "audio/wav", bytes(LONG), PLENTY).await.unwrap_err();
        assert!(matches!(error, BlobError::Unavailable(_)), "{error:?}");
        assert_eq!(store.asked("AbortMultipartUpload").len(), 1, "{operation}");
        assert_eq!(store.leftovers(), Vec::<String>::new(), "{operation}");
        assert!(!store.holds(&key("a.wav")).await);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_join_that_fails_inside_a_good_answer_has_failed() {
    let store = TestStore::start().await;
    // S3 begins its answer before it knows
    store.plan("CompleteMultipartUpload", lasting(200, "InternalError"));
    let error = store.hurried().await.put(&key("a.wav"), "audio/wav", bytes(LONG), PLENTY).await.unwrap_err();
    assert!(matches!(error, BlobError::Unavailable(_)), "{error:?}");
    assert_eq!(store.leftovers(), Vec::<String>::new());
    assert!(!store.holds(&key("a.wav")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_momentary_failure_anywhere_in_an_upload_is_got_over() {
    for operation in ["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"] {
        let store = TestStore::start().await;
        let unwell = Deed::Say(503, "<Error><Code>SlowDown</Code></Error>".to_owned());
        store.plan(operation, [unwell.clone(), unwell]);
        let stored = store.blobs().await.put(&key("a.wav"), "audio/wav", bytes(LONG), PLENTY).await.unwrap();
        assert_eq!(stored.size, u64::try_from(LONG).unwrap());
        assert!(store.asked(operation).len() >= 3, "{operation}");
        assert!(store.asked("AbortMultipartUpload").is_empty());
        assert!(store.holds(&key("a.wav")).await, "{operation}");
    }
}
