use std::time::Duration;

use kernel::Timestamp;

use crate::machine::{later, left};

/// Nobody is told to come back later than this: by then the line may be shorter.
const LONGEST: Duration = Duration::from_mins(10);

/// Those who were told that a budget is used up. Each is told a time of its own, so that of a thousand jobs one comes back
/// when there is room for one, and not all of them.
#[derive(Clone, Copy, Debug, Default)]
pub struct Line {
    end: Option<Timestamp>,
}

impl Line {
    /// A place at the end: how long until one's turn. `room_in` is when there is room for one again, `each` how long it
    /// takes until there is room for another.
    pub fn place(&mut self, now: Timestamp, room_in: Duration, each: Duration) -> Duration {
        let soonest = later(now, room_in);
        let queued = self.end.filter(|end| *end > soonest && left(*end, now) <= LONGEST);
        // a line longer than that begins again at its head: whoever comes back finds out how long it is by then
        let turn = queued.unwrap_or(soonest);
        self.end = Some(later(turn, each));
        left(turn, now)
    }
    /// Whether nobody stands in it any more.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.end.is_none_or(|end| end <= now)
    }
}
