use idempotency::InboxState;
use kernel::{Provider, Scope, StoreError};

use super::{MOST_PAGES, is_last, tally::Tally};
use crate::{
    Patience, Ports, again,
    jobs::{ApplyEngineEvent, Done, JobError, SystemRun},
    ports::{InboxEntry, MatchedJob},
};

/// Waiting webhooks younger than this are left to the submission that may just be committing.
const PATIENCE: chrono::Duration = chrono::Duration::seconds(10);
/// A webhook that waited this long speaks of nothing we will ever know.
const GIVE_UP: chrono::Duration = chrono::Duration::days(GIVE_UP_DAYS);
/// Webhooks wait this many days for what they speak of.
pub const GIVE_UP_DAYS: i64 = 7;
/// They are read with their bodies: fewer at once than other rows.
const BATCH: i64 = 100;

/// Applies webhooks whose subject has appeared since, and sets aside those nobody will ever claim.
pub async fn match_waiting(run: &SystemRun<'_>) -> Result<Done, JobError> {
    let ports = run.ports;
    let mut tally = Tally::of("webhooks");
    let before = ports.clock.now() - PATIENCE;
    let mut after = None;
    for _ in 0..MOST_PAGES {
        let page = ports.inbox_office.waiting(before, after, BATCH).await?;
        for waiting in &page {
            let matched = again(ports, Patience::UNIT, || match_one(ports, waiting)).await;
            tally.note(waiting.entry.id, matched)?;
        }
        if is_last(page.len(), BATCH) {
            break;
        }
        after = page.last().map(|last| last.entry.id);
    }
    tally.end()
}

async fn match_one(ports: &Ports, waiting: &InboxEntry) -> Result<(), StoreError> {
    let now = ports.clock.now();
    let (Some(company), Provider::Shunya) = (&waiting.company, waiting.entry.provider) else { return Ok(()) };
    let Ok(Some(event)) = ports.engine_webhooks.read(&waiting.entry.body) else { return Ok(()) };
    let id = waiting.entry.id;
    let mut work = ports.begin(&Scope::system(company.clone(), "shunya")).await?;
    match work.analyses().match_job(&event.task_ids, event.call).await? {
        Some(MatchedJob { job, trace }) => {
            work = work.traced(trace);
            work.inbox().settle(id, InboxState::Received, None, Some(job.call), now).await?;
            work.enqueue(&ApplyEngineEvent { inbox: id }, now).await?;
        }
        None if now - waiting.entry.received_at > GIVE_UP => {
            work.inbox().settle(id, InboxState::Quarantined, Some("never_matched"), None, now).await?;
        }
        None => return work.rollback().await,
    }
    work.commit().await
}
