use app::ports::{EnsuredLead, NewLead};
use crm::{AppointmentStatus, KnownLead, LeadMove, LeadStatus, OpenAppointment};
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use kernel::{CallId, ContactCardId, LeadId, StoreError, Timestamp};
use serde_json::json;
use uuid::Uuid;

use super::contacts;
use crate::{
    db::{Conn, find_locked, later, on_db},
    error::{corrupt, fail},
    kept::kept,
    schema::{appointments, lead_status_history as history, leads},
    types::{DbDoc, DbId, DbTs},
};

const TABLE: &str = "leads";

fn status_of(id: LeadId, text: &str) -> Result<LeadStatus, StoreError> {
    text.parse().map_err(|error: crm::UnknownWord| corrupt(TABLE, "status", id, error))
}

/// The contact's leads that a new call may belong to: the active one, else the newest asleep.
async fn to_go_on_with(
    conn: &mut Conn,
    company: &str,
    contact: ContactCardId,
) -> Result<Option<(LeadId, LeadStatus)>, StoreError> {
    let wanted = LeadStatus::ALL.iter().filter(|status| status.is_active() || status.wakes_up());
    let query = leads::table
        .filter(leads::company_id.eq(company))
        .filter(leads::contact_card_id.eq(DbId::from(contact)))
        .filter(leads::status.eq_any(wanted.map(|status| status.as_str())))
        .select((leads::created_at, leads::id, leads::status));
    let mut rows: Vec<(DbTs, DbId, String)> =
        on_db!(conn, "leads.to_go_on_with", |c| query.load(c).await).map_err(fail(TABLE))?;
    // they are few; asked for in order, SQLite would rather walk all the tenant's leads, which an index has in order
    rows.sort_by_key(|(created, id, _)| std::cmp::Reverse((*created, id.0)));
    let mut asleep = None;
    for (_, id, status) in rows {
        let id = LeadId::from(id);
        let status = status_of(id, &status)?;
        if status.is_active() {
            return Ok(Some((id, status)));
        }
        asleep = asleep.or(Some((id, status)));
    }
    Ok(asleep)
}

/// What a transaction did with a contact's card before it asks for a lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Card {
    /// Nothing.
    Untouched,
    /// Locked it.
    Locked,
    /// Made it: it has no leads.
    Fresh,
}

/// The lead a new call of a contact belongs to.
pub(super) async fn ensure(
    conn: &mut Conn,
    company: &str,
    lead: &NewLead,
    card: Card,
    now: Timestamp,
) -> Result<EnsuredLead, StoreError> {
    if card != Card::Fresh
        && let Some((id, status)) = to_go_on_with(conn, company, lead.contact).await?
    {
        return Ok(EnsuredLead { id, status, is_new: false });
    }
    // whoever makes or wakes a lead has its card locked, so that there is at most one of them for each customer; what was
    // not there a moment ago may be there now
    if card == Card::Untouched {
        contacts::lock(conn, company, lead.contact).await?;
        if let Some((id, status)) = to_go_on_with(conn, company, lead.contact).await? {
            return Ok(EnsuredLead { id, status, is_new: false });
        }
    }
    let fields = lead.facts.fields();
    let row = (
        leads::id.eq(DbId::from(lead.id)),
        leads::company_id.eq(company.to_owned()),
        leads::contact_card_id.eq(DbId::from(lead.contact)),
        leads::status.eq(LeadStatus::New.as_str()),
        leads::source.eq(fields.source.as_str()),
        leads::campaign.eq(fields.campaign),
        leads::last_contacted_at.eq(fields.last_contacted_at.map(DbTs)),
        leads::learned.eq(DbDoc::of(&lead.facts)),
        leads::created_at.eq(DbTs(now)),
        leads::updated_at.eq(DbTs(now)),
    );
    later!(conn, "leads.insert", TABLE, kept(diesel::insert_into(leads::table).values(row)))?;
    add_history(
        conn,
        company,
        HistoryLine {
            lead: lead.id,
            version: 1,
            from: None,
            to: LeadStatus::New,
            reason: "lead created",
            triggered_by: "otto",
            call: None,
            now,
        },
    )
    .await?;
    Ok(EnsuredLead { id: lead.id, status: LeadStatus::New, is_new: true })
}

pub(super) async fn known(
    conn: &mut Conn,
    company: &str,
    id: LeadId,
) -> Result<Option<KnownLead>, StoreError> {
    let row: Option<(String, Option<DbTs>)> = find_locked!(
        conn,
        "leads.find",
        leads::table
            .filter(leads::company_id.eq(company))
            .filter(leads::id.eq(DbId::from(id)))
            .select((leads::status, leads::last_verdict_at))
    )
    .map_err(fail(TABLE))?;
    let Some((status, last_verdict_at)) = row else { return Ok(None) };
    let open = AppointmentStatus::ALL.iter().filter(|status| status.is_open()).map(|status| status.as_str());
    let query = appointments::table
        .filter(appointments::company_id.eq(company))
        .filter(appointments::lead_id.eq(DbId::from(id)))
        .filter(appointments::status.eq_any(open))
        .select((appointments::id, appointments::scheduled_start, appointments::status));
    let rows: Vec<(DbId, DbTs, String)> =
        on_db!(conn, "appointments.open_of_lead", |c| query.load(c).await).map_err(fail("appointments"))?;
    let mut open_appointments = Vec::with_capacity(rows.len());
    for (appointment, start, status) in rows {
        let status = status
            .parse()
            .map_err(|error: crm::UnknownWord| corrupt("appointments", "status", appointment.0, error))?;
        open_appointments.push(OpenAppointment { id: appointment.into(), start: start.0, status });
    }
    // here and not by the database, for the same reason as above
    open_appointments.sort_by_key(|open| (open.start, open.id));
    Ok(Some(KnownLead {
        status: status_of(id, &status)?,
        last_verdict_at: last_verdict_at.map(|at| at.0),
        open_appointments,
    }))
}

struct HistoryLine {
    lead: LeadId,
    version: i32,
    from: Option<LeadStatus>,
    to: LeadStatus,
    reason: &'static str,
    triggered_by: &'static str,
    call: Option<CallId>,
    now: Timestamp,
}

async fn add_history(conn: &mut Conn, company: &str, line: HistoryLine) -> Result<(), StoreError> {
    // one line for each version of a lead: the id follows from both, as the unique key does
    let version = u128::try_from(line.version).unwrap_or_default();
    let id = Uuid::from_u128(line.lead.0.as_u128() ^ (version << 8));
    let row = (
        history::id.eq(DbId(id)),
        history::company_id.eq(company.to_owned()),
        history::lead_id.eq(DbId::from(line.lead)),
        history::lead_version.eq(line.version),
        history::from_status.eq(line.from.map(LeadStatus::as_str)),
        history::to_status.eq(line.to.as_str()),
        history::reason.eq(Some(line.reason)),
        history::triggered_by.eq(line.triggered_by),
        history::context.eq(line.call.map(|call| DbDoc(json!({ "call_id": call })))),
        history::created_at.eq(DbTs(line.now)),
    );
    let insert = kept(diesel::insert_into(history::table).values(row));
    later!(conn, "lead_status_history.insert", "lead_status_history", insert)
}

pub(super) async fn record_verdict(
    conn: &mut Conn,
    company: &str,
    id: LeadId,
    call: CallId,
    call_at: Timestamp,
    lead_move: Option<&LeadMove>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let target = leads::table.filter(leads::company_id.eq(company)).filter(leads::id.eq(DbId::from(id)));
    let lead_move = match lead_move {
        Some(moved) if moved.to.is_active() && !moved.from.is_active() => {
            let contact: Option<DbId> = on_db!(conn, "leads.contact_of", |c| {
                target.select(leads::contact_card_id).get_result(c).await.optional()
            })
            .map_err(fail(TABLE))?;
            let Some(contact) = contact else { return Ok(false) };
            contacts::lock(conn, company, contact.into()).await?;
            // waking this lead would give the customer two active ones; the other one goes on
            match to_go_on_with(conn, company, contact.into()).await? {
                Some((other, status)) if other != id && status.is_active() => None,
                _ => Some(moved),
            }
        }
        other => other,
    };
    let Some(moved) = lead_move else {
        on_db!(conn, "leads.remember_verdict", |c| {
            let update = diesel::update(target)
                .set((leads::last_verdict_at.eq(Some(DbTs(call_at))), leads::updated_at.eq(DbTs(now))));
            kept(update).execute(c).await
        })
        .map_err(fail(TABLE))?;
        return Ok(false);
    };
    let version: Option<i32> = on_db!(conn, "leads.move", |c| {
        let update = diesel::update(target)
            .set((
                leads::status.eq(moved.to.as_str()),
                leads::last_verdict_at.eq(Some(DbTs(call_at))),
                leads::version.eq(leads::version + 1),
                leads::updated_at.eq(DbTs(now)),
            ))
            .returning(leads::version);
        kept(update).get_result(c).await.optional()
    })
    .map_err(fail(TABLE))?;
    let Some(version) = version else { return Ok(false) };
    let line = HistoryLine {
        lead: id,
        version,
        from: Some(moved.from),
        to: moved.to,
        reason: moved.reason,
        triggered_by: "shunya",
        call: Some(call),
        now,
    };
    add_history(conn, company, line).await?;
    Ok(true)
}
