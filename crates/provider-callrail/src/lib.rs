//! CallRail. What is known of it is in the contract's `providers/callrail.md`: webhooks signed with a key of the company,
//! sent once and never again, of a kind only their URL tells; recordings and lists of calls by a REST API.

mod body;
mod client;
mod fields;
mod listed;
mod signature;
mod webhook;

pub use client::{CallrailClient, CallrailSettings};
pub use signature::is_signed;
pub use webhook::CallrailWebhooks;
