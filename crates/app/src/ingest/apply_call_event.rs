//! Applying one event to its call, inside the transaction that stored it.
//!
//! Guarantees: the same events give the same call in any order and any number of times; a customer has one contact card
//! and one active lead however many calls come at once.

use calls::{
    CallEvent, CallEventKind, CallFacts, CallStage, CallType, Direction, Problem, ProviderCallIds,
    RecordingState,
};
use crm::LeadSource;
use kernel::{CallId, LeadId, Provider, RecordingId, StoreError, Timestamp, UserId};
use serde_json::json;

use crate::{
    NewEvent, Work,
    jobs::FetchRecording,
    ports::{NewContact, NewLead, Recording, StoredCall},
};

/// What an event did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The call.
    pub call: CallId,
    /// Whether nobody had told us of it before.
    pub is_new: bool,
}

/// Applies one event.
#[tracing::instrument(name = "app.apply_call_event", skip_all)]
pub async fn apply_call_event(
    work: &mut Work<'_>,
    provider: Provider,
    event: &CallEvent,
    now: Timestamp,
) -> Result<Applied, StoreError> {
    apply(work, provider, event, now, None).await
}

/// Applies one event, in whose first try a lead may have been made already.
async fn apply(
    work: &mut Work<'_>,
    provider: Provider,
    event: &CallEvent,
    now: Timestamp,
    made: Option<(LeadId, LeadSource)>,
) -> Result<Applied, StoreError> {
    let known = work.calls().find_by_provider(provider, &event.ids).await?;
    let (mut call, was_known) = match known {
        Some(call) => (call, true),
        None => (blank(provider, event, now), false),
    };
    let before = call.clone();
    call.facts.absorb(event);
    learn_ids(work, &mut call, event, was_known).await?;
    add_problems(&mut call.problems, &event.problems);
    call.created_at = call.facts.started_at().unwrap_or(call.received_at);
    if call.call_type.is_none() {
        call.call_type = Some(CallType::CsrCall);
    }
    if was_known && call == before && made.is_none() {
        return Ok(Applied { call: call.id, is_new: false });
    }
    set_owner(work, &mut call, &before, was_known).await?;
    let new_lead = set_customer(work, &mut call, &before, was_known, now).await?.or(made);

    let recording = if was_known { work.calls().recording(call.id).await? } else { None };
    let wanted = wanted_recording(work, &call, recording.as_ref());
    let state = wanted.as_ref().or(recording.as_ref()).map(|recording| recording.state);
    call.stage = CallStage::of(&call.facts, state, call.analysis_progress(state));

    if was_known {
        work.calls().save(&call, now).await?;
    } else {
        let Some(id) = work.calls().insert(&call, now).await? else {
            // somebody added the call between our look and our insert; it is there now, so this is the last time
            return Box::pin(apply(work, provider, event, now, new_lead)).await;
        };
        call.id = id;
    }
    if let Some(recording) = wanted {
        let recording = Recording { call: call.id, ..recording };
        work.calls().save_recording(&recording, now).await?;
        work.enqueue(&FetchRecording { call: call.id }, now).await?;
    }
    tell(work, &call, event, new_lead, now);
    Ok(Applied { call: call.id, is_new: !was_known })
}

fn blank(provider: Provider, event: &CallEvent, now: Timestamp) -> StoredCall {
    StoredCall {
        id: CallId(0),
        provider,
        ids: event.ids.clone(),
        facts: CallFacts::default(),
        problems: Vec::new(),
        stage: CallStage::Ringing,
        call_type: None,
        owner: None,
        contact: None,
        lead: None,
        lead_quality: None,
        booking_status: None,
        analyzed_at: None,
        created_at: now,
        received_at: now,
    }
}

/// An older payload may have named the call by its numeric id alone. If both its names were heard before either was
/// known to be the other, there are two calls by now; each keeps its name, and people can see why.
async fn learn_ids(
    work: &mut Work<'_>,
    call: &mut StoredCall,
    event: &CallEvent,
    was_known: bool,
) -> Result<(), StoreError> {
    let mut ids = call.ids.clone();
    if ids.legacy.is_none() {
        ids.legacy.clone_from(&event.ids.legacy);
    }
    if ids.legacy.as_ref() == Some(&ids.primary) && event.ids.primary != ids.primary {
        ids.primary.clone_from(&event.ids.primary);
    }
    if ids == call.ids {
        return Ok(());
    }
    if was_known {
        for name in std::iter::once(&ids.primary).chain(&ids.legacy) {
            let named = ProviderCallIds { primary: name.clone(), legacy: None };
            let bearer = work.calls().find_by_provider(call.provider, &named).await?;
            if bearer.is_some_and(|bearer| bearer.id != call.id) {
                add_problems(&mut call.problems, &[Problem::new("id", "names_two_calls")]);
                return Ok(());
            }
        }
    }
    call.ids = ids;
    Ok(())
}

fn add_problems(known: &mut Vec<Problem>, new: &[Problem]) {
    for problem in new {
        if let Err(at) = known.binary_search(problem) {
            known.insert(at, problem.clone());
        }
    }
}

/// A provider may name who took the call; believed only if it is one of the tenant's people.
async fn set_owner(
    work: &mut Work<'_>,
    call: &mut StoredCall,
    before: &StoredCall,
    was_known: bool,
) -> Result<(), StoreError> {
    if was_known && call.facts.csr_id() == before.facts.csr_id() {
        return Ok(());
    }
    let Some(named) = call.facts.csr_id().and_then(|id| UserId::try_new(id).ok()) else { return Ok(()) };
    if work.directory().has_user(&named).await? {
        call.owner = Some(named);
    } else {
        add_problems(&mut call.problems, &[Problem::new("csr_id", "not_a_user")]);
    }
    Ok(())
}

/// Finds or makes the customer's card and lead by the number called from; a call without one has neither.
async fn set_customer(
    work: &mut Work<'_>,
    call: &mut StoredCall,
    before: &StoredCall,
    was_known: bool,
    now: Timestamp,
) -> Result<Option<(LeadId, LeadSource)>, StoreError> {
    let Some(phone) = call.facts.phone() else { return Ok(None) };
    if was_known && call.contact.is_some() && before.facts.phone() == Some(phone) {
        return Ok(None);
    }
    let ids = work.ports().ids.as_ref();
    let (contact_id, lead_id) = (kernel::ContactCardId::fresh(ids), LeadId::fresh(ids));
    let contact = NewContact {
        id: contact_id,
        phone,
        name: call.facts.customer_name(),
        city: call.facts.customer_city(),
        state: call.facts.customer_state(),
    };
    let contact = work.crm().ensure_contact(&contact, now).await?;
    let source = match call.facts.direction() {
        Some(Direction::Outbound) => LeadSource::Other,
        Some(Direction::Inbound) | None => LeadSource::InboundCall,
    };
    let lead = NewLead {
        id: lead_id,
        contact: contact.id,
        source,
        campaign: call.facts.campaign(),
        contacted_at: call.created_at,
    };
    let lead = work.crm().ensure_lead(&lead, now).await?;
    call.contact = Some(contact.id);
    call.lead = Some(lead.id);
    Ok(lead.is_new.then_some((lead.id, source)))
}

/// The recording to be fetched because of this event: one just heard of, or one given up on that has a new name.
fn wanted_recording(work: &Work<'_>, call: &StoredCall, known: Option<&Recording>) -> Option<Recording> {
    let named = call.facts.recording()?;
    let id = match known {
        None => RecordingId::fresh(work.ports().ids.as_ref()),
        Some(known) => match known.state {
            RecordingState::Pending | RecordingState::Stored => return None,
            RecordingState::Absent => known.id,
            RecordingState::Failed if known.provider_recording_id.as_ref() == Some(&named.id) => return None,
            RecordingState::Failed => known.id,
        },
    };
    Some(Recording {
        id,
        call: call.id,
        provider: call.provider,
        provider_recording_id: Some(named.id.clone()),
        state: RecordingState::Pending,
        blob_key: None,
        content_type: None,
        size_bytes: None,
        sha256: None,
        duration_seconds: named.duration_seconds,
        error: None,
    })
}

fn tell(
    work: &mut Work<'_>,
    call: &StoredCall,
    event: &CallEvent,
    new_lead: Option<(LeadId, LeadSource)>,
    now: Timestamp,
) {
    let company = work.scope().company.clone();
    let phone = call.facts.phone().map(kernel::PhoneNumber::as_str);
    let at = kernel::rfc3339(call.created_at);
    let status = call.facts.status().as_str();
    let mut say = |name: &'static str, data: serde_json::Value| {
        let key = format!("{name}:call:{}", call.id);
        let event = NewEvent {
            event: name,
            key,
            lead: call.lead,
            user: call.owner.clone(),
            call: Some(call.id),
            data,
        };
        work.happened(event, now);
    };
    match event.kind {
        CallEventKind::Incoming => {
            let answered = call.facts.answered().unwrap_or(false);
            say(
                "call.incoming",
                json!({
                    "call_id": call.id, "callrail_call_id": call.ids.primary, "phone_number": phone,
                    "company_id": company, "timestamp": at,
                }),
            );
            say(
                "telephony.call.received",
                json!({
                    "call_id": call.id, "phone_number": phone, "company_id": company, "answered": answered,
                }),
            );
        }
        CallEventKind::Answered => say(
            "call.answered",
            json!({
                "call_id": call.id, "duration": call.facts.duration_seconds(), "csr_id": call.owner,
            }),
        ),
        _ if call.facts.is_missed() => {
            say("call.missed", json!({ "call_id": call.id, "phone_number": phone, "status": status }));
        }
        CallEventKind::Missed
        | CallEventKind::Listed
        | CallEventKind::Completed
        | CallEventKind::Modified => {
            // no link: recordings are reached through the API, by whoever may
            say(
                "call.completed",
                json!({
                    "call_id": call.id, "recording_url": null, "duration": call.facts.duration_seconds(),
                }),
            );
        }
    }
    if let Some((lead, source)) = new_lead {
        let data = json!({
            "lead_id": lead, "company_id": company, "contact_card_id": call.contact, "status": "new",
            "source": source.as_str(), "campaign": call.facts.campaign(), "pipeline_stage": null,
        });
        let key = format!("lead.created:{lead}");
        let event =
            NewEvent { event: "lead.created", key, lead: Some(lead), user: None, call: Some(call.id), data };
        work.happened(event, now);
    }
}
