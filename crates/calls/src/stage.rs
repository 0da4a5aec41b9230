use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{CallFacts, CallStatus, RecordingState};

/// How far the analysis of a call has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnalysisProgress {
    /// Not asked for.
    None,
    /// Asked for, no outcome yet.
    Requested,
    /// Stored.
    Done,
    /// Given up on.
    Failed,
}

/// Where a call stands on its way from ringing to analysed. Stored with the call, so that "how many are where" is one
/// grouped count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallStage {
    /// It rings.
    Ringing,
    /// Somebody talks.
    InProgress,
    /// Nobody took it and no message was left.
    Missed,
    /// It is over; the provider has not said that there is a recording.
    AwaitingRecording,
    /// It is over and there will be no recording.
    NoRecording,
    /// The recording is being copied.
    FetchingRecording,
    /// The recording is ours; the analysis has not been asked for yet.
    Recorded,
    /// The analysis is under way.
    Analysing,
    /// The analysis is stored.
    Analysed,
    /// The recording or the analysis was given up on.
    Failed,
}

impl CallStage {
    /// Every stage, in the order a call passes them.
    pub const ALL: [Self; 10] = [
        Self::Ringing,
        Self::InProgress,
        Self::Missed,
        Self::AwaitingRecording,
        Self::NoRecording,
        Self::FetchingRecording,
        Self::Recorded,
        Self::Analysing,
        Self::Analysed,
        Self::Failed,
    ];

    /// The stage that facts, recording and analysis amount to.
    pub fn of(facts: &CallFacts, recording: Option<RecordingState>, analysis: AnalysisProgress) -> Self {
        match (analysis, recording) {
            (AnalysisProgress::Done, _) => Self::Analysed,
            (AnalysisProgress::Failed, _) => Self::Failed,
            (AnalysisProgress::Requested, _) => Self::Analysing,
            (AnalysisProgress::None, Some(RecordingState::Stored)) => Self::Recorded,
            (AnalysisProgress::None, Some(RecordingState::Pending)) => Self::FetchingRecording,
            (AnalysisProgress::None, Some(RecordingState::Failed)) => Self::Failed,
            (AnalysisProgress::None, Some(RecordingState::Absent) | None) => match facts.status() {
                CallStatus::Incoming => Self::Ringing,
                CallStatus::Answered => Self::InProgress,
                CallStatus::Missed if facts.voicemail() != Some(true) => Self::Missed,
                CallStatus::Missed | CallStatus::Completed if recording.is_some() => Self::NoRecording,
                CallStatus::Missed | CallStatus::Completed => Self::AwaitingRecording,
            },
        }
    }

    /// Whether nothing more is expected to happen by itself.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Missed | Self::NoRecording | Self::Analysed | Self::Failed)
    }

    /// As stored and answered.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ringing => "ringing",
            Self::InProgress => "in_progress",
            Self::Missed => "missed",
            Self::AwaitingRecording => "awaiting_recording",
            Self::NoRecording => "no_recording",
            Self::FetchingRecording => "fetching_recording",
            Self::Recorded => "recorded",
            Self::Analysing => "analysing",
            Self::Analysed => "analysed",
            Self::Failed => "failed",
        }
    }
}

impl FromStr for CallStage {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|stage| stage.as_str() == text).ok_or(())
    }
}
