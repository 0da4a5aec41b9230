//! Background jobs as rules: what a kind declares, how a job moves between states, when it is tried again, when a
//! schedule is due. Where jobs are kept and who runs them is the business of others.

mod job;
mod kind;
mod retry;
mod schedule;

pub use job::{ClaimedJob, JobState, Lease, NewJob, Priority};
pub use kind::{JobKind, Queue, UnknownQueue};
pub use retry::{AfterFailure, Backoff, FailureClass, after_failure};
pub use schedule::{Schedule, Slot};
