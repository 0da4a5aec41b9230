//! What cards and leads are told by the calls that belong to them.

use crm::{LeadFacts, LeadFields, LeadSource, Provided, relearn_lead};
use diesel::{BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;
use kernel::{ContactCardId, LeadId, StoreError, Timestamp};

use super::contacts::{self, Known};
use crate::{
    db::{Conn, later, on_db},
    error::{corrupt, fail},
    kept::kept,
    schema::{calls, contact_cards as cards, leads},
    types::{DbDoc, DbId, DbTs},
};

const LEADS: &str = "leads";

/// A card, with what the customer's calls say of them: each field by the earliest call that says it, city and state by one.
type Card = (Known, (Option<String>, Option<String>, Option<String>));

/// Makes a card what its calls say. It has to be locked, and by an earlier statement: whoever held it before has written their
/// call by now, and this one sees it.
pub(super) async fn learn_card(
    conn: &mut Conn,
    company: &str,
    id: ContactCardId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let theirs = || {
        calls::table
            .filter(calls::company_id.eq(company))
            .filter(calls::contact_card_id.eq(DbId::from(id)))
            .order((calls::created_at, calls::provider_call_id))
            .limit(1)
    };
    let placed =
        || theirs().filter(calls::customer_city.is_not_null().or(calls::customer_state.is_not_null()));
    let name =
        theirs().filter(calls::customer_name.is_not_null()).select(calls::customer_name).single_value();
    let city = placed().select(calls::customer_city).single_value();
    let state = placed().select(calls::customer_state).single_value();
    let card: Option<Card> = on_db!(conn, "contact_cards.find_learned", |c| {
        cards::table
            .filter(cards::company_id.eq(company))
            .filter(cards::id.eq(DbId::from(id)))
            .select((Known::as_select(), (name, city, state)))
            .get_result(c)
            .await
            .optional()
    })
    .map_err(fail("contact_cards"))?;
    let Some((known, (name, city, state))) = card else { return Ok(()) };
    let known = known.read(id)?;
    let after = known.1.clone().provided(Provided { name, city, state });
    contacts::write(conn, company, id, known, &after, false, now).await?;
    Ok(())
}

/// A lead's source, campaign, last contact, and what they were learned from; and what its calls say of it.
type Lead =
    ((String, Option<String>, Option<DbTs>, Option<DbDoc>), (Option<String>, Option<String>, Option<DbTs>));

/// Makes a lead's source, campaign and last contact what its calls say. Its card has to be locked.
pub(super) async fn learn_lead(
    conn: &mut Conn,
    company: &str,
    id: LeadId,
    now: Timestamp,
) -> Result<(), StoreError> {
    let its = || {
        calls::table.filter(calls::company_id.eq(company)).filter(calls::lead_id.eq(DbId::from(id))).limit(1)
    };
    let earliest = || its().order((calls::created_at, calls::provider_call_id));
    let direction = earliest().select(calls::direction).single_value();
    let campaign = earliest().filter(calls::campaign.is_not_null()).select(calls::campaign).single_value();
    let last = its().order(calls::created_at.desc()).select(calls::created_at).single_value();
    let lead: Option<Lead> = on_db!(conn, "leads.find_learned", |c| {
        leads::table
            .filter(leads::company_id.eq(company))
            .filter(leads::id.eq(DbId::from(id)))
            .select((
                (leads::source, leads::campaign, leads::last_contacted_at, leads::learned),
                (direction, campaign, last),
            ))
            .get_result(c)
            .await
            .optional()
    })
    .map_err(fail(LEADS))?;
    let Some(((source, campaign, last_contacted_at, learned), said)) = lead else { return Ok(()) };
    let source = source.parse().map_err(|error: crm::UnknownWord| corrupt(LEADS, "source", id, error))?;
    let known = LeadFields { source, campaign, last_contacted_at: last_contacted_at.map(|at| at.0) };
    let before = match learned {
        Some(doc) => doc.read().map_err(|error| corrupt(LEADS, "learned", id, error))?,
        None => LeadFacts::default(),
    };
    let after = facts(said);
    let fields = relearn_lead(&known, &before, &after);
    if fields == known && after == before {
        return Ok(());
    }
    let target =
        leads::table.filter(leads::company_id.eq(company.to_owned())).filter(leads::id.eq(DbId::from(id)));
    let update = diesel::update(target).set((
        leads::source.eq(fields.source.as_str()),
        leads::campaign.eq(fields.campaign),
        leads::last_contacted_at.eq(fields.last_contacted_at.map(DbTs)),
        leads::learned.eq(DbDoc::of(&after)),
        leads::updated_at.eq(DbTs(now)),
    ));
    later!(conn, "leads.learn", LEADS, kept(update))
}

fn facts((direction, campaign, last): (Option<String>, Option<String>, Option<DbTs>)) -> LeadFacts {
    let source = match direction.as_deref() {
        Some("outbound") => LeadSource::Other,
        _ => LeadSource::InboundCall,
    };
    LeadFacts { source: last.map(|_| source), campaign, last_contacted_at: last.map(|at| at.0) }
}
