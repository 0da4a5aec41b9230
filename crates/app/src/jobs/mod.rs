//! Every job kind and every schedule, in one place.

mod args;
mod kinds;
mod run;

pub use args::{
    ApplyEngineEvent, FetchRecording, JobArgs, ListCompanyCalls, MarkTasksOverdue, PollShunya,
    SubmitToShunya, SystemJob, TenantJob, UnknownJob,
};
pub use kinds::{KINDS, LIST_CALLS_EVERY, schedules};
pub use run::{Done, JobError, JobRun, SystemRun, run_system_job, run_tenant_job, tenant_job_gave_up};
