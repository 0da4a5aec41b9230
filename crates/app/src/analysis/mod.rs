//! Shunya asked, answered, and what an answer becomes.

mod apply_engine_event;
mod outcome;
mod poll_shunya;
mod store_result;
mod submit_to_shunya;

pub use apply_engine_event::apply_engine_event;
pub use poll_shunya::poll_shunya;
pub(crate) use submit_to_shunya::settle_without_result;
pub use submit_to_shunya::{give_up_request, submit_to_shunya};
