use crate::Timestamp;
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeZone};
use chrono_tz::Tz;

/// The text names no IANA time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an IANA time zone, such as America/Phoenix")]
pub struct UnknownZone;

/// A company's calendar: which instants make up its days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Calendar {
    zone: Option<Tz>,
}

impl Calendar {
    /// The calendar of companies that set no time zone.
    pub const UTC: Self = Self { zone: None };

    /// The calendar of an IANA zone.
    pub fn in_zone(name: &str) -> Result<Self, UnknownZone> {
        name.parse().map(|zone| Self { zone: Some(zone) }).map_err(|_| UnknownZone)
    }

    /// The zone's IANA name, where one is set.
    pub fn zone_name(&self) -> Option<&'static str> {
        self.zone.map(chrono_tz::Tz::name)
    }

    fn zone(self) -> Tz {
        self.zone.unwrap_or(Tz::UTC)
    }

    /// The instant at which a day begins.
    pub fn start_of(&self, day: NaiveDate) -> Timestamp {
        self.instant(day.and_time(NaiveTime::MIN))
    }

    /// The instant at which the next day begins: the excluded end of the day.
    pub fn end_of(&self, day: NaiveDate) -> Timestamp {
        self.start_of(day.checked_add_days(Days::new(1)).unwrap_or(NaiveDate::MAX))
    }

    /// The day an instant lies in.
    pub fn day_of(&self, at: Timestamp) -> NaiveDate {
        at.with_timezone(&self.zone()).date_naive()
    }

    /// The local hour of an instant, 0 to 23, and its weekday, for messages and plots.
    pub fn local(&self, at: Timestamp) -> DateTime<Tz> {
        at.with_timezone(&self.zone())
    }

    /// The instant of a wall-clock time. When clocks go back the first of the two is meant; a time skipped when clocks
    /// go forward means the moment they did.
    pub fn instant(&self, local: NaiveDateTime) -> Timestamp {
        let zone = self.zone();
        // nothing near the ends of what a date can hold is a real time; stay where offsets cannot overflow
        let local =
            if (-9999..=9999).contains(&local.year()) { local } else { DateTime::UNIX_EPOCH.naive_utc() };
        let mut probe = local;
        for _ in 0..96 {
            if let Some(found) = zone.from_local_datetime(&probe).earliest() {
                return found.to_utc();
            }
            // zones shift by multiples of 15 minutes, at most a day
            probe += chrono::Duration::minutes(15);
        }
        local.and_utc()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn days_are_cut_where_the_company_lives() {
        let phoenix = Calendar::in_zone("America/Phoenix").unwrap();
        assert_eq!(phoenix.start_of(day("2026-11-22")).to_rfc3339(), "2026-11-22T07:00:00+00:00");
        assert_eq!(phoenix.day_of("2026-11-22T06:59:59Z".parse().unwrap()), day("2026-11-21"));
        assert_eq!(Calendar::UTC.start_of(day("2026-11-22")).to_rfc3339(), "2026-11-22T00:00:00+00:00");
    }

    #[test]
    fn days_with_a_clock_change_have_23_or_25_hours() {
        let chicago = Calendar::in_zone("America/Chicago").unwrap();
        let hours = |d: &str| (chicago.end_of(day(d)) - chicago.start_of(day(d))).num_hours();
        assert_eq!((hours("2026-03-08"), hours("2026-11-01"), hours("2026-11-02")), (23, 25, 24));
    }

    #[test]
    fn a_skipped_time_means_the_moment_the_clocks_went_forward() {
        let chicago = Calendar::in_zone("America/Chicago").unwrap();
        let skipped = day("2026-03-08").and_hms_opt(2, 30, 0).unwrap();
        assert_eq!(chicago.instant(skipped).to_rfc3339(), "2026-03-08T08:00:00+00:00");
    }

    #[test]
    fn unknown_zones_are_refused() {
        assert_eq!(Calendar::in_zone("Mars/Olympus"), Err(UnknownZone));
    }

    proptest! {
        #[test]
        fn every_instant_lies_in_its_day(seconds in 946_684_800i64..4_102_444_800, zone in 0usize..596) {
            let zone = chrono_tz::TZ_VARIANTS[zone % chrono_tz::TZ_VARIANTS.len()];
            let calendar = Calendar::in_zone(zone.name()).unwrap();
            let at = DateTime::from_timestamp(seconds, 0).unwrap();
            let day = calendar.day_of(at);
            prop_assert!(calendar.start_of(day) <= at && at < calendar.end_of(day));
        }
    }
}
