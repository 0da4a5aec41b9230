use std::{collections::VecDeque, time::Duration};

use kernel::Timestamp;

use crate::policy::{BreakerPolicy, LONGEST_ASKED};

/// No more results than this are kept.
pub const REMEMBERED: usize = 64;
/// A probe whose end nobody told is forgotten after this.
const PROBE_LIFE: Duration = Duration::from_mins(2);
/// A breaker nobody asked for this long is as good as new.
const IDLE: Duration = Duration::from_hours(1);

/// Time from one instant to a later one.
pub(crate) fn left(until: Timestamp, now: Timestamp) -> Duration {
    (until - now).to_std().unwrap_or_default()
}

pub(crate) fn later(at: Timestamp, by: Duration) -> Timestamp {
    chrono::Duration::from_std(by).ok().and_then(|by| at.checked_add_signed(by)).unwrap_or(at)
}

/// How a call ended, as far as a breaker is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered, if only with a refusal.
    Answered,
    /// It was answered with the wish to be asked less often.
    Throttled {
        /// For how long, where it said so.
        retry_after: Option<Duration>,
    },
    /// It was not answered, or not as by something that works.
    Failed {
        /// When to ask again, where it said so.
        retry_after: Option<Duration>,
    },
}

/// Why a call is not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The breaker is open, or somebody is probing.
    Failing,
    /// The provider asked us to slow down.
    Throttled,
}

/// A call is not to be made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub reason: Reason,
    /// It may be made after this.
    pub retry_after: Duration,
}

/// A call may be made. Its end is to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    number: u64,
    /// Results of calls that began before the breaker last changed say nothing of now.
    epoch: u64,
    began: Timestamp,
}

impl Permit {
    /// How long the call has lasted.
    pub(crate) fn lasted(&self, now: Timestamp) -> Duration {
        left(now, self.began)
    }
}

/// Where a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Calls are made.
    Closed,
    /// One call is made to find out, or may be.
    HalfOpen,
    /// No call is made.
    Open,
}

impl Standing {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Closed, Self::HalfOpen, Self::Open];

    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Closed => "closed",
            Self::HalfOpen => "half_open",
            Self::Open => "open",
        }
    }

    /// As measured: 0, 1 and 2.
    pub fn level(self) -> u8 {
        match self {
            Self::Closed => 0,
            Self::HalfOpen => 1,
            Self::Open => 2,
        }
    }
}

/// What a call's end changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was closed and is open.
    Opened,
    /// The probe failed: it stays open, for longer.
    StaysOpen,
    /// It is closed again.
    Closed,
}

#[derive(Clone, Copy, Debug)]
struct Trouble {
    since: Timestamp,
    until: Timestamp,
    failed_probes: u32,
    /// The number of the call that probes, and when it began.
    probe: Option<(u64, Timestamp)>,
}

/// A circuit breaker: closed while calls are answered; open, so that none is made, when they are not; after a while half
/// open, so that one is made to find out.
///
/// Only outcomes that say the provider is not there open it. It refuses nobody for longer than the policy's longest pause
/// or [`LONGEST_ASKED`], and who comes back when told is let in, unless somebody else is just finding out.
#[derive(Clone, Debug)]
pub struct Breaker {
    policy: BreakerPolicy,
    trouble: Option<Trouble>,
    /// Until when the provider wants to be left alone.
    rest: Option<Timestamp>,
    rests_in_a_row: u32,
    failures_in_a_row: u32,
    /// When each of the last calls ended, and whether it failed.
    recent: VecDeque<(Timestamp, bool)>,
    next: u64,
    epoch: u64,
    used: Timestamp,
}

impl Breaker {
    /// A closed one.
    pub fn new(policy: BreakerPolicy, now: Timestamp) -> Self {
        Self {
            policy,
            trouble: None,
            rest: None,
            rests_in_a_row: 0,
            failures_in_a_row: 0,
            recent: VecDeque::new(),
            next: 0,
            epoch: 0,
            used: now,
        }
    }

    /// May a call be made? Whoever gets a permit tells its end with [`Breaker::settle`], or
    /// gives it back.
    pub fn admit(&mut self, now: Timestamp) -> Result<Permit, Refusal> {
        self.notice(now);
        if let Some(retry_after) = self.resting(now) {
            return Err(Refusal { reason: Reason::Throttled, retry_after });
        }
        let number = self.next;
        if let Some(trouble) = &mut self.trouble {
            let failing = |retry_after| Err(Refusal { reason: Reason::Failing, retry_after });
            let wait = left(trouble.until, now);
            if !wait.is_zero() {
                return failing(wait);
            }
            if trouble.probe.is_some_and(|(_, began)| left(now, began) < PROBE_LIFE) {
                return failing(self.policy.probe_wait);
            }
            trouble.until = now;
            trouble.probe = Some((number, now));
        }
        self.next += 1;
        Ok(Permit { number, epoch: self.epoch, began: now })
    }

    /// A call has ended. `roll` is a random number in 0..1.
    pub fn settle(&mut self, permit: &Permit, outcome: Outcome, now: Timestamp, roll: f64) -> Option<Change> {
        self.notice(now);
        if let Outcome::Throttled { retry_after } = outcome {
            self.slow_down(retry_after, now, roll);
        } else if outcome == Outcome::Answered && self.resting(now).is_none() {
            self.rests_in_a_row = 0;
        }
        let failed = matches!(outcome, Outcome::Failed { .. });
        if self.is_probe(permit) {
            if !failed {
                self.close();
                return Some(Change::Closed);
            }
            self.open(outcome, now, roll);
            return Some(Change::StaysOpen);
        }
        if self.trouble.is_some() || permit.epoch != self.epoch {
            return None;
        }
        self.failures_in_a_row = if failed { self.failures_in_a_row.saturating_add(1) } else { 0 };
        self.recent.push_back((now, failed));
        if self.recent.len() > REMEMBERED {
            self.recent.pop_front();
        }
        if !failed || !self.has_failed_enough(now) {
            return None;
        }
        self.open(outcome, now, roll);
        Some(Change::Opened)
    }

    /// A call was not made after all, or is not waited for any more: as if it had never begun.
    pub fn give_back(&mut self, permit: &Permit) {
        if self.is_probe(permit)
            && let Some(trouble) = &mut self.trouble
        {
            trouble.probe = None;
        }
    }

    /// Whether this is the call that finds out.
    pub fn is_probe(&self, permit: &Permit) -> bool {
        let probe = self.trouble.and_then(|trouble| trouble.probe);
        permit.epoch == self.epoch && probe.is_some_and(|(number, _)| number == permit.number)
    }

    /// If it is open, it may be probed from now on: there is news of the provider.
    pub fn hasten(&mut self, now: Timestamp) {
        if let Some(trouble) = &mut self.trouble {
            trouble.until = trouble.until.min(now);
        }
    }

    /// Where it stands.
    pub fn standing(&self, now: Timestamp) -> Standing {
        match &self.trouble {
            None => Standing::Closed,
            Some(trouble) if trouble.until > now => Standing::Open,
            Some(_) => Standing::HalfOpen,
        }
    }

    /// Since when it is not closed, and when it may be probed.
    pub fn trouble(&self) -> Option<(Timestamp, Timestamp)> {
        self.trouble.map(|trouble| (trouble.since, trouble.until))
    }

    /// How long to wait from now on; `None` if calls are made.
    pub fn wait(&self, now: Timestamp) -> Option<Duration> {
        let trouble = self.trouble.map(|trouble| left(trouble.until, now).max(self.policy.probe_wait));
        trouble.into_iter().chain(self.resting(now)).max()
    }

    /// How much longer the provider wants to be left alone.
    pub fn resting(&self, now: Timestamp) -> Option<Duration> {
        let wait = left(self.rest?, now);
        (!wait.is_zero()).then_some(wait)
    }

    /// By which it decides.
    pub(crate) fn policy(&self) -> BreakerPolicy {
        self.policy
    }

    /// Whether a new one would be as good.
    pub fn is_idle(&self, now: Timestamp) -> bool {
        let last = self.trouble.map_or(self.used, |trouble| trouble.until.max(self.used));
        now < self.used || now - last > chrono_of(IDLE)
    }

    /// What time it is. If the clock was set back, times agreed on before are of no use: asking once too often is the
    /// lesser evil.
    fn notice(&mut self, now: Timestamp) {
        if now < self.used {
            self.rest = None;
            if let Some(trouble) = &mut self.trouble {
                trouble.until = trouble.until.min(now);
                trouble.probe = None;
            }
        }
        self.used = now;
    }

    fn has_failed_enough(&self, now: Timestamp) -> bool {
        let within = |at: &Timestamp| *at <= now && now - *at <= chrono_of(self.policy.window);
        let (mut calls, mut failures) = (0_usize, 0_usize);
        for (_, failed) in self.recent.iter().filter(|(at, _)| within(at)) {
            calls += 1;
            failures += usize::from(*failed);
        }
        self.failures_in_a_row >= self.policy.failures_in_a_row
            || (calls >= self.policy.least_calls && failures as f64 >= calls as f64 * self.policy.worst_share)
    }

    fn open(&mut self, outcome: Outcome, now: Timestamp, roll: f64) {
        let asked = match outcome {
            Outcome::Failed { retry_after } => retry_after.unwrap_or_default().min(LONGEST_ASKED),
            Outcome::Answered | Outcome::Throttled { .. } => Duration::ZERO,
        };
        let (since, failed_probes) = match &self.trouble {
            Some(trouble) => (trouble.since, trouble.failed_probes.saturating_add(1)),
            None => (now, 0),
        };
        let until = later(now, self.policy.pause(failed_probes, roll).max(asked));
        self.trouble = Some(Trouble { since, until, failed_probes, probe: None });
        self.begin_again();
    }

    fn close(&mut self) {
        self.trouble = None;
        self.begin_again();
    }

    fn begin_again(&mut self) {
        self.failures_in_a_row = 0;
        self.recent.clear();
        self.epoch += 1;
    }

    fn slow_down(&mut self, asked: Option<Duration>, now: Timestamp, roll: f64) {
        let already = self.resting(now);
        let wait = match (asked, already) {
            (Some(asked), _) => asked.min(LONGEST_ASKED),
            // calls that were under way together are told together, which is once
            (None, Some(_)) => return,
            (None, None) => {
                let wait = self.policy.rest(self.rests_in_a_row, roll);
                self.rests_in_a_row = self.rests_in_a_row.saturating_add(1);
                wait
            }
        };
        if already.is_none_or(|already| already < wait) {
            self.rest = Some(later(now, wait));
        }
    }
}

fn chrono_of(duration: Duration) -> chrono::Duration {
    chrono::Duration::from_std(duration).unwrap_or(chrono::Duration::MAX)
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
