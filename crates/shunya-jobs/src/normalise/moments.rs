//! Days, wall-clock times and instants as the vendor writes them.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound, Timelike, Utc};
use kernel::{Timestamp, truncate_to_micros};

use crate::record::AppointmentStart;

/// An appointment outside these years is a misreading.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2100;

/// From here on chrono's nanoseconds mean a leap second, which no database stores.
const LEAP: u32 = 1_000_000_000;

/// A moment, as exactly as it was said.
pub(super) fn start(said: &str) -> Option<AppointmentStart> {
    let said = said.trim();
    // chrono reads far more than four digits as a year; nothing of that kind is meant
    said.get(..5)?.strip_suffix('-')?.parse::<u16>().ok()?;
    if let Ok(day) = NaiveDate::parse_from_str(said, "%Y-%m-%d") {
        return YEARS.contains(&day.year()).then_some(AppointmentStart::Day(day));
    }
    let (day, time) = said.split_once(['T', 't', ' '])?;
    let with_offset = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"];
    let whole = format!("{day}T{time}");
    if let Some(at) = with_offset.iter().find_map(|form| DateTime::parse_from_str(&whole, form).ok()) {
        return instant_of(at.with_timezone(&Utc)).map(AppointmentStart::Instant);
    }
    let day = NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?;
    YEARS.contains(&day.year()).then_some(AppointmentStart::Local(day.and_time(clock(time)?)))
}

/// An instant; without an offset it is UTC. A day alone is none.
pub(super) fn instant(said: &str) -> Option<Timestamp> {
    match start(said)? {
        AppointmentStart::Instant(at) => Some(at),
        AppointmentStart::Local(at) => Some(at.and_utc()),
        AppointmentStart::Day(_) => None,
    }
}

/// A day and what was said of the time on it, apart: `14:30`, `2:30 PM`, `14:30-07:00`, or that day and time again.
pub(super) fn start_on(day: NaiveDate, said: &str) -> Option<AppointmentStart> {
    let said = said.trim();
    if said.starts_with(&day.to_string()) {
        return start(said);
    }
    start(&format!("{day}T{said}"))
}

/// Midnight is how a day without a time comes out of many a serialiser.
pub(super) fn is_midnight(at: NaiveDateTime) -> bool {
    at.time() == NaiveTime::MIN
}

/// Hours and minutes, seconds if need be, on 24 hours or with AM and PM.
fn clock(said: &str) -> Option<NaiveTime> {
    if let Ok(time) = NaiveTime::parse_from_str(said.trim(), "%H:%M:%S%.f") {
        return (time.nanosecond() < LEAP).then(|| time.trunc_subsecs(6));
    }
    let said = said.trim().to_ascii_lowercase().replace('.', "");
    let half = |suffix: &str| said.strip_suffix(suffix).map(str::trim_end);
    let (digits, noon) = match (half("am"), half("pm")) {
        (Some(digits), _) => (digits, Some(0)),
        (_, Some(digits)) => (digits, Some(12)),
        _ => (said.as_str(), None),
    };
    let mut parts = digits.split(':').map(|part| {
        let plain = matches!(part.len(), 1..=2) && part.bytes().all(|byte| byte.is_ascii_digit());
        part.parse::<u32>().ok().filter(|_| plain)
    });
    let hour = parts.next()??;
    let (minute, second) = (parts.next(), parts.next());
    // "14" alone may be anything; "2 pm" is a time
    if parts.next().is_some() || (minute.is_none() && noon.is_none()) {
        return None;
    }
    let hour = match noon {
        Some(noon) if (1..=12).contains(&hour) => hour % 12 + noon,
        Some(_) => return None,
        None => hour,
    };
    NaiveTime::from_hms_opt(hour, minute.unwrap_or(Some(0))?, second.unwrap_or(Some(0))?)
}

/// In a believable year, and storable: no leap second, no more than microseconds.
fn instant_of(at: Timestamp) -> Option<Timestamp> {
    (YEARS.contains(&at.year()) && at.nanosecond() < LEAP).then(|| truncate_to_micros(at))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(read: Option<AppointmentStart>) -> String {
        match read {
            Some(AppointmentStart::Instant(at)) => at.to_rfc3339(),
            Some(AppointmentStart::Local(at)) => at.to_string(),
            Some(AppointmentStart::Day(day)) => day.to_string(),
            None => "-".to_owned(),
        }
    }

    #[test]
    fn moments_are_read_as_exactly_as_they_are_said() {
        for (said, read) in [
            ("2025-12-20T14:30:00-07:00", "2025-12-20T21:30:00+00:00"),
            ("2025-12-20T14:30:00Z", "2025-12-20T14:30:00+00:00"),
            ("2025-12-20t14:30:00z", "2025-12-20T14:30:00+00:00"),
            ("2025-12-20T14:30Z", "2025-12-20T14:30:00+00:00"),
            ("2025-12-20 14:30:00-0700", "2025-12-20T21:30:00+00:00"),
            ("2025-12-20 14:30:00 -07:00", "2025-12-20T21:30:00+00:00"),
            ("2025-12-20T14:30:00.123456789+00:00", "2025-12-20T14:30:00.123456+00:00"),
            ("2025-12-20T14:30:00", "2025-12-20 14:30:00"),
            ("2025-12-20T14:30:00.000000", "2025-12-20 14:30:00"),
            ("2025-12-20 14:30", "2025-12-20 14:30:00"),
            ("2025-12-20 2:30 PM", "2025-12-20 14:30:00"),
            (" 2025-12-20 ", "2025-12-20"),
        ] {
            assert_eq!(shown(start(said)), read, "{said}");
        }
    }

    #[test]
    fn what_is_no_moment_is_none() {
        for said in [
            "",
            "tomorrow at noon",
            "12/20/2025",
            "2025-13-01",
            "2025-02-30T10:00:00Z",
            "2025-12-20T25:00:00",
            "2025-12-20T23:59:60Z",
            "2025-12-20T",
            "1999-12-31",
            "1999-12-31T10:00:00Z",
            "2101-01-01T00:00:00",
            "2101-01-01T00:00:00Z",
            "+262143-12-31T23:59:59Z",
            "99999999-01-01",
            "20ä5-12-20",
            "1766241000",
        ] {
            assert_eq!(start(said), None, "{said}");
        }
    }

    #[test]
    fn instants_without_an_offset_are_utc_and_days_are_none() {
        let at = |said| instant(said).map(kernel::rfc3339);
        assert_eq!(at("2025-12-20T14:30:00-07:00").as_deref(), Some("2025-12-20T21:30:00Z"));
        assert_eq!(at("2025-12-20 14:30").as_deref(), Some("2025-12-20T14:30:00Z"));
        assert_eq!(at("2025-12-20"), None);
    }

    #[test]
    fn times_join_their_day() {
        let day = NaiveDate::from_ymd_opt(2025, 12, 20).unwrap();
        for (said, read) in [
            ("14:30", "2025-12-20 14:30:00"),
            ("14:30:15", "2025-12-20 14:30:15"),
            ("2:30 PM", "2025-12-20 14:30:00"),
            ("2:30pm", "2025-12-20 14:30:00"),
            ("2 p.m.", "2025-12-20 14:00:00"),
            ("12 AM", "2025-12-20 00:00:00"),
            ("12:05 pm", "2025-12-20 12:05:00"),
            ("14:30-07:00", "2025-12-20T21:30:00+00:00"),
            ("2025-12-20T14:30:00-07:00", "2025-12-20T21:30:00+00:00"),
            ("2025-12-21T14:30:00-07:00", "-"),
            ("in the afternoon", "-"),
            ("14", "-"),
            ("13:00 PM", "-"),
            ("24:00", "-"),
            ("-1:00", "-"),
            ("1:2:3:4", "-"),
        ] {
            assert_eq!(shown(start_on(day, said)), read, "{said}");
        }
    }
}
