//! The real program as a process of its own: real files, real signals, a real database.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests fail by panicking, and their words are plain"
)]

mod backup;
mod commands;
mod full_disk;
mod import;
mod place;
mod start;
mod stop;
mod survival;
