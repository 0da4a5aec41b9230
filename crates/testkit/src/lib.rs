//! For tests only: throw-away databases, clocks that stand still, and the contract suites every adapter of a port must
//! pass. Nothing outside `[dev-dependencies]` may name this crate.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "tests fail by panicking"
)]

pub mod aftermath;
mod certificates;
pub mod contract;
mod databases;
pub mod fakes;
mod ports;
mod postgres_server;
mod processes;
mod raw;
mod redis;
mod world;

pub use certificates::{Authority, Certificate};
pub use databases::{Database, empty_postgres, empty_sqlite, postgres, sqlite};
pub use ports::{Seen, WatchedClaims, World};
pub use postgres_server::{PostgresServer, Stop};
pub use processes::{Process, Two, eventually};
pub use redis::redis_url;
pub use world::{Dice, ManualClock, TestIds};
