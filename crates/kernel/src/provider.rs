use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// A company whose software talks to ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Provider {
    /// Call tracking: calls, recordings and texts.
    Callrail,
    /// Telephony: calls, recordings and texts.
    Twilio,
    /// The AI vendor.
    Shunya,
}

impl Provider {
    /// The name used in rows, logs and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Callrail => "callrail",
            Self::Twilio => "twilio",
            Self::Shunya => "shunya",
        }
    }
}

impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Provider {
    type Err = UnknownProvider;
    fn from_str(text: &str) -> Result<Self, UnknownProvider> {
        match text {
            "callrail" => Ok(Self::Callrail),
            "twilio" => Ok(Self::Twilio),
            "shunya" => Ok(Self::Shunya),
            _ => Err(UnknownProvider),
        }
    }
}

/// The text names no provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no provider of that name")]
pub struct UnknownProvider;
