//! All of Otto as processes, on real servers, and what becomes of it when any of them fails.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "tests fail by panicking, and their words are plain"
)]

mod failover;
mod ground;
mod redis;
mod scale;
mod scene;
mod stop;
mod survival;
mod up;
