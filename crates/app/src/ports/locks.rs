use std::time::Duration;

use async_trait::async_trait;

/// What asking for a lock found.
pub enum Acquired {
    /// It is ours until it runs out.
    Held(Box<dyn HeldLock>),
    /// Somebody has it.
    Taken,
    /// Nobody can tell at the moment.
    Undecided,
}

/// What a renewal of a lock found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LockRenewal {
    /// Still ours.
    Held,
    /// It ran out, and may be somebody else's.
    Lost,
    /// Nobody can tell at the moment.
    Undecided,
}

/// Keeps several processes from doing the same work at once. For thrift alone: two may hold a lock at one moment when
/// its keeper is lost, so whatever must not happen twice needs a unique key besides.
#[async_trait]
pub trait Locks: Send + Sync {
    /// Asks for a lock that runs out by itself.
    async fn acquire(&self, name: &str, life: Duration) -> Acquired;
}

/// A lock somebody holds. Dropping it lets it run out.
#[async_trait]
pub trait HeldLock: Send + Sync {
    /// Greater than that of whoever held it before.
    fn fencing(&self) -> u64;
    /// Makes it run out later.
    async fn renew(&self, life: Duration) -> LockRenewal;
    /// Gives it back, if it is still ours.
    async fn release(self: Box<Self>);
}
