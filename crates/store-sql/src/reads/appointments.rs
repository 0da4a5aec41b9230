use std::collections::HashMap;

use app::reads::{
    AppointmentDetail, AppointmentLine, AppointmentList, AppointmentQuery, AppointmentSummary,
    AppointmentView, Viewer,
};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, NullableExpressionMethods, OptionalExtension,
    QueryDsl, Queryable, Selectable, SelectableHelper,
    dsl::sql,
    sql_types::{BigInt, Bool, Nullable},
};
use diesel_async::RunQueryDsl;
use kernel::{AppointmentId, Cents, CompanyId, ContactCardId, LeadId, StoreError, Timestamp};

use super::{
    customer::{CardName, CardRow},
    fixed::fixed,
    leads::SummaryRow as LeadSummaryRow,
    reach::own,
};
use crate::{
    db::{Conn, on_db},
    error::fail,
    schema::{appointments, contact_cards, leads},
    types::{DbId, DbTs, Id, Ts},
};

const TABLE: &str = "appointments";

/// Whom it is with: as the appointment says, else its lead's customer.
const WITH_WHOM: &str = "coalesce(appointments.contact_card_id, leads.contact_card_id)";

/// How much is still to be done for an appointment (contract `metrics.md` §15).
const PENDING_TASKS: &str = "(SELECT count(*) FROM tasks WHERE tasks.company_id = appointments.company_id \
     AND tasks.appointment_id = appointments.id AND tasks.status IN ('open', 'pending', 'overdue'))";

#[derive(Queryable, Selectable)]
#[diesel(table_name = appointments)]
struct Row {
    id: DbId,
    lead_id: DbId,
    contact_card_id: Option<DbId>,
    assigned_rep_id: Option<String>,
    scheduled_start: DbTs,
    scheduled_end: Option<DbTs>,
    status: String,
    outcome: String,
    appointment_type: Option<String>,
    location: Option<String>,
    service_type: Option<String>,
    notes: Option<String>,
    external_id: Option<String>,
    deal_size_cents: Option<i64>,
    created_at: DbTs,
    updated_at: DbTs,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = appointments)]
pub(super) struct SummaryRow {
    id: DbId,
    lead_id: DbId,
    contact_card_id: Option<DbId>,
    assigned_rep_id: Option<String>,
    scheduled_start: DbTs,
    scheduled_end: Option<DbTs>,
    status: String,
    outcome: String,
    location: Option<String>,
    service_type: Option<String>,
    created_at: DbTs,
    updated_at: DbTs,
}

impl SummaryRow {
    fn into_summary(self, company: &CompanyId) -> AppointmentSummary {
        AppointmentSummary {
            id: self.id.into(),
            lead_id: self.lead_id.into(),
            company_id: company.clone(),
            contact_card_id: self.contact_card_id.map(Into::into),
            assigned_rep_id: self.assigned_rep_id,
            scheduled_start: self.scheduled_start.0,
            scheduled_end: self.scheduled_end.map(|at| at.0),
            status: self.status,
            outcome: self.outcome,
            location: self.location,
            service_type: self.service_type,
            created_at: self.created_at.0,
            updated_at: self.updated_at.0,
        }
    }
}

/// The appointments of a day: the contract asks for no pages.
pub(super) async fn day(
    conn: &mut Conn,
    viewer: &Viewer,
    query: &AppointmentQuery,
) -> Result<AppointmentList, StoreError> {
    let company = viewer.company.as_str();
    let rows: Vec<(Row, Option<CardName>, i64)> = on_db!(conn, "appointments.day", |c| {
        let mut rows = appointments::table
            .inner_join(leads::table.on(leads::id.eq(appointments::lead_id)))
            .left_join(contact_cards::table.on(
                contact_cards::company_id.eq(company).and(contact_cards::id.nullable().eq(fixed::<
                    Nullable<Id>,
                >(
                    WITH_WHOM
                ))),
            ))
            .filter(appointments::company_id.eq(company))
            .filter(appointments::scheduled_start.ge(DbTs(query.from)))
            .filter(appointments::scheduled_start.lt(DbTs(query.until)))
            .order((appointments::scheduled_start, appointments::id))
            .select((Row::as_select(), Option::<CardName>::as_select(), fixed::<BigInt>(PENDING_TASKS)))
            .into_boxed();
        if let Some(me) = own(viewer) {
            rows = rows.filter(appointments::assigned_rep_id.eq(me));
        }
        if let Some(rep) = &query.rep {
            rows = rows.filter(appointments::assigned_rep_id.eq(rep.as_str()));
        }
        if let Some(status) = query.status {
            rows = rows.filter(appointments::status.eq(status.as_str()));
        }
        if let Some(outcome) = query.outcome {
            rows = rows.filter(appointments::outcome.eq(outcome.as_str()));
        }
        if let Some(lead) = query.lead {
            rows = rows.filter(appointments::lead_id.eq(DbId::from(lead)));
        }
        rows.load(c).await
    })
    .map_err(fail(TABLE))?;
    let line_of = |(row, card, pending_tasks_count): (Row, Option<CardName>, i64)| AppointmentLine {
        appointment_id: row.id.into(),
        lead_id: row.lead_id.into(),
        contact_card_id: row.contact_card_id.map(Into::into),
        customer_name: card.as_ref().and_then(CardName::full),
        address: row.location.or(card.and_then(|card| card.address)),
        scheduled_start: row.scheduled_start.0,
        scheduled_end: row.scheduled_end.map(|at| at.0),
        status: row.status,
        outcome: row.outcome,
        service_type: row.service_type,
        is_assigned_to_me: row.assigned_rep_id.as_deref() == Some(viewer.user.as_str()),
        assigned_rep_id: row.assigned_rep_id,
        deal_size: row.deal_size_cents.map(|cents| Cents(cents).dollars()),
        pending_tasks_count,
    };
    let appointments: Vec<_> = rows.into_iter().map(line_of).collect();
    let total = i64::try_from(appointments.len()).unwrap_or(i64::MAX);
    Ok(AppointmentList { appointments, total, date: query.day })
}

pub(super) async fn one(
    conn: &mut Conn,
    viewer: &Viewer,
    id: AppointmentId,
) -> Result<Option<AppointmentView>, StoreError> {
    let company = viewer.company.as_str();
    let found: Option<(Row, LeadSummaryRow, Option<CardRow>)> = on_db!(conn, "appointments.one", |c| {
        let mut query = appointments::table
            .inner_join(leads::table.on(leads::id.eq(appointments::lead_id)))
            .left_join(contact_cards::table.on(
                contact_cards::company_id.eq(company).and(contact_cards::id.nullable().eq(fixed::<
                    Nullable<Id>,
                >(
                    WITH_WHOM
                ))),
            ))
            .filter(appointments::company_id.eq(company))
            .filter(appointments::id.eq(DbId::from(id)))
            .select((Row::as_select(), LeadSummaryRow::as_select(), Option::<CardRow>::as_select()))
            .into_boxed();
        if let Some(me) = own(viewer) {
            query = query.filter(appointments::assigned_rep_id.eq(me));
        }
        query.get_result(c).await.optional()
    })
    .map_err(fail(TABLE))?;
    let Some((row, lead, card)) = found else { return Ok(None) };
    let appointment = AppointmentDetail {
        id: row.id.into(),
        lead_id: row.lead_id.into(),
        contact_card_id: row.contact_card_id.map(Into::into),
        company_id: viewer.company.clone(),
        assigned_rep_id: row.assigned_rep_id,
        scheduled_start: row.scheduled_start.0,
        scheduled_end: row.scheduled_end.map(|at| at.0),
        status: row.status,
        outcome: row.outcome,
        appointment_type: row.appointment_type,
        location_address: row.location.clone(),
        location: row.location,
        service_type: row.service_type,
        notes: row.notes,
        external_id: row.external_id,
        deal_size: row.deal_size_cents.map(|cents| Cents(cents).dollars()),
        created_at: row.created_at.0,
        updated_at: row.updated_at.0,
    };
    Ok(Some(AppointmentView {
        appointment,
        lead: Some(lead.into_summary(&viewer.company)),
        contact: card.map(|card| card.into_base(&viewer.company)),
    }))
}

/// A lead's appointments, the latest first.
pub(super) async fn of_lead(
    conn: &mut Conn,
    company: &CompanyId,
    lead: LeadId,
) -> Result<Vec<AppointmentSummary>, StoreError> {
    let rows: Vec<SummaryRow> = on_db!(conn, "appointments.of_lead", |c| {
        appointments::table
            .filter(appointments::company_id.eq(company.as_str()))
            .filter(appointments::lead_id.eq(DbId::from(lead)))
            .order((appointments::scheduled_start.desc(), appointments::id.desc()))
            .select(SummaryRow::as_select())
            .load(c)
            .await
    })
    .map_err(fail(TABLE))?;
    Ok(rows.into_iter().map(|row| row.into_summary(company)).collect())
}

/// A customer's appointments, the latest first: theirs, and those of their leads that name nobody.
pub(super) async fn of_contact(
    conn: &mut Conn,
    company: &CompanyId,
    contact: ContactCardId,
) -> Result<Vec<AppointmentSummary>, StoreError> {
    let card = DbId::from(contact);
    let rows: Vec<SummaryRow> = on_db!(conn, "appointments.of_contact", |c| {
        let nameless = appointments::contact_card_id.is_null().and(
            appointments::lead_id.eq_any(
                leads::table
                    .filter(leads::company_id.eq(company.as_str()))
                    .filter(leads::contact_card_id.eq(card))
                    .select(leads::id),
            ),
        );
        appointments::table
            .filter(appointments::company_id.eq(company.as_str()))
            .filter(appointments::contact_card_id.eq(card).or(nameless))
            .order((appointments::scheduled_start.desc(), appointments::id.desc()))
            .select(SummaryRow::as_select())
            .load(c)
            .await
    })
    .map_err(fail(TABLE))?;
    Ok(rows.into_iter().map(|row| row.into_summary(company)).collect())
}

/// The next appointment still to be held of each of these leads.
pub(super) async fn next_of_leads(
    conn: &mut Conn,
    company: &CompanyId,
    lead_ids: &[DbId],
    now: Timestamp,
) -> Result<HashMap<DbId, AppointmentSummary>, StoreError> {
    let rows: Vec<SummaryRow> = on_db!(conn, "appointments.next_of_leads", |c| {
        let is_next = sql::<Bool>(
            "appointments.id = (SELECT n.id FROM appointments n \
             WHERE n.company_id = appointments.company_id AND n.lead_id = appointments.lead_id \
             AND n.status IN ('scheduled', 'confirmed') AND n.scheduled_start >= ",
        )
        .bind::<Ts, _>(DbTs(now))
        .sql(" ORDER BY n.scheduled_start, n.id LIMIT 1)");
        appointments::table
            .filter(appointments::company_id.eq(company.as_str()))
            .filter(appointments::lead_id.eq_any(lead_ids.iter().copied()))
            .filter(is_next)
            .select(SummaryRow::as_select())
            .load(c)
            .await
    })
    .map_err(fail(TABLE))?;
    Ok(rows.into_iter().map(|row| (row.lead_id, row.into_summary(company))).collect())
}
