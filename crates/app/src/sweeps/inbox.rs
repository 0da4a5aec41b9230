use idempotency::InboxState;
use kernel::{CompanyId, InboxId, Provider, Scope, StoreError, Timestamp};

use super::BATCH;
use crate::{
    Patience, Ports, again,
    jobs::{ApplyEngineEvent, Done, JobError, SystemRun},
    ports::EngineEvent,
};

/// Waiting webhooks younger than this are left to the submission that may just be committing.
const PATIENCE: chrono::Duration = chrono::Duration::seconds(10);
/// A webhook that waited this long speaks of nothing we will ever know.
const GIVE_UP: chrono::Duration = chrono::Duration::days(7);

/// Applies webhooks whose subject has appeared since, and sets aside those nobody will ever claim.
pub async fn match_waiting(run: &SystemRun<'_>) -> Result<Done, JobError> {
    let ports = run.ports;
    let before = ports.clock.now() - PATIENCE;
    for waiting in ports.inbox_office.waiting(before, BATCH).await? {
        let (Some(company), Provider::Shunya) = (waiting.company, waiting.entry.provider) else { continue };
        let Ok(Some(event)) = ports.engine_webhooks.read(&waiting.entry.body) else { continue };
        let arrived = (waiting.entry.id, waiting.entry.received_at);
        again(ports, Patience::UNIT, || match_one(ports, &company, arrived, &event)).await?;
    }
    Ok(Done::Finished)
}

/// Looks once more for what a webhook speaks of.
async fn match_one(
    ports: &Ports,
    company: &CompanyId,
    (id, received_at): (InboxId, Timestamp),
    event: &EngineEvent,
) -> Result<(), StoreError> {
    let now = ports.clock.now();
    let mut work = ports.begin(&Scope::system(company.clone(), "shunya")).await?;
    match work.analyses().match_job(&event.task_ids, event.call).await? {
        Some(job) => {
            let trace = work.analyses().trace_of(job.id).await?;
            work = work.traced(trace);
            work.inbox().settle(id, InboxState::Received, None, Some(job.call), now).await?;
            work.enqueue(&ApplyEngineEvent { inbox: id }, now).await?;
        }
        None if now - received_at > GIVE_UP => {
            work.inbox().settle(id, InboxState::Quarantined, Some("never_matched"), None, now).await?;
        }
        None => {}
    }
    work.commit().await
}
