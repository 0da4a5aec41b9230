//! The whole pipeline, put together as programs do, with stand-ins for providers: webhook in, analysis out.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::similar_names,
    reason = "tests fail by panicking, and their words are plain"
)]

mod corpus;
mod house;
mod order;
mod published;
mod races;
