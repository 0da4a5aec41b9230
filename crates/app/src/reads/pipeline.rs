use serde::Serialize;

use crate::ports::QueueDepth;

/// How many calls are at a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StageCount {
    /// Which.
    pub stage: String,
    /// How many.
    pub count: i64,
}

/// How many webhooks are in a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InboxCount {
    /// Who sent them.
    pub provider: String,
    /// Which state.
    pub state: String,
    /// How many.
    pub count: i64,
    /// How many more were sent again and refused.
    pub duplicates: i64,
}

/// Totals of what calls became, each up to fifty thousand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PipelineCounts {
    /// Calls.
    pub calls: i64,
    /// Calls with an analysis.
    pub analysed: i64,
    /// Calls booked.
    pub booked: i64,
    /// Contact cards.
    pub contacts: i64,
    /// Leads.
    pub leads: i64,
    /// Appointments.
    pub appointments: i64,
    /// Tasks.
    pub tasks: i64,
    /// Key signals.
    pub signals: i64,
    /// Attempts of this tenant's jobs beyond the first.
    pub retries: i64,
    /// This tenant's jobs given up on.
    pub dead_jobs: i64,
}

/// How many calls are where, and what inbox and queues hold; of each the newest fifty thousand are counted.
#[derive(Clone, Debug)]
pub struct PipelineSnapshot {
    /// In the order a call passes them.
    pub stages: Vec<StageCount>,
    /// This tenant's webhooks.
    pub inbox: Vec<InboxCount>,
    /// This tenant's jobs.
    pub queues: Vec<QueueDepth>,
    /// Totals.
    pub counts: PipelineCounts,
}
