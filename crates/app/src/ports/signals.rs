use async_trait::async_trait;
use kernel::CompanyId;
use queue::Queue;

use super::Event;

/// Wakes idle workers after a commit. Losing a ring costs latency, never work: workers also look by themselves.
#[async_trait]
pub trait Doorbell: Send + Sync {
    /// There is something in these queues. Never waits, never fails: a bell that cannot ring says so in its metrics.
    fn ring(&self, queues: &[Queue]);
    /// Starts listening. Rings from now on are heard, even those before the first [`Bell::rung`].
    async fn listen(&self) -> Box<dyn Bell>;
}

/// A listener at the door.
#[async_trait]
pub trait Bell: Send {
    /// Waits for the next ring and answers the queues it was for. May answer queues that turn out to be empty.
    /// Cancel-safe.
    async fn rung(&mut self) -> Vec<Queue>;
}

/// Tells who listens what happened. Only the fast path: the rows of `events` are what counts.
#[async_trait]
pub trait EventBus: Send + Sync {
    /// Tells what was committed. Never waits.
    fn publish(&self, company: &CompanyId, events: &[Event]);
    /// Starts listening to one tenant.
    async fn subscribe(&self, company: &CompanyId) -> Box<dyn EventStream>;
}

/// A listener to one tenant's events.
#[async_trait]
pub trait EventStream: Send {
    /// Waits for the next event. Cancel-safe.
    async fn next(&mut self) -> Result<Event, NoEvents>;
}

/// Why there is no next event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoEvents {
    /// This listener was too slow, or the connection was lost, and it missed that many; 0 if nobody knows how many.
    Missed(u64),
    /// The bus is gone.
    Closed,
}
