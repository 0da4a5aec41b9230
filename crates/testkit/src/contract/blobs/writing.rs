//! Storing and deleting.

use std::task::Poll;

use app::ports::{BlobError, BlobKey};
use bytes::Bytes;
use futures_util::{
    StreamExt,
    future::{Either, join_all, select},
    stream,
};
use sha2::{Digest, Sha256};

use super::bench::{BlobBench, LONG, PLENTY, broken, key, noise, streamed};

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

pub async fn bytes_come_back_as_they_went(bench: &BlobBench) {
    for length in [1, 4096, LONG] {
        let (key, bytes) = (key(&format!("calls/{length}.wav")), noise(1, length));
        let stored = bench.put(&key, &bytes).await.unwrap();
        assert_eq!(stored.size, u64::try_from(length).unwrap());
        assert_eq!(stored.sha256, sha256(&bytes));
        let (size, read) = bench.part(&key, 0, None).await.unwrap();
        assert_eq!(size, stored.size);
        assert!(read == bytes, "{length} bytes came back differently");
    }
}

pub async fn an_empty_object_is_an_object(bench: &BlobBench) {
    let key = key("calls/empty.wav");
    let stored = bench.put(&key, &[]).await.unwrap();
    assert_eq!((stored.size, stored.sha256), (0, sha256(&[])));
    assert_eq!(bench.part(&key, 0, None).await, Some((0, Vec::new())));
    assert_eq!(bench.part(&key, 0, Some(10)).await, Some((0, Vec::new())));
    assert_eq!(bench.content_type(&key).await, "audio/wav");
}

pub async fn the_limit_itself_is_allowed_and_a_byte_more_is_not(bench: &BlobBench) {
    // in one piece and in parts
    for length in [10, LONG] {
        let (key, bytes) = (key("calls/a.wav"), noise(1, length));
        let limit = u64::try_from(length).unwrap();
        let put = |limit| bench.blobs.put(&key, "audio/wav", streamed(&bytes), limit);
        let error = put(limit - 1).await.unwrap_err();
        assert!(matches!(error, BlobError::TooLarge { limit: told } if told == limit - 1), "{error:?}");
        assert!(bench.stored(&key).await.is_none());
        assert_eq!(put(limit).await.unwrap().size, limit);
        bench.blobs.delete(&key).await.unwrap();
    }
}

pub async fn a_limit_is_kept_however_long_the_stream_is(bench: &BlobBench) {
    let key = key("calls/endless.wav");
    let endless = stream::repeat_with(|| Ok(Bytes::from_static(&[7; 16_000]))).boxed();
    let error = bench.blobs.put(&key, "audio/wav", endless, 20 << 20).await.unwrap_err();
    assert!(matches!(error, BlobError::TooLarge { .. }), "{error:?}");
    assert!(bench.stored(&key).await.is_none());
}

pub async fn a_source_that_breaks_off_leaves_nothing(bench: &BlobBench) {
    for length in [0, 10, LONG] {
        let key = key("calls/broken.wav");
        let error = bench.blobs.put(&key, "audio/wav", broken(length), PLENTY).await.unwrap_err();
        assert!(matches!(error, BlobError::Source(_)), "{error:?}");
        assert!(bench.stored(&key).await.is_none(), "after {length} bytes");
    }
}

/// Runs a put until its source has nothing more to give, and drops it there, as a job's timeout does.
async fn give_up(bench: &BlobBench, key: &BlobKey, length: usize) {
    let (reached, end) = tokio::sync::oneshot::channel();
    let mut reached = Some(reached);
    let never = stream::poll_fn(move |_| {
        reached.take().map(|reached| reached.send(()));
        Poll::Pending
    });
    let body = streamed(&noise(1, length)).chain(never).boxed();
    let put = bench.blobs.put(key, "audio/wav", body, PLENTY);
    let given_up = select(put, end).await;
    assert!(matches!(given_up, Either::Right(_)), "the put cannot have ended");
}

pub async fn a_put_that_is_given_up_leaves_nothing(bench: &BlobBench) {
    for length in [0, 10, LONG] {
        let key = key("calls/given-up.wav");
        give_up(bench, &key, length).await;
        assert!(bench.stored(&key).await.is_none(), "after {length} bytes");
    }
}

pub async fn a_failed_put_leaves_what_was_there(bench: &BlobBench) {
    let (key, bytes) = (key("calls/a.wav"), noise(1, 1000));
    bench.put(&key, &bytes).await.unwrap();
    bench.blobs.put(&key, "audio/mpeg", broken(LONG), PLENTY).await.unwrap_err();
    bench.blobs.put(&key, "audio/mpeg", streamed(&noise(2, 30)), 20).await.unwrap_err();
    give_up(bench, &key, 100).await;
    assert!(bench.stored(&key).await == Some(bytes));
    assert_eq!(bench.content_type(&key).await, "audio/wav");
}

pub async fn a_second_put_replaces_the_whole_object(bench: &BlobBench) {
    let key = key("calls/a.wav");
    for (seed, length) in [(1, LONG), (2, 10), (3, 4096), (4, 0)] {
        let bytes = noise(seed, length);
        bench.put(&key, &bytes).await.unwrap();
        assert!(bench.stored(&key).await == Some(bytes), "{length} bytes");
    }
    bench.blobs.put(&key, "audio/mpeg", streamed(b"mp3"), PLENTY).await.unwrap();
    assert_eq!(bench.content_type(&key).await, "audio/mpeg");
}

pub async fn of_concurrent_writers_one_wins_whole(bench: &BlobBench) {
    let key = key("calls/a.wav");
    let bodies: Vec<_> = (1..=6).map(|seed| noise(seed, 100_000 + usize::try_from(seed).unwrap())).collect();
    let puts = bodies.iter().map(|bytes| bench.put(&key, bytes));
    for put in join_all(puts).await {
        put.unwrap();
    }
    let stored = bench.stored(&key).await.unwrap();
    assert!(bodies.contains(&stored), "a mixture of {} bytes", stored.len());
}

pub async fn whoever_reads_while_another_writes_sees_no_mixture(bench: &BlobBench) {
    let key = key("calls/a.wav");
    let (old, new) = (noise(1, 300_000), noise(2, 200_000));
    bench.put(&key, &old).await.unwrap();
    let mut open = bench.blobs.get(&key, 0, None).await.unwrap().unwrap();
    let mut read = open.body.next().await.unwrap().unwrap().to_vec();
    bench.put(&key, &new).await.unwrap();
    while let Some(chunk) = open.body.next().await {
        // breaking off is fine, pretending is not
        let Ok(chunk) = chunk else { return };
        read.extend_from_slice(&chunk);
    }
    assert!(read == old, "{} bytes of something", read.len());
}

pub async fn content_types_are_kept(bench: &BlobBench) {
    let key = key("calls/a.wav");
    for content_type in
        ["audio/mpeg", "audio/wav; rate=8000", "application/pdf", "audio/x-odd+type; a=\"b c\""]
    {
        bench.blobs.put(&key, content_type, streamed(b"bytes"), PLENTY).await.unwrap();
        assert_eq!(bench.content_type(&key).await, content_type);
    }
    let long = streamed(&noise(1, LONG));
    bench.blobs.put(&key, "audio/mp4", long, PLENTY).await.unwrap();
    assert_eq!(bench.content_type(&key).await, "audio/mp4", "of an upload in parts");
}

pub async fn deleting_removes_and_may_be_repeated(bench: &BlobBench) {
    let (gone, kept) = (key("calls/a.wav"), key("calls/b.wav"));
    bench.blobs.delete(&gone).await.unwrap();
    for length in [10, LONG] {
        bench.put(&gone, &noise(1, length)).await.unwrap();
        bench.put(&kept, b"kept").await.unwrap();
        for _ in 0..2 {
            bench.blobs.delete(&gone).await.unwrap();
            assert!(bench.stored(&gone).await.is_none());
        }
        assert_eq!(bench.stored(&kept).await.as_deref(), Some(b"kept".as_slice()));
    }
    bench.put(&gone, b"again").await.unwrap();
    assert_eq!(bench.stored(&gone).await.as_deref(), Some(b"again".as_slice()));
}
