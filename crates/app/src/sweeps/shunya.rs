use kernel::{CompanyId, Scope, ShunyaJobId, StoreError};

use super::BATCH;
use crate::{
    Patience, Ports, again,
    jobs::{Done, JobError, PollShunya, SubmitToShunya, SystemRun},
    ports::Unfinished,
};

/// A request untouched for this long has lost its poll or its submission.
const STALE_AFTER: chrono::Duration = chrono::Duration::minutes(6);

/// Sets requests left lying on their way again. The jobs look for themselves what is to be done, deadlines included.
pub async fn sweep_shunya(run: &SystemRun<'_>) -> Result<Done, JobError> {
    let ports = run.ports;
    let before = ports.clock.now() - STALE_AFTER;
    for left in ports.sweeps.unsettled_requests(before, BATCH).await? {
        let (company, shunya_job, confirmed) = match left {
            Unfinished::Unconfirmed(..) if !ports.submit => continue,
            Unfinished::Unconfirmed(company, id) => (company, id, false),
            Unfinished::Unsettled(company, id) => (company, id, true),
            _ => continue,
        };
        again(ports, Patience::UNIT, || set_going(ports, &company, shunya_job, confirmed)).await?;
    }
    Ok(Done::Finished)
}

async fn set_going(
    ports: &Ports,
    company: &CompanyId,
    shunya_job: ShunyaJobId,
    confirmed: bool,
) -> Result<(), StoreError> {
    let now = ports.clock.now();
    let mut work = ports.begin(&Scope::system(company.clone(), "otto")).await?;
    let trace = work.analyses().trace_of(shunya_job).await?;
    work = work.traced(trace);
    if confirmed {
        work.enqueue(&PollShunya { shunya_job }, now).await?
    } else {
        work.enqueue(&SubmitToShunya { shunya_job }, now).await?
    };
    work.commit().await
}
