//! What should have happened by now and has not. Every lost wake-up, callback or webhook is found here and the missing
//! job enqueued; nothing is done twice, because each job looks first.
//!
//! Rows are gone through page by page and each on its own, so that one that cannot be helped neither ends the run nor
//! hides those behind it: it keeps its place at the front of its list and is passed by.

mod calls;
mod clean_up;
mod inbox;
mod shunya;
mod tally;
mod tasks;

pub use calls::sweep_calls;
pub(crate) use clean_up::EVENTS_DAYS;
pub use clean_up::clean_up;
pub use inbox::{GIVE_UP_DAYS, match_waiting};
pub use shunya::sweep_shunya;
pub use tasks::{mark_tasks_overdue, sweep_tasks};

/// So many rows are read at once.
const BATCH: i64 = 500;
/// No run of a sweep looks at more pages of one list than this: the next run finds the rest.
const MOST_PAGES: usize = 20;
/// A row untouched for this long that no job will move has lost something on its way.
const STALE_AFTER: ::chrono::Duration = ::chrono::Duration::minutes(2);

/// Whether a page is the last of its list.
fn is_last(rows: usize, asked: i64) -> bool {
    i64::try_from(rows).unwrap_or(i64::MAX) < asked
}
