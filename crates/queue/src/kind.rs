use std::{fmt, str::FromStr, time::Duration};

use crate::{Backoff, Priority};

/// The named queues. Each is served with its own concurrency, so slow work of one sort cannot hold up another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Queue {
    /// Sweeps, replays, clean-ups and whatever has no queue of its own.
    Default,
    /// Copying and transcribing recordings.
    Asr,
    /// Applying analyses.
    Analysis,
    /// Messages and drafts to customers.
    Followups,
    /// Documents.
    Indexing,
    /// The AI vendor's older interfaces.
    Uwc,
    /// Submitting to Shunya and polling it.
    Shunya,
}

impl Queue {
    /// Every queue.
    pub const ALL: [Self; 7] =
        [Self::Default, Self::Asr, Self::Analysis, Self::Followups, Self::Indexing, Self::Uwc, Self::Shunya];

    /// As stored and as named on command lines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Asr => "asr",
            Self::Analysis => "analysis",
            Self::Followups => "followups",
            Self::Indexing => "indexing",
            Self::Uwc => "uwc",
            Self::Shunya => "shunya",
        }
    }

    /// How many of its jobs one worker process runs at a time, unless settings say otherwise.
    pub fn default_concurrency(self) -> usize {
        match self {
            Self::Default | Self::Followups | Self::Indexing | Self::Uwc => 4,
            // applying a result is a short transaction; fetching and submitting mostly wait for others
            Self::Analysis => 8,
            Self::Asr => 8,
            Self::Shunya => 16,
        }
    }
}

impl fmt::Display for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such queue; there are default, asr, analysis, followups, indexing, uwc and shunya")]
pub struct UnknownQueue;

impl FromStr for Queue {
    type Err = UnknownQueue;
    fn from_str(text: &str) -> Result<Self, UnknownQueue> {
        Self::ALL.into_iter().find(|queue| queue.as_str() == text).ok_or(UnknownQueue)
    }
}

/// What every job of one kind has in common.
#[derive(Clone, Debug, PartialEq)]
pub struct JobKind {
    /// `area.verb_object`.
    pub name: &'static str,
    /// Where it waits.
    pub queue: Queue,
    /// After this many failed attempts it is dead.
    pub max_attempts: u32,
    /// An attempt that takes longer has failed.
    pub timeout: Duration,
    /// How long to wait between attempts.
    pub backoff: Backoff,
    /// Which of a tenant's jobs go first.
    pub priority: Priority,
}
