use kernel::{PhoneNumber, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{CallEvent, CallEventKind, Direction, RecordingRef};

/// How much a reported value is to be believed: first by the kind of its event, then, for two events of one kind, by the
/// digest of their bytes. The digest says nothing about truth; it makes every order of arrival end the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rank(pub CallEventKind, pub u64);

/// A value and the rank of the event that reported it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ranked<T> {
    /// How much it is to be believed.
    pub rank: Rank,
    /// What was said.
    pub value: T,
}

/// All that was ever said of one call, with the best value of each fact.
///
/// [`CallFacts::absorb`] is commutative, associative and idempotent, so the same set of events gives the same facts in
/// any order and any number of times.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct CallFacts {
    /// Which kinds of event were seen, in order of authority.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub seen: Vec<CallEventKind>,
    #[serde(skip_serializing_if = "Option::is_none")]
    direction: Option<Ranked<Direction>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered: Option<Ranked<bool>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    voicemail: Option<Ranked<bool>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<Ranked<PhoneNumber>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tracking_number: Option<Ranked<PhoneNumber>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_name: Option<Ranked<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_city: Option<Ranked<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_state: Option<Ranked<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Ranked<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    campaign: Option<Ranked<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    csr_id: Option<Ranked<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<Ranked<Timestamp>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_seconds: Option<Ranked<i32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recording: Option<Ranked<RecordingRef>>,
}

kernel::hides_personal!(CallFacts {
    seen, direction, answered, voicemail, phone, tracking_number, source, campaign, csr_id, started_at, duration_seconds,
    recording; customer_name, customer_city, customer_state
});

/// Where a call stands as a telephone call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallStatus {
    /// It rings.
    Incoming,
    /// Somebody talks.
    Answered,
    /// Nobody took it.
    Missed,
    /// It is over, and somebody took it.
    Completed,
}

impl CallStatus {
    /// As stored and answered.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Incoming => "incoming",
            Self::Answered => "answered",
            Self::Missed => "missed",
            Self::Completed => "completed",
        }
    }
}

/// Keeps the value of the higher rank.
fn keep<T: Clone + PartialOrd>(slot: &mut Option<Ranked<T>>, rank: Rank, said: Option<&T>) {
    let Some(value) = said else { return };
    let better = match slot {
        None => true,
        // equal ranks mean the same event; comparing the values too keeps the law even for a digest collision
        Some(held) => {
            (held.rank, &held.value).partial_cmp(&(rank, value)).is_some_and(std::cmp::Ordering::is_lt)
        }
    };
    if better {
        *slot = Some(Ranked { rank, value: value.clone() });
    }
}

impl CallFacts {
    /// Takes in one event.
    pub fn absorb(&mut self, event: &CallEvent) {
        let rank = Rank(event.kind, event.digest);
        let said = &event.facts;
        if let Err(at) = self.seen.binary_search(&event.kind) {
            self.seen.insert(at, event.kind);
        }
        let answered = match event.kind {
            // a ringing call is announced as not answered, which says nothing yet
            CallEventKind::Incoming => None,
            CallEventKind::Answered => Some(true),
            CallEventKind::Missed => Some(false),
            CallEventKind::Listed | CallEventKind::Completed | CallEventKind::Modified => said.answered,
        };
        keep(&mut self.answered, rank, answered.as_ref());
        if event.kind != CallEventKind::Incoming {
            keep(&mut self.voicemail, rank, said.voicemail.as_ref());
            keep(&mut self.duration_seconds, rank, said.duration_seconds.as_ref());
            keep(&mut self.recording, rank, said.recording.as_ref());
        }
        keep(&mut self.direction, rank, said.direction.as_ref());
        keep(&mut self.phone, rank, said.phone.as_ref());
        keep(&mut self.tracking_number, rank, said.tracking_number.as_ref());
        keep(&mut self.customer_name, rank, said.customer_name.as_ref());
        keep(&mut self.customer_city, rank, said.customer_city.as_ref());
        keep(&mut self.customer_state, rank, said.customer_state.as_ref());
        keep(&mut self.source, rank, said.source.as_ref());
        keep(&mut self.campaign, rank, said.campaign.as_ref());
        keep(&mut self.csr_id, rank, said.csr_id.as_ref());
        keep(&mut self.started_at, rank, said.started_at.as_ref());
    }

    /// Whether the provider said the call is over.
    pub fn is_over(&self) -> bool {
        self.seen.iter().any(|kind| *kind >= CallEventKind::Missed)
    }

    /// Where it stands.
    pub fn status(&self) -> CallStatus {
        match (self.is_over(), self.answered()) {
            // a call the company made and nobody took is over, but it is not a customer we missed
            (true, Some(false)) if self.direction() != Some(Direction::Outbound) => CallStatus::Missed,
            (true, _) => CallStatus::Completed,
            (false, Some(true)) => CallStatus::Answered,
            (false, _) => CallStatus::Incoming,
        }
    }

    /// Whether a customer called and nobody took it.
    pub fn is_missed(&self) -> bool {
        self.status() == CallStatus::Missed
    }

    /// Did a person take it?
    pub fn answered(&self) -> Option<bool> {
        self.answered.as_ref().map(|ranked| ranked.value)
    }

    /// Did the caller leave a message?
    pub fn voicemail(&self) -> Option<bool> {
        self.voicemail.as_ref().map(|ranked| ranked.value)
    }

    /// Who called whom.
    pub fn direction(&self) -> Option<Direction> {
        self.direction.as_ref().map(|ranked| ranked.value)
    }

    /// The customer's number.
    pub fn phone(&self) -> Option<&PhoneNumber> {
        self.phone.as_ref().map(|ranked| &ranked.value)
    }

    /// The company's number that was called.
    pub fn tracking_number(&self) -> Option<&PhoneNumber> {
        self.tracking_number.as_ref().map(|ranked| &ranked.value)
    }

    /// As the provider has it.
    pub fn customer_name(&self) -> Option<&str> {
        self.customer_name.as_ref().map(|ranked| ranked.value.as_str())
    }

    /// The customer's city.
    pub fn customer_city(&self) -> Option<&str> {
        self.customer_city.as_ref().map(|ranked| ranked.value.as_str())
    }

    /// The customer's state.
    pub fn customer_state(&self) -> Option<&str> {
        self.customer_state.as_ref().map(|ranked| ranked.value.as_str())
    }

    /// The marketing campaign.
    pub fn campaign(&self) -> Option<&str> {
        self.campaign.as_ref().map(|ranked| ranked.value.as_str())
    }

    /// The user who took it, as the provider names them: to be believed only if it is a user of the tenant.
    pub fn csr_id(&self) -> Option<&str> {
        self.csr_id.as_ref().map(|ranked| ranked.value.as_str())
    }

    /// When it began.
    pub fn started_at(&self) -> Option<Timestamp> {
        self.started_at.as_ref().map(|ranked| ranked.value)
    }

    /// How long it was, in seconds.
    pub fn duration_seconds(&self) -> Option<i32> {
        self.duration_seconds.as_ref().map(|ranked| ranked.value)
    }

    /// The recording, where the provider said there is one.
    pub fn recording(&self) -> Option<&RecordingRef> {
        self.recording.as_ref().map(|ranked| &ranked.value)
    }
}

#[cfg(test)]
#[path = "facts_tests.rs"]
mod tests;
