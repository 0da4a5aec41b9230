use std::time::Duration;

use async_trait::async_trait;
use breaker::Standing;
use kernel::{Provider, Timestamp};
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
    /// How it gets on with each provider, if it asks any.
    pub providers: Vec<ProviderSight>,
}

/// How a worker gets on with a provider, or all of them together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderSight {
    /// Which.
    pub provider: Provider,
    /// The worst of its breakers.
    pub standing: Standing,
    /// Whether nobody's calls are made, whatever their account.
    pub everybody: bool,
    /// How many accounts' breakers are not closed. An account is what calls are made in the name of: an account at
    /// CallRail, a company at Shunya.
    pub accounts: u32,
    /// How many accounts it asked to slow down.
    pub slowed: u32,
    /// Since when the longest of these troubles lasts.
    pub since: Option<Timestamp>,
    /// When the next call finds out whether it is over.
    pub next_probe: Option<Timestamp>,
    /// What was left of the tightest budget when it was used last, where there is one.
    pub budget: Option<BudgetLeft>,
}

/// What is left of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetLeft {
    /// So many requests may be made at once.
    pub remaining: u32,
    /// Of so many when nobody has asked for long.
    pub limit: u32,
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
