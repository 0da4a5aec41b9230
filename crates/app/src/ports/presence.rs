use std::time::Duration;

use async_trait::async_trait;
use kernel::Timestamp;
use queue::Queue;

/// What a process is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PartRole {
    /// It runs jobs.
    Worker,
    /// It enqueues what is due.
    Scheduler,
}

impl PartRole {
    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Worker => "worker",
            Self::Scheduler => "scheduler",
        }
    }
}

/// Who says that they are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What for.
    pub role: PartRole,
    /// Its name, different from everybody else's.
    pub id: String,
    /// The queues it serves.
    pub queues: Vec<Queue>,
    /// Of its program.
    pub version: String,
    /// Since when it runs.
    pub started_at: Timestamp,
}

/// Why nobody can say who is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unknowable {
    /// What they announce themselves to is out of reach.
    Unreachable,
    /// What they announce themselves to has just forgotten everything; they will have done so again soon.
    Settling,
    /// Only this process is known of, and it has no such part.
    OnlyThisProcess,
}

/// Who is there: workers and schedulers of all processes.
#[async_trait]
pub trait Presence: Send + Sync {
    /// Says that a part is there, for so long. `false` if nobody heard it.
    async fn announce(&self, part: &Part, life: Duration) -> bool;
    /// Says that it is leaving.
    async fn withdraw(&self, part: &Part);
    /// Everybody who is there, in order of role and name.
    async fn present(&self) -> Result<Vec<Part>, Unknowable>;
}

/// How what connects the processes stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkState {
    /// There is one process, and nothing that could break.
    InProcess,
    /// It answers.
    Up,
    /// It has not answered since.
    Down {
        /// Since when.
        since: Timestamp,
    },
}

/// Watches what connects the processes. Asking costs nothing.
pub trait LinkProbe: Send + Sync {
    /// How it stands.
    fn state(&self) -> LinkState;
}
