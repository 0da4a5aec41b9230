//! Every job kind and every schedule, in one place.

mod args;
mod kinds;
mod run;

pub use args::{
    ApplyEngineEvent, CALL_KEY, FetchRecording, INBOX_KEY, JobArgs, ListCompanyCalls, MarkTasksOverdue,
    PollShunya, REQUEST_KEY, SubmitToShunya, SystemJob, TenantJob, UnknownJob,
};
pub use kinds::{KINDS, LIST_CALLS_EVERY, schedules};
pub use run::{Done, JobError, JobRun, SystemRun, run_system_job, run_tenant_job, tenant_job_gave_up};
