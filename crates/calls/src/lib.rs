//! A call's life, as its provider reports it.
//!
//! Events of one call arrive twice, late and in any order. [`CallFacts`] absorbs them so that the outcome depends only
//! on which events were seen, never on when: each fact is kept with the rank of the event that reported it, and the
//! highest rank wins.

mod event;
mod facts;
mod problem;
mod recording;
mod stage;

pub use event::{CallEvent, CallEventKind, CallType, Direction, ProviderCallIds, ReportedFacts, Telling};
pub use facts::{CallFacts, CallStatus, Rank, Ranked};
pub use problem::Problem;
pub use recording::{NO_RECORDING_AFTER, RecordingRef, RecordingState};
pub use stage::{AnalysisProgress, CallStage};
