use std::{fmt, str::FromStr};

use kernel::{PhoneNumber, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{Problem, RecordingRef};

/// What an event is about. The order is the order of authority: where two events of one call disagree about a fact, the
/// later kind is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallEventKind {
    /// It rings. What it says of answered, type and duration is a placeholder.
    Incoming,
    /// Somebody took it.
    Answered,
    /// Nobody took it.
    Missed,
    /// The provider's own list says it is over. Less telling than a webhook.
    Listed,
    /// It is over.
    Completed,
    /// Something about it was changed or added afterwards, such as a late recording.
    Modified,
}

impl CallEventKind {
    /// Every kind, in order of authority.
    pub const ALL: [Self; 6] =
        [Self::Incoming, Self::Answered, Self::Missed, Self::Listed, Self::Completed, Self::Modified];

    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Incoming => "incoming",
            Self::Answered => "answered",
            Self::Missed => "missed",
            Self::Listed => "listed",
            Self::Completed => "completed",
            Self::Modified => "modified",
        }
    }
}

impl fmt::Display for CallEventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CallEventKind {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// Who called whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The customer called.
    Inbound,
    /// The company called.
    Outbound,
}

impl Direction {
    /// As stored and answered.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Outbound => "outbound",
        }
    }
}

/// Whose conversation it is, which decides whose numbers it counts into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallType {
    /// A customer service representative's.
    CsrCall,
    /// A sales representative's.
    SalesCall,
}

impl CallType {
    /// As stored and answered.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CsrCall => "csr_call",
            Self::SalesCall => "sales_call",
        }
    }
}

/// The names a provider knows one call by. Older payloads carry only the numeric one, newer ones both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderCallIds {
    /// The id the provider's API uses.
    pub primary: String,
    /// The older, numeric id, where the payload had both or only this one.
    pub legacy: Option<String>,
}

/// One thing a provider told us about a call.
#[derive(Clone, Debug, PartialEq)]
pub struct CallEvent {
    /// What it is about.
    pub kind: CallEventKind,
    /// Which call.
    pub ids: ProviderCallIds,
    /// A digest of the event's bytes: breaks ties between events of one kind the same way every time.
    pub digest: u64,
    /// What it says.
    pub facts: ReportedFacts,
    /// What it said that cannot be true or read.
    pub problems: Vec<Problem>,
}

/// What one event says of a call. `None` is "does not say", which never overrides what another event said.
#[derive(Clone, Default, PartialEq)]
pub struct ReportedFacts {
    /// Who called whom.
    pub direction: Option<Direction>,
    /// Did a person take it?
    pub answered: Option<bool>,
    /// Did the caller leave a message?
    pub voicemail: Option<bool>,
    /// The customer's number.
    pub phone: Option<PhoneNumber>,
    /// The company's number that was called.
    pub tracking_number: Option<PhoneNumber>,
    /// As the provider has it, often a caller-id name.
    pub customer_name: Option<String>,
    /// The customer's city.
    pub customer_city: Option<String>,
    /// The customer's state.
    pub customer_state: Option<String>,
    /// Where the provider thinks the call came from (an advertisement, say).
    pub source: Option<String>,
    /// The marketing campaign.
    pub campaign: Option<String>,
    /// The user of ours who took it.
    pub csr_id: Option<String>,
    /// When it began.
    pub started_at: Option<Timestamp>,
    /// How long it was, in seconds.
    pub duration_seconds: Option<i32>,
    /// That there is a recording, and what the provider calls it.
    pub recording: Option<RecordingRef>,
}

kernel::hides_personal!(ReportedFacts {
    direction, answered, voicemail, phone, tracking_number, source, campaign, csr_id, started_at, duration_seconds,
    recording; customer_name, customer_city, customer_state
});
