use chrono::{DateTime, SecondsFormat, SubsecRound, Timelike, Utc};

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

/// Cuts an instant to what both databases store: microseconds, and no leap second, of which the last microsecond before it
/// is the nearest.
pub fn truncate_to_micros(at: Timestamp) -> Timestamp {
    let at = at.trunc_subsecs(6);
    if at.nanosecond() < 1_000_000_000 { at } else { at.with_nanosecond(999_999_000).unwrap_or(at) }
}

/// RFC 3339 in UTC with a trailing `Z`, as every answer writes instants; fractions only where there are any.
pub fn rfc3339(at: Timestamp) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_stored_is_what_a_database_gives_back() {
        let cut = |text: &str| rfc3339(truncate_to_micros(text.parse().unwrap()));
        assert_eq!(cut("2026-11-27T10:00:00.1234567Z"), "2026-11-27T10:00:00.123456Z");
        assert_eq!(cut("2026-12-31T23:59:60Z"), "2026-12-31T23:59:59.999999Z");
        assert_eq!(cut("2026-12-31T23:59:60.5Z"), "2026-12-31T23:59:59.999999Z");
    }
}
