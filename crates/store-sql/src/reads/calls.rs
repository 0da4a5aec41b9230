//! Calls, one and by the page.

use app::reads::{
    CallCursor, CallDetail, CallFailure, CallFilter, CallLine, CallPage, RecordingFile, TranscriptSegment,
    Viewer,
};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, NullableExpressionMethods, OptionalExtension,
    QueryDsl, Queryable, Selectable, SelectableHelper,
};
use diesel_async::RunQueryDsl;
use kernel::{CallId, StoreError, TranscriptId};

use super::{
    analyses::AnalysisRow,
    customer::CardName,
    reach::{own, own_lead},
};
use crate::{
    db::{Conn, on_db},
    error::{corrupt, fail},
    schema::{call_analyses, call_transcripts, calls, contact_cards, recordings, shunya_jobs},
    types::{DbDoc, DbId, DbTs},
};

const TABLE: &str = "calls";
const BOOKED: &str = "booked";

#[derive(Queryable, Selectable)]
#[diesel(table_name = calls)]
struct LineRow {
    id: i64,
    provider_call_id: String,
    direction: Option<String>,
    status: String,
    stage: String,
    missed: bool,
    phone_number: Option<String>,
    customer_name: Option<String>,
    owner_id: Option<String>,
    assigned_rep_id: Option<String>,
    contact_card_id: Option<DbId>,
    lead_id: Option<DbId>,
    duration_seconds: Option<i32>,
    problems: DbDoc,
    lead_quality: Option<String>,
    booking_status: Option<String>,
    analyzed_at: Option<DbTs>,
    created_at: DbTs,
}

fn line_of((row, card): (LineRow, Option<CardName>)) -> Result<CallLine, StoreError> {
    let problems =
        row.problems.0.as_array().ok_or_else(|| corrupt(TABLE, "problems", row.id, "not a list"))?;
    let name = card.and_then(|card| card.full()).or(row.customer_name);
    Ok(CallLine {
        call_id: CallId(row.id),
        phone_number: row.phone_number,
        customer_name: name.clone(),
        name,
        direction: row.direction,
        status: row.status,
        stage: row.stage,
        missed_call: row.missed,
        booked: row.booking_status.as_deref() == Some(BOOKED),
        booking_status: row.booking_status,
        lead_quality: row.lead_quality,
        duration_seconds: row.duration_seconds,
        contact_card_id: row.contact_card_id.map(Into::into),
        lead_id: row.lead_id.map(Into::into),
        owner_id: row.owner_id,
        assigned_rep_id: row.assigned_rep_id,
        provider_call_id: row.provider_call_id,
        problem_count: problems.len(),
        analyzed_at: row.analyzed_at.map(|at| at.0),
        created_at: row.created_at.0,
    })
}

/// A page of calls: one query, which begins in the index where the page before ended.
pub(super) async fn page(
    conn: &mut Conn,
    viewer: &Viewer,
    filter: &CallFilter,
) -> Result<CallPage, StoreError> {
    let company = viewer.company.as_str();
    let limit = filter.limit.max(1);
    let rows: Vec<(LineRow, Option<CardName>)> = on_db!(conn, "calls.page", |c| {
        let mut query = calls::table
            .left_join(
                contact_cards::table.on(contact_cards::company_id
                    .eq(company)
                    .and(contact_cards::id.nullable().eq(calls::contact_card_id))),
            )
            .filter(calls::company_id.eq(company))
            .order((calls::created_at.desc(), calls::id.desc()))
            .limit(limit.saturating_add(1))
            .select((LineRow::as_select(), Option::<CardName>::as_select()))
            .into_boxed();
        if let Some(me) = own(viewer) {
            query = query.filter(calls::assigned_rep_id.eq(me).or(own_lead!(calls::lead_id, company, me)));
        }
        if let Some(after) = filter.after {
            let at = DbTs(after.created_at);
            // the first half says the same twice, for the index: neither database finds its place by an OR
            query = query
                .filter(calls::created_at.le(at))
                .filter(calls::created_at.lt(at).or(calls::id.lt(after.id.0)));
        }
        if let Some(status) = &filter.status {
            query = query.filter(calls::status.eq(status));
        }
        if let Some(stage) = &filter.stage {
            query = query.filter(calls::stage.eq(stage));
        }
        if let Some(booking_status) = &filter.booking_status {
            query = query.filter(calls::booking_status.eq(booking_status));
        }
        if let Some(lead_quality) = &filter.lead_quality {
            query = query.filter(calls::lead_quality.eq(lead_quality));
        }
        if let Some(direction) = &filter.direction {
            query = query.filter(calls::direction.eq(direction));
        }
        if let Some(missed) = filter.missed {
            query = query.filter(calls::missed.eq(missed));
        }
        if let Some(contact) = filter.contact {
            query = query.filter(calls::contact_card_id.eq(DbId::from(contact)));
        }
        if let Some(lead) = filter.lead {
            query = query.filter(calls::lead_id.eq(DbId::from(lead)));
        }
        if let Some(owner) = &filter.owner {
            query = query.filter(calls::owner_id.eq(owner.as_str()));
        }
        if let Some(phone) = &filter.phone {
            query = query.filter(calls::phone_number.eq(phone));
        }
        if let Some(from) = filter.from {
            query = query.filter(calls::created_at.ge(DbTs(from)));
        }
        if let Some(until) = filter.until {
            query = query.filter(calls::created_at.lt(DbTs(until)));
        }
        query.load(c).await
    })
    .map_err(fail(TABLE))?;
    let mut lines = rows.into_iter().map(line_of).collect::<Result<Vec<_>, _>>()?;
    // the one too many is only there to tell whether there is another page
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let is_last = lines.len() <= size;
    lines.truncate(size);
    let next_cursor = lines
        .last()
        .filter(|_| !is_last)
        .map(|last| CallCursor { created_at: last.created_at, id: last.call_id }.encode());
    Ok(CallPage { calls: lines, next_cursor, limit })
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = calls)]
struct DetailRow {
    id: i64,
    provider: String,
    provider_call_id: String,
    direction: Option<String>,
    call_type: Option<String>,
    status: String,
    stage: String,
    missed: bool,
    phone_number: Option<String>,
    customer_name: Option<String>,
    owner_id: Option<String>,
    assigned_rep_id: Option<String>,
    contact_card_id: Option<DbId>,
    lead_id: Option<DbId>,
    duration_seconds: Option<i32>,
    problems: DbDoc,
    booking_status: Option<String>,
    created_at: DbTs,
    updated_at: DbTs,
}

/// One call: itself, its newest transcript and its newest analysis, in three queries, and two more for why it failed.
pub(super) async fn detail(
    conn: &mut Conn,
    viewer: &Viewer,
    id: CallId,
) -> Result<Option<(CallDetail, Option<RecordingFile>)>, StoreError> {
    let company = viewer.company.as_str();
    let found: Option<(DetailRow, Option<CardName>, Option<String>)> = on_db!(conn, "calls.one", |c| {
        let mut query = calls::table
            .left_join(
                contact_cards::table.on(contact_cards::company_id
                    .eq(company)
                    .and(contact_cards::id.nullable().eq(calls::contact_card_id))),
            )
            .left_join(
                recordings::table.on(recordings::company_id
                    .eq(company)
                    .and(recordings::call_id.eq(calls::id))
                    .and(recordings::state.eq(::calls::RecordingState::Stored.as_str()))),
            )
            .filter(calls::company_id.eq(company))
            .filter(calls::id.eq(id.0))
            .select((
                DetailRow::as_select(),
                Option::<CardName>::as_select(),
                recordings::blob_key.nullable(),
            ))
            .into_boxed();
        if let Some(me) = own(viewer) {
            query = query.filter(calls::assigned_rep_id.eq(me).or(own_lead!(calls::lead_id, company, me)));
        }
        query.get_result(c).await.optional()
    })
    .map_err(fail(TABLE))?;
    let Some((row, card, blob_key)) = found else { return Ok(None) };
    let (transcript, transcript_segments) = newest_transcript(conn, company, id).await?.unzip();
    let analysis: Option<AnalysisRow> = on_db!(conn, "call_analyses.newest", |c| {
        call_analyses::table
            .filter(call_analyses::company_id.eq(company))
            .filter(call_analyses::call_id.eq(id.0))
            .order((call_analyses::analyzed_at.desc(), call_analyses::id.desc()))
            .limit(1)
            .select(AnalysisRow::as_select())
            .get_result(c)
            .await
            .optional()
    })
    .map_err(fail("call_analyses"))?;
    let analysis = analysis.map(|row| row.into_view(transcript.clone())).transpose()?;
    let failure = match row.stage.as_str() {
        "failed" => failure(conn, company, id).await?,
        _ => None,
    };
    let (name, address) = match card {
        Some(card) => (card.full(), card.address),
        None => (None, None),
    };
    let name = name.or(row.customer_name);
    let detail = CallDetail {
        call_id: CallId(row.id),
        phone_number: row.phone_number,
        customer_name: name.clone(),
        name,
        address,
        contact_card_id: row.contact_card_id.map(Into::into),
        lead_id: row.lead_id.map(Into::into),
        direction: row.direction,
        status: row.status,
        stage: row.stage,
        call_type: row.call_type,
        missed_call: row.missed,
        booked: row.booking_status.as_deref() == Some(BOOKED),
        booking_status: row.booking_status,
        duration_seconds: row.duration_seconds,
        owner_id: row.owner_id,
        assigned_rep_id: row.assigned_rep_id,
        provider: row.provider,
        provider_call_id: row.provider_call_id,
        recording_url: None,
        transcript,
        transcript_segments: transcript_segments.unwrap_or_default(),
        analysis,
        problems: row.problems.0,
        failure,
        created_at: row.created_at.0,
        updated_at: row.updated_at.0,
    };
    Ok(Some((detail, blob_key.map(|blob_key| RecordingFile { blob_key }))))
}

/// Why a call has failed: its recording was given up, or else its newest request was.
async fn failure(conn: &mut Conn, company: &str, id: CallId) -> Result<Option<CallFailure>, StoreError> {
    let recording: Option<Option<String>> = on_db!(conn, "recordings.failure_of", |c| {
        recordings::table
            .filter(recordings::company_id.eq(company))
            .filter(recordings::call_id.eq(id.0))
            .filter(recordings::state.eq(::calls::RecordingState::Failed.as_str()))
            .select(recordings::error)
            .get_result(c)
            .await
            .optional()
    })
    .map_err(fail("recordings"))?;
    if let Some(reason) = recording {
        return Ok(Some(CallFailure::of_recording(reason)));
    }
    let request: Option<(Option<String>, Option<String>)> = on_db!(conn, "shunya_jobs.failure_of", |c| {
        shunya_jobs::table
            .filter(shunya_jobs::company_id.eq(company))
            .filter(shunya_jobs::call_id.eq(id.0))
            .order((shunya_jobs::created_at.desc(), shunya_jobs::id.desc()))
            .limit(1)
            .select((shunya_jobs::error_code, shunya_jobs::error_message))
            .get_result(c)
            .await
            .optional()
    })
    .map_err(fail("shunya_jobs"))?;
    Ok(request.and_then(|(code, message)| Some(CallFailure { code: code?, message })))
}

async fn newest_transcript(
    conn: &mut Conn,
    company: &str,
    call: CallId,
) -> Result<Option<(String, Vec<TranscriptSegment>)>, StoreError> {
    let row: Option<(DbId, String, DbDoc)> = on_db!(conn, "call_transcripts.newest", |c| {
        call_transcripts::table
            .filter(call_transcripts::company_id.eq(company))
            .filter(call_transcripts::call_id.eq(call.0))
            .order((call_transcripts::created_at.desc(), call_transcripts::id.desc()))
            .limit(1)
            .select((call_transcripts::id, call_transcripts::text, call_transcripts::segments))
            .get_result(c)
            .await
            .optional()
    })
    .map_err(fail("call_transcripts"))?;
    let Some((id, text, segments)) = row else { return Ok(None) };
    let segments: Vec<::shunya_jobs::Segment> = segments
        .read()
        .map_err(|error| corrupt("call_transcripts", "segments", TranscriptId::from(id), error))?;
    let segment_of = |segment: ::shunya_jobs::Segment| TranscriptSegment {
        speaker: segment.speaker,
        text: segment.text,
        start_time: segment.start,
        end_time: segment.end,
    };
    Ok(Some((text, segments.into_iter().map(segment_of).collect())))
}
