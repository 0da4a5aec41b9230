use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long after a call's last word from its provider we stop expecting a recording. Providers attach it within
/// 20 minutes, or hours later by a "modified" event; after a day there is none.
pub const NO_RECORDING_AFTER: Duration = Duration::from_hours(24);

/// That a recording exists, and what the provider's API calls it.
///
/// Never the link from a webhook: those links carry access keys, and an address sent to us is not a place to send
/// requests to. The provider's client builds the address itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct RecordingRef {
    /// The id to ask for it by.
    pub id: String,
    /// How long it is, in seconds.
    pub duration_seconds: Option<i32>,
}

/// Where a recording stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordingState {
    /// Known to exist, not copied yet.
    Pending,
    /// In our own storage.
    Stored,
    /// Given up on.
    Failed,
    /// The provider says there is none, or none came within [`NO_RECORDING_AFTER`].
    Absent,
}

impl RecordingState {
    /// As stored and answered.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Stored => "stored",
            Self::Failed => "failed",
            Self::Absent => "absent",
        }
    }
}
