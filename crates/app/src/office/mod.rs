//! What operators do with work, and what it means for what the work was about.

mod cancel_job;
mod retry_job;

pub use cancel_job::cancel_job;
pub use retry_job::retry_job;

use kernel::{CompanyId, Scope, StoreError};

use crate::{
    Work,
    jobs::TenantJob,
    ports::{JobLine, ReplayOutcome},
};

/// Who is named for what operators do.
fn operator(company: CompanyId) -> Scope {
    Scope::system(company, "operator")
}

/// What a job is about; `None` for one of a kind or version this program does not know.
fn known(line: &JobLine) -> Option<TenantJob> {
    TenantJob::read(&line.kind, &line.args).ok()
}

/// Commits what was done about a job's subject if the job itself could be changed, and nothing if not.
async fn with_the_job(work: Work<'_>, outcome: ReplayOutcome) -> Result<ReplayOutcome, StoreError> {
    match outcome {
        ReplayOutcome::Changed => work.commit().await?,
        ReplayOutcome::NotNow(_) | ReplayOutcome::Unknown => work.rollback().await?,
    }
    Ok(outcome)
}
