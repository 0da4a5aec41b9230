use std::time::Duration;

use tokio::time::Instant;

/// Snapshots come no closer than this, however much happens.
const PACE: Duration = Duration::from_millis(700);
/// After something happened a snapshot waits this long for what follows from it.
const SETTLE: Duration = Duration::from_millis(120);
/// Without a word from the bus things are looked at this often.
const REFRESH: Duration = Duration::from_secs(5);
/// A snapshot that took long to make is not made again before so many times as long: looking must not be what keeps
/// the database busy.
const BREATHS: u32 = 5;
/// Something is said at least this often.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// A stream ends after this and the browser comes again, which is when it is checked anew who it is.
const LIFE: Duration = Duration::from_mins(10);

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// The stream ends.
    End,
    /// Look how things stand.
    Snapshot,
    /// Say that somebody is there.
    Heartbeat,
    /// Nothing, until then.
    Nothing(Instant),
}

/// When a stream does what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rhythm {
    /// No snapshot before this.
    rested: Instant,
    snapshot: Instant,
    heartbeat: Instant,
    ends: Instant,
}

impl Rhythm {
    /// Begins with a snapshot: whatever its reader missed before, from then on it misses nothing.
    pub(super) fn begin(now: Instant) -> Self {
        Self { rested: now, snapshot: now, heartbeat: now + HEARTBEAT, ends: now + LIFE }
    }

    /// What is due.
    pub(super) fn due(&self, now: Instant) -> Due {
        if now >= self.ends {
            Due::End
        } else if now >= self.snapshot {
            Due::Snapshot
        } else if now >= self.heartbeat {
            Due::Heartbeat
        } else {
            Due::Nothing(self.snapshot.min(self.heartbeat).min(self.ends))
        }
    }

    /// Something happened: a snapshot soon. What happens meanwhile does not put it off.
    pub(super) fn stirred(&mut self, now: Instant) {
        self.snapshot = self.snapshot.min(self.rested.max(now + SETTLE));
    }

    /// A snapshot was made.
    pub(super) fn looked(&mut self, began: Instant, ended: Instant) {
        let rest = PACE.max((ended - began) * BREATHS);
        self.rested = ended + rest;
        self.snapshot = ended + REFRESH.max(rest);
    }

    /// Something was said.
    pub(super) fn said(&mut self, now: Instant) {
        self.heartbeat = now + HEARTBEAT;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: Duration = Duration::from_millis(1);

    fn looked(took: Duration) -> (Rhythm, Instant) {
        let began = Instant::now();
        let mut rhythm = Rhythm::begin(began);
        assert_eq!(rhythm.due(began), Due::Snapshot);
        rhythm.looked(began, began + took);
        (rhythm, began + took)
    }

    #[test]
    fn without_events_things_are_looked_at_every_five_seconds() {
        let (rhythm, at) = looked(MILLI);
        assert_eq!(rhythm.due(at), Due::Nothing(at + REFRESH));
        assert_eq!(rhythm.due(at + REFRESH), Due::Snapshot);
    }

    #[test]
    fn an_event_brings_a_snapshot_soon_and_more_of_them_no_sooner() {
        let (mut rhythm, at) = looked(MILLI);
        let quiet = at + PACE * 2;
        rhythm.stirred(quiet);
        assert_eq!(rhythm.due(quiet), Due::Nothing(quiet + SETTLE));
        rhythm.stirred(quiet + SETTLE / 2);
        assert_eq!(rhythm.due(quiet + SETTLE), Due::Snapshot, "the second event put it off");
    }

    #[test]
    fn a_flood_of_events_keeps_the_pace() {
        let (mut rhythm, began) = looked(Duration::ZERO);
        let (mut now, mut snapshots) = (began, 0);
        while now < began + Duration::from_secs(7) {
            rhythm.stirred(now);
            if rhythm.due(now) == Due::Snapshot {
                snapshots += 1;
                rhythm.looked(now, now);
            }
            now += MILLI;
        }
        assert_eq!(snapshots, 9, "one every 700 ms");
    }

    #[test]
    fn a_slow_database_is_asked_less_often() {
        let took = Duration::from_secs(2);
        let (mut rhythm, at) = looked(took);
        rhythm.stirred(at);
        assert_eq!(rhythm.due(at + took * BREATHS - MILLI), Due::Nothing(at + took * BREATHS));
        assert_eq!(rhythm.due(at + took * BREATHS), Due::Snapshot);
    }

    #[test]
    fn a_silent_stream_beats_and_every_stream_ends() {
        let (mut rhythm, at) = looked(MILLI);
        rhythm.said(at);
        // snapshots that show nothing new say nothing
        let mut now = at;
        while now + REFRESH < at + HEARTBEAT {
            now += REFRESH;
            rhythm.looked(now, now);
        }
        rhythm.looked(at + HEARTBEAT - MILLI, at + HEARTBEAT - MILLI);
        assert_eq!(rhythm.due(at + HEARTBEAT), Due::Heartbeat);
        rhythm.said(at + HEARTBEAT);
        assert!(matches!(rhythm.due(at + HEARTBEAT), Due::Nothing(_)));
        assert_eq!(rhythm.due(at + LIFE), Due::End);
    }
}
