//! The shared vectors, and what a webhook may look like.

mod reading;
mod vectors;
