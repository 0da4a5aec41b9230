//! CallRail's own example and the shared vectors, and what can go wrong in a payload.

#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "tests fail by panicking")]

mod client;
mod reading;
mod vectors;
