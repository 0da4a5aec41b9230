//! Taking in the AI vendor's webhook.
//!
//! Who may: whoever signs with the platform's secret. Guarantees: an answer other than an error means the event is
//! stored; its effect follows by a job, once, whether the event or the poll comes first. An event that speaks of work we
//! do not know yet waits for it.

use idempotency::{Arrival, InboxState, event_key};
use kernel::{CompanyId, ErrorKind, InboxId, Provider, Scope, StoreError};
use tracing::{Instrument, Span};

use crate::{
    Ports, Work,
    jobs::ApplyEngineEvent,
    ports::{Delivery, EngineEvent, EngineEventKind, MatchedJob, NewInboxEntry, ProofError, Unreadable},
};

/// What became of a webhook, in the contract's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineWebhookAck {
    /// Stored; its effect follows.
    Accepted,
    /// Its effect, or another way to it, is stored already.
    AlreadyProcessed,
    /// Stored; it speaks of nothing we know (yet).
    Ignored,
    /// Stored; it asks for nothing.
    Received,
    /// Stored, but not understood, or nobody's.
    Quarantined,
}

/// Why a webhook was not taken.
#[derive(Debug, thiserror::Error)]
pub enum EngineWebhookError {
    /// Not believed. Nothing is stored.
    #[error("the signature or timestamp is missing or wrong")]
    BadSignature(ProofError),
    /// Authentic, but without the ids every event has. Stored as quarantined.
    #[error("the job id or the company id is missing")]
    MissingIds,
    /// Authentic, but said to be something else than JSON. Stored as quarantined.
    #[error("the content type is not JSON")]
    MediaType,
    /// Authentic, but about work of another tenant than it names. Stored as quarantined.
    #[error("the job belongs to another company")]
    WrongTenant,
    /// It could not be stored; the vendor must be told so.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl EngineWebhookError {
    /// How the failure concerns the caller.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::BadSignature(_) => ErrorKind::Unauthenticated,
            Self::MissingIds => ErrorKind::Invalid,
            Self::MediaType => ErrorKind::UnsupportedMedia,
            Self::WrongTenant => ErrorKind::Forbidden,
            Self::Store(error) => error.kind(),
        }
    }
}

/// What a waiting event is matched by.
pub(crate) fn match_keys(task_ids: &[String], call: Option<kernel::CallId>) -> Vec<String> {
    let call = call.map(|call| format!("call:{call}"));
    call.into_iter().chain(task_ids.iter().map(|id| format!("task:{id}"))).collect()
}

/// Takes in one webhook.
#[tracing::instrument(name = "app.accept_engine_webhook", skip_all)]
pub async fn accept_engine_webhook(
    ports: &Ports,
    delivery: &Delivery,
) -> Result<EngineWebhookAck, EngineWebhookError> {
    ports.engine_webhooks.verify(delivery, delivery.received_at).map_err(EngineWebhookError::BadSignature)?;

    let quarantined = |reason: &str| {
        let mut entry = entry_of(ports, delivery, None, None, InboxState::Quarantined);
        entry.reason = Some(reason.to_owned());
        tracing::warn!(provider = "shunya", reason, "webhook quarantined");
        entry
    };
    if !delivery.content_type.as_deref().is_none_or(is_json) {
        ports.inbox_office.quarantine(&quarantined(Unreadable::MediaType.as_str())).await?;
        return Err(EngineWebhookError::MediaType);
    }
    let event = match ports.engine_webhooks.read(&delivery.body) {
        Ok(Some(event)) => event,
        Ok(None) => {
            ports.inbox_office.quarantine(&quarantined("missing_ids")).await?;
            return Err(EngineWebhookError::MissingIds);
        }
        Err(reason) => {
            ports.inbox_office.quarantine(&quarantined(reason.as_str())).await?;
            return Ok(EngineWebhookAck::Quarantined);
        }
    };
    let company = match CompanyId::try_new(event.company.clone()) {
        Ok(id) => ports.tenants.find(&id).await?,
        Err(_) => None,
    };
    let Some(company) = company else {
        ports.inbox_office.quarantine(&quarantined("unknown_tenant")).await?;
        return Ok(EngineWebhookAck::Quarantined);
    };
    let (mut work, mut matched) = look(ports, &event, &company.id).await?;
    let names_own = |matched: &MatchedJob| {
        matched.job.vendor_task_id.as_ref().is_some_and(|id| event.task_ids.contains(id))
    };
    if !matched.as_ref().is_some_and(names_own) {
        // whose it is then, is asked across tenants, and nothing is held meanwhile
        work.rollback().await?;
        if let Some(owner) = ports.tenants.owns_vendor_task(&event.task_ids).await?
            && owner != company.id
        {
            ports.inbox_office.quarantine(&quarantined("tenant_mismatch")).await?;
            return Err(EngineWebhookError::WrongTenant);
        }
        (work, matched) = look(ports, &event, &company.id).await?;
    }
    let span = resumed(ports, delivery, matched.as_ref().and_then(|matched| matched.trace.as_deref()));
    take(work, delivery, &event, matched).instrument(span).await
}

/// Begins, and finds the request an event speaks of.
async fn look<'a>(
    ports: &'a Ports,
    event: &EngineEvent,
    company: &CompanyId,
) -> Result<(Work<'a>, Option<MatchedJob>), StoreError> {
    let mut work = ports.begin(&Scope::system(company.clone(), "shunya")).await?;
    let matched = match event.kind {
        EngineEventKind::Progress => None,
        _ => work.analyses().match_job(&event.task_ids, event.call).await?,
    };
    Ok((work, matched))
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(essence.as_str(), "application/json" | "text/json")
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

/// Goes on in the trace of the request an event speaks of: the vendor does not send it back. The span is in that trace, and
/// it and the webhook's own know of each other.
fn resumed(ports: &Ports, delivery: &Delivery, trace: Option<&str>) -> Span {
    let span = tracing::info_span!("app.take_engine_event");
    if let Some(trace) = trace {
        ports.traces.link(&Span::current(), trace);
        ports.traces.resume(&span, trace);
        if let Some(webhook) = &delivery.trace {
            ports.traces.link(&span, webhook);
        }
    }
    span
}

async fn take(
    work: Work<'_>,
    delivery: &Delivery,
    event: &EngineEvent,
    matched: Option<MatchedJob>,
) -> Result<EngineWebhookAck, EngineWebhookError> {
    let (job, trace) = matched.map(|matched| (matched.job, matched.trace)).unzip();
    let ports = work.ports();
    let company = work.scope().company.clone();
    // the span that was just entered, or the request's own trace where spans have no ids
    let mut work = work.traced(ports.traces.current().or(trace.flatten()));
    let match_key = match_keys(&event.task_ids, event.call).into_iter().next();
    let (state, ack) = match (&job, event.kind) {
        (_, EngineEventKind::Progress) => (InboxState::Ignored, EngineWebhookAck::Received),
        (Some(job), _) if !job.state.is_open() => (InboxState::Applied, EngineWebhookAck::AlreadyProcessed),
        (Some(_), _) => (InboxState::Received, EngineWebhookAck::Accepted),
        (None, _) => (InboxState::Waiting, EngineWebhookAck::Ignored),
    };
    let mut entry = entry_of(ports, delivery, Some(&company), match_key, state);
    if ack == EngineWebhookAck::AlreadyProcessed {
        entry.reason = Some("already_settled".to_owned());
    }
    entry.call = job.map(|job| job.call);
    work.inbox().store_new(&entry).await?;
    if state == InboxState::Received {
        work.enqueue(&ApplyEngineEvent { inbox: entry.id }, delivery.received_at).await?;
    }
    let scope = work.scope().clone();
    match work.commit().await {
        Ok(()) => Ok(ack),
        Err(StoreError::AlreadyExists { table: "webhook_inbox" }) => {
            let mut work = ports.begin(&scope).await?;
            // counts the repetition; unless what was there has grown old and gone meanwhile
            let stored = work.inbox().store(&entry).await?;
            if stored.arrival == Arrival::First && state == InboxState::Received {
                work.enqueue(&ApplyEngineEvent { inbox: entry.id }, delivery.received_at).await?;
            }
            work.commit().await?;
            Ok(EngineWebhookAck::AlreadyProcessed)
        }
        Err(error) => Err(error.into()),
    }
}

fn entry_of(
    ports: &Ports,
    delivery: &Delivery,
    company: Option<&CompanyId>,
    match_key: Option<String>,
    state: InboxState,
) -> NewInboxEntry {
    NewInboxEntry {
        id: InboxId::fresh(ports.ids.as_ref()),
        provider: Provider::Shunya,
        kind: delivery.kind.to_owned(),
        event_key: event_key(company, Provider::Shunya, delivery.kind, &delivery.query, &delivery.body),
        match_key,
        state,
        reason: None,
        path: delivery.path.clone(),
        query: delivery.query.clone(),
        content_type: delivery.content_type.clone(),
        proof: delivery.proof.clone(),
        body: delivery.body.to_vec(),
        trace: delivery.trace.clone(),
        call: None,
        received_at: delivery.received_at,
    }
}
