//! Calls, with their transcripts and analyses.
//!
//! The predecessor never kept its provider's name for a call. A call goes by the predecessor's own number until its provider
//! speaks of it, see `docs/decisions/0016-moving-in.md`.

use calls::{
    AnalysisProgress, CallEvent, CallEventKind, CallFacts, CallStage, CallType, ProviderCallIds,
    RecordingState, ReportedFacts,
};
use kernel::{
    AnalysisId, CallId, ContactCardId, LeadId, RecordingId, ShunyaJobId, StoreError, Timestamp, TranscriptId,
    UserId, fingerprint,
};
use serde_json::{Value, json};
use shunya_jobs::{Failure, JobState, ShunyaJob, Transcript};

use super::{
    companies::provider_of,
    desk::{Desk, Past},
    report::Tally,
    requests::{AnsweredRequest, Known, known},
    row::{derived, id_of},
};
use crate::{
    ingest::{HEARD_AFTER, HEARD_BEFORE, IMPORTED},
    ports::{MovedOutcome, NewAnalysis, NewContact, OldRow, OldTable, Recording, StoredCall, UnitOfWork},
};

/// What the predecessor knows of a call, as if its provider's list had said so: every other word of the provider's counts
/// more.
fn event(row: &OldRow, source: i64) -> CallEvent {
    let missed =
        row.flag("missed_call") || row.text("status").is_some_and(|text| text.eq_ignore_ascii_case("missed"));
    let status = row.text("status").unwrap_or_default().to_ascii_lowercase();
    let answered = match status.as_str() {
        _ if missed => Some(false),
        "answered" | "completed" => Some(true),
        _ => None,
    };
    CallEvent {
        kind: CallEventKind::Listed,
        ids: ProviderCallIds { primary: format!("{IMPORTED}{source}"), legacy: None },
        digest: 0,
        facts: ReportedFacts {
            answered,
            phone: row.phone("phone_number").or_else(|| row.card_phone()),
            customer_name: row.text("name"),
            csr_id: row.text("owner_id"),
            duration_seconds: row
                .whole("last_call_duration")
                .and_then(|seconds| i32::try_from(seconds).ok())
                .filter(|seconds| *seconds > 0),
            ..ReportedFacts::default()
        },
        problems: Vec::new(),
    }
}

/// What people entered of the sale; none where they entered nothing.
fn outcome(row: &OldRow) -> Option<MovedOutcome> {
    let outcome = MovedOutcome {
        cancelled: row.flag("cancelled"),
        bought: row.flag("bought"),
        still_deciding: row.flag("still_deciding"),
        loss_reason: row.text("reason_for_lost_sale").or_else(|| row.text("reason_not_bought_homeowner")),
        sold_price_cents: row.cents("price_if_bought"),
        has_discrepancies: row.document("transcript_discrepancies").is_some(),
    };
    (outcome != MovedOutcome::default()).then_some(outcome)
}

pub(super) async fn take(
    desk: &Desk<'_>,
    unit: &mut dyn UnitOfWork,
    company: &OldRow,
    page: &[OldRow],
    tally: &mut Tally,
) -> Result<(), StoreError> {
    let sources: Vec<_> = page.iter().filter_map(|row| row.whole("call_id")).collect();
    let there = unit.intake().imported_calls(&sources).await?;
    let lead_of = |row: &OldRow| Some(id_of(OldTable::Leads, desk.company(), &row.text("lead_id")?));
    let leads: Vec<_> = page.iter().filter_map(lead_of).collect();
    let leads = unit.intake().there(OldTable::Leads, &leads).await?;
    for row in page {
        let Some(source) = row.whole("call_id") else {
            tally.set_aside(&row.key, "its number is none");
            continue;
        };
        if there.contains_key(&source) {
            tally.there += 1;
            continue;
        }
        let began = row.times().0;
        let event = event(row, source);
        if let Some(known) = heard_of(unit, &event, began).await? {
            unit.intake().note_imported_call(source, known, desk.now).await?;
            tally.united += 1;
            continue;
        }
        let lead = lead_of(row).filter(|lead| leads.contains(lead)).map(LeadId);
        let known = known(row, began);
        let call = put(desk, unit, company, row, (&event, &known), lead).await?;
        let Some(call) = call else {
            tally.set_aside(&row.key, "another call goes by its number");
            continue;
        };
        unit.intake().note_imported_call(source, call.id, desk.now).await?;
        if let Some(outcome) = outcome(row) {
            unit.intake().put_outcome(call.id, &outcome, desk.now).await?;
        }
        tally.taken += 1;
        if call.contact.is_none() {
            tally.note("it has no number that can be called, and no customer");
        }
        for _ in 0..known.left_over {
            tally.note("it has more transcripts than analyses: one was left out");
        }
        analyses(desk, unit, &call, source, &known).await?;
    }
    Ok(())
}

/// The call of ours that this one is, if its provider has told us of it: the customer's nearest in time.
async fn heard_of(
    unit: &mut dyn UnitOfWork,
    event: &CallEvent,
    began: Timestamp,
) -> Result<Option<CallId>, StoreError> {
    let Some(phone) = &event.facts.phone else { return Ok(None) };
    let around = unit.intake().calls_around(phone, began - HEARD_AFTER, began + HEARD_BEFORE).await?;
    Ok(around.first().copied())
}

/// The customer's card; made if only calls speak of them.
async fn card(
    unit: &mut dyn UnitOfWork,
    company: &str,
    event: &CallEvent,
    began: Timestamp,
) -> Result<Option<ContactCardId>, StoreError> {
    let Some(phone) = &event.facts.phone else { return Ok(None) };
    if let Some(card) = unit.intake().card_of(phone).await? {
        return Ok(Some(card));
    }
    let id = ContactCardId(derived(&["card of a call", company, phone.as_str()]));
    let name = event.facts.customer_name.as_deref();
    let contact = NewContact { id, phone, name, city: None, state: None };
    Ok(Some(unit.crm().ensure_contact(&contact, began).await?.id))
}

async fn owner(unit: &mut dyn UnitOfWork, row: &OldRow) -> Result<Option<UserId>, StoreError> {
    let Some(user) = row.user("owner_id") else { return Ok(None) };
    Ok(unit.directory().has_user(&user).await?.then_some(user))
}

async fn put(
    desk: &Desk<'_>,
    unit: &mut dyn UnitOfWork,
    company: &OldRow,
    row: &OldRow,
    (event, known): (&CallEvent, &Known),
    lead: Option<LeadId>,
) -> Result<Option<StoredCall>, StoreError> {
    let (began, _) = row.times();
    let mut facts = CallFacts::default();
    facts.absorb(event);
    let contact = card(unit, desk.company(), event, began).await?;
    let newest = known.requests.last();
    let progress = match (newest, &known.transcript) {
        (Some(_), _) => AnalysisProgress::Done,
        (None, Some(_)) => AnalysisProgress::Failed,
        (None, None) => AnalysisProgress::None,
    };
    let provider = provider_of(company);
    let is_sales =
        row.text("call_type").is_some_and(|text| text.to_ascii_lowercase().ends_with("sales_call"));
    let mut call = StoredCall {
        id: CallId(0),
        provider,
        ids: event.ids.clone(),
        stage: CallStage::of(&facts, Some(RecordingState::Absent), progress),
        facts,
        problems: Vec::new(),
        call_type: Some(if is_sales { CallType::SalesCall } else { CallType::CsrCall }),
        owner: owner(unit, row).await?,
        contact,
        lead: lead.filter(|_| contact.is_some()),
        lead_quality: newest.and_then(|one| one.read.record.lead_quality).map(|it| it.as_str().to_owned()),
        booking_status: newest
            .and_then(|one| one.read.record.booking_status)
            .map(|it| it.as_str().to_owned()),
        analyzed_at: newest.map(|one| one.answered_at),
        created_at: began,
        received_at: began,
    };
    let Some(id) = unit.calls().insert(&call, desk.now).await? else { return Ok(None) };
    call.id = id;
    // the predecessor kept none, and nothing is to look for one
    let recording = Recording {
        id: RecordingId(derived(&["recording", desk.company(), &event.ids.primary])),
        call: id,
        provider,
        provider_recording_id: None,
        state: RecordingState::Absent,
        blob_key: None,
        content_type: None,
        size_bytes: None,
        sha256: None,
        duration_seconds: None,
        error: None,
    };
    unit.calls().save_recording(&recording, desk.now).await?;
    Ok(Some(call))
}

async fn analyses(
    desk: &Desk<'_>,
    unit: &mut dyn UnitOfWork,
    call: &StoredCall,
    source: i64,
    known: &Known,
) -> Result<(), StoreError> {
    for (place, request) in known.requests.iter().enumerate() {
        let name = format!("{source}:{place}");
        answered(desk, unit, call, &name, request).await?;
    }
    if let Some((vendor_id, transcript, at)) = &known.transcript {
        let name = format!("{source}:transcript");
        let job = ask(desk, unit, call, &name, vendor_id.as_deref(), (*at, *at)).await?;
        put_transcript(desk, unit, call, &job, transcript, *at).await?;
        let failure = Failure {
            code: "not_analysed".to_owned(),
            message: Some("moved in with a transcript and without an analysis".to_owned()),
        };
        unit.analyses().settle_job(job.id, JobState::Failed, None, Some(&failure), *at).await?;
    }
    Ok(())
}

/// The request to the vendor, as one of ours that was sent.
async fn ask(
    desk: &Desk<'_>,
    unit: &mut dyn UnitOfWork,
    call: &StoredCall,
    name: &str,
    vendor_id: Option<&str>,
    (asked_at, answered_at): (Timestamp, Timestamp),
) -> Result<ShunyaJob, StoreError> {
    let job = ShunyaJob {
        id: ShunyaJobId(derived(&["request", desk.company(), name])),
        company: desk.scope.company.clone(),
        call: call.id,
        state: JobState::Pending,
        vendor_task_id: vendor_id.map(str::to_owned),
        submissions: 0,
        submitted_at: None,
        created_at: asked_at,
    };
    let input = fingerprint(&[b"import", desk.company().as_bytes(), name.as_bytes()]);
    unit.analyses().insert_job(&job, &input, answered_at).await?;
    let named = match vendor_id {
        // a name is one request's
        Some(id) if unit.analyses().match_job(&[id.to_owned()], None).await?.is_none() => Some(id),
        _ => None,
    };
    unit.analyses().mark_submitted(job.id, named, asked_at).await?;
    Ok(job)
}

async fn put_transcript(
    desk: &Desk<'_>,
    unit: &mut dyn UnitOfWork,
    call: &StoredCall,
    job: &ShunyaJob,
    transcript: &Transcript,
    at: Timestamp,
) -> Result<(), StoreError> {
    let id = TranscriptId(derived(&["transcript", &job.id.to_string()]));
    unit.analyses().insert_transcript(id, call.id, job.id, transcript, at).await?;
    let data = json!({
        "call_id": call.id, "transcript_id": id, "confidence_score": transcript.confidence,
        "word_count": transcript.word_count,
    });
    tell(desk, unit, call, ("call.transcribed", id.to_string()), data, at).await
}

async fn answered(
    desk: &Desk<'_>,
    unit: &mut dyn UnitOfWork,
    call: &StoredCall,
    name: &str,
    request: &AnsweredRequest,
) -> Result<(), StoreError> {
    let (at, record) = (request.answered_at, &request.read.record);
    let job = ask(desk, unit, call, name, request.vendor_id.as_deref(), (request.asked_at, at)).await?;
    if let Some(transcript) = &request.transcript {
        put_transcript(desk, unit, call, &job, transcript, at).await?;
    }
    let print = fingerprint(&[serde_json::to_vec(record).unwrap_or_default().as_slice()]);
    let analysis = NewAnalysis {
        id: AnalysisId(derived(&["analysis", &job.id.to_string()])),
        call: call.id,
        job: job.id,
        fingerprint: &print,
        record,
        unknown: &request.read.unknown,
        payload: &request.payload,
        analyzed_at: at,
    };
    unit.analyses().insert_analysis(&analysis, at).await?;
    unit.analyses().settle_job(job.id, JobState::Succeeded, Some((&print, "import")), None, at).await?;
    let data = json!({
        "call_id": call.id, "company_id": desk.scope.company, "sales_rep_id": null,
        "analysis_result": {
            "lead_quality": record.lead_quality.map(shunya_jobs::LeadQuality::as_str),
            "booking_status": record.booking_status.map(shunya_jobs::BookingStatus::as_str),
            "sentiment_score": record.sentiment_score, "sop_compliance_score": record.compliance.score,
        },
    });
    tell(desk, unit, call, ("call.analysis.completed", job.id.to_string()), data, at).await
}

async fn tell(
    desk: &Desk<'_>,
    unit: &mut dyn UnitOfWork,
    call: &StoredCall,
    (event, subject): (&'static str, String),
    data: Value,
    at: Timestamp,
) -> Result<(), StoreError> {
    let past = Past { event, subject, lead: call.lead, call: Some(call.id), at };
    match desk.past(past, data) {
        Some(event) => unit.events().append(vec![event], None).await.map(drop),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use calls::CallStatus;

    use super::*;

    fn facts(columns: &Value) -> CallFacts {
        let row = OldRow { key: String::new(), columns: columns.as_object().unwrap().clone() };
        let mut facts = CallFacts::default();
        facts.absorb(&event(&row, 7));
        facts
    }

    #[test]
    fn every_call_is_over_and_missed_only_if_the_predecessor_says_so() {
        for (columns, status, answered) in [
            (json!({ "missed_call": true, "status": "incoming" }), CallStatus::Missed, Some(false)),
            (json!({ "status": "MISSED" }), CallStatus::Missed, Some(false)),
            (json!({ "missed_call": false, "status": "answered" }), CallStatus::Completed, Some(true)),
            (json!({ "status": "incoming" }), CallStatus::Completed, None),
            (json!({ "status": "ai_recovery_sent" }), CallStatus::Completed, None),
        ] {
            let facts = facts(&columns);
            assert_eq!((facts.status(), facts.answered()), (status, answered), "{columns}");
        }
    }

    #[test]
    fn the_providers_own_word_counts_more() {
        let mut facts = facts(&json!({ "missed_call": true, "name": "WIRELESS CALLER" }));
        let reported = ReportedFacts {
            answered: Some(true),
            customer_name: Some("Dana Reyes".to_owned()),
            ..ReportedFacts::default()
        };
        let ids = ProviderCallIds { primary: "CAL1".to_owned(), legacy: None };
        let kind = CallEventKind::Listed;
        facts.absorb(&CallEvent { kind, ids, digest: 1, facts: reported, problems: Vec::new() });
        assert_eq!((facts.status(), facts.customer_name()), (CallStatus::Completed, Some("Dana Reyes")));
    }

    #[test]
    fn a_sale_nobody_said_anything_of_has_no_outcome() {
        let read = |columns: Value| {
            outcome(&OldRow { key: String::new(), columns: columns.as_object().unwrap().clone() })
        };
        assert_eq!(read(json!({ "bought": false, "price_if_bought": null })), None);
        let sold = read(json!({ "bought": true, "price_if_bought": 12500.5 })).unwrap();
        assert_eq!((sold.bought, sold.sold_price_cents), (true, Some(1_250_050)));
    }
}
