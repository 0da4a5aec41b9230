//! Trying a stored webhook again, after what stood in its way was mended.

use std::sync::Arc;

use calls::CallEventKind;
use idempotency::InboxState;
use kernel::{CompanyId, InboxId, Provider, Scope, StoreError};

use super::{
    AcceptError,
    accept_call_webhook::{Sender, authenticate, call_event_kind},
    apply_call_event,
    list_provider_calls::{LISTED, whose},
};
use crate::{
    Patience, Ports, again,
    jobs::ApplyEngineEvent,
    ports::{CallWebhooks, Delivery, InboxEntry},
};

/// Why a webhook stays where it is.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// There is none with that id.
    #[error("there is no such webhook")]
    Unknown,
    /// Its effect is stored already.
    #[error("the webhook is already applied")]
    AlreadyApplied,
    /// Nobody reads this provider's webhooks.
    #[error("webhooks of this provider cannot be replayed")]
    Provider,
    /// Still nobody's.
    #[error("its tenant is still unknown: add the company, its account or its tracking number first")]
    UnknownTenant,
    /// It is about another tenant's account.
    #[error("it was signed by one tenant and is about another's account")]
    TenantMismatch,
    /// Still not understood.
    #[error("its body still cannot be understood ({0})")]
    Unreadable(&'static str),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Tries one webhook again. On success it is applied, or, for the AI vendor's, a job that applies it is enqueued.
pub async fn replay_webhook(ports: &Ports, id: InboxId) -> Result<(), ReplayError> {
    let stored = ports.inbox_office.find(id).await?.ok_or(ReplayError::Unknown)?;
    if stored.entry.state == InboxState::Applied {
        return Err(ReplayError::AlreadyApplied);
    }
    match stored.entry.provider {
        Provider::Shunya => replay_engine_event(ports, &stored).await,
        provider => {
            let webhooks = ports.call_webhooks(provider).ok_or(ReplayError::Provider)?;
            again(ports, Patience::UNIT, || replay_call_event(ports, webhooks, &stored)).await
        }
    }
}

async fn replay_call_event(
    ports: &Ports,
    webhooks: &Arc<dyn CallWebhooks>,
    stored: &InboxEntry,
) -> Result<(), ReplayError> {
    let entry = &stored.entry;
    let kind_name = KINDS.into_iter().find(|kind| *kind == entry.kind).unwrap_or("call");
    let delivery = Delivery {
        kind: kind_name,
        tenant_key: None,
        path: entry.path.clone(),
        query: entry.query.clone(),
        content_type: entry.content_type.clone(),
        proof: entry.proof.clone(),
        body: entry.body.clone().into(),
        received_at: entry.received_at,
        trace: entry.trace.clone(),
    };
    let kind = call_event_kind(kind_name).unwrap_or(CallEventKind::Completed);
    let event = webhooks.read(&delivery, kind).map_err(|reason| ReplayError::Unreadable(reason.as_str()))?;
    let company = owner(ports, webhooks, stored, &delivery).await?;
    let now = ports.clock.now();
    let scope = Scope::system(company, webhooks.provider().as_str());
    let mut work = ports.begin(&scope).await?.traced(entry.trace.clone());
    let applied = apply_call_event(&mut work, webhooks.provider(), &event, entry.received_at).await?;
    work.inbox().settle(entry.id, InboxState::Applied, Some("replayed"), Some(applied.call), now).await?;
    work.commit().await?;
    Ok(())
}

/// Whose a webhook is by now. Its signature was checked with its signer's key when it came in; what it names is looked up
/// again, because that is what may have been mended.
async fn owner(
    ports: &Ports,
    webhooks: &Arc<dyn CallWebhooks>,
    stored: &InboxEntry,
    delivery: &Delivery,
) -> Result<CompanyId, ReplayError> {
    let hints = webhooks.hints(delivery);
    let names_nobody = hints.accounts.is_empty() && hints.tracking_number.is_none();
    match (&stored.company, whose(ports, webhooks.provider(), &hints).await?) {
        (Some(signer), Some(named)) if *signer == named => return Ok(named),
        (Some(signer), None) if names_nobody => return Ok(signer.clone()),
        _ => {}
    }
    // an entry of the provider's list has no signature
    if delivery.proof.is_empty() {
        return Err(ReplayError::UnknownTenant);
    }
    match authenticate(ports, webhooks, delivery).await {
        Ok(Sender::Tenant(company)) => {
            ports.inbox_office.assign(stored.entry.id, &company).await?;
            Ok(company)
        }
        Ok(Sender::Aside(aside)) if !aside.is_unknown() => Err(ReplayError::TenantMismatch),
        Ok(Sender::Aside(_)) => Err(ReplayError::UnknownTenant),
        Err(AcceptError::Store(error)) => Err(error.into()),
        Err(_) if stored.company.is_some() => Err(ReplayError::TenantMismatch),
        Err(_) => Err(ReplayError::UnknownTenant),
    }
}

/// The kinds an inbox row of a call can have.
const KINDS: [&str; 7] =
    ["call.incoming", "call.answered", "call.missed", "call.completed", "call.modified", "call", LISTED];

async fn replay_engine_event(ports: &Ports, stored: &InboxEntry) -> Result<(), ReplayError> {
    let event = match ports.engine_webhooks.read(&stored.entry.body) {
        Ok(Some(event)) => event,
        Ok(None) => return Err(ReplayError::Unreadable("missing_ids")),
        Err(reason) => return Err(ReplayError::Unreadable(reason.as_str())),
    };
    let company = CompanyId::try_new(event.company).map_err(|_| ReplayError::UnknownTenant)?;
    let known = ports.tenants.find(&company).await?.is_some();
    let owner = ports.tenants.owns_vendor_task(&event.task_ids).await?;
    match (&stored.company, known) {
        (_, false) => return Err(ReplayError::UnknownTenant),
        (_, true) if owner.is_some_and(|owner| owner != company) => return Err(ReplayError::TenantMismatch),
        (Some(_), true) => {}
        (None, true) => ports.inbox_office.assign(stored.entry.id, &company).await?,
    }
    let now = ports.clock.now();
    let mut work = ports.begin(&Scope::system(company, "shunya")).await?;
    let matched = work.analyses().match_job(&event.task_ids, event.call).await?;
    let trace = matched.and_then(|matched| matched.trace);
    let mut work = work.traced(trace.or_else(|| stored.entry.trace.clone()));
    work.inbox()
        .settle(stored.entry.id, InboxState::Received, Some("replayed"), stored.entry.call, now)
        .await?;
    work.enqueue(&ApplyEngineEvent { inbox: stored.entry.id }, now).await?;
    work.commit().await?;
    Ok(())
}
