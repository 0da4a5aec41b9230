//! Everything about one customer. Each part is one query, however many calls, leads or tasks there are.

use std::collections::HashMap;

use app::reads::{
    CallRecording, ContactBase, ContactCardDetail, ContactObjection, ContactQuery, LeadSummary,
    MissedOpportunityLine, PendingActionLine, RecordingFile, SopComplianceLine, StatusHistoryLine, TaskLine,
    Viewer,
};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, NullableExpressionMethods, OptionalExtension, QueryDsl,
    SelectableHelper, sql_types::Bool,
};
use diesel_async::RunQueryDsl;
use kernel::{CallId, LeadId, StoreError, Timestamp};

use super::{
    analyses::{AnalysisRow, NEWEST_OF_CALL},
    appointments,
    customer::CardRow,
    fixed::fixed,
    leads,
    reach::{own, own_customer},
    signals, tasks,
    timeline::{self, CallRow, HistoryRow},
};
use crate::{
    db::{Conn, on_db},
    error::fail,
    schema::{call_analyses, call_transcripts, contact_cards, recordings},
    types::DbId,
};

/// How many calls are shown with their words and recordings.
const CALLS_SHOWN: usize = 20;
/// How many calls are named as recent.
const CALLS_NAMED: usize = 10;
/// How many analysed calls' objections and missed chances are gathered.
const CALLS_GATHERED: usize = 50;

/// Keeps the newest transcript of each call.
const NEWEST_TRANSCRIPT: &str = "NOT EXISTS (SELECT 1 FROM call_transcripts newer \
     WHERE newer.company_id = call_transcripts.company_id AND newer.call_id = call_transcripts.call_id \
     AND (newer.created_at, newer.id) > (call_transcripts.created_at, call_transcripts.id))";

type Found = (ContactCardDetail, Vec<(CallId, RecordingFile)>);

pub(super) async fn card(
    conn: &mut Conn,
    viewer: &Viewer,
    query: &ContactQuery,
    now: Timestamp,
) -> Result<Option<Found>, StoreError> {
    let Some(contact) = base(conn, viewer, query).await? else { return Ok(None) };
    let (company, id) = (&viewer.company, contact.id);
    let leads = leads::of_contact(conn, company, id).await?;
    let moves = timeline::moves_of(conn, company.as_str(), leads.iter().map(|lead| lead.id.into())).await?;
    let appointments = appointments::of_contact(conn, company, id).await?;
    let key_signals = signals::of_contact(conn, company.as_str(), id).await?;
    let open_tasks = tasks::unfinished_of(conn, company.as_str(), id, now).await?;
    let made_tasks = timeline::tasks_of(conn, company.as_str(), id).await?;
    let calls = timeline::calls_of(conn, company.as_str(), id).await?;
    let shown = calls.get(..CALLS_SHOWN).unwrap_or(&calls);
    let mut transcripts = transcripts_of(conn, company.as_str(), shown).await?;
    let files = files_of(conn, company.as_str(), shown).await?;
    let said = said_in_calls(conn, company.as_str(), &calls).await?;

    let lead = current(&leads);
    let lead_id = lead.map(|lead| lead.id);
    let detail = ContactCardDetail {
        lead_id,
        lead_status: lead.map(|lead| lead.status.clone()),
        lead_status_history: history_of(lead_id, &moves),
        key_signals,
        pending_actions: open_tasks
            .iter()
            .filter(|task| task.source == "shunya")
            .map(pending_action)
            .collect(),
        open_tasks,
        sop_compliance: said.stages,
        objections: said.objections,
        missed_opportunities: said.missed,
        appointment_outcome: appointments.as_slice().first().map(|newest| newest.outcome.clone()),
        ai_summary: said.summary,
        recording_sessions: Vec::new(),
        booking_timeline: timeline::timeline(&calls, &moves, &appointments, made_tasks),
        call_recordings: shown.iter().map(|call| recording_line(call, &mut transcripts)).collect(),
        text_threads: Vec::new(),
        nurture_threads: Vec::new(),
        property_snapshot: None,
        leads,
        appointments,
        recent_call_ids: calls.iter().take(CALLS_NAMED).map(|call| CallId(call.id)).collect(),
        contact,
    };
    Ok(Some((detail, files)))
}

async fn base(
    conn: &mut Conn,
    viewer: &Viewer,
    query: &ContactQuery,
) -> Result<Option<ContactBase>, StoreError> {
    let company = viewer.company.as_str();
    let row: Option<CardRow> = on_db!(conn, "contact_cards.one", |c| {
        let mut card = contact_cards::table
            .filter(contact_cards::company_id.eq(company))
            .select(CardRow::as_select())
            .into_boxed();
        card = match query {
            ContactQuery::Id(id) => card.filter(contact_cards::id.eq(DbId::from(*id))),
            ContactQuery::Phone(phone) => card.filter(contact_cards::primary_phone.eq(phone.as_str())),
        };
        if let Some(me) = own(viewer) {
            card = card.filter(own_customer!(contact_cards::id, company, me));
        }
        card.get_result(c).await.optional()
    })
    .map_err(fail("contact_cards"))?;
    Ok(row.map(|row| row.into_base(&viewer.company)))
}

/// The lead a card speaks of: the one that changed last, and of several that did, the newest.
fn current(leads: &[LeadSummary]) -> Option<&LeadSummary> {
    leads.iter().max_by_key(|lead| (lead.updated_at, lead.created_at, lead.id))
}

fn history_of(lead: Option<LeadId>, moves: &[HistoryRow]) -> Vec<StatusHistoryLine> {
    moves
        .iter()
        .rev()
        .filter(|moved| Some(moved.lead_id.into()) == lead)
        .map(|moved| StatusHistoryLine {
            from_status: moved.from_status.clone(),
            to_status: moved.to_status.clone(),
            reason: moved.reason.clone(),
            triggered_by: Some(moved.triggered_by.clone()),
            context: moved.context.as_ref().map(|doc| doc.0.clone()),
            created_at: moved.created_at.0,
        })
        .collect()
}

fn pending_action(task: &TaskLine) -> PendingActionLine {
    PendingActionLine {
        id: Some(task.id),
        description: task.description.clone(),
        action_type: task.action_type.clone(),
        due_at: task.due_at,
        status: Some(task.status.clone()),
        assigned_to: Some(task.assigned_to.clone()),
        priority: task.priority.clone(),
    }
}

fn recording_line(call: &CallRow, transcripts: &mut HashMap<i64, String>) -> CallRecording {
    CallRecording {
        call_id: CallId(call.id),
        started_at: call.created_at.0,
        transcript: transcripts.remove(&call.id),
        recording_url: None,
        duration_seconds: call.duration_seconds,
        direction: call.direction.clone(),
        missed_call: call.missed,
        booking_status: call.booking_status.clone(),
    }
}

async fn transcripts_of(
    conn: &mut Conn,
    company: &str,
    shown: &[CallRow],
) -> Result<HashMap<i64, String>, StoreError> {
    let rows: Vec<(i64, String)> = on_db!(conn, "call_transcripts.of_calls", |c| {
        call_transcripts::table
            .filter(call_transcripts::company_id.eq(company))
            .filter(call_transcripts::call_id.eq_any(shown.iter().map(|call| call.id)))
            .filter(fixed::<Bool>(NEWEST_TRANSCRIPT))
            .select((call_transcripts::call_id, call_transcripts::text))
            .load(c)
            .await
    })
    .map_err(fail("call_transcripts"))?;
    Ok(rows.into_iter().collect())
}

async fn files_of(
    conn: &mut Conn,
    company: &str,
    shown: &[CallRow],
) -> Result<Vec<(CallId, RecordingFile)>, StoreError> {
    let rows: Vec<(i64, Option<String>)> = on_db!(conn, "recordings.of_calls", |c| {
        recordings::table
            .filter(recordings::company_id.eq(company))
            .filter(recordings::call_id.eq_any(shown.iter().map(|call| call.id)))
            .filter(recordings::state.eq(::calls::RecordingState::Stored.as_str()))
            .order(recordings::call_id)
            .select((recordings::call_id, recordings::blob_key))
            .load(c)
            .await
    })
    .map_err(fail("recordings"))?;
    let file_of =
        |(call, blob_key): (i64, Option<String>)| Some((CallId(call), RecordingFile { blob_key: blob_key? }));
    Ok(rows.into_iter().filter_map(file_of).collect())
}

/// What the analyses of a customer's calls say.
#[derive(Default)]
struct Said {
    /// Of the newest analysed call.
    summary: Option<String>,
    /// Likewise.
    stages: Vec<SopComplianceLine>,
    /// Of all gathered, the newest call's first.
    objections: Vec<ContactObjection>,
    /// Likewise.
    missed: Vec<MissedOpportunityLine>,
}

async fn said_in_calls(conn: &mut Conn, company: &str, calls: &[CallRow]) -> Result<Said, StoreError> {
    let analysed = calls.iter().filter(|call| call.analyzed_at.is_some());
    // by the place each has in the list, which is newest first
    let places: HashMap<i64, usize> =
        analysed.take(CALLS_GATHERED).enumerate().map(|(place, call)| (call.id, place)).collect();
    let mut rows: Vec<AnalysisRow> = on_db!(conn, "call_analyses.of_contact", |c| {
        call_analyses::table
            .filter(call_analyses::company_id.eq(company))
            .filter(call_analyses::call_id.eq_any(places.keys().copied()))
            .filter(fixed::<Bool>(NEWEST_OF_CALL))
            .select(AnalysisRow::as_select())
            .load(c)
            .await
    })
    .map_err(fail("call_analyses"))?;
    rows.sort_by_key(|row| places.get(&row.call_id).copied());
    let mut said = Said::default();
    for (place, row) in rows.into_iter().enumerate() {
        let call_id = Some(CallId(row.call_id));
        let record = row.record()?;
        if place == 0 {
            said.summary = row.summary;
            said.stages = record.compliance.stages.into_iter().filter_map(stage_line).collect();
        }
        for objection in record.objections {
            // one with nothing to call it by cannot be shown either
            let Some(objection_text) = objection.label().map(str::to_owned) else { continue };
            said.objections.push(ContactObjection {
                objection_text,
                category: objection.category_text,
                overcome: objection.overcome,
                severity: objection.severity.map(|severity| severity.as_str().to_owned()),
                timestamp: objection.at_seconds,
                call_id,
            });
        }
        said.missed.extend(record.missed_opportunities.into_iter().map(|missed| MissedOpportunityLine {
            description: missed.description,
            kind: missed.kind,
            severity: missed.severity.map(|severity| severity.as_str().to_owned()),
            timestamp: missed.at_seconds,
            call_id,
        }));
    }
    Ok(said)
}

fn stage_line(stage: shunya_jobs::StageResult) -> Option<SopComplianceLine> {
    // neither followed nor missed cannot be said here
    Some(SopComplianceLine { stage_name: stage.stage, followed: stage.followed?, score: stage.score })
}
