use kernel::{CallId, IdSource, InboxId, JobId, ShunyaJobId, Timestamp};
use queue::{JobKind, NewJob};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use super::kinds;

/// How the key of a job about a call begins; the call's number follows.
pub const CALL_KEY: &str = "call:";
/// How the key of a job about a request to Shunya begins; the request's id follows.
pub const REQUEST_KEY: &str = "shunya_job:";
/// How the key of a job about a webhook begins; the webhook's id follows.
pub const INBOX_KEY: &str = "inbox:";

/// What a kind of job is done with. Stored as `{"v": version, …fields}`; a version once stored can be read for ever.
pub trait JobArgs: Serialize + DeserializeOwned + Send + Sync {
    /// The kind.
    const KIND: &'static JobKind;
    /// The version written. Versions are all still 1; the first to change brings its own upgrade.
    const VERSION: u32 = 1;

    /// What keeps a second job for the same thing from being added while one is ready or running. Names the fact that
    /// calls for the job, so that a new fact is never taken for an old one.
    fn dedupe_key(&self) -> Option<String>;

    /// The job.
    fn to_job(&self, ids: &dyn IdSource, run_at: Timestamp) -> NewJob {
        let mut args = serde_json::to_value(self).unwrap_or(Value::Null);
        match &mut args {
            Value::Object(fields) => {
                fields.insert("v".to_owned(), Self::VERSION.into());
            }
            other => *other = json!({ "v": Self::VERSION }),
        }
        NewJob { id: JobId::fresh(ids), kind: Self::KIND, args, run_at, dedupe_key: self.dedupe_key() }
    }
}

/// Copy a call's recording.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FetchRecording {
    /// The call.
    pub call: CallId,
}

impl JobArgs for FetchRecording {
    const KIND: &'static JobKind = &kinds::FETCH_RECORDING;
    fn dedupe_key(&self) -> Option<String> {
        Some(format!("{CALL_KEY}{}", self.call))
    }
}

/// Ask Shunya for an analysis.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubmitToShunya {
    /// Our record of the request.
    pub shunya_job: ShunyaJobId,
}

impl JobArgs for SubmitToShunya {
    const KIND: &'static JobKind = &kinds::SUBMIT_TO_SHUNYA;
    fn dedupe_key(&self) -> Option<String> {
        Some(format!("{REQUEST_KEY}{}", self.shunya_job))
    }
}

/// Ask Shunya whether it is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PollShunya {
    /// Our record of the request.
    pub shunya_job: ShunyaJobId,
}

impl JobArgs for PollShunya {
    const KIND: &'static JobKind = &kinds::POLL_SHUNYA;
    fn dedupe_key(&self) -> Option<String> {
        Some(format!("{REQUEST_KEY}{}", self.shunya_job))
    }
}

/// Apply what Shunya's webhook said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplyEngineEvent {
    /// The stored webhook.
    pub inbox: InboxId,
}

impl JobArgs for ApplyEngineEvent {
    const KIND: &'static JobKind = &kinds::APPLY_ENGINE_EVENT;
    fn dedupe_key(&self) -> Option<String> {
        Some(format!("{INBOX_KEY}{}", self.inbox))
    }
}

/// Read a provider's list of one company's calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListCompanyCalls {}

impl JobArgs for ListCompanyCalls {
    const KIND: &'static JobKind = &kinds::LIST_COMPANY_CALLS;
    fn dedupe_key(&self) -> Option<String> {
        Some("list".to_owned())
    }
}

/// Mark one company's tasks as overdue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MarkTasksOverdue {}

impl JobArgs for MarkTasksOverdue {
    const KIND: &'static JobKind = &kinds::MARK_TASKS_OVERDUE;
    fn dedupe_key(&self) -> Option<String> {
        Some("overdue".to_owned())
    }
}

/// A job done for one tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TenantJob {
    /// `recording.fetch`
    FetchRecording(FetchRecording),
    /// `shunya.submit`
    SubmitToShunya(SubmitToShunya),
    /// `shunya.poll`
    PollShunya(PollShunya),
    /// `shunya.apply_event`
    ApplyEngineEvent(ApplyEngineEvent),
    /// `callrail.list_company_calls`
    ListCompanyCalls(ListCompanyCalls),
    /// `tasks.mark_overdue`
    MarkTasksOverdue(MarkTasksOverdue),
}

/// A job done for nobody in particular. None has arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemJob {
    /// `calls.sweep_unfinished`
    SweepCalls,
    /// `shunya.sweep_unsettled`
    SweepShunya,
    /// `webhooks.match_waiting`
    MatchWaiting,
    /// `tasks.sweep_overdue`
    SweepTasks,
    /// `callrail.list_calls`
    ListPlatformCalls,
    /// `maintenance.delete_expired`
    CleanUp,
}

/// A stored job this program does not know: written by a newer one, or by none of ours.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnknownJob {
    /// No such kind.
    #[error("no job kind of that name")]
    Kind,
    /// The kind exists; its arguments cannot be read.
    #[error("the arguments cannot be read")]
    Args,
}

fn read<A: JobArgs>(args: &Value) -> Result<A, UnknownJob> {
    let version = args.get("v").and_then(Value::as_u64);
    if version != Some(u64::from(A::VERSION)) {
        return Err(UnknownJob::Args);
    }
    A::deserialize(args).map_err(|_| UnknownJob::Args)
}

impl TenantJob {
    /// Reads a stored job.
    pub fn read(kind: &str, args: &Value) -> Result<Self, UnknownJob> {
        match kind {
            "recording.fetch" => read(args).map(Self::FetchRecording),
            "shunya.submit" => read(args).map(Self::SubmitToShunya),
            "shunya.poll" => read(args).map(Self::PollShunya),
            "shunya.apply_event" => read(args).map(Self::ApplyEngineEvent),
            "callrail.list_company_calls" => read(args).map(Self::ListCompanyCalls),
            "tasks.mark_overdue" => read(args).map(Self::MarkTasksOverdue),
            _ => Err(UnknownJob::Kind),
        }
    }
}

impl SystemJob {
    /// Reads a stored job.
    pub fn read(kind: &str) -> Result<Self, UnknownJob> {
        match kind {
            "calls.sweep_unfinished" => Ok(Self::SweepCalls),
            "shunya.sweep_unsettled" => Ok(Self::SweepShunya),
            "webhooks.match_waiting" => Ok(Self::MatchWaiting),
            "tasks.sweep_overdue" => Ok(Self::SweepTasks),
            "callrail.list_calls" => Ok(Self::ListPlatformCalls),
            "maintenance.delete_expired" => Ok(Self::CleanUp),
            _ => Err(UnknownJob::Kind),
        }
    }
}

#[cfg(test)]
#[path = "args_tests.rs"]
mod tests;
