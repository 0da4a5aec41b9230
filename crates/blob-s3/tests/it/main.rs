//! The contract of every blob storage, on an S3 server that checks signatures; and what is S3's alone.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod failures;
mod requests;
mod store;
mod uploads;

use testkit::contract::blobs::BlobBench;

use crate::store::{TestStore, now};

async fn bench() -> BlobBench {
    let store = TestStore::start().await;
    BlobBench { blobs: std::sync::Arc::new(store.blobs().await), now: now(), keep: Box::new(store) }
}

testkit::blob_contract_tests!(crate::bench);
