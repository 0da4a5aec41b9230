//! One analysis request's life, and the reading of every known payload generation into one record.
//!
//! Shunya's answers come in three documented generations and in mixtures of them. Everything here is tolerant: each
//! field is optional, each enumeration open, and what is not understood is kept and reported rather than refused.
//! Nothing is ever invented: a verdict the vendor did not give is `None`.

mod job;
mod normalise;
mod personal;
mod record;

pub use job::{
    Again, CALLED_OFF, Failure, JobState, MAX_SUBMISSIONS, SUBMIT_DEADLINE, ShunyaJob, poll_delay,
};
pub use normalise::{Normalised, normalise, normalise_transcript};
pub use record::{
    Address, AnalysisRecord, AppointmentFacts, AppointmentIntent, AppointmentStart, AppointmentType, Bant,
    BookingStatus, Compliance, LeadQuality, MissedOpportunity, Objection, OutcomeCategory, PendingAction,
    Risk, Segment, Severity, StageResult, Transcript, UnknownValue, UpgradeOpportunity,
};
