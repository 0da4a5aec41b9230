//! The one place where this crate reads the clock, sleeps and has its chance from.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use chrono::Utc;
use kernel::Timestamp;

use crate::draw::Draw;

/// Time and chance of one stand-in. Cheap to clone; clones share the clock.
#[derive(Clone, Debug)]
pub(crate) struct Sim {
    seed: u64,
    scale: f64,
    /// How far this stand-in's clock was put forward, so that tests need not wait for links to expire.
    ahead_ms: Arc<AtomicI64>,
}

impl Sim {
    /// `scale` 1.0 is the providers' own pace, 0.02 fifty times as fast.
    pub(crate) fn new(seed: u64, scale: f64) -> Self {
        Self { seed, scale: scale.max(0.0), ahead_ms: Arc::default() }
    }

    /// The same seed and pace, a clock of its own.
    pub(crate) fn with_own_clock(&self) -> Self {
        Self { ahead_ms: Arc::default(), ..self.clone() }
    }

    /// The current instant.
    #[expect(clippy::disallowed_methods, reason = "the one place where this crate reads the clock")]
    pub(crate) fn now(&self) -> Timestamp {
        let ahead = chrono::Duration::milliseconds(self.ahead_ms.load(Ordering::Relaxed));
        kernel::truncate_to_micros(Utc::now() + ahead)
    }

    /// Puts the clock forward.
    pub(crate) fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.ahead_ms.fetch_add(by, Ordering::Relaxed);
    }

    /// A real duration at this stand-in's pace.
    pub(crate) fn scaled(&self, real: Duration) -> Duration {
        real.mul_f64(self.scale)
    }

    /// Sleeps for what is `real` at the providers' own pace.
    pub(crate) async fn sleep(&self, real: Duration) {
        tokio::time::sleep(self.scaled(real)).await;
    }

    /// Sleeps for what is `real` at the providers' own pace, but no less than `least`, whatever the pace.
    pub(crate) async fn sleep_at_least(&self, real: Duration, least: Duration) {
        tokio::time::sleep(self.scaled(real).max(least)).await;
    }

    /// Sleeps for a moment, whatever the pace: long enough for bytes to reach the other side of a loopback.
    pub(crate) async fn moment(&self) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    /// Chance, the same for the same seed and the same words.
    pub(crate) fn draw(&self, about: &[&str]) -> Draw {
        Draw::new(self.seed, about)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_are_put_forward_one_by_one() {
        let sim = Sim::new(1, 0.5);
        let other = sim.with_own_clock();
        sim.clone().advance(Duration::from_hours(1));
        let ahead = sim.now() - other.now();
        assert!(ahead > chrono::Duration::minutes(59), "{ahead}");
        assert_eq!(sim.scaled(Duration::from_secs(3)), Duration::from_millis(1500));
    }
}
