//! The words every other crate speaks. Pure: no I/O, no async runtime, no reading of clocks.
//!
//! Anything here is used by several domains; what only one domain needs lives there.

mod calendar;
mod error;
mod fingerprint;
mod ids;
mod money;
mod personal;
mod phone;
mod provider;
mod scope;
mod secret;
mod time;

pub use calendar::{Calendar, UnknownZone};
pub use error::{BoxError, ErrorKind, Hold, ProviderError, StoreError};
pub use fingerprint::{fingerprint, hex};
pub use ids::{
    AnalysisId, AppointmentId, CallId, CompanyId, ContactCardId, EventId, IdError, IdSource, InboxId, JobId,
    KeySignalId, LeadId, RecordingId, ShunyaJobId, TaskId, TranscriptId, UserId,
};
pub use money::Cents;
pub use personal::{Personal, show_personal_data, shows_personal_data};
pub use phone::{PhoneError, PhoneNumber};
pub use provider::Provider;
pub use scope::{Actor, Scope};
pub use secret::Secret;
pub use time::{Clock, Dice, Timestamp, rfc3339, truncate_to_micros};
