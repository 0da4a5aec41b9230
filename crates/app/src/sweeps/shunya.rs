use kernel::{Scope, StoreError};

use super::{BATCH, MOST_PAGES, STALE_AFTER, is_last, tally::Tally};
use crate::{
    Patience, Ports, again,
    jobs::{Done, JobError, PollShunya, SubmitToShunya, SystemRun},
    ports::LeftRequest,
};

/// Sets requests left lying on their way again. The jobs look for themselves what is to be done, deadlines included.
pub async fn sweep_shunya(run: &SystemRun<'_>) -> Result<Done, JobError> {
    let ports = run.ports;
    let mut tally = Tally::of("requests");
    let before = ports.clock.now() - STALE_AFTER;
    let mut after = None;
    for _ in 0..MOST_PAGES {
        let page = ports.sweeps.unsettled_requests(before, after.as_ref(), BATCH).await?;
        for left in &page {
            // not to be sent now; found again once it is
            if left.is_confirmed || ports.submit {
                let gone_on = again(ports, Patience::UNIT, || go_on(ports, left)).await;
                tally.note(left.request, gone_on)?;
            }
        }
        if is_last(page.len(), BATCH) {
            break;
        }
        after = page.into_iter().last();
    }
    tally.end()
}

async fn go_on(ports: &Ports, left: &LeftRequest) -> Result<(), StoreError> {
    let now = ports.clock.now();
    let mut work = ports.begin(&Scope::system(left.company.clone(), "otto")).await?;
    let trace = work.analyses().trace_of(left.request).await?;
    work = work.traced(trace);
    if left.is_confirmed {
        work.enqueue(&PollShunya { shunya_job: left.request }, now).await?;
    } else {
        work.enqueue(&SubmitToShunya { shunya_job: left.request }, now).await?;
    }
    work.commit().await
}
