//! What should have happened by now and has not. Every lost wake-up, callback or webhook is found here and the missing
//! job enqueued; nothing is done twice, because each job looks first.

mod calls;
mod clean_up;
mod inbox;
mod shunya;
mod tasks;

pub use calls::sweep_calls;
pub use clean_up::clean_up;
pub use inbox::match_waiting;
pub use shunya::sweep_shunya;
pub use tasks::{mark_tasks_overdue, sweep_tasks};

/// No sweep looks at more than this in one run; the next run finds the rest.
const BATCH: i64 = 500;
