//! What people may look at: [`Reads`](app::reads::Reads).

#![expect(missing_docs, reason = "the name of a case says what it is about")]
#![expect(clippy::indexing_slicing, reason = "tests fail by panicking")]
#![expect(clippy::float_cmp, reason = "the numbers are rounded, or computed in one way only")]

mod appointments;
mod buckets;
mod calls;
mod contacts;
mod dashboard;
mod details;
mod leads;
mod pipeline;
mod reach;
mod search;
mod seed;
mod signals;
mod tasks;
mod tenants;

pub use appointments::*;
pub use buckets::*;
pub use calls::*;
pub use contacts::*;
pub use dashboard::*;
pub use details::*;
pub use leads::*;
pub use pipeline::*;
pub use reach::*;
pub use search::*;
pub use signals::*;
pub use tasks::*;
pub use tenants::*;
