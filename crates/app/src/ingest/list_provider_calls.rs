//! Asking a provider for its own list of calls, and ingesting those whose webhooks never reached us.
//!
//! CallRail sends each webhook once and never again: what we were not there to take is lost unless we ask.

use calls::CallEvent;
use kernel::{CompanyId, Provider, Scope, StoreError};
use tracing::Instrument;

use super::{
    apply_call_event,
    fetch_recording::{API_KEY, credentials, platform_credentials},
};
use crate::{
    Ports,
    jobs::{Done, JobError, JobRun, ListCompanyCalls, SystemRun},
    ports::{CallsSince, Credentials},
};

/// How far back the list is read. What a longer outage kept from us is not found this way.
const LOOK_BACK: chrono::Duration = chrono::Duration::hours(6);
/// At most so many pages are read in one run. Every run begins at the first, so what lies beyond is not read.
const MOST_PAGES: usize = 20;

/// Reads the list of the platform's own account, and sets companies with accounts of their own to read theirs.
pub async fn list_platform_calls(run: &SystemRun<'_>) -> Result<Done, JobError> {
    let ports = run.ports;
    for company in ports.tenants.with_credential(Provider::Callrail, API_KEY).await? {
        let now = ports.clock.now();
        let mut work = ports.begin(&Scope::system(company, "callrail")).await?;
        work.enqueue(&ListCompanyCalls {}, now).await?;
        work.commit().await?;
    }
    if let Some(credentials) = platform_credentials(ports) {
        ingest_list(ports, &credentials, None).await?;
    }
    Ok(Done::Finished)
}

/// Reads the list of one company's own account.
pub async fn list_company_calls(run: &JobRun<'_>) -> Result<Done, JobError> {
    let credentials = credentials(run.ports, &run.scope, Provider::Callrail).await?;
    ingest_list(run.ports, &credentials, Some(&run.scope.company)).await?;
    Ok(Done::Finished)
}

async fn ingest(
    ports: &Ports,
    scope: &Scope,
    provider: Provider,
    event: &CallEvent,
) -> Result<bool, StoreError> {
    let now = ports.clock.now();
    let mut work = ports.begin(scope).await?;
    let applied = apply_call_event(&mut work, provider, event, now).await?;
    work.commit().await?;
    Ok(applied.is_new)
}

async fn ingest_list(
    ports: &Ports,
    credentials: &Credentials,
    only: Option<&CompanyId>,
) -> Result<(), JobError> {
    let provider = Provider::Callrail;
    let source =
        ports.recordings(provider).ok_or_else(|| JobError::permanent("no client for this provider"))?;
    let mut since = CallsSince { since: ports.clock.now() - LOOK_BACK, page: None };
    let mut found = 0_usize;
    for _ in 0..MOST_PAGES {
        let page = source.list_calls(credentials, &since).await?;
        for (hints, event) in page.events {
            // an account may hold companies that are not tenants, or tenants with an account of their own
            let Some(owner) = ports.tenants.by_account(provider, &hints.accounts).await? else { continue };
            if only.is_some_and(|only| *only != owner.id) {
                continue;
            }
            // calls that one page lists have nothing to do with each other: each begins a trace of its own
            let span = tracing::info_span!(parent: None, "app.ingest_listed_call");
            span.follows_from(tracing::Span::current());
            let scope = Scope::system(owner.id, provider.as_str());
            let is_new = ingest(ports, &scope, provider, &event).instrument(span).await?;
            found += usize::from(is_new);
        }
        match page.next_page {
            Some(next) => since.page = Some(next),
            None => break,
        }
    }
    if found > 0 {
        tracing::warn!(found, "calls found whose webhooks never arrived");
    }
    Ok(())
}
