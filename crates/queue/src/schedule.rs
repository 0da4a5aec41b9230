use std::time::Duration;

use chrono::DateTime;
use kernel::Timestamp;

use crate::JobKind;

/// Recurring work. Time is cut into slots of equal length since 1970; each slot is enqueued once, whoever does it.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule {
    /// Its stored name, never reused for something else.
    pub name: &'static str,
    /// The job it enqueues, without arguments.
    pub kind: &'static JobKind,
    /// The length of a slot. At least one second.
    pub every: Duration,
}

/// One due occurrence of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot {
    /// The schedule's name.
    pub schedule: &'static str,
    /// When the slot began.
    pub begins: Timestamp,
}

impl Schedule {
    /// The slot that `now` lies in. After an outage the slots missed are not made up for: every schedule looks at the
    /// whole state, so one run does the work of all the missed ones.
    pub fn slot(&self, now: Timestamp) -> Slot {
        let every = i64::try_from(self.every.as_secs()).unwrap_or(i64::MAX).max(1);
        let begins = now.timestamp().div_euclid(every) * every;
        Slot { schedule: self.name, begins: DateTime::from_timestamp(begins, 0).unwrap_or(now) }
    }

    /// When the next slot begins.
    pub fn next(&self, now: Timestamp) -> Timestamp {
        let every = chrono::Duration::from_std(self.every).unwrap_or(chrono::Duration::days(1));
        self.slot(now).begins + every
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Backoff, Priority, Queue};

    static KIND: JobKind = JobKind {
        name: "test.sweep",
        queue: Queue::Default,
        max_attempts: 1,
        timeout: Duration::from_secs(1),
        backoff: Backoff { base: Duration::from_secs(1), cap: Duration::from_secs(1) },
        priority: Priority::Low,
    };

    #[test]
    fn every_instant_lies_in_exactly_one_slot() {
        let schedule = Schedule { name: "test", kind: &KIND, every: Duration::from_mins(1) };
        let at = |s| DateTime::from_timestamp(s, 0).unwrap();
        assert_eq!(schedule.slot(at(119)).begins, at(60));
        assert_eq!(schedule.slot(at(120)).begins, at(120));
        assert_eq!(schedule.next(at(119)), at(120));
        assert_eq!(schedule.next(at(120)), at(180));
    }
}
