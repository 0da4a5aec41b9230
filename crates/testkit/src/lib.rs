//! For tests only: throw-away databases, clocks that stand still, and the contract suites every adapter of a port must
//! pass. Nothing outside `[dev-dependencies]` may name this crate.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "tests fail by panicking")]

pub mod contract;
mod databases;
mod world;

pub use databases::{Database, postgres, sqlite};
pub use world::{Dice, ManualClock, TestIds};
