use std::process::ExitCode;

use app::{
    office::{cancel_job, retry_job},
    ports::{JobFilter, JobLine, ReplayOutcome},
};
use kernel::{CompanyId, JobId, Timestamp, rfc3339};
use queue::{JobState, Queue};
use serde_json::{Value, json};

use super::{Failure, one_of, world};
use crate::{
    cli::JobsCommand,
    output::{complain, say, table},
};

fn id_of(text: &str) -> Result<JobId, Failure> {
    text.parse().map_err(|_| "a job's id is a UUID, as `otto jobs list` prints it".into())
}

/// `otto jobs`.
pub async fn run(command: JobsCommand) -> Result<ExitCode, Failure> {
    let otto = world().await?;
    let ports = &otto.ports;
    let office = &ports.job_office;
    match command {
        JobsCommand::List { state, queue, kind, page } => {
            let filter = JobFilter {
                queue: one_of("--queue", queue, &Queue::ALL.map(Queue::as_str).join(", "))?,
                state: one_of("--state", state, "ready, running, done, dead or cancelled")?,
                kind,
                company: page.company.map(CompanyId::try_new).transpose()?,
                before: page.before.as_deref().map(id_of).transpose()?,
                limit: page.limit,
            };
            let lines = office.list(&filter).await?;
            say(&if page.json {
                lines.iter().map(|line| told(line).to_string() + "\n").collect()
            } else {
                as_table(&lines)
            });
        }
        JobsCommand::Show { id } => {
            let Some(found) = office.find(id_of(&id)?).await? else {
                return Ok(complain("there is no such job"));
            };
            say(&(serde_json::to_string_pretty(&told(&found))? + "\n"));
        }
        JobsCommand::Retry { id, .. } => {
            let ids = match id {
                Some(id) => vec![id_of(&id)?],
                None => dead(&otto).await?,
            };
            let mut changed = 0;
            for id in &ids {
                changed += usize::from(answered(*id, retry_job(ports, *id).await?));
            }
            say(&format!("{changed} of {} ready again\n", ids.len()));
            return Ok(if changed == ids.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        JobsCommand::Cancel { id } => {
            let id = id_of(&id)?;
            if !answered(id, cancel_job(ports, id).await?) {
                return Ok(ExitCode::FAILURE);
            }
            say("called off; a running job stops at its next heartbeat\n");
        }
        JobsCommand::Stats { json } => {
            let depths = office.depths().await?;
            let now = ports.clock.now();
            let age = |at: Option<Timestamp>| at.map(|at| (now - at).num_seconds().max(0));
            if json {
                for depth in depths {
                    let line = json!({
                        "queue": depth.queue, "state": depth.state.as_str(), "count": depth.count,
                        "oldest_seconds": age(depth.oldest),
                    });
                    say(&format!("{line}\n"));
                }
            } else {
                let rows: Vec<_> = depths
                    .into_iter()
                    .map(|depth| {
                        let oldest =
                            age(depth.oldest).map_or_else(|| "-".to_owned(), |age| format!("{age} s"));
                        vec![depth.queue, depth.state.as_str().to_owned(), depth.count.to_string(), oldest]
                    })
                    .collect();
                say(&table(&["QUEUE", "STATE", "JOBS", "OLDEST"], &rows));
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether it was done; says so if not.
fn answered(id: JobId, outcome: ReplayOutcome) -> bool {
    match outcome {
        ReplayOutcome::Changed => return true,
        ReplayOutcome::NotNow(state) => complain(&format!("{id} is {}: nothing was changed", state.as_str())),
        ReplayOutcome::Unknown => complain(&format!("there is no job {id}")),
    };
    false
}

/// All that were given up, page by page: a retry changes the list while it is read.
async fn dead(otto: &wiring::Otto) -> Result<Vec<JobId>, Failure> {
    let mut ids: Vec<JobId> = Vec::new();
    loop {
        let before = ids.last().copied();
        let filter = JobFilter { state: Some(JobState::Dead), before, limit: 500, ..JobFilter::default() };
        let page = otto.ports.job_office.list(&filter).await?;
        if page.is_empty() {
            return Ok(ids);
        }
        ids.extend(page.iter().map(|line| line.id));
    }
}

fn as_table(lines: &[JobLine]) -> String {
    let rows: Vec<_> = lines
        .iter()
        .map(|line| {
            vec![
                line.id.to_string(),
                line.kind.clone(),
                line.company.as_ref().map_or("-", CompanyId::as_str).to_owned(),
                line.state.as_str().to_owned(),
                format!("{}/{}", line.attempts, line.max_attempts),
                rfc3339(line.run_at),
                line.last_error.clone().unwrap_or_else(|| "-".to_owned()),
            ]
        })
        .collect();
    table(&["ID", "KIND", "COMPANY", "STATE", "ATTEMPTS", "DUE", "LAST ERROR"], &rows)
}

fn told(line: &JobLine) -> Value {
    json!({
        "id": line.id, "company": line.company, "queue": line.queue, "kind": line.kind, "args": line.args,
        "state": line.state.as_str(), "attempts": line.attempts, "max_attempts": line.max_attempts,
        "snoozes": line.snoozes, "run_at": rfc3339(line.run_at), "worker": line.worker,
        "lease_until": line.lease_until.map(rfc3339), "last_error": line.last_error,
        "created_at": rfc3339(line.created_at), "started_at": line.started_at.map(rfc3339),
        "finished_at": line.finished_at.map(rfc3339),
    })
}
