//! The numbers of the receptionist dashboard (contract `metrics.md` §7).
//!
//! Everything is counted over `calls`, which carries the verdicts of each call's newest analysis, so that an index on
//! (tenant, type, time, verdicts) answers a window without reading a single row.

use app::reads::{
    BookingRatePoint, DashboardBucket, DashboardMetrics, FunnelCounters, Headline, LostQuotes, TopObjection,
    Viewer,
};
use chrono::NaiveDate;
use diesel::{
    QueryableByName,
    sql_types::{Array, BigInt, Text},
};
use diesel_async::RunQueryDsl;
use insights::{DayRange, Window};
use kernel::{Calendar, Cents, StoreError, Timestamp};
use rbac::Role;
use serde_json::json;

use super::dashboard_calls::condition;
use crate::{
    db::{Conn, on_db, on_postgres, on_sqlite},
    error::fail,
    kept::kept,
    types::{DbDoc, DbTs, Doc, Ts},
};

const TABLE: &str = "calls";

/// Q(c) of contract `metrics.md` §0.2. The column holds the analysis' own words, which are lower-case.
const QUALIFIED: &str = "calls.lead_quality IN ('hot', 'warm', 'cold', 'qualified')";
/// B(c).
const BOOKED: &str = "calls.booking_status = 'booked'";

#[derive(QueryableByName)]
struct HeadlineRow {
    #[diesel(sql_type = BigInt)]
    total: i64,
    #[diesel(sql_type = BigInt)]
    qualified: i64,
    #[diesel(sql_type = BigInt)]
    booked: i64,
    #[diesel(sql_type = BigInt)]
    own_total: i64,
    #[diesel(sql_type = BigInt)]
    own_qualified: i64,
    #[diesel(sql_type = BigInt)]
    own_booked: i64,
}

pub(super) async fn headline(
    conn: &mut Conn,
    viewer: &Viewer,
    window: Window,
) -> Result<DashboardMetrics, StoreError> {
    let text = format!(
        "SELECT count(*) AS total, count(*) FILTER (WHERE {QUALIFIED}) AS qualified, \
         count(*) FILTER (WHERE {BOOKED}) AS booked, \
         count(*) FILTER (WHERE calls.owner_id = $1) AS own_total, \
         count(*) FILTER (WHERE calls.owner_id = $1 AND {QUALIFIED}) AS own_qualified, \
         count(*) FILTER (WHERE calls.owner_id = $1 AND {BOOKED}) AS own_booked \
         FROM calls WHERE calls.company_id = $2 AND calls.call_type = 'csr_call' \
         AND calls.created_at >= $3 AND calls.created_at < $4"
    );
    let row: HeadlineRow = on_db!(conn, "calls.headline", |c| {
        let query = diesel::sql_query(&text)
            .bind::<Text, _>(viewer.user.as_str())
            .bind::<Text, _>(viewer.company.as_str())
            .bind::<Ts, _>(DbTs(window.from))
            .bind::<Ts, _>(DbTs(window.until));
        kept(query).get_result(c).await
    })
    .map_err(fail(TABLE))?;
    let personal =
        (viewer.role == Role::Csr).then(|| Headline::of(row.own_total, row.own_qualified, row.own_booked));
    Ok(DashboardMetrics {
        company: Headline::of(row.total, row.qualified, row.booked),
        personal,
        funnel: funnel(conn, viewer).await?,
    })
}

#[derive(QueryableByName)]
struct FunnelRow {
    #[diesel(sql_type = BigInt)]
    missed: i64,
    #[diesel(sql_type = BigInt)]
    deciding: i64,
    #[diesel(sql_type = BigInt)]
    awaiting: i64,
    #[diesel(sql_type = BigInt)]
    lost: i64,
    #[diesel(sql_type = BigInt)]
    lost_cents: i64,
    #[diesel(sql_type = BigInt)]
    purchased: i64,
    #[diesel(sql_type = BigInt)]
    cancelled: i64,
    #[diesel(sql_type = BigInt)]
    discrepancies: i64,
}

/// The older counters, over all time. Three parts, each over the few calls it is about: the missed, the booked, and those
/// with an outcome (`CROSS JOIN`, because SQLite keeps its order and so begins with the outcomes).
async fn funnel(conn: &mut Conn, viewer: &Viewer) -> Result<FunnelCounters, StoreError> {
    let text = format!(
        "SELECT * FROM (SELECT count(*) AS missed FROM calls WHERE calls.company_id = $1 AND {missed}) m \
         CROSS JOIN (SELECT count(*) AS awaiting FROM calls WHERE calls.company_id = $1 AND {awaiting}) a \
         CROSS JOIN (SELECT count(*) FILTER (WHERE {deciding}) AS deciding, \
         count(*) FILTER (WHERE {lost}) AS lost, \
         CAST(coalesce(sum(call_outcomes.sold_price_cents) FILTER (WHERE {lost}), 0) AS bigint) AS lost_cents, \
         count(*) FILTER (WHERE {purchased}) AS purchased, count(*) FILTER (WHERE {cancelled}) AS cancelled, \
         count(*) FILTER (WHERE {discrepancies}) AS discrepancies \
         FROM call_outcomes CROSS JOIN calls WHERE call_outcomes.company_id = $1 \
         AND calls.company_id = $1 AND calls.id = call_outcomes.call_id) o",
        missed = condition(DashboardBucket::Missed),
        deciding = condition(DashboardBucket::StillDeciding),
        awaiting = condition(DashboardBucket::AwaitingQuote),
        lost = condition(DashboardBucket::Lost),
        purchased = condition(DashboardBucket::Purchased),
        cancelled = condition(DashboardBucket::Cancelled),
        discrepancies = condition(DashboardBucket::Discrepancies),
    );
    let row: FunnelRow = on_db!(conn, "calls.funnel", |c| {
        kept(diesel::sql_query(&text).bind::<Text, _>(viewer.company.as_str())).get_result(c).await
    })
    .map_err(fail(TABLE))?;
    Ok(FunnelCounters {
        missed_calls: row.missed,
        purchased_service: row.purchased,
        cancelled_appointments: row.cancelled,
        still_deciding: row.deciding,
        still_deciding_count: row.deciding,
        awaiting_quote: row.awaiting,
        discrepancies: row.discrepancies,
        lost_quotes: LostQuotes { total: row.lost, value_lost: Cents(row.lost_cents).dollars() },
    })
}

#[derive(QueryableByName)]
struct DayRow {
    /// Which day, from 1.
    #[diesel(sql_type = BigInt)]
    day: i64,
    #[diesel(sql_type = BigInt)]
    qualified: i64,
    #[diesel(sql_type = BigInt)]
    booked: i64,
}

/// One query, whatever the number of days. Where a day begins is worked out here, clock changes and all, because only we
/// know the company's calendar on both databases; the query is handed the instants and sorts the calls between them.
/// PostgreSQL reads the window once and finds each call's day by bisection; SQLite, which cannot, reads one stretch of
/// the same index for each day.
pub(super) async fn booking_rates(
    conn: &mut Conn,
    viewer: &Viewer,
    days: DayRange,
    calendar: Calendar,
) -> Result<Vec<BookingRatePoint>, StoreError> {
    let company = viewer.company.as_str();
    let dates: Vec<NaiveDate> = days.days().collect();
    let counted = format!(
        "count(*) FILTER (WHERE {QUALIFIED}) AS qualified, count(*) FILTER (WHERE {BOOKED}) AS booked"
    );
    let rows: Vec<DayRow> = match conn {
        Conn::Postgres(pg) => {
            let window = days.window(calendar);
            let begins: Vec<DbTs> = dates.iter().map(|day| DbTs(calendar.start_of(*day))).collect();
            let query = diesel::sql_query(format!(
                "SELECT CAST(width_bucket(calls.created_at, $1) AS bigint) AS day, {counted} \
                 FROM calls WHERE calls.company_id = $2 AND calls.call_type = 'csr_call' \
                 AND calls.created_at >= $3 AND calls.created_at < $4 GROUP BY 1"
            ))
            .bind::<Array<Ts>, _>(begins)
            .bind::<Text, _>(company)
            .bind::<Ts, _>(DbTs(window.from))
            .bind::<Ts, _>(DbTs(window.until));
            on_postgres!(pg, "calls.booking_rates", |c| kept(query).load(c).await)
        }
        Conn::Sqlite(lite) => {
            let micros = |at: Timestamp| at.timestamp_micros();
            let spans: Vec<_> = dates
                .iter()
                .map(|day| json!([micros(calendar.start_of(*day)), micros(calendar.end_of(*day))]))
                .collect();
            let query = diesel::sql_query(format!(
                "SELECT span.key + 1 AS day, {counted} FROM json_each($1) span CROSS JOIN calls \
                 WHERE calls.company_id = $2 AND calls.call_type = 'csr_call' \
                 AND calls.created_at >= json_extract(span.value, '$[0]') \
                 AND calls.created_at < json_extract(span.value, '$[1]') GROUP BY 1"
            ))
            .bind::<Doc, _>(DbDoc::of(&spans))
            .bind::<Text, _>(company);
            on_sqlite!(lite, "calls.booking_rates", |c| kept(query).load(c).await)
        }
    }
    .map_err(fail(TABLE))?;
    let mut points: Vec<BookingRatePoint> =
        dates.into_iter().map(|date| BookingRatePoint { date, rate: 0.0, qualified: 0 }).collect();
    for row in rows {
        let place = usize::try_from(row.day - 1).ok().and_then(|at| points.get_mut(at));
        if let Some(point) = place {
            point.rate = insights::percentage(row.booked, row.qualified);
            point.qualified = row.qualified;
        }
    }
    Ok(points)
}

#[derive(QueryableByName)]
struct ObjectionRow {
    #[diesel(sql_type = Text)]
    label: String,
    #[diesel(sql_type = BigInt)]
    with_it: i64,
    #[diesel(sql_type = BigInt)]
    with_any: i64,
}

/// What customers object to, counted by calls and not by how often a call repeats it. Only the newest analysis of a call
/// speaks for it: the one its row carries the time of, and of two of that time the later stored.
pub(super) async fn top_objections(
    conn: &mut Conn,
    viewer: &Viewer,
    window: Window,
    limit: i64,
) -> Result<Vec<TopObjection>, StoreError> {
    // a database made with a language's own order would sort the same labels otherwise than SQLite and the contract
    let by_letter = match conn {
        Conn::Postgres(_) => "COLLATE \"C\"",
        Conn::Sqlite(_) => "COLLATE BINARY",
    };
    let text = format!(
        "WITH said AS (SELECT DISTINCT o.call_id, o.objection_key AS label \
         FROM call_objections o JOIN calls ON calls.id = o.call_id AND calls.company_id = o.company_id \
         WHERE o.company_id = $1 AND o.analyzed_at >= $2 AND o.analyzed_at < $3 \
         AND calls.call_type = 'csr_call' AND calls.analyzed_at = o.analyzed_at \
         AND NOT EXISTS (SELECT 1 FROM call_analyses a WHERE a.company_id = o.company_id \
         AND a.call_id = o.call_id AND a.analyzed_at = o.analyzed_at AND a.id > o.analysis_id)) \
         SELECT label, count(*) AS with_it, (SELECT count(DISTINCT call_id) FROM said) AS with_any \
         FROM said GROUP BY label ORDER BY with_it DESC, label {by_letter} LIMIT $4"
    );
    let rows: Vec<ObjectionRow> = on_db!(conn, "call_objections.top", |c| {
        let query = diesel::sql_query(&text)
            .bind::<Text, _>(viewer.company.as_str())
            .bind::<Ts, _>(DbTs(window.from))
            .bind::<Ts, _>(DbTs(window.until))
            .bind::<BigInt, _>(limit);
        kept(query).load(c).await
    })
    .map_err(fail("call_objections"))?;
    let objection_of = |row: ObjectionRow| TopObjection {
        percentage: insights::percentage(row.with_it, row.with_any),
        label: row.label,
    };
    Ok(rows.into_iter().map(objection_of).collect())
}
