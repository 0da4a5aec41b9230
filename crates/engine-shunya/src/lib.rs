//! Shunya, the AI vendor (contract `shunya.md`): submissions, polls and results by its API; its webhooks, proven and
//! read. What a payload means is read by the `shunya-jobs` crate, not here.

mod client;
mod errors;
mod lenient;
mod python_json;
mod signature;
mod token;
mod webhook;

pub use client::{ShunyaClient, ShunyaSettings};
pub use python_json::python_json;
pub use signature::{Scheme, sign, verify};
pub use webhook::ShunyaWebhooks;
