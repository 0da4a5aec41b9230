//! Tests about the repository itself: who may depend on whom, where things are named, what documents say.
//!
//! The rules are plain functions over plain data, so that tests can show that each fails on a violation.

mod migrations;
mod rings;
mod text;

pub use migrations::{Unsafe, unsafe_statements};
pub use rings::{Crate, Ring, ring_of, violations};
pub use text::{documented_paths, forbidden_names, too_long};
