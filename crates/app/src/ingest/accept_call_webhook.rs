//! Taking in a provider's webhook about a call.
//!
//! Who may: whoever signs with the tenant's key (or, for a tenant without one, the platform's). Guarantees: an answer
//! other than an error means the event is stored and applied, in one committed transaction; the same bytes again change
//! nothing; what is authentic is never dropped, only set aside.

use calls::CallEventKind;
use idempotency::{Arrival, InboxState, event_key};
use kernel::{CallId, ErrorKind, InboxId, Scope, Secret, StoreError, Timestamp};
use tenancy::{Company, TenantKey};

use super::{Applied, apply_call_event};
use crate::{
    Ports,
    ports::{CallWebhooks, Delivery, NewInboxEntry, Unreadable},
};

/// The name under which a company's signing key is kept, and the reason words of the inbox.
pub(crate) const SIGNING_KEY: &str = "signing_key";
const UNKNOWN_TENANT: &str = "unknown_tenant";
const TENANT_MISMATCH: &str = "tenant_mismatch";

/// What became of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallWebhookAck {
    /// Stored and applied.
    Applied {
        /// The call it was about.
        call: CallId,
    },
    /// Stored before.
    Duplicate {
        /// When.
        first_received_at: Timestamp,
    },
    /// Stored, but not understood, or nobody's.
    Quarantined,
}

/// Why a webhook was not taken.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// No signature, a wrong one, or nothing to check it with. Nothing is stored.
    #[error("the signature is missing or wrong")]
    BadSignature,
    /// Authentic, but neither JSON nor a form. Stored as quarantined.
    #[error("the content type is neither JSON nor a form")]
    MediaType,
    /// It could not be stored; the provider must be told so.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stored secret cannot be opened.
    #[error(transparent)]
    Secret(#[from] crate::ports::SecretBoxError),
}

impl AcceptError {
    /// How the failure concerns the caller.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::BadSignature => ErrorKind::Unauthenticated,
            Self::MediaType => ErrorKind::UnsupportedMedia,
            Self::Store(error) => error.kind(),
            Self::Secret(_) => ErrorKind::Internal,
        }
    }
}

/// The event a webhook URL stands for. `None` for a URL that carries events of any kind, where the body decides.
pub fn call_event_kind(kind: &str) -> Option<CallEventKind> {
    match kind {
        "call.incoming" => Some(CallEventKind::Incoming),
        "call.answered" => Some(CallEventKind::Answered),
        "call.missed" => Some(CallEventKind::Missed),
        "call.completed" => Some(CallEventKind::Completed),
        "call.modified" => Some(CallEventKind::Modified),
        _ => None,
    }
}

/// Takes in one webhook.
#[tracing::instrument(name = "app.accept_call_webhook", skip_all, fields(webhook.kind = delivery.kind))]
pub async fn accept_call_webhook(
    ports: &Ports,
    webhooks: &dyn CallWebhooks,
    delivery: &Delivery,
) -> Result<CallWebhookAck, AcceptError> {
    let sender = match authenticate(ports, webhooks, delivery).await {
        // its key may be newer than what is remembered of it
        Err(AcceptError::BadSignature) => match ports.without_memory() {
            Some(fresh) => authenticate(&fresh, webhooks, delivery).await?,
            None => return Err(AcceptError::BadSignature),
        },
        other => other?,
    };
    let (company, mismatch) = match sender {
        Sender::Tenant(company) => (company, false),
        Sender::OthersAccount(company) => (company, true),
        Sender::Platform => {
            let mut entry = entry_of(ports, webhooks, delivery, None, InboxState::Quarantined);
            entry.reason = Some(UNKNOWN_TENANT.to_owned());
            let stored = ports.inbox_office.quarantine(&entry).await?;
            return Ok(set_aside(stored.arrival));
        }
    };
    let kind = call_event_kind(delivery.kind);
    let read = if mismatch {
        Err(TENANT_MISMATCH)
    } else {
        webhooks.read(delivery, kind.unwrap_or(CallEventKind::Completed)).map_err(Unreadable::as_str)
    };
    let scope = Scope::system(company.id.clone(), webhooks.provider().as_str());
    let now = delivery.received_at;
    let state = if read.is_ok() { InboxState::Applied } else { InboxState::Quarantined };
    let mut entry = entry_of(ports, webhooks, delivery, Some(&company), state);
    entry.reason = read.as_ref().err().map(|reason| (*reason).to_owned());

    let mut work = ports.begin(&scope).await?.traced(delivery.trace.clone());
    let stored = work.inbox().store(&entry).await?;
    if let Arrival::Duplicate { first_received_at } = stored.arrival {
        work.commit().await?;
        return Ok(CallWebhookAck::Duplicate { first_received_at });
    }
    match read {
        Ok(event) => {
            let Applied { call, .. } = apply_call_event(&mut work, webhooks.provider(), &event, now).await?;
            work.inbox().settle(entry.id, InboxState::Applied, None, Some(call), now).await?;
            work.commit().await?;
            Ok(CallWebhookAck::Applied { call })
        }
        Err(reason) => {
            work.commit().await?;
            tracing::warn!(company.id = %company.id, kind = delivery.kind, reason, "webhook quarantined");
            if reason == Unreadable::MediaType.as_str() {
                return Err(AcceptError::MediaType);
            }
            Ok(CallWebhookAck::Quarantined)
        }
    }
}

fn set_aside(arrival: Arrival) -> CallWebhookAck {
    match arrival {
        Arrival::First => CallWebhookAck::Quarantined,
        Arrival::Duplicate { first_received_at } => CallWebhookAck::Duplicate { first_received_at },
    }
}

/// Who a webhook is from, once its signature is checked.
pub(crate) enum Sender {
    /// A tenant.
    Tenant(Company),
    /// A tenant whose key is right, about an account that is another tenant's.
    OthersAccount(Company),
    /// Somebody with the platform's key; whose event it is nobody knows.
    Platform,
}

/// Finds out whose a webhook is and whether it is theirs. What the body says of its tenant only chooses the key to check
/// with; it is believed once that key fits.
pub(crate) async fn authenticate(
    ports: &Ports,
    webhooks: &dyn CallWebhooks,
    delivery: &Delivery,
) -> Result<Sender, AcceptError> {
    let provider = webhooks.provider();
    let hints = webhooks.hints(delivery);
    let by_account = if hints.accounts.is_empty() {
        None
    } else {
        ports.tenants.by_account(provider, &hints.accounts).await?
    };
    let company = match (&delivery.tenant_key, &by_account, &hints.tracking_number) {
        // an address with a tenant key is for that tenant alone, whatever the body says
        (Some(key), _, _) => {
            // what could not be a key is not even looked for
            TenantKey::try_new(key.expose().as_str()).map_err(|_| AcceptError::BadSignature)?;
            Some(ports.tenants.by_key(key).await?.ok_or(AcceptError::BadSignature)?)
        }
        (None, Some(company), _) => Some(company.clone()),
        (None, None, Some(number)) => ports.tenants.by_tracking_number(number).await?,
        (None, None, None) => None,
    };
    let own_key = match &company {
        Some(company) => open_credential(ports, company, provider, SIGNING_KEY).await?,
        None => None,
    };
    // a tenant with a key of its own is not open to whoever holds the platform's
    let key = own_key.or_else(|| ports.platform.callrail_signing_key.clone());
    match key {
        Some(key) if webhooks.verify(delivery, &key) => {}
        _ => return Err(AcceptError::BadSignature),
    }
    Ok(match (company, by_account) {
        (Some(company), Some(other)) if other.id != company.id => Sender::OthersAccount(company),
        (Some(company), _) => Sender::Tenant(company),
        (None, _) => Sender::Platform,
    })
}

/// Opens one of a company's secrets at a provider.
pub(crate) async fn open_credential(
    ports: &Ports,
    company: &Company,
    provider: kernel::Provider,
    name: &str,
) -> Result<Option<Secret>, AcceptError> {
    let Some(sealed) = ports.tenants.credential(&company.id, provider, name).await? else { return Ok(None) };
    Ok(Some(ports.secrets.open(&sealed, &credential_context(&company.id, provider, name))?))
}

/// What a company's secret is sealed for.
pub fn credential_context(company: &kernel::CompanyId, provider: kernel::Provider, name: &str) -> String {
    format!("{company}/{provider}/{name}")
}

fn entry_of(
    ports: &Ports,
    webhooks: &dyn CallWebhooks,
    delivery: &Delivery,
    company: Option<&Company>,
    state: InboxState,
) -> NewInboxEntry {
    let provider = webhooks.provider();
    let company = company.map(|company| &company.id);
    NewInboxEntry {
        id: InboxId::fresh(ports.ids.as_ref()),
        provider,
        kind: delivery.kind.to_owned(),
        event_key: event_key(company, provider, delivery.kind, &delivery.query, &delivery.body),
        match_key: None,
        state,
        reason: None,
        path: delivery.path.clone(),
        query: delivery.query.clone(),
        content_type: delivery.content_type.clone(),
        proof: delivery.proof.clone(),
        body: delivery.body.to_vec(),
        trace: delivery.trace.clone(),
        received_at: delivery.received_at,
    }
}
