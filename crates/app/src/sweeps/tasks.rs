use kernel::{CompanyId, Scope, StoreError};
use serde_json::json;

use super::{BATCH, tally::Tally};
use crate::{
    NewEvent, Patience, Ports, again,
    jobs::{Done, JobError, JobRun, MarkTasksOverdue, SystemRun},
};

/// Finds companies with tasks past their time.
pub async fn sweep_tasks(run: &SystemRun<'_>) -> Result<Done, JobError> {
    let ports = run.ports;
    let mut tally = Tally::of("tasks");
    for company in ports.sweeps.overdue_tasks(ports.clock.now()).await? {
        let marked = again(ports, Patience::UNIT, || mark(ports, &company)).await;
        tally.note(company, marked)?;
    }
    tally.end()
}

async fn mark(ports: &Ports, company: &CompanyId) -> Result<(), StoreError> {
    let mut work = ports.begin(&Scope::system(company.clone(), "otto")).await?;
    work.enqueue(&MarkTasksOverdue {}, ports.clock.now()).await?;
    work.commit().await
}

/// Marks one company's tasks past their time.
pub async fn mark_tasks_overdue(run: &JobRun<'_>) -> Result<Done, JobError> {
    let now = run.ports.clock.now();
    let mut work = run.begin().await?;
    let company = run.scope.company.clone();
    for id in work.crm().mark_overdue(now, BATCH).await? {
        let data =
            json!({ "task_id": id, "company_id": company, "status": "overdue", "changes": ["status"] });
        let key = format!("task.updated:{id}:overdue");
        let event = NewEvent { event: "task.updated", key, lead: None, user: None, call: None, data };
        work.happened(event, now);
    }
    run.finish(work).await
}
