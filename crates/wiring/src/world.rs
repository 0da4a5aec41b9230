use chrono::Utc;
use kernel::{Clock, Dice, IdSource, Timestamp, truncate_to_micros};
use uuid::Uuid;

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    fn now(&self) -> Timestamp {
        truncate_to_micros(Utc::now())
    }
}

/// UUIDs of version 7.
#[derive(Clone, Copy, Debug, Default)]
pub struct UuidSource;

impl IdSource for UuidSource {
    #[expect(clippy::disallowed_methods, reason = "the one place that makes ids")]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// The operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomDice;

impl Dice for RandomDice {
    #[expect(clippy::disallowed_methods, reason = "the one place that rolls")]
    fn roll(&self) -> f64 {
        // the first 32 bits of a version 4 UUID are random
        let (random, ..) = Uuid::new_v4().as_fields();
        f64::from(random) / (f64::from(u32::MAX) + 1.0)
    }
}
