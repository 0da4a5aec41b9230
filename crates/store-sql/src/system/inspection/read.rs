//! Rows for checks whose rule is not the database's to know.

use std::collections::HashMap;

use ::calls::{CallFacts, RecordingState};
use app::ports::{
    Column, CountedCall, InspectedCall, InspectedCard, InspectedFacts, InspectedRecording, InspectedWebhook,
    Stretch,
};
use diesel::{
    ExpressionMethods, QueryDsl, QueryableByName,
    sql_types::{BigInt, Bool, Integer, Nullable, Text},
};
use diesel_async::RunQueryDsl;
use insights::Window;
use kernel::{
    CallId, CompanyId, ContactCardId, InboxId, PhoneNumber, RecordingId, StoreError, Timestamp,
    truncate_to_micros,
};
use shunya_jobs::JobState;
use uuid::Uuid;

use super::whose;
use crate::{
    db::{Conn, on_db},
    error::fail,
    schema::{contact_cards, recordings as recordings_table, webhook_inbox},
    types::{DbDoc, DbId, DbTs, Doc, Ts},
};

#[derive(QueryableByName)]
struct CallRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Text)]
    company_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    direction: Option<String>,
    #[diesel(sql_type = Text)]
    status: String,
    #[diesel(sql_type = Text)]
    stage: String,
    #[diesel(sql_type = Bool)]
    missed: bool,
    #[diesel(sql_type = Nullable<Text>)]
    phone_number: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    tracking_number: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    customer_name: Option<String>,
    #[diesel(sql_type = Nullable<Integer>)]
    duration_seconds: Option<i32>,
    #[diesel(sql_type = Doc)]
    facts: DbDoc,
    #[diesel(sql_type = Ts)]
    created_at: DbTs,
    #[diesel(sql_type = Ts)]
    received_at: DbTs,
    #[diesel(sql_type = Nullable<Text>)]
    recording: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    request: Option<String>,
    #[diesel(sql_type = Bool)]
    has_analysis: bool,
}

pub(super) async fn calls(
    conn: &mut Conn,
    after: Option<CallId>,
    stretch: &Stretch<'_>,
) -> Result<Vec<InspectedCall>, StoreError> {
    // one statement, so that all of it is of one moment
    let text = "SELECT t.id, t.company_id, t.direction, t.status, t.stage, t.missed, t.phone_number, t.tracking_number, \
         t.customer_name, t.duration_seconds, t.facts, t.created_at, t.received_at, \
         (SELECT r.state FROM recordings r WHERE r.company_id = t.company_id AND r.call_id = t.id) AS recording, \
         (SELECT s.state FROM shunya_jobs s WHERE s.company_id = t.company_id AND s.call_id = t.id \
          ORDER BY s.created_at DESC, s.id DESC LIMIT 1) AS request, \
         EXISTS (SELECT 1 FROM call_analyses a WHERE a.company_id = t.company_id AND a.call_id = t.id) AS has_analysis \
         FROM calls t WHERE t.id > $1 AND ($2 = '' OR t.company_id = $2) ORDER BY t.id LIMIT $3";
    let rows: Vec<CallRow> = on_db!(conn, "calls.inspect", |c| {
        diesel::sql_query(text)
            .bind::<BigInt, _>(after.map_or(i64::MIN, |after| after.0))
            .bind::<Text, _>(whose(stretch.company))
            .bind::<BigInt, _>(stretch.rows)
            .load(c)
            .await
    })
    .map_err(fail("calls"))?;
    Ok(rows.into_iter().map(inspected).collect())
}

fn inspected(row: CallRow) -> InspectedCall {
    let (id, company, has_analysis) = (CallId(row.id), row.company_id.clone(), row.has_analysis);
    let recording = row.recording.as_deref().map(recording_state);
    let request = row.request.as_deref().map(request_state);
    // a state no program knows makes the whole unreadable
    let readable = recording != Some(None) && request != Some(None);
    let told = if readable { told(row) } else { None };
    InspectedCall {
        id,
        company,
        told,
        recording: recording.flatten(),
        request: request.flatten(),
        has_analysis,
    }
}

fn recording_state(text: &str) -> Option<RecordingState> {
    let all =
        [RecordingState::Pending, RecordingState::Stored, RecordingState::Failed, RecordingState::Absent];
    all.into_iter().find(|state| state.as_str() == text)
}

fn request_state(text: &str) -> Option<JobState> {
    let all =
        [JobState::Pending, JobState::Running, JobState::Succeeded, JobState::Failed, JobState::TimedOut];
    all.into_iter().find(|state| state.as_str() == text)
}

fn told(row: CallRow) -> Option<InspectedFacts> {
    let facts: CallFacts = row.facts.read().ok()?;
    let stage = row.stage.parse().ok()?;
    let column = |is: Option<String>, should: Option<String>| Column { is, should };
    let instant = |at: Timestamp| Some(truncate_to_micros(at).to_rfc3339());
    let columns = vec![
        (
            "direction",
            column(row.direction, facts.direction().map(|direction| direction.as_str().to_owned())),
        ),
        ("status", column(Some(row.status), Some(facts.status().as_str().to_owned()))),
        ("missed", column(Some(row.missed.to_string()), Some(facts.is_missed().to_string()))),
        ("phone_number", column(row.phone_number, facts.phone().map(number))),
        ("tracking_number", column(row.tracking_number, facts.tracking_number().map(number))),
        ("customer_name", column(row.customer_name, facts.customer_name().map(str::to_owned))),
        (
            "duration_seconds",
            column(
                row.duration_seconds.map(|seconds| seconds.to_string()),
                facts.duration_seconds().map(|seconds| seconds.to_string()),
            ),
        ),
        (
            "created_at",
            column(instant(row.created_at.0), instant(facts.started_at().unwrap_or(row.received_at.0))),
        ),
    ];
    Some(InspectedFacts { facts, stage, columns })
}

fn number(phone: &PhoneNumber) -> String {
    phone.as_str().to_owned()
}

/// Rows of a table in the order of their ids, after one of them, of a company or of all.
macro_rules! after_id {
    ($table:ident, $after:expr, $stretch:expr) => {{
        let after = $after.map_or(DbId(Uuid::nil()), DbId::from);
        let mut query =
            $table::table.filter($table::id.gt(after)).order($table::id).limit($stretch.rows).into_boxed();
        if let Some(company) = $stretch.company {
            query = query.filter($table::company_id.eq(company.as_str()));
        }
        query
    }};
}

pub(super) async fn recordings(
    conn: &mut Conn,
    after: Option<RecordingId>,
    stretch: &Stretch<'_>,
) -> Result<Vec<InspectedRecording>, StoreError> {
    type Row = (DbId, String, Option<String>, Option<i64>, Option<String>);
    let rows: Vec<Row> = on_db!(conn, "recordings.inspect", |c| {
        after_id!(recordings_table, after, stretch)
            .filter(recordings_table::state.eq(RecordingState::Stored.as_str()))
            .select((
                recordings_table::id,
                recordings_table::company_id,
                recordings_table::blob_key,
                recordings_table::size_bytes,
                recordings_table::sha256,
            ))
            .load(c)
            .await
    })
    .map_err(fail("recordings"))?;
    let recording = |(id, company, blob_key, size_bytes, sha256): Row| InspectedRecording {
        id: id.into(),
        company,
        blob_key,
        size_bytes,
        sha256,
    };
    Ok(rows.into_iter().map(recording).collect())
}

pub(super) async fn kept_at(
    conn: &mut Conn,
    ids: &[RecordingId],
) -> Result<HashMap<RecordingId, Option<String>>, StoreError> {
    let rows: Vec<(DbId, Option<String>)> = on_db!(conn, "recordings.kept_at", |c| {
        recordings_table::table
            .filter(recordings_table::id.eq_any(ids.iter().map(|id| DbId::from(*id))))
            .select((recordings_table::id, recordings_table::blob_key))
            .load(c)
            .await
    })
    .map_err(fail("recordings"))?;
    Ok(rows.into_iter().map(|(id, key)| (id.into(), key)).collect())
}

pub(super) async fn cards(
    conn: &mut Conn,
    after: Option<ContactCardId>,
    stretch: &Stretch<'_>,
) -> Result<Vec<InspectedCard>, StoreError> {
    let rows: Vec<(DbId, String, String)> = on_db!(conn, "contact_cards.inspect", |c| {
        after_id!(contact_cards, after, stretch)
            .select((contact_cards::id, contact_cards::company_id, contact_cards::primary_phone))
            .load(c)
            .await
    })
    .map_err(fail("contact_cards"))?;
    let card = |(id, company, phone): (DbId, String, String)| InspectedCard { id: id.into(), company, phone };
    Ok(rows.into_iter().map(card).collect())
}

pub(super) async fn has_card(conn: &mut Conn, company: &str, phone: &str) -> Result<bool, StoreError> {
    let count: i64 = on_db!(conn, "contact_cards.has_number", |c| {
        contact_cards::table
            .filter(contact_cards::company_id.eq(company))
            .filter(contact_cards::primary_phone.eq(phone))
            .count()
            .get_result(c)
            .await
    })
    .map_err(fail("contact_cards"))?;
    Ok(count > 0)
}

pub(super) async fn webhooks(
    conn: &mut Conn,
    after: Option<InboxId>,
    stretch: &Stretch<'_>,
) -> Result<Vec<InspectedWebhook>, StoreError> {
    type Row = (DbId, Option<String>, String, String, String, Vec<u8>, String);
    let rows: Vec<Row> = on_db!(conn, "webhook_inbox.inspect", |c| {
        after_id!(webhook_inbox, after, stretch)
            .select((
                webhook_inbox::id,
                webhook_inbox::company_id,
                webhook_inbox::provider,
                webhook_inbox::kind,
                webhook_inbox::query,
                webhook_inbox::body,
                webhook_inbox::event_key,
            ))
            .load(c)
            .await
    })
    .map_err(fail("webhook_inbox"))?;
    let webhook = |(id, company, provider, kind, query, body, event_key): Row| InspectedWebhook {
        id: id.into(),
        company,
        provider: provider.parse().ok(),
        kind,
        query,
        body,
        event_key,
    };
    Ok(rows.into_iter().map(webhook).collect())
}

#[derive(QueryableByName)]
struct CountedRow {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Ts)]
    created_at: DbTs,
    #[diesel(sql_type = Nullable<Text>)]
    lead_quality: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    booking_status: Option<String>,
}

pub(super) async fn counted_calls(
    conn: &mut Conn,
    company: &CompanyId,
    window: Window,
    after: Option<(Timestamp, CallId)>,
    limit: i64,
) -> Result<Vec<CountedCall>, StoreError> {
    let text = "SELECT c.id, c.created_at, a.lead_quality, a.booking_status FROM calls c \
         LEFT JOIN call_analyses a ON a.id = (SELECT n.id FROM call_analyses n WHERE n.company_id = c.company_id \
          AND n.call_id = c.id ORDER BY n.analyzed_at DESC, n.id DESC LIMIT 1) \
         WHERE c.company_id = $1 AND c.call_type = 'csr_call' AND c.created_at >= $2 AND c.created_at < $3 \
         AND (c.created_at > $2 OR c.id > $4) ORDER BY c.created_at, c.id LIMIT $5";
    // the page begins where the one before ended
    let (from, id) = after.map_or((window.from, i64::MIN), |(at, id)| (at, id.0));
    let rows: Vec<CountedRow> = on_db!(conn, "calls.counted", |c| {
        diesel::sql_query(text)
            .bind::<Text, _>(company.as_str())
            .bind::<Ts, _>(DbTs(from))
            .bind::<Ts, _>(DbTs(window.until))
            .bind::<BigInt, _>(id)
            .bind::<BigInt, _>(limit)
            .load(c)
            .await
    })
    .map_err(fail("calls"))?;
    let counted = |row: CountedRow| CountedCall {
        id: CallId(row.id),
        created_at: row.created_at.0,
        lead_quality: row.lead_quality,
        booking_status: row.booking_status,
    };
    Ok(rows.into_iter().map(counted).collect())
}
