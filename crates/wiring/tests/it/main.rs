//! The whole of Otto, put together as it runs, spoken to as clients and providers speak to it: over HTTP.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

mod absurd;
mod answer;
mod attacks;
mod bench;
mod callrail;
mod contract;
mod logs;
mod probes;
mod requests;
mod roles;
mod seeded;
mod shunya;
mod snapshot;
