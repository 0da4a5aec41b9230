use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Where new ids come from. UUID version 7: sortable by time of creation, so inserts stay at the end of an index.
pub trait IdSource: Send + Sync {
    /// A fresh id, never returned before.
    fn next(&self) -> Uuid;
}

/// Why a text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct IdError(&'static str);

macro_rules! uuid_ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl $name {
            /// A fresh id.
            pub fn fresh(ids: &dyn IdSource) -> Self {
                Self(ids.next())
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::try_parse(text).map(Self).map_err(|_| IdError("not a UUID"))
            }
        }
        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )*};
}

uuid_ids! {
    /// A row of `webhook_inbox`.
    InboxId,
    /// A row of `jobs`.
    JobId,
    /// A row of `events`.
    EventId,
    /// A row of `recordings`.
    RecordingId,
    /// A row of `call_transcripts`.
    TranscriptId,
    /// A row of `call_analyses`.
    AnalysisId,
    /// A row of `shunya_jobs`: our record of one request to Shunya.
    ShunyaJobId,
    /// A row of `contact_cards`.
    ContactCardId,
    /// A row of `leads`.
    LeadId,
    /// A row of `appointments`.
    AppointmentId,
    /// A row of `tasks`.
    TaskId,
    /// A row of `key_signals`.
    KeySignalId,
}

/// A call's number: unique over all tenants, because Shunya knows a call by this integer alone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CallId(pub i64);

impl fmt::Display for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for CallId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! text_ids {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// 1 to 64 characters of `A-Z a-z 0-9 _ -`: safe in a path, a channel name and a storage key.
            pub fn try_new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
                if text.is_empty() || text.len() > 64 {
                    return Err(IdError("must have 1 to 64 characters"));
                }
                if !text.chars().all(allowed) {
                    return Err(IdError("may hold only letters, digits, '_' and '-'"));
                }
                Ok(Self(text))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::try_new(text)
            }
        }
        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::try_new(text)
            }
        }
        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }
    )*};
}

text_ids! {
    /// A company, which is a tenant: the identity provider's organisation id.
    CompanyId,
    /// A person: the identity provider's user id.
    UserId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_ids_refuse_what_would_break_a_path_or_channel() {
        for bad in ["", "a b", "a/b", "a:b", "ä", "..", &"x".repeat(65)] {
            assert!(CompanyId::try_new(bad).is_err(), "{bad:?} was accepted");
        }
        assert_eq!(CompanyId::try_new("org_2abc-9").unwrap().as_str(), "org_2abc-9");
    }

    #[test]
    fn deserialising_checks_too() {
        assert!(serde_json::from_str::<UserId>("\"a/b\"").is_err());
    }
}
