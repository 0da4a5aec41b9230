//! Natural keys of what arrives from outside, and where an arrival stands.

use std::str::FromStr;

use kernel::{CompanyId, Provider, Timestamp, fingerprint};

/// The key under which a webhook is stored once: tenant, provider, the kind its URL names, and the SHA-256 of its bytes.
///
/// Providers send no event id (CallRail) or one outside the signature (Twilio, Shunya), so the bytes themselves are
/// what can be trusted to tell two events apart. Two events of one call that differ in a byte are two events; applying
/// both is harmless because a call absorbs events in any order and number. The address's query is signed by nobody and
/// counts only where there is no body: else one signed event could be stored as often as somebody thinks of another query.
pub fn event_key(
    company: Option<&CompanyId>,
    provider: Provider,
    kind: &str,
    query: &str,
    body: &[u8],
) -> String {
    let company = company.map_or("", CompanyId::as_str);
    let query = if body.is_empty() { query } else { "" };
    fingerprint(&[company.as_bytes(), provider.as_str().as_bytes(), kind.as_bytes(), query.as_bytes(), body])
}

/// Where a stored webhook stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InboxState {
    /// Stored, to be applied by a job.
    Received,
    /// Its effect is stored.
    Applied,
    /// It speaks of something we do not know yet; matched when that appears.
    Waiting,
    /// Authentic, but not understood. A person may look at it and replay it.
    Quarantined,
    /// Understood, and not for us to act on (a progress report, an event for a call of no interest).
    Ignored,
}

impl InboxState {
    /// Every state.
    pub const ALL: [Self; 5] =
        [Self::Received, Self::Applied, Self::Waiting, Self::Quarantined, Self::Ignored];

    /// As stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Received => "received",
            Self::Applied => "applied",
            Self::Waiting => "waiting",
            Self::Quarantined => "quarantined",
            Self::Ignored => "ignored",
        }
    }
}

impl FromStr for InboxState {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or(())
    }
}

/// What storing an arrival found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// Never seen before.
    First,
    /// Seen before; nothing is to be done again.
    Duplicate {
        /// When it was first stored.
        first_received_at: Timestamp,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_counts_where_there_is_nothing_else() {
        let key = |query, body: &[u8]| event_key(None, Provider::Callrail, "call.completed", query, body);
        assert_eq!(key("n=1", b"{}"), key("n=2", b"{}"));
        assert_ne!(key("n=1", b""), key("n=2", b""));
    }

    #[test]
    fn the_same_bytes_for_two_tenants_or_two_urls_are_two_events() {
        let a = CompanyId::try_new("org_a").unwrap();
        let b = CompanyId::try_new("org_b").unwrap();
        let key = |company, kind| event_key(company, Provider::Callrail, kind, "", b"{}");
        assert_eq!(key(Some(&a), "call.completed"), key(Some(&a), "call.completed"));
        assert_ne!(key(Some(&a), "call.completed"), key(Some(&b), "call.completed"));
        assert_ne!(key(Some(&a), "call.completed"), key(Some(&a), "call.missed"));
        assert_ne!(key(Some(&a), "call.completed"), key(None, "call.completed"));
    }
}
