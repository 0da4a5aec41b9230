//! What whoever listens is told of calls and leads (contract `conventions.md` §13).
//!
//! Which things are told follows from the events alone (`calls::Telling`), each once; what they carry is what is known of
//! the call by then.

use calls::Telling;
use kernel::{CallId, StoreError, Timestamp};
use serde_json::{Value, json};

use super::call_customer::MadeLead;
use crate::{NewEvent, Work, ports::StoredCall};

/// The catalogue's names for it.
fn names(telling: Telling) -> &'static [&'static str] {
    match telling {
        Telling::Incoming => &["call.incoming", "telephony.call.received"],
        Telling::Answered => &["call.answered"],
        Telling::Missed => &["call.missed"],
        Telling::Completed => &["call.completed"],
    }
}

fn key(name: &str, call: CallId) -> String {
    format!("{name}:call:{call}")
}

/// The keys of what was told of a call, as if it were another.
pub(super) fn keys(call: &StoredCall, of: CallId) -> impl Iterator<Item = String> {
    call.facts.told.iter().flat_map(|telling| names(*telling)).map(move |name| key(name, of))
}

fn data(call: &StoredCall, company: &kernel::CompanyId, name: &str) -> Value {
    let facts = &call.facts;
    let phone = facts.phone().map(kernel::PhoneNumber::as_str);
    match name {
        "call.incoming" => json!({
            "call_id": call.id, "callrail_call_id": call.ids.primary, "phone_number": phone,
            "company_id": company, "timestamp": kernel::rfc3339(call.created_at),
        }),
        "telephony.call.received" => json!({
            "call_id": call.id, "phone_number": phone, "company_id": company,
            "answered": facts.answered().unwrap_or(false),
        }),
        "call.answered" => json!({
            "call_id": call.id, "duration": facts.duration_seconds(), "csr_id": call.owner,
        }),
        "call.missed" => {
            json!({ "call_id": call.id, "phone_number": phone, "status": facts.status().as_str() })
        }
        // no link: recordings are reached through the API, by whoever may
        _ => json!({ "call_id": call.id, "recording_url": null, "duration": facts.duration_seconds() }),
    }
}

/// Tells what an event adds to what was told of its call before.
pub(super) async fn tell(
    work: &mut Work<'_>,
    call: &StoredCall,
    before: Option<&StoredCall>,
    made: &[MadeLead],
    now: Timestamp,
) -> Result<(), StoreError> {
    let company = work.scope().company.clone();
    if let Some(before) = before
        && (before.lead, &before.owner) != (call.lead, &call.owner)
        && !before.facts.told.is_empty()
    {
        // told before it was known whose call it is
        let keys: Vec<_> = keys(before, call.id).collect();
        work.events().relate(&keys, call.lead, call.owner.as_ref()).await?;
    }
    let told = before.map_or(&[][..], |before| &before.facts.told);
    for name in call.facts.told.iter().filter(|new| !told.contains(new)).flat_map(|new| names(*new)) {
        let event = NewEvent {
            event: name,
            key: key(name, call.id),
            lead: call.lead,
            user: call.owner.clone(),
            call: Some(call.id),
            data: data(call, &company, name),
        };
        work.happened(event, now);
    }
    for MadeLead { lead, contact, facts } in made {
        let fields = facts.fields();
        let data = json!({
            "lead_id": lead, "company_id": company, "contact_card_id": contact, "status": "new",
            "source": fields.source.as_str(), "campaign": fields.campaign, "pipeline_stage": null,
        });
        let event = NewEvent {
            event: "lead.created",
            key: format!("lead.created:{lead}"),
            lead: Some(*lead),
            user: None,
            call: Some(call.id),
            data,
        };
        work.happened(event, now);
    }
    Ok(())
}
