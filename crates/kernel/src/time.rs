use chrono::{DateTime, SecondsFormat, SubsecRound, Utc};

/// An instant, in UTC. Stored with microseconds.
pub type Timestamp = DateTime<Utc>;

/// Where "now" comes from. Passed in, never read in passing, so that tests decide what time it is.
pub trait Clock: Send + Sync {
    /// The current instant, cut to microseconds: what a database gives back equals what was written.
    fn now(&self) -> Timestamp;
}

/// Where chance comes from (jitter).
pub trait Dice: Send + Sync {
    /// A number from 0 (included) to 1 (excluded).
    fn roll(&self) -> f64;
}

/// Cuts an instant to the precision both databases store.
pub fn truncate_to_micros(at: Timestamp) -> Timestamp {
    at.trunc_subsecs(6)
}

/// RFC 3339 in UTC with a trailing `Z`, as every answer writes instants; fractions only where there are any.
pub fn rfc3339(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
