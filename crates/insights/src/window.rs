use chrono::{DateTime, Days, Duration, NaiveDate, NaiveDateTime, NaiveTime};
use kernel::{Calendar, Timestamp};

/// A span of time: `from` belongs to it, `until` does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The first instant in it.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
}

/// A bound that cannot be read, or bounds in the wrong order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WindowError {
    /// Neither a date nor an RFC 3339 instant.
    #[error("must be a date (YYYY-MM-DD) or an RFC 3339 timestamp")]
    Unreadable,
    /// The lower bound lies after the upper one.
    #[error("must not be after the upper bound")]
    Backwards,
    /// More days than one answer holds.
    #[error("must span at most {0} days")]
    TooLong(i64),
}

/// Reads an instant: RFC 3339 with an offset, or without one, which means UTC. Years 1900 to 2200: everything a
/// database column and a client can hold.
pub fn parse_instant(text: &str) -> Option<Timestamp> {
    // a '+' in an address reaches us as a blank unless the client escaped it
    let text = text.trim().replace(' ', if text.contains(['T', 't']) { "+" } else { "T" });
    let instant = match DateTime::parse_from_rfc3339(&text) {
        Ok(instant) => instant.to_utc(),
        Err(_) => text.parse::<NaiveDateTime>().ok()?.and_utc(),
    };
    in_range(instant).then_some(kernel::truncate_to_micros(instant))
}

fn in_range(instant: Timestamp) -> bool {
    let year = chrono::Datelike::year(&instant);
    (1900..=2200).contains(&year)
}

fn parse_day(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    // chrono would also take 2026-1-2, which the contract does not
    if text.len() != 10 {
        return None;
    }
    let day: NaiveDate = text.parse().ok()?;
    in_range(day.and_time(NaiveTime::MIN).and_utc()).then_some(day)
}

impl Window {
    /// A lower bound alone: a bare date begins at that day's first instant.
    pub fn lower(text: &str, calendar: Calendar) -> Result<Timestamp, WindowError> {
        match parse_day(text) {
            Some(day) => Ok(calendar.start_of(day)),
            None => parse_instant(text).ok_or(WindowError::Unreadable),
        }
    }

    /// An upper bound alone, as the first instant no longer in: a bare date ends with that day, a timestamp is included.
    pub fn upper(text: &str, calendar: Calendar) -> Result<Timestamp, WindowError> {
        match parse_day(text) {
            Some(day) => Ok(calendar.end_of(day)),
            None => parse_instant(text).map(after).ok_or(WindowError::Unreadable),
        }
    }

    /// The 30 days up to and including now (`metrics.md` §0.1, defaults).
    pub fn last_30_days(now: Timestamp) -> Self {
        Self { from: now - Duration::days(30), until: after(now) }
    }
}

fn after(instant: Timestamp) -> Timestamp {
    instant + Duration::microseconds(1)
}

/// Whole days of a company, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayRange {
    /// The first day.
    pub first: NaiveDate,
    /// The last day.
    pub last: NaiveDate,
}

impl DayRange {
    /// The longest range one answer holds: two years.
    pub const MOST_DAYS: i64 = 731;

    /// Reads `start_date` and `end_date`; by default today and the 30 days before it, 31 in all
    /// (`metrics.md` §7.2).
    pub fn parse(
        start: Option<&str>,
        end: Option<&str>,
        calendar: Calendar,
        now: Timestamp,
    ) -> Result<Self, (&'static str, WindowError)> {
        let read = |field, text: Option<&str>| match text {
            Some(text) => parse_day(text).map(Some).ok_or((field, WindowError::Unreadable)),
            None => Ok(None),
        };
        let start = read("start_date", start)?;
        let last = read("end_date", end)?.unwrap_or_else(|| calendar.day_of(now));
        let first = start.unwrap_or_else(|| last.checked_sub_days(Days::new(30)).unwrap_or(last));
        if first > last {
            return Err(("start_date", WindowError::Backwards));
        }
        if (last - first).num_days() >= Self::MOST_DAYS {
            return Err(("start_date", WindowError::TooLong(Self::MOST_DAYS)));
        }
        Ok(Self { first, last })
    }

    /// Every day in it.
    pub fn days(&self) -> impl Iterator<Item = NaiveDate> + use<> {
        let last = self.last;
        self.first.iter_days().take_while(move |day| *day <= last)
    }

    /// The instants it covers.
    pub fn window(&self, calendar: Calendar) -> Window {
        Window { from: calendar.start_of(self.first), until: calendar.end_of(self.last) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_bare_end_date_includes_its_whole_day_where_the_company_lives() {
        let phoenix = Calendar::in_zone("America/Phoenix").unwrap();
        assert_eq!(Window::upper("2026-11-22", phoenix), Ok(at("2026-11-23T07:00:00Z")));
        assert_eq!(Window::lower("2026-11-22", phoenix), Ok(at("2026-11-22T07:00:00Z")));
    }

    #[test]
    fn timestamps_are_included_and_mean_utc_without_an_offset() {
        assert_eq!(Window::lower("2026-11-22T10:00:00", Calendar::UTC), Ok(at("2026-11-22T10:00:00Z")));
        assert_eq!(
            Window::upper("2026-11-22T12:00:00+02:00", Calendar::UTC),
            Ok(at("2026-11-22T10:00:00.000001Z"))
        );
        assert_eq!(Window::lower("2026-11-22T12:00:00 02:00", Calendar::UTC), Ok(at("2026-11-22T10:00:00Z")));
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "yesterday", "2026-13-01", "2026-1-2", "22.11.2026", "99999-01-01", "-0001-01-01"] {
            assert_eq!(Window::lower(text, Calendar::UTC), Err(WindowError::Unreadable), "{text}");
        }
    }

    #[test]
    fn the_default_chart_has_31_points() {
        let range = DayRange::parse(None, None, Calendar::UTC, at("2026-11-22T10:00:00Z")).unwrap();
        assert_eq!(range.days().count(), 31);
        assert_eq!(range.last.to_string(), "2026-11-22");
    }

    #[test]
    fn backwards_and_endless_ranges_are_refused() {
        let parse =
            |start, end| DayRange::parse(Some(start), Some(end), Calendar::UTC, at("2026-11-22T10:00:00Z"));
        assert_eq!(parse("2026-11-02", "2026-11-01"), Err(("start_date", WindowError::Backwards)));
        assert_eq!(parse("1990-11-02", "2026-11-01"), Err(("start_date", WindowError::TooLong(731))));
        assert_eq!(parse("2026-11-01", "nope"), Err(("end_date", WindowError::Unreadable)));
    }
}
