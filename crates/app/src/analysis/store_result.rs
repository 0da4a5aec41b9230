//! What an answer becomes, in one transaction: transcript, analysis, objections, lead and its history, appointment,
//! tasks, signals, events, and the end of the request. Done once, whichever way the answer came first; a second arrival
//! changes nothing.

use calls::CallStage;
use crm::{AppointmentChange, CallOutcome, Plan};
use kernel::{
    AnalysisId, AppointmentId, CallId, ContactCardId, KeySignalId, LeadId, ProviderError, ShunyaJobId,
    StoreError, TaskId, Timestamp, TranscriptId, fingerprint,
};
use serde_json::{Value, json};
use shunya_jobs::{JobState, Normalised, ShunyaJob, Transcript, normalise_transcript};

use super::outcome::outcome_of;
use crate::{
    NewEvent, Work,
    jobs::{JobError, JobRun},
    ports::{NewAnalysis, NewAppointment, NewSignalRow, NewTaskRow, StoredCall},
};

/// A transcript that is still missing after this many attempts is done without.
const TRANSCRIPT_ATTEMPTS: u32 = 4;

/// An answer, read.
pub(super) struct Arrived<'a> {
    /// As sent.
    pub payload: &'a Value,
    /// What it says.
    pub read: &'a Normalised,
    /// The words spoken, unless they are stored already or the vendor has none.
    pub transcript: Option<Transcript>,
    /// `webhook` or `poll`.
    pub via: &'static str,
}

/// The transcript that belongs to an answer: in it, stored already (then `None`), or asked for.
pub(super) async fn transcript_of(
    run: &JobRun<'_>,
    job: &ShunyaJob,
    read: &Normalised,
) -> Result<Option<Transcript>, JobError> {
    if let Some(transcript) = &read.transcript {
        return Ok(Some(transcript.clone()));
    }
    let mut work = run.begin().await?;
    let stored = work.analyses().has_transcript(job.id).await?;
    work.rollback().await?;
    if stored {
        return Ok(None);
    }
    match run.ports.engine.transcript(&run.scope.company, job.call).await {
        Ok(payload) => Ok(normalise_transcript(&payload)),
        Err(ProviderError::NotFound { .. }) if run.attempt >= TRANSCRIPT_ATTEMPTS => Ok(None),
        Err(ProviderError::NotFound { code }) => Err(JobError::retry(format!("no transcript yet ({code})"))),
        Err(other) => Err(other.into()),
    }
}

/// Stores an answer; `false` if the request already had an outcome.
#[tracing::instrument(name = "app.store_result", skip_all, fields(shunya_job.id = %id, via = arrived.via))]
pub(super) async fn store_result(
    work: &mut Work<'_>,
    id: ShunyaJobId,
    arrived: &Arrived<'_>,
) -> Result<bool, StoreError> {
    let now = work.ports().clock.now();
    let Some(job) = work.analyses().find_job(id).await?.filter(|job| job.state.is_open()) else {
        return Ok(false);
    };
    let Some(mut call) = work.calls().find(job.call).await? else { return Ok(false) };
    let record = &arrived.read.record;
    let analyzed_at = record.completed_at.filter(|at| *at <= now && *at >= call.created_at).unwrap_or(now);
    let print = fingerprint(&[serde_json::to_vec(record).unwrap_or_default().as_slice()]);

    if let Some(transcript) = &arrived.transcript {
        let id = TranscriptId::fresh(work.ports().ids.as_ref());
        if work.analyses().insert_transcript(id, call.id, job.id, transcript, now).await? {
            tell_transcribed(work, call.id, call.lead, id, transcript, now);
        }
    }
    let analysis = NewAnalysis {
        id: AnalysisId::fresh(work.ports().ids.as_ref()),
        call: call.id,
        job: job.id,
        fingerprint: &print,
        record,
        unknown: &arrived.read.unknown,
        payload: arrived.payload,
        analyzed_at,
    };
    work.analyses().insert_analysis(&analysis, now).await?;
    if call.analyzed_at.is_none_or(|last| analyzed_at >= last) {
        call.lead_quality = record.lead_quality.map(|quality| quality.as_str().to_owned());
        call.booking_status = record.booking_status.map(|status| status.as_str().to_owned());
        call.analyzed_at = Some(analyzed_at);
    }
    call.stage = CallStage::Analysed;
    work.calls().save(&call, now).await?;

    let calendar =
        work.directory().company().await?.map_or(kernel::Calendar::UTC, |company| company.calendar);
    let outcome = outcome_of(record, calendar);
    apply_outcome(work, &call, &job, &outcome, now).await?;

    work.analyses().settle_job(job.id, JobState::Succeeded, Some((&print, arrived.via)), None, now).await?;
    if !arrived.read.unknown.is_empty() {
        let fields: Vec<_> = arrived.read.unknown.iter().map(|unknown| unknown.field.as_str()).collect();
        tracing::warn!(call.id = %call.id, ?fields, "the vendor sent values we do not know; they are kept");
    }
    tell_analysed(work, &call, &job, arrived, now);
    Ok(true)
}

async fn apply_outcome(
    work: &mut Work<'_>,
    call: &StoredCall,
    job: &ShunyaJob,
    outcome: &CallOutcome,
    now: Timestamp,
) -> Result<(), StoreError> {
    // whoever hid their number has no card and no lead; their promises are still kept
    let (Some(contact), Some(lead)) = (call.contact, call.lead) else {
        let known = crm::KnownLead {
            status: crm::LeadStatus::New,
            last_verdict_at: None,
            open_appointments: Vec::new(),
        };
        let plan = crm::plan(outcome, &known, call.created_at);
        return make_tasks(work, call, &plan, now).await;
    };
    // the card before the lead, as a call does that comes in meanwhile: else each could wait for the other
    work.crm().fill_contact(contact, &crm::contact_update(outcome), now).await?;
    let Some(known) = work.crm().known_lead(lead).await? else { return Ok(()) };
    let plan = crm::plan(outcome, &known, call.created_at);
    if plan.is_newest_verdict {
        let recorded =
            work.crm().record_verdict(lead, call.id, call.created_at, plan.lead_move.as_ref(), now).await?;
        if let (true, Some(moved)) = (recorded, &plan.lead_move) {
            let data = json!({
                "lead_id": lead, "company_id": job.company, "contact_card_id": contact,
                "status": moved.to.as_str(), "source": "shunya", "changes": ["status"], "status_changed": true,
                "classification": call.lead_quality, "outcome": call.booking_status,
            });
            let key = format!("lead.updated:{lead}:{}", job.id);
            let event = NewEvent {
                event: "lead.updated",
                key,
                lead: Some(lead),
                user: None,
                call: Some(call.id),
                data,
            };
            work.happened(event, now);
        }
    }
    if let Some(change) = &plan.appointment {
        change_appointment(work, call, contact, lead, change, outcome, now).await?;
    }
    make_tasks(work, call, &plan, now).await?;
    for signal in &plan.signals {
        let id = KeySignalId::fresh(work.ports().ids.as_ref());
        let row = NewSignalRow { id, signal, contact, lead: Some(lead), call: call.id };
        work.crm().insert_signal(&row, now).await?;
    }
    Ok(())
}

async fn change_appointment(
    work: &mut Work<'_>,
    call: &StoredCall,
    contact: ContactCardId,
    lead: LeadId,
    change: &AppointmentChange,
    outcome: &CallOutcome,
    now: Timestamp,
) -> Result<(), StoreError> {
    let company = work.scope().company.clone();
    let (event, id, data) = match change {
        AppointmentChange::Make { start } => {
            let appointment = NewAppointment {
                id: AppointmentId::fresh(work.ports().ids.as_ref()),
                lead,
                contact,
                call: call.id,
                start: *start,
                appointment_type: outcome.appointment_type.as_deref(),
                location: outcome.address.as_deref(),
                service_type: outcome.service.as_deref(),
            };
            if !work.crm().insert_appointment(&appointment, now).await? {
                return Ok(());
            }
            let data = json!({
                "appointment_id": appointment.id, "lead_id": lead, "company_id": company, "status": "scheduled",
                "outcome": "pending", "scheduled_start": kernel::rfc3339(*start),
            });
            ("appointment.created", appointment.id, data)
        }
        AppointmentChange::Move { id, start } => {
            if !work.crm().change_appointment(change, now).await? {
                return Ok(());
            }
            let data = json!({
                "appointment_id": id, "lead_id": lead, "company_id": company, "status": "scheduled",
                "outcome": "pending", "scheduled_start": kernel::rfc3339(*start), "changes": ["scheduled_start"],
            });
            ("appointment.updated", *id, data)
        }
        AppointmentChange::Cancel { id } => {
            if !work.crm().change_appointment(change, now).await? {
                return Ok(());
            }
            let data = json!({
                "appointment_id": id, "lead_id": lead, "company_id": company, "status": "cancelled",
                "outcome": "pending", "changes": ["status"],
            });
            ("appointment.updated", *id, data)
        }
    };
    let key = format!("{event}:{id}:{}", call.id);
    work.happened(NewEvent { event, key, lead: Some(lead), user: None, call: Some(call.id), data }, now);
    Ok(())
}

async fn make_tasks(
    work: &mut Work<'_>,
    call: &StoredCall,
    plan: &Plan,
    now: Timestamp,
) -> Result<(), StoreError> {
    for task in &plan.tasks {
        let id = TaskId::fresh(work.ports().ids.as_ref());
        let row = NewTaskRow { id, task, contact: call.contact, lead: call.lead, call: call.id };
        if work.crm().insert_task(&row, now).await? {
            let data = json!({
                "task_id": id, "company_id": work.scope().company, "contact_card_id": call.contact,
                "description": task.description, "assigned_to": task.assigned_to.as_str(), "source": "shunya",
            });
            let key = format!("task.created:{id}");
            let event = NewEvent {
                event: "task.created",
                key,
                lead: call.lead,
                user: None,
                call: Some(call.id),
                data,
            };
            work.happened(event, now);
        }
    }
    Ok(())
}

/// Says that a transcript is there.
pub(super) fn tell_transcribed(
    work: &mut Work<'_>,
    call: CallId,
    lead: Option<LeadId>,
    id: TranscriptId,
    transcript: &Transcript,
    now: Timestamp,
) {
    let data = json!({
        "call_id": call, "transcript_id": id, "confidence_score": transcript.confidence,
        "word_count": transcript.word_count,
    });
    let key = format!("call.transcribed:{id}");
    work.happened(NewEvent { event: "call.transcribed", key, lead, user: None, call: Some(call), data }, now);
}

fn tell_analysed(
    work: &mut Work<'_>,
    call: &StoredCall,
    job: &ShunyaJob,
    arrived: &Arrived<'_>,
    now: Timestamp,
) {
    let record = &arrived.read.record;
    let company = &job.company;
    let objections: Vec<_> = record.objections.iter().filter_map(|objection| objection.label()).collect();
    let qualified = call.lead_quality.as_deref().is_some_and(insights::is_qualified);
    let booked = call.booking_status.as_deref() == Some("booked");
    let quote_date = match record.appointment.start {
        Some(shunya_jobs::AppointmentStart::Instant(at)) => Some(kernel::rfc3339(at)),
        _ => None,
    };
    let mut say = |event: &'static str, subject: String, data: Value| {
        let key = format!("{event}:{subject}");
        let user = call.owner.clone();
        work.happened(NewEvent { event, key, lead: call.lead, user, call: Some(call.id), data }, now);
    };
    say(
        "call.analysis.completed",
        job.id.to_string(),
        json!({
            "call_id": call.id, "company_id": company, "sales_rep_id": null,
            "analysis_result": {
                "lead_quality": call.lead_quality, "booking_status": call.booking_status,
                "sentiment_score": record.sentiment_score, "sop_compliance_score": record.compliance.score,
            },
        }),
    );
    say(
        "ai.analysis.complete",
        job.id.to_string(),
        json!({
            "call_id": call.id, "lead_classification": call.lead_quality, "objections": objections,
            "sop_stage": null, "rehash_score": null, "coaching_tips": record.coaching_tips,
        }),
    );
    say(
        "telephony.call.completed",
        call.id.to_string(),
        json!({
            "call_id": call.id, "phone_number": call.facts.phone(), "company_id": company, "booked": booked,
            "qualified": qualified, "objections": objections, "quote_date": quote_date,
        }),
    );
    say(
        "shunya.job.succeeded",
        job.id.to_string(),
        json!({
            "job_id": job.id, "job_type": "csr_call", "shunya_job_id": job.vendor_task_id,
        }),
    );
}
