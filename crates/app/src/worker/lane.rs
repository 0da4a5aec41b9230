//! How much of a queue a worker takes at once.
//!
//! A claim costs the same for one job as for dozens. Where jobs are so short that a claim is much of what they cost, a lane
//! takes more than it can begin; what it cannot begin yet waits in it, under a lease like what runs. How far it claims ahead
//! goes by what it sees: as long as its jobs are short it doubles, and one that is not brings it back to nothing. What has
//! waited too long all the same goes back to the queue, where another worker may be idle.

use std::{collections::VecDeque, time::Duration};

use queue::Queue;
use tokio::time::Instant;

/// A job that ends within this is short, and a claim all of which has begun within it was not too large.
const BRISK: Duration = Duration::from_millis(100);
/// What has waited as long as this for a slot is handed back.
const WAITS_AT_MOST: Duration = Duration::from_millis(500);
/// How many jobs may wait. Claims of some dozens are cheap; more of them would save little, and all of them count as
/// running when it is their tenants' turn.
const MOST_AHEAD: usize = 64;

/// How far to claim ahead.
#[derive(Debug)]
struct Pace {
    slots: usize,
    ahead: usize,
    /// How many of those that ended last were short.
    short_in_a_row: usize,
    claimed_at: Instant,
    /// Whether the last claim found as many jobs as it asked for.
    full: bool,
    /// Whether all of it began in time.
    in_time: bool,
}

impl Pace {
    fn new(slots: usize, now: Instant) -> Self {
        Self { slots, ahead: 0, short_in_a_row: 0, claimed_at: now, full: false, in_time: false }
    }

    fn claimed(&mut self, full: bool, now: Instant) {
        (self.claimed_at, self.full, self.in_time) = (now, full, false);
    }

    /// Of the last claim nothing waits any more.
    fn all_began(&mut self, now: Instant) {
        self.in_time = now.saturating_duration_since(self.claimed_at) <= BRISK;
        if !self.in_time {
            self.ahead /= 2;
        }
    }

    fn ended(&mut self, took: Duration) {
        if took <= BRISK {
            self.short_in_a_row = self.short_in_a_row.saturating_add(1);
        } else {
            self.short_in_a_row = 0;
            self.ahead = 0;
        }
    }

    fn waited_too_long(&mut self) {
        self.short_in_a_row = 0;
        self.ahead = 0;
    }

    /// How many to claim beyond what can begin at once. One claim is reason to grow once.
    fn ahead(&mut self) -> usize {
        let well = std::mem::take(&mut self.in_time) && self.full;
        if well && self.short_in_a_row >= self.slots {
            self.ahead = (self.ahead * 2).max(self.slots).min(MOST_AHEAD);
        }
        self.ahead
    }
}

/// One queue of a worker: `J` is a job it has claimed and not begun.
#[derive(Debug)]
pub(super) struct Lane<J> {
    /// Which.
    pub(super) queue: Queue,
    free: usize,
    /// Claimed and not begun, in the order they were claimed in. Nothing waits while a slot is free.
    waiting: VecDeque<J>,
    pace: Pace,
    look_at: Instant,
}

impl<J> Lane<J> {
    /// Looks at once. `slots` is how many of its jobs may run at a time.
    pub(super) fn new(queue: Queue, slots: usize, now: Instant) -> Self {
        Self { queue, free: slots, waiting: VecDeque::new(), pace: Pace::new(slots, now), look_at: now }
    }

    /// How many jobs to claim now, if it is time to.
    pub(super) fn wants(&mut self, now: Instant) -> Option<usize> {
        let looks = self.free > 0 && self.waiting.is_empty() && self.look_at <= now;
        looks.then(|| self.free + self.pace.ahead())
    }

    /// What a claim of so many brought. Answers whether slots stay free, so that only the time of the next job tells when
    /// to look again. A claim that filled them is no reason to ask: the lane looks anyway when one of them is free again.
    pub(super) fn claimed(&mut self, wanted: usize, jobs: impl IntoIterator<Item = J>, now: Instant) -> bool {
        self.waiting.extend(jobs);
        self.pace.claimed(self.waiting.len() >= wanted, now);
        self.waiting.len() < self.free
    }

    /// A job to begin, if there is one and room for it.
    pub(super) fn begin(&mut self, now: Instant) -> Option<J> {
        if self.free == 0 {
            return None;
        }
        let job = self.waiting.pop_front()?;
        self.free -= 1;
        if self.waiting.is_empty() {
            self.pace.all_began(now);
        }
        Some(job)
    }

    /// One of its jobs has ended, after so long. It may have been put back, so the lane looks.
    pub(super) fn ended(&mut self, took: Duration, now: Instant) {
        self.free += 1;
        self.pace.ended(took);
        self.look_at = now;
    }

    /// Looks at this time, or when something happens. What waits comes first, and then a look is not forgotten.
    pub(super) fn look_at(&mut self, at: Instant) {
        self.look_at = at;
    }

    /// Does not look before this time, unless something happens.
    pub(super) fn postpone(&mut self, at: Instant) {
        self.look_at = self.look_at.max(at);
    }

    /// When there is something to do if nothing happens: looking for jobs, or handing back what waits.
    pub(super) fn next(&self) -> Option<Instant> {
        if !self.waiting.is_empty() {
            return Some(self.pace.claimed_at + WAITS_AT_MOST);
        }
        (self.free > 0).then_some(self.look_at)
    }

    /// What has waited too long and is to be handed back.
    pub(super) fn waited_too_long(&mut self, now: Instant) -> Vec<J> {
        if self.waiting.is_empty() || now < self.pace.claimed_at + WAITS_AT_MOST {
            return Vec::new();
        }
        self.pace.waited_too_long();
        self.give_up()
    }

    /// All that waits: none of it will be begun here.
    pub(super) fn give_up(&mut self) -> Vec<J> {
        self.waiting.drain(..).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(2);
    const LONG: Duration = Duration::from_secs(30);

    /// A lane with two slots, a time, and as many jobs in its queue as anybody asks for.
    struct Bench {
        lane: Lane<u32>,
        now: Instant,
        running: usize,
    }

    impl Bench {
        fn new() -> Self {
            let now = Instant::now();
            Self { lane: Lane::new(Queue::Default, 2, now), now, running: 0 }
        }

        fn begin(&mut self) {
            while self.lane.begin(self.now).is_some() {
                self.running += 1;
            }
        }

        /// Claims, if it is time to, and finds this many at most; answers how many were asked for.
        fn claim(&mut self, there: u32) -> Option<usize> {
            let wanted = self.lane.wants(self.now)?;
            let found = (0..there).take(wanted);
            self.lane.claimed(wanted, found, self.now);
            self.begin();
            Some(wanted)
        }

        /// One job ends that took this long, and what waits begins.
        fn end(&mut self, took: Duration) {
            self.now += took;
            self.ended(took);
        }

        /// One that took this long has just ended.
        fn ended(&mut self, took: Duration) {
            self.running -= 1;
            self.lane.ended(took, self.now);
            self.begin();
        }

        /// Does short jobs until a slot is free.
        fn drain(&mut self) {
            while self.lane.wants(self.now).is_none() {
                self.end(SHORT);
            }
        }
    }

    /// How much each claim asks for, while all jobs are short.
    fn asked_for(claims: usize) -> (Bench, Vec<usize>) {
        let mut bench = Bench::new();
        let mut asked = Vec::new();
        for _ in 0..claims {
            asked.push(bench.claim(u32::MAX).expect("it is time to"));
            // waiting ones take their turns, and both slots are free in the end
            while bench.running > 0 {
                bench.end(SHORT);
            }
        }
        (bench, asked)
    }

    #[test]
    fn short_jobs_are_claimed_ahead_twice_as_many_each_time_up_to_a_bound() {
        // the last one took longer to begin than a claim may: 66 at two milliseconds each
        assert_eq!(asked_for(7).1, [2, 4, 6, 10, 18, 34, 66]);
        let (mut bench, _) = asked_for(7);
        assert_eq!(bench.claim(u32::MAX), Some(2 + MOST_AHEAD / 2), "and so the next is smaller");
    }

    #[test]
    fn nothing_is_claimed_ahead_before_as_many_were_short_as_may_run() {
        let mut bench = Bench::new();
        assert_eq!(bench.claim(u32::MAX), Some(2));
        bench.end(SHORT);
        // the other may be a long one
        assert_eq!(bench.claim(u32::MAX), Some(1));
        bench.end(SHORT);
        assert_eq!(bench.claim(u32::MAX), Some(1 + 2));
    }

    #[test]
    fn long_jobs_are_never_claimed_ahead() {
        let mut bench = Bench::new();
        assert_eq!(bench.claim(u32::MAX), Some(2));
        for _ in 0..5 {
            bench.end(LONG);
            assert_eq!(bench.claim(u32::MAX), Some(1));
            // the other of two that began together ends a moment later, so that claims follow one another closely
            bench.now += SHORT;
            bench.ended(LONG);
            assert_eq!(bench.claim(u32::MAX), Some(1));
        }
    }

    #[test]
    fn one_long_job_ends_claiming_ahead() {
        let (mut bench, _) = asked_for(4);
        assert_eq!(bench.claim(u32::MAX), Some(18));
        bench.end(BRISK + SHORT);
        assert_eq!(bench.lane.pace.ahead, 0);
        bench.drain();
        assert_eq!(bench.claim(u32::MAX), Some(1));
    }

    #[test]
    fn a_claim_that_was_not_full_is_no_reason_to_take_more() {
        let (mut bench, _) = asked_for(3);
        assert_eq!(bench.claim(9), Some(10));
        bench.drain();
        assert_eq!(bench.claim(9), Some(1 + 8), "as far ahead as before, for the one slot that is free");
    }

    #[test]
    fn what_waits_is_begun_before_anything_is_claimed() {
        let (mut bench, _) = asked_for(3);
        assert_eq!(bench.claim(u32::MAX), Some(10));
        for waiting in (0..8).rev() {
            // a bell rings
            bench.lane.look_at(bench.now);
            assert_eq!(bench.claim(u32::MAX), None, "no slot is free");
            bench.end(SHORT);
            assert_eq!((bench.running, bench.lane.waiting.len()), (2, waiting));
        }
        bench.end(SHORT);
        assert!(bench.claim(u32::MAX).is_some());
    }

    #[test]
    fn a_bell_that_rang_while_jobs_waited_is_heard_afterwards() {
        let (mut bench, _) = asked_for(2);
        assert_eq!(bench.claim(3), Some(6));
        bench.lane.postpone(bench.now + LONG);
        bench.lane.look_at(bench.now);
        assert_eq!(bench.claim(3), None);
        bench.lane.free += 1;
        bench.begin();
        bench.lane.free += 1;
        assert!(bench.claim(3).is_some());
    }

    #[test]
    fn only_a_claim_that_leaves_slots_free_asks_when_the_next_job_is_due() {
        let (mut bench, _) = asked_for(2);
        let wanted = bench.lane.wants(bench.now).unwrap();
        assert_eq!(wanted, 6);
        assert!(bench.lane.claimed(wanted, [1], bench.now));
        bench.begin();
        let wanted = bench.lane.wants(bench.now).unwrap();
        assert!(!bench.lane.claimed(wanted, [2, 3], bench.now), "short of what it asked for, and busy");
        bench.begin();
        assert_eq!(bench.lane.wants(bench.now), None);
    }

    #[test]
    fn what_waits_too_long_is_handed_back_and_nothing_is_claimed_ahead_after_it() {
        let (mut bench, _) = asked_for(3);
        assert_eq!(bench.claim(u32::MAX), Some(10));
        let due = bench.lane.next().unwrap();
        assert_eq!(due, bench.now + WAITS_AT_MOST);
        assert!(bench.lane.waited_too_long(due - SHORT).is_empty());
        assert_eq!(bench.lane.waited_too_long(due), (2..10).collect::<Vec<_>>());
        bench.now = due;
        assert_eq!(bench.lane.next(), None, "both slots are taken, and nothing waits");
        bench.end(WAITS_AT_MOST);
        assert_eq!(bench.claim(u32::MAX), Some(1));
    }
}
