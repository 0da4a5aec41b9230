//! Doing again what failed because the database was away for a moment (a deadlock, a restart, a failover), or because somebody
//! else was faster to add what this was about to.
//!
//! A use case may be done again as a whole where the same inputs lead to the same rows. If its transaction failed before the
//! commit was sent, nothing of it is there, and doing it again is doing it for the first time. If the connection broke while
//! the commit was on its way, all of it may be there: nobody can tell, and waiting does not help. Doing it again is right
//! all the same, because every row has a natural key with a unique index:
//!
//! - a webhook's second try finds its event key taken and answers that it was stored before;
//! - a job's second try finds its lease gone, because the first ended the job, and commits nothing;
//! - a sweep's second try finds its job enqueued;
//! - the end of a job that had no result to store counts only while its lease holds.
//!
//! What may be lost with the answer to a commit is the ringing of the doorbell and the publishing of events: workers look by
//! themselves, and listeners read the rows.

use std::time::Duration;

use kernel::{Dice, StoreError};
use tokio::time::{Instant, sleep};

use crate::{
    Ports,
    ingest::{AcceptError, EngineWebhookError, ReplayError},
    jobs::JobError,
};

/// How often and for how long something is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Of what, as metrics name it.
    pub name: &'static str,
    /// At most so many tries in all.
    pub tries: u32,
    /// None begins later than this after the first.
    pub within: Duration,
    /// The first wait is about this long; each after it twice as long.
    pub base: Duration,
    /// No wait is longer.
    pub cap: Duration,
}

impl Patience {
    /// For people's reads: somebody waits, and can ask again themselves.
    pub const READ: Self = Self {
        name: "read",
        tries: 3,
        within: Duration::from_secs(2),
        base: Duration::from_millis(20),
        cap: Duration::from_millis(200),
    };
    /// For a job's transaction: the queue tries the whole job again if this does not help.
    pub const UNIT: Self = Self {
        name: "unit",
        tries: 3,
        within: Duration::from_secs(2),
        base: Duration::from_millis(50),
        cap: Duration::from_millis(500),
    };

    /// For webhooks, which some providers send once and never again: as often as there is time for.
    pub const fn webhook(within: Duration) -> Self {
        Self {
            name: "webhook",
            tries: u32::MAX,
            within,
            base: Duration::from_millis(50),
            cap: Duration::from_millis(500),
        }
    }
}

/// The tries of one thing.
pub struct Tries<'a> {
    patience: Patience,
    dice: &'a dyn Dice,
    began: Instant,
    made: u32,
}

impl<'a> Tries<'a> {
    /// The first begins now.
    pub fn new(patience: Patience, dice: &'a dyn Dice) -> Self {
        Self { patience, dice, began: Instant::now(), made: 1 }
    }

    /// Waits for the next try; `false` if there is none, because it would not help or has been tried for long enough.
    pub async fn again(&mut self, error: &StoreError) -> bool {
        if !error.is_momentary() || self.made >= self.patience.tries {
            return false;
        }
        let wait = self.wait();
        if self.began.elapsed() + wait > self.patience.within {
            return false;
        }
        let (what, tries) = (self.patience.name, self.made);
        metrics::counter!("otto_db_retries_total", "of" => what).increment(1);
        tracing::info!(
            error = error as &dyn std::error::Error,
            what,
            tries,
            ?wait,
            "the database was away for a moment, or somebody else was faster; trying again"
        );
        sleep(wait).await;
        self.made += 1;
        true
    }

    /// Between half and all of what is due, so that those who failed together do not come back together.
    fn wait(&self) -> Duration {
        let doublings = (self.made - 1).min(16);
        let due = self.patience.base.saturating_mul(1 << doublings).min(self.patience.cap);
        due.mul_f64(0.5 + self.dice.roll() / 2.0)
    }
}

/// A failure that may be the store's.
pub trait MayBeStores {
    /// The store's failure behind it, if that is what it is.
    fn of_store(&self) -> Option<&StoreError>;
}

impl MayBeStores for StoreError {
    fn of_store(&self) -> Option<&StoreError> {
        Some(self)
    }
}

impl MayBeStores for AcceptError {
    fn of_store(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl MayBeStores for ReplayError {
    fn of_store(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl MayBeStores for EngineWebhookError {
    fn of_store(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            _ => None,
        }
    }
}

impl MayBeStores for JobError {
    fn of_store(&self) -> Option<&StoreError> {
        self.source.as_deref().and_then(|source| source.downcast_ref())
    }
}

/// Does something until it succeeds, fails for another reason than a database that is away, or patience ends. It must be
/// something that may be done twice, and hold nothing of a try that failed.
pub async fn again<T, E, F, Doing>(ports: &Ports, patience: Patience, mut work: F) -> Result<T, E>
where
    E: MayBeStores,
    F: FnMut() -> Doing,
    Doing: Future<Output = Result<T, E>>,
{
    let mut tries = Tries::new(patience, ports.dice.as_ref());
    loop {
        match work().await {
            Err(failure) => match failure.of_store() {
                Some(error) if tries.again(error).await => {}
                _ => return Err(failure),
            },
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Always(f64);

    impl Dice for Always {
        fn roll(&self) -> f64 {
            self.0
        }
    }

    fn away() -> StoreError {
        StoreError::Unavailable("connection closed".into())
    }

    /// How long each wait was, in milliseconds, until patience ended.
    async fn waits(patience: Patience, roll: f64) -> Vec<u128> {
        let dice = Always(roll);
        let mut tries = Tries::new(patience, &dice);
        let mut waits = Vec::new();
        let mut before = Instant::now();
        while tries.again(&away()).await {
            waits.push(before.elapsed().as_millis());
            before = Instant::now();
        }
        waits
    }

    #[tokio::test(start_paused = true)]
    async fn waits_grow_and_end() {
        assert_eq!(waits(Patience::READ, 0.999).await, [20, 40]);
        assert_eq!(waits(Patience::UNIT, 0.0).await, [25, 50]);
        let webhook = waits(Patience::webhook(Duration::from_secs(8)), 0.5).await;
        assert_eq!(webhook[..5], [38, 75, 150, 300, 375]);
        let total: u128 = webhook.iter().sum();
        assert!((7_500..=8_000).contains(&total), "{total}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_another_try_does_not_help_is_told_at_once() {
        let dice = Always(0.5);
        for error in [
            StoreError::TimedOut("statement timeout".into()),
            StoreError::CannotWrite("disk full".into()),
            StoreError::AlreadyExists { table: "calls" },
            StoreError::LeaseLost(kernel::JobId(uuid::Uuid::nil())),
            StoreError::Statement { table: "calls", source: "a bug".into() },
        ] {
            assert!(!Tries::new(Patience::READ, &dice).again(&error).await, "{error:?}");
        }
    }

    #[test]
    fn the_stores_failure_is_found_behind_others() {
        assert!(AcceptError::from(away()).of_store().is_some());
        assert!(AcceptError::BadSignature.of_store().is_none());
        assert!(EngineWebhookError::from(away()).of_store().is_some());
        assert!(EngineWebhookError::MissingIds.of_store().is_none());
        assert!(JobError::from(away()).of_store().is_some());
        assert!(JobError::retry("no recording yet").of_store().is_none());
    }
}
