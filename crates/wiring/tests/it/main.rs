//! The whole pipeline, put together as programs do, with stand-ins for providers: webhook in, analysis out.

mod corpus;
mod house;
mod order;
mod published;
mod races;
