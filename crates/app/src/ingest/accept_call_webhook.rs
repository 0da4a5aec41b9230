//! Taking in a provider's webhook about a call.
//!
//! Who may: whoever signs with the tenant's key (or, for a tenant without one, the platform's). Guarantees: an answer
//! other than an error means the event is stored and applied, in one committed transaction; the same bytes again change
//! nothing; what is authentic is never dropped, only set aside.

use std::sync::Arc;

use calls::{CallEvent, CallEventKind};
use idempotency::{Arrival, InboxState, event_key};
use kernel::{CallId, CompanyId, ErrorKind, InboxId, Scope, Secret, StoreError, Timestamp};
use tenancy::TenantKey;

use super::{Applied, apply_call_event, list_provider_calls::LISTED, sender_search::Found};
use crate::{
    Ports,
    ports::{CallWebhooks, Delivery, NewInboxEntry, Unreadable},
};

/// The name under which a company's signing key is kept, and the reason words of the inbox.
pub(crate) const SIGNING_KEY: &str = "signing_key";
const UNKNOWN_TENANT: &str = "unknown_tenant";
const UNSIGNED_TENANT: &str = "unsigned_tenant";
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
    /// Signed by one tenant, about another. Stored as quarantined under the one who signed.
    #[error("the signature is another company's")]
    OthersSignature,
    /// Authentic, but neither JSON nor a form. Stored as quarantined.
    #[error("the content type is neither JSON nor a form")]
    MediaType,
    /// Whose it is would have to be searched for, and too many searches run. Nothing is stored.
    #[error("too many senders are being looked for")]
    Busy,
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
            Self::BadSignature | Self::OthersSignature => ErrorKind::Unauthenticated,
            Self::MediaType => ErrorKind::UnsupportedMedia,
            Self::Busy => ErrorKind::Unavailable,
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
        // no URL's: an entry of the provider's list that was set aside
        LISTED => Some(CallEventKind::Listed),
        _ => None,
    }
}

/// Takes in one webhook.
#[tracing::instrument(name = "app.accept_call_webhook", skip_all, fields(webhook.kind = delivery.kind))]
pub async fn accept_call_webhook(
    ports: &Ports,
    webhooks: &Arc<dyn CallWebhooks>,
    delivery: &Delivery,
) -> Result<CallWebhookAck, AcceptError> {
    let sender = match authenticate(ports, webhooks, delivery).await {
        // its key or its account may be newer than what is remembered of them
        Err(AcceptError::BadSignature) | Ok(Sender::Aside(_)) if let Some(fresh) = ports.without_memory() => {
            authenticate(&fresh, webhooks, delivery).await?
        }
        other => other?,
    };
    let kind = call_event_kind(delivery.kind).unwrap_or(CallEventKind::Completed);
    let read = webhooks.read(delivery, kind);
    match (sender, read) {
        (Sender::Tenant(company), Ok(event)) => apply(ports, webhooks, delivery, &company, &event).await,
        (Sender::Tenant(company), Err(reason)) => {
            let set_aside = set_aside(ports, webhooks, delivery, Some(&company), reason.as_str()).await?;
            told_of(set_aside, Some(reason))
        }
        (Sender::Aside(aside), read) => {
            // what cannot be read cannot be said to be about somebody
            let unreadable = read.err();
            let reason = unreadable.map_or(aside.reason, Unreadable::as_str);
            let set_aside = set_aside(ports, webhooks, delivery, aside.signer.as_ref(), reason).await?;
            if aside.is_refused && unreadable.is_none() {
                return Err(AcceptError::OthersSignature);
            }
            told_of(set_aside, unreadable)
        }
    }
}

async fn apply(
    ports: &Ports,
    webhooks: &Arc<dyn CallWebhooks>,
    delivery: &Delivery,
    company: &CompanyId,
    event: &CallEvent,
) -> Result<CallWebhookAck, AcceptError> {
    let provider = webhooks.provider();
    let scope = Scope::system(company.clone(), provider.as_str());
    let mut entry = entry_of(ports, provider, delivery, Some(company), InboxState::Applied);
    let mut work = ports.begin(&scope).await?.traced(delivery.trace.clone());
    let Applied { call, .. } = apply_call_event(&mut work, provider, event, delivery.received_at).await?;
    // last, and so once: the event's row is written with the call it is about
    entry.call = Some(call);
    work.inbox().store_new(&entry).await?;
    match work.commit().await {
        Ok(()) => Ok(CallWebhookAck::Applied { call }),
        Err(StoreError::AlreadyExists { table: "webhook_inbox" }) => {
            apply_again(ports, delivery, &scope, &entry, event).await
        }
        Err(error) => Err(error.into()),
    }
}

/// An event that was stored before. One that was set aside then is understood by now, or was sent as something else.
async fn apply_again(
    ports: &Ports,
    delivery: &Delivery,
    scope: &Scope,
    entry: &NewInboxEntry,
    event: &CallEvent,
) -> Result<CallWebhookAck, AcceptError> {
    let now = delivery.received_at;
    let mut work = ports.begin(scope).await?.traced(delivery.trace.clone());
    let stored = work.inbox().store(&NewInboxEntry { call: None, ..entry.clone() }).await?;
    if let Arrival::Duplicate { first_received_at } = stored.arrival {
        let known = work.inbox().find(stored.id).await?;
        if known.is_none_or(|known| known.entry.state != InboxState::Quarantined) {
            work.commit().await?;
            return Ok(CallWebhookAck::Duplicate { first_received_at });
        }
    }
    let Applied { call, .. } = apply_call_event(&mut work, entry.provider, event, now).await?;
    work.inbox().settle(stored.id, InboxState::Applied, None, Some(call), now).await?;
    work.commit().await?;
    Ok(CallWebhookAck::Applied { call })
}

/// Stores what is authentic and not to be applied: under whoever signed it, or under nobody.
async fn set_aside(
    ports: &Ports,
    webhooks: &Arc<dyn CallWebhooks>,
    delivery: &Delivery,
    signer: Option<&CompanyId>,
    reason: &'static str,
) -> Result<Arrival, StoreError> {
    let provider = webhooks.provider();
    let mut entry = entry_of(ports, provider, delivery, signer, InboxState::Quarantined);
    entry.reason = Some(reason.to_owned());
    let arrival = match signer {
        Some(company) => {
            let scope = Scope::system(company.clone(), provider.as_str());
            let mut work = ports.begin(&scope).await?.traced(delivery.trace.clone());
            let stored = work.inbox().store(&entry).await?;
            work.commit().await?;
            stored.arrival
        }
        None => ports.inbox_office.quarantine(&entry).await?.arrival,
    };
    if arrival == Arrival::First {
        let company = signer.map_or("-", CompanyId::as_str);
        tracing::warn!(company.id = company, kind = delivery.kind, reason, "webhook quarantined");
    }
    Ok(arrival)
}

fn told_of(arrival: Arrival, unreadable: Option<Unreadable>) -> Result<CallWebhookAck, AcceptError> {
    match (arrival, unreadable) {
        (_, Some(Unreadable::MediaType)) => Err(AcceptError::MediaType),
        (Arrival::First, _) => Ok(CallWebhookAck::Quarantined),
        (Arrival::Duplicate { first_received_at }, _) => Ok(CallWebhookAck::Duplicate { first_received_at }),
    }
}

/// Who a webhook is from, once its signature is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    /// A tenant, whose event it is.
    Tenant(CompanyId),
    /// Somebody whose event it cannot simply be.
    Aside(Aside),
}

/// An authentic event that is not to be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Aside {
    /// Whose key it was signed with; nobody's for the platform's.
    signer: Option<CompanyId>,
    /// Why it is not simply theirs.
    reason: &'static str,
    /// Whether the sender is told that the signature is wrong, which for the company it names it is.
    is_refused: bool,
}

impl Aside {
    /// Of somebody nobody knows.
    pub(crate) fn is_unknown(&self) -> bool {
        self.reason == UNKNOWN_TENANT
    }
}

/// Finds out whose a webhook is and whether it is theirs. What the body says of its tenant only chooses the key to check
/// with; it is believed once that key fits. Where none fits that it could choose, the signature itself is looked for
/// among all companies' keys; what is found that way is never applied, and never under another name than the signer's.
pub(crate) async fn authenticate(
    ports: &Ports,
    webhooks: &Arc<dyn CallWebhooks>,
    delivery: &Delivery,
) -> Result<Sender, AcceptError> {
    let provider = webhooks.provider();
    let hints = webhooks.hints(delivery);
    let named = ports.tenants.by_accounts(provider, &hints.accounts).await?;
    if let Some(key) = &delivery.tenant_key {
        // an address with a tenant key is for that tenant alone, whatever the body says;
        // what could not be a key is not even looked for
        TenantKey::try_new(key.expose().as_str()).map_err(|_| AcceptError::BadSignature)?;
        let company = ports.tenants.by_key(key).await?.ok_or(AcceptError::BadSignature)?.id;
        let own = open_credential(ports, &company, provider, SIGNING_KEY).await?;
        // a tenant with a key of its own is not open to whoever holds the platform's
        let key = own.or_else(|| ports.platform.callrail_signing_key.clone());
        return match key {
            Some(key) if webhooks.verify(delivery, &key) => {
                Ok(if named.iter().any(|named| named.id != company) {
                    let signer = Some(company);
                    Sender::Aside(Aside { signer, reason: TENANT_MISMATCH, is_refused: false })
                } else {
                    Sender::Tenant(company)
                })
            }
            _ => Err(AcceptError::BadSignature),
        };
    }
    let claimed = match (named.as_slice(), &hints.tracking_number) {
        ([company], _) => Some(company.id.clone()),
        ([], Some(number)) => ports.tenants.by_tracking_number(number).await?.map(|company| company.id),
        _ => None,
    };
    // asked for and checked where nobody is named, too: how long it takes does not tell who is a customer of ours
    let own = if let Some(company) = &claimed {
        open_credential(ports, company, provider, SIGNING_KEY).await?
    } else {
        let nobody = CompanyId::try_new("nobody").map_err(|_| AcceptError::BadSignature)?;
        ports.tenants.credential(&nobody, provider, SIGNING_KEY).await?;
        None
    };
    let fits = |key: &Secret| webhooks.verify(delivery, key);
    let own_fits = fits(own.as_ref().unwrap_or(&Secret::new("nobody's key".to_owned())));
    let platform_fits = ports.platform.callrail_signing_key.as_ref().is_some_and(fits);
    match &claimed {
        Some(company) if own.is_some() && own_fits => return Ok(Sender::Tenant(company.clone())),
        // the platform's signature of an empty body is one for all tenants: what stands beside it must not choose among them
        Some(company) if own.is_none() && platform_fits && !delivery.body.is_empty() => {
            return Ok(Sender::Tenant(company.clone()));
        }
        _ => {}
    }
    if platform_fits && delivery.body.is_empty() {
        return Ok(Sender::Aside(Aside { signer: None, reason: UNSIGNED_TENANT, is_refused: false }));
    }
    let names_somebody = claimed.is_some() || !named.is_empty();
    let reason = if names_somebody { TENANT_MISMATCH } else { UNKNOWN_TENANT };
    let aside = |signer| Sender::Aside(Aside { signer, reason, is_refused: names_somebody });
    if platform_fits {
        return Ok(aside(None));
    }
    if let (Some(number), false) = (&hints.tracking_number, named.is_empty()) {
        // as where the account is nobody's
        ports.tenants.by_tracking_number(number).await?;
    }
    match ports.sender_search.find(ports, webhooks, delivery).await? {
        // the key it was found by is not its key any more
        Found::Signer(signer) if claimed.as_ref() == Some(&signer) => Err(AcceptError::BadSignature),
        Found::Signer(signer) => Ok(aside(Some(signer))),
        Found::Nobody | Found::TooLong => Err(AcceptError::BadSignature),
        Found::Busy => Err(AcceptError::Busy),
    }
}

/// Opens one of a company's secrets at a provider.
pub(crate) async fn open_credential(
    ports: &Ports,
    company: &CompanyId,
    provider: kernel::Provider,
    name: &str,
) -> Result<Option<Secret>, AcceptError> {
    let Some(sealed) = ports.tenants.credential(company, provider, name).await? else { return Ok(None) };
    Ok(Some(ports.secrets.open(&sealed, &credential_context(company, provider, name))?))
}

/// What a company's secret is sealed for.
pub fn credential_context(company: &CompanyId, provider: kernel::Provider, name: &str) -> String {
    format!("{company}/{provider}/{name}")
}

fn entry_of(
    ports: &Ports,
    provider: kernel::Provider,
    delivery: &Delivery,
    company: Option<&CompanyId>,
    state: InboxState,
) -> NewInboxEntry {
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
        call: None,
        received_at: delivery.received_at,
    }
}
