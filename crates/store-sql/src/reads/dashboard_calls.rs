//! The dashboard's buckets of calls: what belongs in each, and the calls in one.

use app::reads::{DashboardBucket, DashboardCall, DashboardCalls, Slice, Viewer};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, NullableExpressionMethods, QueryDsl, Queryable,
    Selectable, SelectableHelper, sql_types::Bool,
};
use diesel_async::RunQueryDsl;
use kernel::{CallId, StoreError};
use rbac::{Grant, Role};

use super::{customer::CardName, fixed::fixed};
use crate::{
    db::{Conn, on_db},
    error::fail,
    schema::{call_outcomes, calls, contact_cards},
    types::{DbId, DbTs},
};

const TABLE: &str = "calls";

/// What puts a call into a bucket (contract `metrics.md` §7.1 and §7.4), over `calls LEFT JOIN call_outcomes`: a call
/// without an outcome has none of it. As text, so that the counters and the lists cannot disagree, and with the values in
/// it, so that the partial indexes on missed and booked calls apply.
///
/// What must not have been entered is a `NOT EXISTS`: PostgreSQL then expects nearly every call to be left, as it is, and
/// reads the index in order until the page is full; of four `IS NOT TRUE` it expects nearly none.
pub(super) fn condition(bucket: DashboardBucket) -> &'static str {
    match bucket {
        DashboardBucket::All => "true",
        DashboardBucket::Missed => {
            "calls.missed AND NOT EXISTS (SELECT 1 FROM call_outcomes o \
             WHERE o.company_id = calls.company_id AND o.call_id = calls.id AND o.cancelled)"
        }
        DashboardBucket::Cancelled => "call_outcomes.cancelled",
        DashboardBucket::Purchased => "call_outcomes.bought AND NOT call_outcomes.cancelled",
        DashboardBucket::StillDeciding => "calls.booking_status = 'booked' AND call_outcomes.still_deciding",
        DashboardBucket::AwaitingQuote => {
            "calls.booking_status = 'booked' AND NOT EXISTS (SELECT 1 FROM call_outcomes o \
             WHERE o.company_id = calls.company_id AND o.call_id = calls.id \
             AND (o.bought OR o.still_deciding OR o.cancelled OR o.loss_reason IS NOT NULL))"
        }
        DashboardBucket::Lost => {
            "calls.booking_status = 'booked' AND NOT call_outcomes.bought \
             AND call_outcomes.loss_reason IS NOT NULL"
        }
        DashboardBucket::Discrepancies => "call_outcomes.has_discrepancies",
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = calls)]
struct Row {
    id: i64,
    phone_number: Option<String>,
    customer_name: Option<String>,
    missed: bool,
    booking_status: Option<String>,
    contact_card_id: Option<DbId>,
    lead_id: Option<DbId>,
    status: String,
    assigned_rep_id: Option<String>,
    duration_seconds: Option<i32>,
    created_at: DbTs,
}

type Found = (Row, Option<bool>, Option<bool>, Option<CardName>);

fn call_of((row, cancelled, bought, card): Found) -> DashboardCall {
    let name = card.and_then(|card| card.full()).or(row.customer_name);
    DashboardCall {
        call_id: CallId(row.id),
        phone_number: row.phone_number,
        customer_name: name.clone(),
        name,
        missed_call: row.missed,
        booked: row.booking_status.as_deref() == Some("booked"),
        booking_status: row.booking_status,
        contact_card_id: row.contact_card_id.map(Into::into),
        lead_id: row.lead_id.map(Into::into),
        status: row.status,
        assigned_rep_id: row.assigned_rep_id,
        duration_seconds: row.duration_seconds,
        cancelled: cancelled.unwrap_or_default(),
        bought: bought.unwrap_or_default(),
        created_at: row.created_at.0,
    }
}

/// The rep whose calls alone are shown. A sales rep sees no others here whatever permission they came in with: the
/// operation says so (`dashboard_calls`, `tenant_scope`), although the rest of the dashboard is the company's.
fn rep(viewer: &Viewer) -> Option<&str> {
    (viewer.reach == Grant::Own || viewer.role == Role::SalesRep).then(|| viewer.user.as_str())
}

pub(super) async fn slice(
    conn: &mut Conn,
    viewer: &Viewer,
    bucket: DashboardBucket,
    slice: Slice,
) -> Result<DashboardCalls, StoreError> {
    let company = viewer.company.as_str();
    let within = || fixed::<Bool>(condition(bucket));
    let outcomes = || {
        call_outcomes::table
            .on(call_outcomes::company_id.eq(company).and(call_outcomes::call_id.eq(calls::id)))
    };
    let total: i64 = on_db!(conn, "calls.count_bucket", |c| {
        let mut query = calls::table
            .left_join(outcomes())
            .filter(calls::company_id.eq(company))
            .filter(within())
            .count()
            .into_boxed();
        if let Some(me) = rep(viewer) {
            query = query.filter(calls::assigned_rep_id.eq(me));
        }
        query.get_result(c).await
    })
    .map_err(fail(TABLE))?;
    let rows: Vec<Found> = on_db!(conn, "calls.bucket", |c| {
        let mut query = calls::table
            .left_join(outcomes())
            .left_join(
                contact_cards::table.on(contact_cards::company_id
                    .eq(company)
                    .and(contact_cards::id.nullable().eq(calls::contact_card_id))),
            )
            .filter(calls::company_id.eq(company))
            .filter(within())
            .order((calls::created_at.desc(), calls::id.desc()))
            .limit(slice.limit)
            .offset(slice.offset)
            .select((
                Row::as_select(),
                call_outcomes::cancelled.nullable(),
                call_outcomes::bought.nullable(),
                Option::<CardName>::as_select(),
            ))
            .into_boxed();
        if let Some(me) = rep(viewer) {
            query = query.filter(calls::assigned_rep_id.eq(me));
        }
        query.load(c).await
    })
    .map_err(fail(TABLE))?;
    Ok(DashboardCalls {
        calls: rows.into_iter().map(call_of).collect(),
        total,
        limit: slice.limit,
        offset: slice.offset,
        status: bucket.as_str(),
    })
}
