//! What calls and conversations make of a contact card and of a lead.
//!
//! Cards and leads show what was learned, field by field, unless a person wrote something else there. What was learned
//! last is kept beside the fields: a field that differs from it was edited, and an edit stands.

use kernel::{CallId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{ContactUpdate, LeadSource};

/// The fields of a contact card that are learned.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CardFields {
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Email.
    pub email: Option<String>,
    /// House number and street, or the whole as spoken.
    pub address: Option<String>,
    /// City.
    pub city: Option<String>,
    /// State.
    pub state: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
}

kernel::hides_personal!(CardFields { ; first_name, last_name, email, address, city, state, postal_code });

/// What the provider of the customer's calls says of them: each field by the earliest call that says it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Provided {
    /// Often a caller-id name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// City.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// State.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

kernel::hides_personal!(Provided { ; name, city, state });

/// Something said in a conversation, and in which: the earliest one counts.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Heard<T> {
    at: Timestamp,
    call: CallId,
    value: T,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_field_names, reason = "named as the card's fields are")]
struct Address {
    address: String,
    city: Option<String>,
    state: Option<String>,
    postal_code: Option<String>,
}

/// All that was learned of a customer.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Learned {
    provided: Provided,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<Heard<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<Heard<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Heard<Address>>,
}

kernel::hides_personal!(Learned as json);

fn hear<T>(known: &mut Option<Heard<T>>, at: Timestamp, call: CallId, said: Option<T>) {
    let Some(value) = said else { return };
    if known.as_ref().is_none_or(|known| (at, call) <= (known.at, known.call)) {
        *known = Some(Heard { at, call, value });
    }
}

/// A full name as first and last: what comes after the first blank is the last name.
fn split_name(name: &str) -> (Option<String>, Option<String>) {
    let mut parts = name.trim().splitn(2, char::is_whitespace);
    let part = |text: Option<&str>| text.map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    (part(parts.next()), part(parts.next()))
}

impl Learned {
    /// With this from the provider of their calls, and nothing else changed.
    #[must_use]
    pub fn provided(self, provided: Provided) -> Self {
        Self { provided, ..self }
    }

    /// Takes in what a customer said of themselves in a call that began at `at`.
    pub fn hear(&mut self, update: &ContactUpdate, at: Timestamp, call: CallId) {
        hear(&mut self.name, at, call, update.name.clone());
        hear(&mut self.email, at, call, update.email.clone());
        let address = update.address.clone().map(|address| Address {
            address,
            city: update.city.clone(),
            state: update.state.clone(),
            postal_code: update.postal_code.clone(),
        });
        hear(&mut self.address, at, call, address);
    }

    /// What it amounts to. A name is one thing, and so is an address: half of one and half of another would be nobody's.
    /// The provider's name goes before one heard by the AI; an address heard goes before a caller id's city.
    pub fn fields(&self) -> CardFields {
        let name = self.provided.name.as_deref().or(self.name.as_ref().map(|heard| heard.value.as_str()));
        let (first_name, last_name) = name.map(split_name).unwrap_or_default();
        let heard = self.address.as_ref().map(|heard| &heard.value);
        let (city, state) = (self.provided.city.clone(), self.provided.state.clone());
        CardFields {
            first_name,
            last_name,
            email: self.email.as_ref().map(|heard| heard.value.clone()),
            address: heard.map(|heard| heard.address.clone()),
            city: heard.and_then(|heard| heard.city.clone()).or(city),
            state: heard.and_then(|heard| heard.state.clone()).or(state),
            postal_code: heard.and_then(|heard| heard.postal_code.clone()),
        }
    }
}

/// A card after something was learned: what a person wrote stays.
pub fn relearn(card: &CardFields, before: &Learned, after: &Learned) -> CardFields {
    let (before, mut after) = (before.fields(), after.fields());
    if (&card.first_name, &card.last_name) != (&before.first_name, &before.last_name) {
        (after.first_name, after.last_name) = (card.first_name.clone(), card.last_name.clone());
    }
    if card.email != before.email {
        after.email.clone_from(&card.email);
    }
    let place = |fields: &CardFields| {
        (fields.address.clone(), fields.city.clone(), fields.state.clone(), fields.postal_code.clone())
    };
    if place(card) != place(&before) {
        (after.address, after.city, after.state, after.postal_code) = place(card);
    }
    after
}

/// What the calls of a lead say of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LeadFacts {
    /// Where it comes from: by its earliest call.
    #[serde(with = "source")]
    pub source: Option<LeadSource>,
    /// The marketing campaign: by the earliest call that has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    /// When the customer was last in contact: when the latest call began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_contacted_at: Option<Timestamp>,
}

/// As the word it is stored as everywhere.
mod source {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::LeadSource;

    #[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
    pub(super) fn serialize<S: Serializer>(source: &Option<LeadSource>, to: S) -> Result<S::Ok, S::Error> {
        source.map(LeadSource::as_str).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<LeadSource>, D::Error> {
        let word = Option::<String>::deserialize(from)?;
        word.map(|word| word.parse().map_err(serde::de::Error::custom)).transpose()
    }
}

/// The fields of a lead that are learned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadFields {
    /// Where it comes from.
    pub source: LeadSource,
    /// The marketing campaign.
    pub campaign: Option<String>,
    /// When the customer was last in contact.
    pub last_contacted_at: Option<Timestamp>,
}

impl LeadFacts {
    /// What it amounts to.
    pub fn fields(&self) -> LeadFields {
        LeadFields {
            source: self.source.unwrap_or(LeadSource::Unknown),
            campaign: self.campaign.clone(),
            last_contacted_at: self.last_contacted_at,
        }
    }
}

/// A lead after something was learned: what a person wrote stays, and so does a contact later than every call.
pub fn relearn_lead(lead: &LeadFields, before: &LeadFacts, after: &LeadFacts) -> LeadFields {
    let (before, mut after) = (before.fields(), after.fields());
    if lead.source != before.source {
        after.source = lead.source;
    }
    if lead.campaign != before.campaign {
        after.campaign.clone_from(&lead.campaign);
    }
    if lead.last_contacted_at != before.last_contacted_at {
        after.last_contacted_at = after.last_contacted_at.max(lead.last_contacted_at);
    }
    after
}

#[cfg(test)]
#[path = "learned_tests.rs"]
mod tests;
