use std::time::Duration;

use kernel::Timestamp;

use crate::JobKind;

/// Exponential waiting times with full jitter: attempt *n* waits a random time between 0 and
/// min(`cap`, `base` · 2ⁿ⁻¹), so that jobs which failed together do not come back together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// The longest wait after the first failure.
    pub base: Duration,
    /// The longest wait ever, unless the other side asked for more.
    pub cap: Duration,
}

impl Backoff {
    /// The wait after failed attempt number `attempt` (from 1). `roll` is a random number in 0..1; never less than
    /// what the other side asked for.
    pub fn delay(&self, attempt: u32, roll: f64, retry_after: Option<Duration>) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        let ceiling = self.base.saturating_mul(1 << doublings).min(self.cap);
        let jittered = ceiling.mul_f64(roll.clamp(0.0, 1.0));
        match retry_after {
            // spread what is released together over a little longer than asked
            Some(asked) => asked + jittered.min(asked.max(self.base)),
            None => jittered,
        }
    }
}

/// What kind of failure an attempt met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureClass {
    /// Trying again may help.
    Retry {
        /// How long the other side asked us to wait.
        retry_after: Option<Duration>,
    },
    /// Nothing was tried, or nothing that says anything of the job: what it needs is not to be had before this long.
    NotNow {
        /// How long.
        retry_after: Duration,
    },
    /// Trying again cannot help.
    Permanent,
}

/// What becomes of a job after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AfterFailure {
    /// Ready again at that time.
    RetryAt(Timestamp),
    /// Ready again at that time, as if it had not been tried.
    DeferUntil(Timestamp),
    /// Dead.
    Dead,
}

/// How long a job waits that is to come back after `wait`: up to half as long again, and no more than a minute, so that
/// not all that wait for the same thing come back together.
fn deferred(wait: Duration, roll: f64) -> Duration {
    let spread = (wait / 2).clamp(Duration::from_secs(1), Duration::from_mins(1));
    wait + spread.mul_f64(roll.clamp(0.0, 1.0))
}

/// Decides what becomes of a job whose attempt number `attempt` (from 1) failed at `now`.
pub fn after_failure(
    kind: &JobKind,
    attempt: u32,
    class: FailureClass,
    now: Timestamp,
    roll: f64,
) -> AfterFailure {
    let after = |wait| now + chrono::Duration::from_std(wait).unwrap_or(chrono::Duration::days(1));
    match class {
        FailureClass::NotNow { retry_after } => AfterFailure::DeferUntil(after(deferred(retry_after, roll))),
        FailureClass::Retry { retry_after } if attempt < kind.max_attempts => {
            AfterFailure::RetryAt(after(kind.backoff.delay(attempt, roll, retry_after)))
        }
        FailureClass::Retry { .. } | FailureClass::Permanent => AfterFailure::Dead,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Priority, Queue};

    const BACKOFF: Backoff = Backoff { base: Duration::from_secs(2), cap: Duration::from_mins(1) };
    const KIND: JobKind = JobKind {
        name: "test.try_something",
        queue: Queue::Default,
        max_attempts: 3,
        timeout: Duration::from_secs(1),
        backoff: BACKOFF,
        priority: Priority::Normal,
    };

    #[test]
    fn the_last_attempt_and_a_permanent_failure_are_dead() {
        let now = chrono::DateTime::UNIX_EPOCH;
        let retry = FailureClass::Retry { retry_after: None };
        assert_eq!(after_failure(&KIND, 3, retry, now, 0.5), AfterFailure::Dead);
        assert_eq!(after_failure(&KIND, 1, FailureClass::Permanent, now, 0.5), AfterFailure::Dead);
        let again = AfterFailure::RetryAt(now + chrono::Duration::seconds(2));
        assert_eq!(after_failure(&KIND, 2, retry, now, 0.5), again);
    }

    #[test]
    fn what_could_not_be_tried_is_never_given_up() {
        let now = chrono::DateTime::UNIX_EPOCH;
        let not_now = FailureClass::NotNow { retry_after: Duration::from_secs(30) };
        for attempt in [1, 3, 1000] {
            let then = AfterFailure::DeferUntil(now + chrono::Duration::milliseconds(37_500));
            assert_eq!(after_failure(&KIND, attempt, not_now, now, 0.5), then);
        }
    }

    proptest! {
        #[test]
        fn what_waits_for_the_same_comes_back_spread_out(seconds in 0_u64..100_000, roll in 0.0..1.0) {
            let wait = Duration::from_secs(seconds);
            let deferred = deferred(wait, roll);
            prop_assert!(deferred >= wait && deferred <= wait + Duration::from_mins(1));
            prop_assert!(deferred <= (wait + wait / 2).max(wait + Duration::from_secs(1)));
        }

        #[test]
        fn waits_grow_up_to_the_cap(attempt in 1u32..1000, roll in 0.0f64..1.0) {
            let wait = BACKOFF.delay(attempt, roll, None);
            let ceiling = BACKOFF.base * 2u32.saturating_pow(attempt - 1).min(30);
            prop_assert!(wait <= ceiling.min(BACKOFF.cap));
        }

        #[test]
        fn what_the_other_side_asked_for_is_kept(attempt in 1u32..50, roll in 0.0f64..1.0, asked in 0u64..4000) {
            let asked = Duration::from_secs(asked);
            prop_assert!(BACKOFF.delay(attempt, roll, Some(asked)) >= asked);
        }
    }
}
