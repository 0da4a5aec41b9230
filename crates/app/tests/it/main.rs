//! Use cases and loops over the real store, with fakes of everything outside the process.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

mod ahead;
mod customers;
mod guarded;
mod listing;
mod office;
mod order;
mod senders;
mod setup;
mod sweeps;
mod unsent;
mod verify;
mod virtual_time;
mod worker;
