//! The shared vectors, and what a webhook may look like.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests fail by panicking")]

mod reading;
mod vectors;
