use std::collections::HashMap;

use app::reads::{
    AssignedRep, LeadContact, LeadDetail, LeadFilter, LeadList, LeadPart, LeadResponse, LeadRow, LeadSort,
    LeadSummary, RowContact, Viewer,
};
use diesel::{
    BoolExpressionMethods, EscapeExpressionMethods, ExpressionMethods, JoinOnDsl, NullableExpressionMethods,
    OptionalExtension, QueryDsl, Queryable, Selectable, SelectableHelper, TextExpressionMethods,
    dsl::exists,
    sql_types::{Bool, Integer, Text},
};
use diesel_async::RunQueryDsl;
use kernel::{Cents, CompanyId, ContactCardId, LeadId, StoreError, Timestamp};

use super::{
    appointments,
    customer::CardRow,
    fixed::fixed,
    reach::{own, visited_by},
    search::{HAYSTACK, PHONES, SEARCHED, Search},
};
use crate::{
    db::{Conn, on_db},
    error::fail,
    schema::{call_analyses, call_objections, calls, contact_cards, leads, users},
    types::{DbDoc, DbId, DbTs},
};

const TABLE: &str = "leads";

/// high, medium, low, none.
const RANK: &str = "CASE leads.priority WHEN 'high' THEN 1 WHEN 'medium' THEN 2 WHEN 'low' THEN 3 ELSE 4 END";

/// Keeps the newest analysis of the newest analysed call of each lead. `CROSS JOIN`, because SQLite keeps its order: it
/// would begin with all of the tenant's analyses.
const NEWEST_OF_LEAD: &str = "call_analyses.id = (SELECT n.id FROM calls c CROSS JOIN call_analyses n \
     WHERE c.company_id = calls.company_id AND c.lead_id = calls.lead_id \
     AND n.company_id = c.company_id AND n.call_id = c.id \
     ORDER BY c.created_at DESC, c.id DESC, n.analyzed_at DESC, n.id DESC LIMIT 1)";

#[derive(Queryable, Selectable)]
#[diesel(table_name = leads)]
pub(super) struct SummaryRow {
    id: DbId,
    contact_card_id: DbId,
    status: String,
    source: String,
    priority: Option<String>,
    score: Option<i32>,
    last_contacted_at: Option<DbTs>,
    deal_size_cents: Option<i64>,
    created_at: DbTs,
    updated_at: DbTs,
}

impl SummaryRow {
    pub(super) fn into_summary(self, company: &CompanyId) -> LeadSummary {
        LeadSummary {
            id: self.id.into(),
            company_id: company.clone(),
            contact_card_id: self.contact_card_id.into(),
            status: self.status,
            source: self.source,
            priority: self.priority,
            score: self.score,
            last_contacted_at: self.last_contacted_at.map(|at| at.0),
            deal_size: self.deal_size_cents.map(|cents| Cents(cents).dollars()),
            created_at: self.created_at.0,
            updated_at: self.updated_at.0,
        }
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = leads)]
struct Row {
    #[diesel(embed)]
    summary: SummaryRow,
    campaign: Option<String>,
    pipeline_stage: Option<String>,
    tags: Option<DbDoc>,
    deal_status: Option<String>,
    assigned_rep_id: Option<String>,
    last_verdict_at: Option<DbTs>,
}

/// What the newest analysed call of a lead said.
#[derive(Default)]
struct Said {
    booking_status: Option<String>,
    summary: Option<String>,
    objections: Vec<String>,
}

impl Said {
    /// Why it did not book: the company does not do it, or else the first thing the customer objected to.
    fn reason_not_booked(&self) -> Option<String> {
        match self.booking_status.as_deref() {
            Some("service_not_offered") => Some("service_not_offered".to_owned()),
            Some("not_booked") => self.objections.as_slice().first().cloned(),
            _ => None,
        }
    }
}

/// Keeps to the leads a viewer may see.
macro_rules! within_reach {
    ($query:expr, $viewer:expr) => {{
        let company = $viewer.company.as_str();
        let query = $query.filter(leads::company_id.eq(company)).into_boxed();
        match own($viewer) {
            None => query,
            Some(me) => {
                query.filter(leads::assigned_rep_id.eq(me).or(visited_by!(leads::id.nullable(), company, me)))
            }
        }
    }};
}

/// Whether the customer of a lead matches. Under another name, because the rows carry their customer already.
macro_rules! customer_is {
    ($company:expr, $condition:expr) => {
        exists(
            SEARCHED
                .filter(SEARCHED.field(contact_cards::company_id).eq($company))
                .filter(SEARCHED.field(contact_cards::id).eq(leads::contact_card_id))
                .filter($condition),
        )
    };
}

/// The leads a filter leaves of those a viewer may see.
macro_rules! filtered {
    ($query:expr, $viewer:expr, $filter:expr) => {{
        let filter: &LeadFilter = $filter;
        let company = $viewer.company.as_str();
        let mut query = within_reach!($query, $viewer);
        if !filter.statuses.is_empty() {
            query = query.filter(leads::status.eq_any(filter.statuses.iter().map(|status| status.as_str())));
        }
        if let Some(source) = filter.source {
            query = query.filter(leads::source.eq(source.as_str()));
        }
        if let Some(priority) = filter.priority {
            query = query.filter(leads::priority.eq(priority.as_str()));
        }
        if let Some(rep) = &filter.rep {
            query = query.filter(leads::assigned_rep_id.eq(rep.as_str()));
        }
        if let Some(from) = filter.from {
            query = query.filter(leads::created_at.ge(DbTs(from)));
        }
        if let Some(until) = filter.until {
            query = query.filter(leads::created_at.lt(DbTs(until)));
        }
        let text = || fixed::<Text>(HAYSTACK);
        match filter.search.as_deref().and_then(Search::parse) {
            None => {}
            Some(Search::Plain(pattern)) => {
                query = query.filter(customer_is!(company, text().like(pattern).escape('\\')));
            }
            Some(Search::Number { text: pattern, digits }) => {
                let number = fixed::<Text>(PHONES).like(digits).escape('\\');
                query = query.filter(customer_is!(company, text().like(pattern).escape('\\').or(number)));
            }
            Some(Search::Folded([typed, small, capital, capitalised])) => {
                let any = text()
                    .like(typed)
                    .escape('\\')
                    .or(text().like(small).escape('\\'))
                    .or(text().like(capital).escape('\\'))
                    .or(text().like(capitalised).escape('\\'));
                query = query.filter(customer_is!(company, any));
            }
        }
        query
    }};
}

/// A slice of leads, in five queries: how many, the rows, and for all rows at once the newest analyses, their objections
/// and the next appointments.
pub(super) async fn list(
    conn: &mut Conn,
    viewer: &Viewer,
    filter: &LeadFilter,
    now: Timestamp,
) -> Result<LeadList, StoreError> {
    let company = viewer.company.as_str();
    let total: i64 =
        on_db!(conn, "leads.count", |c| filtered!(leads::table.count(), viewer, filter).get_result(c).await)
            .map_err(fail(TABLE))?;
    let rows: Vec<(Row, CardRow, Option<String>)> = on_db!(conn, "leads.list", |c| {
        let query = leads::table
            .inner_join(
                contact_cards::table.on(contact_cards::company_id
                    .eq(company)
                    .and(contact_cards::id.eq(leads::contact_card_id))),
            )
            .left_join(
                users::table
                    .on(users::company_id.eq(company).and(users::id.nullable().eq(leads::assigned_rep_id))),
            )
            .select((Row::as_select(), CardRow::as_select(), users::name.nullable()));
        let query = filtered!(query, viewer, filter).limit(filter.limit).offset(filter.offset);
        let query = match filter.sort {
            LeadSort::CreatedAt => query.order((leads::created_at.desc(), leads::id)),
            LeadSort::Priority => query.order((fixed::<Integer>(RANK), leads::created_at.desc(), leads::id)),
        };
        query.load(c).await
    })
    .map_err(fail(TABLE))?;
    let ids: Vec<DbId> = rows.iter().map(|(row, ..)| row.summary.id).collect();
    if ids.is_empty() {
        return Ok(LeadList { rows: Vec::new(), total });
    }
    let mut said = newest_said(conn, company, &ids).await?;
    let mut next = appointments::next_of_leads(conn, &viewer.company, &ids, now).await?;
    let rows = rows
        .into_iter()
        .map(|(row, card, rep_name)| {
            let id = row.summary.id;
            let mut line = row_of(row, card, rep_name, said.remove(&id).unwrap_or_default(), &viewer.company);
            line.next_appointment = next.remove(&id);
            line
        })
        .collect();
    Ok(LeadList { rows, total })
}

fn row_of(row: Row, card: CardRow, rep_name: Option<String>, said: Said, company: &CompanyId) -> LeadRow {
    let contact = card.into_base(company);
    let lead = row.summary.into_summary(company);
    LeadRow {
        lead: LeadPart {
            id: lead.id,
            company_id: lead.company_id,
            contact_card_id: lead.contact_card_id,
            status: lead.status.clone(),
            source: lead.source.clone(),
            priority: lead.priority.clone(),
            score: lead.score,
            tags: row.tags.map(|doc| doc.0),
            campaign: row.campaign,
            pipeline_stage: row.pipeline_stage,
            last_contacted_at: lead.last_contacted_at,
            created_at: lead.created_at,
            updated_at: lead.updated_at,
        },
        lead_id: lead.id,
        status: lead.status,
        source: lead.source,
        priority: lead.priority,
        score: lead.score,
        last_contacted_at: lead.last_contacted_at,
        created_at: lead.created_at,
        contact: RowContact {
            name: contact.full_name,
            primary_phone: contact.primary_phone.clone(),
            city: contact.city.clone(),
            state: contact.state.clone(),
        },
        contact_card: LeadContact {
            id: contact.id,
            first_name: contact.first_name,
            last_name: contact.last_name,
            primary_phone: contact.primary_phone,
            email: contact.email,
            address: contact.address,
            city: contact.city,
            state: contact.state,
            postal_code: contact.postal_code,
        },
        assigned_rep: row.assigned_rep_id.map(|id| AssignedRep { id, name: rep_name }),
        reason_not_booked: said.reason_not_booked(),
        objections: said.objections,
        next_appointment: None,
        ai_summary: said.summary,
    }
}

/// An analysis, the lead of its call, the verdict on booking and the summary.
type SaidRow = (DbId, Option<DbId>, Option<String>, Option<String>);

/// What the newest analysed call of each of these leads said. The objections come from their own table: the whole record
/// may be large, and a row shows little of it.
async fn newest_said(
    conn: &mut Conn,
    company: &str,
    lead_ids: &[DbId],
) -> Result<HashMap<DbId, Said>, StoreError> {
    let analyses: Vec<SaidRow> = on_db!(conn, "call_analyses.newest_of_leads", |c| {
        call_analyses::table
            .inner_join(calls::table.on(calls::id.eq(call_analyses::call_id)))
            .filter(call_analyses::company_id.eq(company))
            .filter(calls::company_id.eq(company))
            .filter(calls::lead_id.eq_any(lead_ids.iter().copied()))
            .filter(fixed::<Bool>(NEWEST_OF_LEAD))
            .select((
                call_analyses::id,
                calls::lead_id,
                call_analyses::booking_status,
                call_analyses::summary,
            ))
            .load(c)
            .await
    })
    .map_err(fail("call_analyses"))?;
    let ids: Vec<DbId> = analyses.iter().map(|(id, ..)| *id).collect();
    let objections: Vec<(DbId, Option<String>, Option<String>)> =
        on_db!(conn, "call_objections.of_analyses", |c| {
            call_objections::table
                .filter(call_objections::company_id.eq(company))
                .filter(call_objections::analysis_id.eq_any(ids))
                .order((call_objections::analysis_id, call_objections::position))
                .select((call_objections::analysis_id, call_objections::text, call_objections::category_text))
                .load(c)
                .await
        })
        .map_err(fail("call_objections"))?;
    let mut labels: HashMap<DbId, Vec<String>> = HashMap::new();
    for (analysis, text, category) in objections {
        // the same choice as `Objection::label`
        let label = [text, category].into_iter().flatten().find(|label| !label.trim().is_empty());
        labels.entry(analysis).or_default().extend(label);
    }
    let said_of = |(id, lead, booking_status, summary): SaidRow| {
        let objections = labels.remove(&id).unwrap_or_default();
        Some((lead?, Said { booking_status, summary, objections }))
    };
    Ok(analyses.into_iter().filter_map(said_of).collect())
}

pub(super) async fn detail(
    conn: &mut Conn,
    viewer: &Viewer,
    id: LeadId,
) -> Result<Option<LeadResponse>, StoreError> {
    let company = viewer.company.as_str();
    let found: Option<(Row, CardRow)> = on_db!(conn, "leads.one", |c| {
        let query =
            leads::table
                .inner_join(contact_cards::table.on(
                    contact_cards::company_id.eq(company).and(contact_cards::id.eq(leads::contact_card_id)),
                ))
                .filter(leads::id.eq(DbId::from(id)))
                .select((Row::as_select(), CardRow::as_select()));
        within_reach!(query, viewer).get_result(c).await.optional()
    })
    .map_err(fail(TABLE))?;
    let Some((row, card)) = found else { return Ok(None) };
    let appointments = appointments::of_lead(conn, &viewer.company, id).await?;
    let lead = LeadDetail {
        summary: row.summary.into_summary(&viewer.company),
        campaign: row.campaign,
        pipeline_stage: row.pipeline_stage,
        tags: row.tags.map(|doc| doc.0),
        last_qualified_at: row.last_verdict_at.map(|at| at.0),
        deal_status: row.deal_status,
        assigned_rep_id: row.assigned_rep_id,
    };
    Ok(Some(LeadResponse { lead, contact: Some(card.into_base(&viewer.company)), appointments }))
}

/// A customer's leads, newest first.
pub(super) async fn of_contact(
    conn: &mut Conn,
    company: &CompanyId,
    contact: ContactCardId,
) -> Result<Vec<LeadSummary>, StoreError> {
    let rows: Vec<SummaryRow> = on_db!(conn, "leads.of_contact", |c| {
        leads::table
            .filter(leads::company_id.eq(company.as_str()))
            .filter(leads::contact_card_id.eq(DbId::from(contact)))
            .order((leads::created_at.desc(), leads::id.desc()))
            .select(SummaryRow::as_select())
            .load(c)
            .await
    })
    .map_err(fail(TABLE))?;
    Ok(rows.into_iter().map(|row| row.into_summary(company)).collect())
}
