//! What a long recording takes of the machine.

use std::fs;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::bench::{BlobBench, PLENTY, key};

/// How much is streamed.
const LENGTH: u64 = 192 << 20;
/// How much the process may grow by: a few parts of an upload, and the server that stands in for the store.
const GROWTH: u64 = 64 << 20;

/// The most memory this process has had, in bytes; where it cannot be read, nothing is measured.
fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kib| kib << 10)
}

fn assert_small(before: Option<u64>, doing: &str) {
    if let (Some(before), Some(after)) = (before, peak()) {
        let grown = after.saturating_sub(before) >> 20;
        assert!(after < before + GROWTH, "{doing} took {grown} MiB more");
    }
}

pub async fn a_long_stream_takes_little_memory(bench: &BlobBench) {
    bench.put(&key("calls/short.wav"), &vec![7; 100_000]).await.unwrap();
    let key = key("calls/long.wav");
    let before = peak();
    let chunk = || Ok(Bytes::from(vec![7; 65_536]));
    let chunks = usize::try_from(LENGTH / 65_536).unwrap();
    let body = stream::repeat_with(chunk).take(chunks).boxed();
    let stored = bench.blobs.put(&key, "audio/wav", body, PLENTY).await.unwrap();
    assert_eq!(stored.size, LENGTH);
    assert_small(before, "storing");
    let read = bench.blobs.get(&key, 0, None).await.unwrap().unwrap();
    let length = read
        .body
        .try_fold(0, |length, chunk| async move { Ok(length + u64::try_from(chunk.len()).unwrap()) })
        .await
        .unwrap();
    assert_eq!(length, LENGTH);
    assert_small(before, "reading");
}
