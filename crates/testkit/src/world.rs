use std::sync::{
    Mutex,
    atomic::{AtomicU64, Ordering},
};

use chrono::{DateTime, Duration};
use kernel::{Clock, IdSource, Timestamp};
use uuid::Uuid;

/// A clock that stands still until it is told otherwise.
pub struct ManualClock(Mutex<Timestamp>);

impl ManualClock {
    /// Stands at an instant.
    pub fn at(text: &str) -> Self {
        Self(Mutex::new(text.parse().expect("an RFC 3339 instant")))
    }

    /// Goes forward.
    pub fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::at("2026-11-22T18:00:00Z")
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
}

/// Ids that grow, as version 7 ids do, and are different in every test process and instance.
pub struct TestIds {
    base: u128,
    next: AtomicU64,
}

impl Default for TestIds {
    fn default() -> Self {
        static INSTANCES: AtomicU64 = AtomicU64::new(1);
        let instance = u128::from(INSTANCES.fetch_add(1, Ordering::Relaxed));
        let process = u128::from(std::process::id());
        // 48 bits of time, then the version; the rest tells process and instance apart
        let time =
            u128::try_from(DateTime::UNIX_EPOCH.timestamp_millis()).unwrap_or_default() + 1_795_000_000_000;
        let base = (time << 80) | (0x7 << 76) | (0x8 << 60) | (process << 40) | (instance << 24);
        Self { base, next: AtomicU64::new(0) }
    }
}

impl IdSource for TestIds {
    fn next(&self) -> Uuid {
        Uuid::from_u128(self.base + u128::from(self.next.fetch_add(1, Ordering::Relaxed)))
    }
}

/// Dice that always show the same.
pub struct Dice(pub f64);

impl kernel::Dice for Dice {
    fn roll(&self) -> f64 {
        self.0
    }
}
