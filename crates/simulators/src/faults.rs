//! What goes wrong, how often, and when.
//!
//! Everything is decided by the seed, what it is about and the attempt, so a run can be repeated. No fault is for ever:
//! every fourth attempt at one thing is let through whatever the rates, so whoever keeps asking gets there.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, RwLock},
};

use serde::{Deserialize, Serialize};

use crate::{draw::Draw, sim::Sim};

/// Every so many attempts at one thing, one goes well.
const CLEAN_EVERY: u32 = 4;

/// How often each fault occurs, from 0 (never) to 1 (whenever it can).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// A request is held for longer than anyone waits, then its connection is closed without an answer.
    pub timeout: f64,
    /// A request is answered 429: by Shunya with `Retry-After`, by the others without.
    pub throttled: f64,
    /// A request is answered 500, 502 or 503, at times after having been done all the same.
    pub server_error: f64,
    /// The connection breaks in the middle of an answer.
    pub reset: f64,
    /// A recording ends before its announced length.
    pub truncated_recording: f64,
    /// A recording is not there yet when it is asked for first: 404 up to three times.
    pub recording_not_ready: f64,
    /// A webhook is sent twice.
    pub duplicate_webhook: f64,
    /// Webhooks of one call come in another order.
    pub reordered_webhooks: f64,
    /// The webhook that tells of a call's end comes much later.
    pub late_webhook: f64,
    /// Shunya's webhook comes before the answer to the request it is about.
    pub early_webhook: f64,
    /// Before the good webhook comes one whose JSON is cut off, properly signed.
    pub malformed_webhook: f64,
    /// A webhook is never sent.
    pub unsent_webhook: f64,
    /// Shunya fails once or twice at a call before it succeeds.
    pub analysis_failure: f64,
    /// Shunya transcribes, but waits to be asked for the analysis, as it did in older versions. In no preset.
    pub analysis_not_started: f64,
}

impl Faults {
    /// Nothing goes wrong.
    pub const NONE: Self = Self::all(0.0);
    /// Now and then something goes wrong: one request in twenty, and each other fault as often.
    pub const LIGHT: Self = Self::day(0.05);
    /// A bad day: every fourth request goes wrong, and each other fault strikes as often.
    pub const HEAVY: Self = Self::day(0.25);

    /// Any one request goes wrong at that rate, in one of four ways; every other fault strikes at that rate.
    const fn day(rate: f64) -> Self {
        let each = rate / 4.0;
        Self {
            timeout: each,
            throttled: each,
            server_error: each,
            reset: each,
            analysis_not_started: 0.0,
            ..Self::all(rate)
        }
    }

    const fn all(rate: f64) -> Self {
        Self {
            timeout: rate,
            throttled: rate,
            server_error: rate,
            reset: rate,
            truncated_recording: rate,
            recording_not_ready: rate,
            duplicate_webhook: rate,
            reordered_webhooks: rate,
            late_webhook: rate,
            early_webhook: rate,
            malformed_webhook: rate,
            unsent_webhook: rate,
            analysis_failure: rate,
            analysis_not_started: rate,
        }
    }

    /// The preset of that name: `none`, `light` or `heavy`.
    pub fn preset(name: &str) -> Option<Self> {
        match name {
            "none" => Some(Self::NONE),
            "light" => Some(Self::LIGHT),
            "heavy" => Some(Self::HEAVY),
            _ => None,
        }
    }
}

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestFault {
    /// Held, then cut.
    Hold,
    /// 429.
    Throttled,
    /// A 5xx.
    ServerError {
        /// Which.
        status: u16,
        /// Whether what was asked is done nevertheless.
        done: bool,
    },
    /// Done, but the answer breaks off.
    Reset,
}

/// Decides what goes wrong at one stand-in.
#[derive(Clone, Debug)]
pub(crate) struct FaultDesk {
    sim: Sim,
    faults: Arc<RwLock<Faults>>,
    attempts: Arc<Mutex<HashMap<String, u32>>>,
}

impl FaultDesk {
    pub(crate) fn new(sim: Sim, faults: Faults) -> Self {
        Self { sim, faults: Arc::new(RwLock::new(faults)), attempts: Arc::default() }
    }

    pub(crate) fn faults(&self) -> Faults {
        *self.faults.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set(&self, faults: Faults) {
        *self.faults.write().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    /// Whether a fault that concerns a thing as a whole strikes it. The same every time it is asked.
    pub(crate) fn strikes(&self, rate: impl Fn(&Faults) -> f64, about: &[&str]) -> bool {
        self.draw(about).chance(rate(&self.faults()))
    }

    /// How many times a thing goes wrong before it goes well: 0, or up to `most`.
    pub(crate) fn times(&self, rate: impl Fn(&Faults) -> f64, most: u64, about: &[&str]) -> u64 {
        let mut draw = self.draw(about);
        if draw.chance(rate(&self.faults())) { 1 + draw.below(most) } else { 0 }
    }

    /// What goes wrong with this attempt at one operation. Counts it.
    pub(crate) fn request(&self, operation: &str, subject: &str) -> Option<RequestFault> {
        let mut draw = self.attempt(operation, subject)?;
        let faults = self.faults();
        // every one is drawn, so that changing one rate leaves the others' cases as they are
        let hit = [faults.timeout, faults.throttled, faults.server_error, faults.reset]
            .map(|rate| draw.chance(rate));
        let status = draw.pick(&[500, 502, 503]).copied().unwrap_or(500);
        let done = draw.chance(0.5);
        match hit {
            [true, ..] => Some(RequestFault::Hold),
            [_, true, ..] => Some(RequestFault::Throttled),
            [_, _, true, _] => Some(RequestFault::ServerError { status, done }),
            [.., true] => Some(RequestFault::Reset),
            _ => None,
        }
    }

    /// Whether this attempt at one operation meets one particular fault. Counts it.
    pub(crate) fn meets(&self, rate: impl Fn(&Faults) -> f64, operation: &str, subject: &str) -> bool {
        let faults = self.faults();
        self.attempt(operation, subject).is_some_and(|mut draw| draw.chance(rate(&faults)))
    }

    /// How often an operation was attempted, this time not counted.
    pub(crate) fn tally(&self, operation: &str, subject: &str) -> u32 {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let made = attempts.entry(format!("{operation}\0{subject}")).or_default();
        let before = *made;
        *made = made.wrapping_add(1);
        before
    }

    fn attempt(&self, operation: &str, subject: &str) -> Option<Draw> {
        let attempt = self.tally(operation, subject);
        if attempt % CLEAN_EVERY == CLEAN_EVERY - 1 {
            return None;
        }
        Some(self.draw(&[operation, subject, &attempt.to_string()]))
    }

    fn draw(&self, about: &[&str]) -> Draw {
        self.sim.draw(&[&["fault"], about].concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn desk(faults: Faults) -> FaultDesk {
        FaultDesk::new(Sim::new(11, 0.0), faults)
    }

    #[test]
    fn presets_are_as_frequent_as_they_say() {
        assert_eq!(Faults::preset("none"), Some(Faults::default()));
        assert_eq!(Faults::preset("sometimes"), None);
        for (preset, said) in [("light", 0.05), ("heavy", 0.25)] {
            let desk = desk(Faults::preset(preset).unwrap());
            // first attempts only: the fourth of each is let through
            let failed = (0..4000).filter(|n| desk.request("submit", &n.to_string()).is_some()).count();
            let struck = (0..4000).filter(|n| desk.strikes(|f| f.unsent_webhook, &[&n.to_string()])).count();
            for met in [failed, struck] {
                let rate = f64::from(u32::try_from(met).unwrap()) / 4000.0;
                assert!((rate - said).abs() < 0.03, "{preset}: {rate}");
            }
        }
    }

    #[test]
    fn no_thing_fails_more_than_three_times_in_a_row() {
        let desk = desk(Faults::all(1.0));
        for round in 0..8 {
            let met = desk.request("submit", "48213");
            assert_eq!(met.is_none(), round % 4 == 3, "{round}: {met:?}");
        }
        assert!(desk.meets(|faults| faults.truncated_recording, "media", "48213"), "its own count");
    }

    #[test]
    fn the_same_seed_meets_the_same_faults() {
        let run = || {
            let desk = desk(Faults::HEAVY);
            (0..200).map(|n| desk.request("status", &(n % 50).to_string())).collect::<Vec<_>>()
        };
        let met = run();
        assert_eq!(met, run());
        let hits = met.iter().flatten().count();
        assert!((25..70).contains(&hits), "{hits}");
        for kind in [RequestFault::Hold, RequestFault::Throttled, RequestFault::Reset] {
            assert!(met.contains(&Some(kind)), "{kind:?}");
        }
    }

    #[test]
    fn faults_of_a_thing_do_not_change_while_it_lives() {
        let desk = desk(Faults::HEAVY);
        let struck = |call: u32| desk.strikes(|f| f.unsent_webhook, &["unsent", &call.to_string()]);
        let first: Vec<_> = (0..100).map(struck).collect();
        assert_eq!(first, (0..100).map(struck).collect::<Vec<_>>());
        let count = first.iter().filter(|struck| **struck).count();
        assert!((12..40).contains(&count), "{count}");
        let times = |call: u32| desk.times(|f| f.analysis_failure, 2, &["fails", &call.to_string()]);
        assert!((0..100).map(times).all(|times| times <= 2));
        assert!((0..100).any(|call| times(call) == 2));
    }
}
