//! The contract of what processes share, within one process.

use std::sync::Arc;

use cache_memory::{MemoryBus, MemoryDoorbell, shared};
use testkit::{Process, Two};

#[expect(
    clippy::unused_async,
    reason = "the contract's cases wait for their bench, which elsewhere connects"
)]
async fn two() -> Two {
    let here = Process {
        doorbell: Arc::new(MemoryDoorbell::default()),
        events: Arc::new(MemoryBus::default()),
        shared: shared(),
    };
    Two { there: here.clone(), here }
}

testkit::process_contract_tests!();
