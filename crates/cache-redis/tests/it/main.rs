//! The contract of what processes share, between two processes' worth of connections to a real Redis; and what happens
//! when that Redis is not there, dies, forgets, freezes or dawdles. `scripts/test` starts the Redis these need.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests fail by panicking")]

mod faults;

use std::{sync::Arc, time::Duration};

use cache_redis::{Pace, RedisSettings};
use kernel::{IdSource, Secret};
use testkit::{ManualClock, Process, Two};
use uuid::Uuid;

struct Ids;

impl IdSource for Ids {
    #[expect(clippy::disallowed_methods, reason = "two processes must not make the same ids")]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// One process' worth of connections.
async fn process(url: &str, prefix: &str) -> Process {
    let pace = Pace {
        command: Duration::from_millis(500),
        probe: Duration::from_secs(1),
        watch: Duration::from_millis(100),
        retry: Duration::from_millis(50),
        settle: Duration::from_millis(300),
    };
    let settings = RedisSettings { url: Secret::new(url.to_owned()), prefix: prefix.to_owned(), pace };
    let redis = cache_redis::connect(&settings, Arc::new(ManualClock::default()), Arc::new(Ids)).await;
    let redis = redis.expect("a usable URL");
    Process { doorbell: redis.doorbell, events: redis.events, shared: redis.shared }
}

/// Two of them.
async fn two_at(url: &str) -> Two {
    let prefix = format!("test-{}:", Ids.next().simple());
    Two { here: process(url, &prefix).await, there: process(url, &prefix).await }
}

async fn two() -> Two {
    two_at(&testkit::redis_url()).await
}

testkit::process_contract_tests!();
