//! The whole of Otto, put together as it runs: over HTTP as clients and providers speak to it, and the whole pipeline with
//! stand-ins for providers, webhook in, analysis out.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::similar_names,
    clippy::unwrap_used,
    reason = "tests fail by panicking, and their words are plain"
)]

/// One test of each name on each database.
macro_rules! on_both {
    ($($test:ident)*) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() { super::$test(testkit::sqlite().await).await; })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() { super::$test(testkit::postgres().await).await; })*
        }
    };
}

mod absurd;
mod answer;
mod attacks;
mod bench;
mod callrail;
mod contract;
mod corpus;
mod house;
mod jobs_at_hand;
mod limits;
mod logs;
mod matrix;
mod order;
mod outages;
mod probes;
mod published;
mod races;
mod requests;
mod restarts;
mod roles;
mod saturation;
mod seeded;
mod senders;
mod shunya;
mod snapshot;
