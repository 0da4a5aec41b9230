//! Which call to make, and what came of making it.

use serde::{Deserialize, Serialize};

use crate::settings::SimulatedTenant;

/// What happened, by the address that is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// It rings.
    Incoming,
    /// Somebody took it.
    Answered,
    /// Nobody took it.
    Missed,
    /// It is over.
    Completed,
    /// Something was added or changed.
    Modified,
}

impl EventKind {
    /// The last part of its address.
    pub fn name(self) -> &'static str {
        match self {
            Self::Incoming => "call.incoming",
            Self::Answered => "call.answered",
            Self::Missed => "call.missed",
            Self::Completed => "call.completed",
            Self::Modified => "call.modified",
        }
    }
}

/// Which call to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallOrder {
    /// Whose customer calls.
    pub tenant: SimulatedTenant,
    /// What is said.
    pub conversation: String,
    /// The how-manieth call of the run this is. Ids and numbers follow from it.
    pub index: u64,
    /// The customer's number, where it is not to be drawn.
    pub customer_phone: Option<String>,
}

/// How a call should end at Otto, whatever goes wrong on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExpectedEnd {
    /// Its analysis is stored.
    Analysed,
    /// Nobody took it and no message was left.
    Missed,
    /// It was answered, and there is no recording.
    NoRecording,
}

/// An answer to one webhook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// The HTTP status; none where nobody answered.
    pub status: Option<u16>,
    /// What the answer's body says under `status`, where it does.
    pub body_status: Option<String>,
}

impl Acknowledgement {
    /// Whether the webhook was taken.
    pub fn is_taken(&self) -> bool {
        self.status.is_some_and(|status| (200..300).contains(&status))
    }
}

/// One event of a call and the answers to it: none if it was never sent, two if it was sent twice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentEvent {
    /// What happened.
    pub kind: EventKind,
    /// The answers.
    pub answers: Vec<Acknowledgement>,
}

/// A call that was made, and what to expect of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentCall {
    /// Otto's name for the tenant.
    pub company_id: String,
    /// `CAL…`
    pub provider_call_id: String,
    /// CallRail's older, numeric id.
    pub legacy_call_id: u64,
    /// What was said.
    pub conversation: String,
    /// The customer's number.
    pub customer_phone: String,
    /// How it should end.
    pub expected: ExpectedEnd,
    /// Whether its analysis should say that an appointment was made.
    pub booked: bool,
    /// What was sent, in this order.
    pub events: Vec<SentEvent>,
}

impl SentCall {
    /// Whether any of its webhooks was taken. If not, the REST API's list is the only trace of it.
    pub fn is_known(&self) -> bool {
        self.events.iter().flat_map(|event| &event.answers).any(Acknowledgement::is_taken)
    }
}

/// Why a call cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// There is no such conversation.
    #[error("there is no conversation {0}")]
    UnknownConversation(String),
    /// It is not known where Otto is.
    #[error("the address of Otto is not set")]
    NoAddress,
}
