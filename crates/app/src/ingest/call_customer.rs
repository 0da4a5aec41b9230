//! The customer of a call: their card and their lead.
//!
//! A card and a lead belong to several calls. What they show is worked out from the stored calls, the earliest first, and
//! not from what came last; so it does not depend on the order in which things were heard. What people wrote stays.

use calls::{CallEvent, Direction};
use crm::{LeadFacts, LeadSource};
use kernel::{ContactCardId, LeadId, PhoneNumber, StoreError, Timestamp};

use crate::{
    Work,
    ports::{NewContact, NewLead, StoredCall},
};

/// A lead that was made.
#[derive(Clone, Debug)]
pub(super) struct MadeLead {
    pub(super) lead: LeadId,
    pub(super) contact: ContactCardId,
    pub(super) facts: LeadFacts,
}

/// What an event did to customers.
#[derive(Clone, Debug, Default)]
pub(super) struct Customers {
    /// Leads that were made, to be told of.
    pub(super) made: Vec<MadeLead>,
    /// The call's card and lead are new, so they hold what it says and nothing else.
    is_fresh: bool,
}

/// Finds or makes the card and the lead of the number called from; a call without one has neither. A number that was
/// reported and is not believed gets its own too: that, too, must not depend on which was reported first.
pub(super) async fn set_customer(
    work: &mut Work<'_>,
    call: &mut StoredCall,
    before: Option<&StoredCall>,
    event: &CallEvent,
    now: Timestamp,
) -> Result<Customers, StoreError> {
    let mut customers = Customers::default();
    let Some(phone) = call.facts.phone().cloned() else { return Ok(customers) };
    let is_news = |told: &&PhoneNumber| before.is_none_or(|before| !before.facts.phones().contains(*told));
    let told = event.facts.phone.as_ref().filter(is_news);
    if let Some(other) = told.filter(|told| **told != phone) {
        let nobody = StoredCall { facts: calls::CallFacts::default(), ..call.clone() };
        ensure(work, &nobody, other, LeadFacts::default(), now, &mut customers.made).await?;
    }
    let was = before.and_then(|before| before.facts.phone());
    if call.contact.is_none() || was != Some(&phone) {
        let facts = lead_facts(call);
        let (contact, lead, is_fresh) = ensure(work, call, &phone, facts, now, &mut customers.made).await?;
        call.contact = Some(contact);
        call.lead = Some(lead);
        customers.is_fresh = is_fresh;
    }
    Ok(customers)
}

/// What a call says of its lead, if it is the only one.
fn lead_facts(call: &StoredCall) -> LeadFacts {
    let source = match call.facts.direction() {
        Some(Direction::Outbound) => LeadSource::Other,
        Some(Direction::Inbound) | None => LeadSource::InboundCall,
    };
    LeadFacts {
        source: Some(source),
        campaign: call.facts.campaign().map(str::to_owned),
        last_contacted_at: Some(call.created_at),
    }
}

/// A number's card and lead, and whether both are new.
async fn ensure(
    work: &mut Work<'_>,
    call: &StoredCall,
    phone: &PhoneNumber,
    facts: LeadFacts,
    now: Timestamp,
    made: &mut Vec<MadeLead>,
) -> Result<(ContactCardId, LeadId, bool), StoreError> {
    let ids = work.ports().ids.as_ref();
    let (contact, lead) = (ContactCardId::fresh(ids), LeadId::fresh(ids));
    let contact = NewContact {
        id: contact,
        phone,
        name: call.facts.customer_name(),
        city: call.facts.customer_city(),
        state: call.facts.customer_state(),
    };
    let contact = work.crm().ensure_contact(&contact, now).await?;
    let new_lead = NewLead { id: lead, contact: contact.id, facts };
    let lead = work.crm().ensure_lead(&new_lead, now).await?;
    if lead.is_new {
        made.push(MadeLead { lead: lead.id, contact: contact.id, facts: new_lead.facts });
    }
    Ok((contact.id, lead.id, contact.is_new && lead.is_new))
}

/// What a call says to its card and lead.
fn says(call: &StoredCall) -> impl PartialEq {
    let facts = &call.facts;
    let text = |text: Option<&str>| text.map(str::to_owned);
    (
        (call.contact, call.lead, call.created_at, call.ids.primary.clone()),
        (text(facts.customer_name()), text(facts.customer_city()), text(facts.customer_state())),
        (text(facts.campaign()), facts.direction()),
    )
}

/// Makes cards and leads what their stored calls say of them, once this one is stored.
pub(super) async fn learn_customer(
    work: &mut Work<'_>,
    call: &StoredCall,
    before: Option<&StoredCall>,
    customers: &Customers,
    now: Timestamp,
) -> Result<(), StoreError> {
    match call.contact {
        Some(contact) if !customers.is_fresh && before.is_none_or(|before| says(before) != says(call)) => {
            work.crm().learn_from_calls(contact, call.lead, now).await
        }
        _ => Ok(()),
    }
}

/// Tells the customer whose call it was, as it was stored, that they have a call less.
pub(super) async fn leave_customer(
    work: &mut Work<'_>,
    call: &StoredCall,
    was: &StoredCall,
    now: Timestamp,
) -> Result<(), StoreError> {
    match was.contact {
        Some(contact) if call.contact != Some(contact) => {
            work.crm().learn_from_calls(contact, was.lead, now).await
        }
        _ => Ok(()),
    }
}
