use std::process::ExitCode;

use app::{
    ingest::replay_webhook,
    ports::{InboxFilter, InboxLine},
};
use idempotency::InboxState;
use kernel::{CompanyId, InboxId, Provider, rfc3339};
use serde_json::{Value, json};

use super::{Failure, one_of, world};
use crate::{
    cli::WebhooksCommand,
    output::{complain, say, table},
};

fn id_of(text: &str) -> Result<InboxId, Failure> {
    text.parse().map_err(|_| "a webhook's id is a UUID, as `otto webhooks list` prints it".into())
}

/// `otto webhooks`.
pub async fn run(command: WebhooksCommand) -> Result<ExitCode, Failure> {
    let otto = world().await?;
    let ports = &otto.ports;
    match command {
        WebhooksCommand::List { state, provider, page } => {
            let words = InboxState::ALL.map(InboxState::as_str).join(", ");
            let filter = InboxFilter {
                provider: one_of("--provider", provider, "callrail, twilio or shunya")?,
                state: one_of("--state", state, &words)?,
                company: page.company.map(CompanyId::try_new).transpose()?,
                before: page.before.as_deref().map(id_of).transpose()?,
                limit: page.limit,
            };
            let lines = ports.inbox_office.list(&filter).await?;
            say(&if page.json { as_json(&lines) } else { as_table(&lines) });
        }
        WebhooksCommand::Show { id } => {
            let Some(found) = ports.inbox_office.find(id_of(&id)?).await? else {
                return Ok(complain("there is no such webhook"));
            };
            let entry = found.entry;
            // a signature is as good as the request it is of
            let proof: Vec<&str> = entry.proof.iter().map(|(name, _)| name.as_str()).collect();
            let body = serde_json::from_slice::<Value>(&entry.body)
                .unwrap_or_else(|_| String::from_utf8_lossy(&entry.body).into_owned().into());
            let shown = json!({
                "id": entry.id, "company": found.company, "provider": entry.provider, "kind": entry.kind,
                "state": entry.state.as_str(), "reason": entry.reason, "call": entry.call,
                "received_at": rfc3339(entry.received_at), "processed_at": found.processed_at.map(rfc3339),
                "duplicates": found.duplicates, "path": entry.path, "query": entry.query,
                "content_type": entry.content_type, "proven_by": proof, "body": body,
            });
            say(&(serde_json::to_string_pretty(&shown)? + "\n"));
        }
        WebhooksCommand::Replay { id, .. } => {
            let ids = match id {
                Some(id) => vec![id_of(&id)?],
                None => quarantined(&otto).await?,
            };
            let mut failed = 0;
            for id in &ids {
                match replay_webhook(ports, *id).await {
                    Ok(()) => say(&format!("{id}  replayed\n")),
                    Err(error) => {
                        failed += 1;
                        complain(&format!("{id}  {error}"));
                    }
                }
            }
            say(&format!("{} of {} replayed\n", ids.len() - failed, ids.len()));
            return Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// All of them, page by page: a replay changes the list while it is read.
async fn quarantined(otto: &wiring::Otto) -> Result<Vec<InboxId>, Failure> {
    let mut ids: Vec<InboxId> = Vec::new();
    let provider: Option<Provider> = None;
    loop {
        let filter = InboxFilter {
            provider,
            state: Some(InboxState::Quarantined),
            company: None,
            before: ids.last().copied(),
            limit: 500,
        };
        let page = otto.ports.inbox_office.list(&filter).await?;
        if page.is_empty() {
            return Ok(ids);
        }
        ids.extend(page.iter().map(|line| line.id));
    }
}

fn as_table(lines: &[InboxLine]) -> String {
    let rows: Vec<_> = lines
        .iter()
        .map(|line| {
            vec![
                line.id.to_string(),
                rfc3339(line.received_at),
                line.company.as_ref().map_or("-", CompanyId::as_str).to_owned(),
                line.provider.to_string(),
                line.kind.clone(),
                line.state.as_str().to_owned(),
                line.reason.clone().unwrap_or_else(|| "-".to_owned()),
                line.call.map_or_else(|| "-".to_owned(), |call| call.to_string()),
                line.duplicates.to_string(),
            ]
        })
        .collect();
    table(&["ID", "RECEIVED", "COMPANY", "PROVIDER", "KIND", "STATE", "REASON", "CALL", "AGAIN"], &rows)
}

fn as_json(lines: &[InboxLine]) -> String {
    let line = |line: &InboxLine| {
        json!({
            "id": line.id, "received_at": rfc3339(line.received_at), "company": line.company,
            "provider": line.provider, "kind": line.kind, "state": line.state.as_str(), "reason": line.reason,
            "call": line.call, "duplicates": line.duplicates,
        })
        .to_string()
            + "\n"
    };
    lines.iter().map(line).collect()
}
