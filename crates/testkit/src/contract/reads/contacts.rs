//! Everything about one customer.

use app::reads::{ContactCardDetail, ContactQuery, CrmReads, RecordingFile};
use calls::{CallEventKind, CallStage, Direction, RecordingState};
use crm::{LeadMove, LeadStatus, SignalSeverity};
use kernel::{CallId, ContactCardId, PhoneNumber};
use shunya_jobs::{
    AnalysisRecord, BookingStatus, Compliance, MissedOpportunity, Objection, Severity, StageResult,
    Transcript,
};

use super::seed::{NewCall, Seed, verdict};
use crate::{Database, contract::bench::at};

async fn card(seed: &Seed<'_>, id: ContactCardId) -> (ContactCardDetail, Vec<(CallId, RecordingFile)>) {
    let query = ContactQuery::Id(id);
    let found = seed.bench.db.store.contact_card(&seed.manager(), &query, at(0)).await.unwrap();
    found.expect("the card is there")
}

fn words(text: &str) -> Transcript {
    Transcript { text: text.to_owned(), ..Transcript::default() }
}

pub async fn a_new_card_has_empty_lists(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let contact = seed.contact(1).await;
    let (card, files) = card(&seed, contact).await;
    assert_eq!((card.contact.id, &card.contact.company_id), (contact, &seed.scope.company));
    assert_eq!(card.contact.primary_phone.as_deref(), Some("+16025550001"));
    assert_eq!(
        (card.contact.full_name.as_deref(), card.lead_id, card.lead_status.as_deref()),
        (None, None, None)
    );
    assert!(card.lead_status_history.is_empty() && card.key_signals.is_empty() && card.open_tasks.is_empty());
    assert!(
        card.sop_compliance.is_empty() && card.objections.is_empty() && card.missed_opportunities.is_empty()
    );
    assert!(
        card.pending_actions.is_empty()
            && card.booking_timeline.is_empty()
            && card.call_recordings.is_empty()
    );
    assert!(card.leads.is_empty() && card.appointments.is_empty() && card.recent_call_ids.is_empty());
    assert!(card.appointment_outcome.is_none() && card.ai_summary.is_none() && files.is_empty());
}

pub async fn a_card_is_found_by_its_number(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let other = Seed::tenant(db, "org_b").await;
    let contact = seed.contact(1).await;
    let theirs = other.contact(1).await;
    other.contact(2).await;
    let by = |number: &str| ContactQuery::Phone(PhoneNumber::parse(number).unwrap());
    let boss = seed.manager();
    let found = db.store.contact_card(&boss, &by("(602) 555-0001"), at(0)).await.unwrap();
    assert_eq!(found.unwrap().0.contact.id, contact);
    let found = db.store.contact_card(&other.manager(), &by("+16025550001"), at(0)).await.unwrap();
    assert_eq!(found.unwrap().0.contact.id, theirs);
    // a number only another tenant knows
    assert!(db.store.contact_card(&boss, &by("+16025550002"), at(0)).await.unwrap().is_none());
}

pub async fn a_card_speaks_of_the_lead_that_changed_last(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let contact = seed.contact(1).await;
    let old = seed.lead_of(contact, at(0)).await;
    seed.set_lead(old, "status = 'closed_lost'").await;
    let new = seed.lead_of(contact, at(10)).await;
    assert_ne!(old, new);
    let found = card(&seed, contact).await.0;
    assert_eq!((found.lead_id, found.lead_status.as_deref()), (Some(new), Some("new")));
    let later = seed.at(at(20));
    seed.set_lead(old, &format!("updated_at = {later}")).await;
    let found = card(&seed, contact).await.0;
    assert_eq!((found.lead_id, found.lead_status.as_deref()), (Some(old), Some("closed_lost")));
    // newest first, whichever changed last
    assert_eq!(found.leads.iter().map(|lead| lead.id).collect::<Vec<_>>(), [new, old]);
    assert_eq!(found.lead_status_history.len(), 1);
}

pub async fn a_leads_history_comes_oldest_first(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let (contact, lead) = seed.lead(1, at(0)).await;
    let mut unit = seed.bench.begin(&seed.scope).await;
    for (seconds, from, to) in [
        (10, LeadStatus::New, LeadStatus::Warm),
        (10, LeadStatus::Warm, LeadStatus::Hot),
        (20, LeadStatus::Hot, LeadStatus::QualifiedBooked),
    ] {
        let moved = LeadMove { from, to, reason: "call booked" };
        let call = CallId(7);
        assert!(unit.crm().record_verdict(lead, call, at(seconds), Some(&moved), at(seconds)).await.unwrap());
    }
    unit.commit().await.unwrap();
    let found = card(&seed, contact).await.0;
    let moves: Vec<_> = found
        .lead_status_history
        .iter()
        .map(|line| (line.from_status.as_deref(), line.to_status.as_str()))
        .collect();
    let expected =
        [(None, "new"), (Some("new"), "warm"), (Some("warm"), "hot"), (Some("hot"), "qualified_booked")];
    assert_eq!(moves, expected);
    let last = found.lead_status_history.last().unwrap();
    assert_eq!((last.reason.as_deref(), last.triggered_by.as_deref()), (Some("call booked"), Some("shunya")));
    assert_eq!((last.context.as_ref().unwrap()["call_id"].as_i64(), last.created_at), (Some(7), at(20)));
}

pub async fn a_card_shows_unseen_signals_first(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let contact = seed.contact(1).await;
    let known = seed.signal(contact, SignalSeverity::Critical, at(1)).await;
    let yes = if db.is_postgres() { "true" } else { "1" };
    seed.set_signal(known, &format!("acknowledged = {yes}")).await;
    let medium_new = seed.signal(contact, SignalSeverity::Medium, at(3)).await;
    let medium_old = seed.signal(contact, SignalSeverity::Medium, at(2)).await;
    let high = seed.signal(contact, SignalSeverity::High, at(1)).await;
    let strange = seed.contact(2).await;
    seed.signal(strange, SignalSeverity::High, at(1)).await;
    let ids: Vec<_> = card(&seed, contact).await.0.key_signals.iter().map(|signal| signal.id).collect();
    assert_eq!(ids, [high, medium_new, medium_old, known]);
}

pub async fn a_card_shows_everybodys_unfinished_tasks(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let contact = seed.contact(1).await;
    let mut tasks = Vec::new();
    for (seconds, status, source) in [
        (40, "open", "shunya"),
        (30, "pending", "manual"),
        (-1, "overdue", "otto"),
        (-2, "open", "shunya"),
        (1, "completed", "shunya"),
        (1, "cancelled", "manual"),
    ] {
        let task = seed.task(Some(contact), None, Some(at(seconds))).await;
        seed.set_task(task, &format!("status = '{status}', source = '{source}', assignee_id = 'rep_9'"))
            .await;
        tasks.push(task);
    }
    seed.task(None, None, Some(at(1))).await;
    let found = card(&seed, contact).await.0;
    let open: Vec<_> = found.open_tasks.iter().map(|task| (task.id, task.overdue)).collect();
    assert_eq!(open, [(tasks[3], true), (tasks[2], true), (tasks[1], false), (tasks[0], false)]);
    // promises are what the AI heard
    let pending: Vec<_> = found.pending_actions.iter().map(|action| action.id.unwrap()).collect();
    assert_eq!(pending, [tasks[3], tasks[0]]);
    let promise = &found.pending_actions[0];
    assert_eq!(
        (promise.action_type.as_deref(), promise.status.as_deref()),
        (Some("call_back"), Some("open"))
    );
    assert_eq!((promise.assigned_to.as_deref(), promise.due_at), (Some("csr"), Some(at(-2))));
}

pub async fn a_card_gathers_what_was_said_in_calls(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let contact = seed.contact(1).await;
    let call_at = |seconds| NewCall { at: at(seconds), contact: Some(contact), ..NewCall::default() };
    let stage =
        |name: &str, followed| StageResult { stage: name.to_owned(), followed, ..StageResult::default() };
    let missed = |text: &str| MissedOpportunity {
        kind: Some("upsell".to_owned()),
        description: text.to_owned(),
        severity: Some(Severity::Medium),
        at_seconds: Some(3.0),
        ..MissedOpportunity::default()
    };
    let record = |summary: &str, objections: &[&str], missed_opportunities| AnalysisRecord {
        summary: Some(summary.to_owned()),
        missed_opportunities,
        compliance: Compliance {
            stages: vec![
                stage("greeting", Some(true)),
                stage("closing", Some(false)),
                stage("rapport", None),
            ],
            ..Compliance::default()
        },
        ..verdict(None, Some(BookingStatus::Booked), objections)
    };
    let newer = seed.call(call_at(20)).await;
    let older = seed.judged(call_at(10), &record("older", &["Too far"], vec![missed("gutters")])).await;
    seed.analysed(newer, &record("misheard", &["Nonsense"], vec![missed("nothing")]), at(30)).await;
    let mut heard = record("newer", &["Price", "Timing"], vec![missed("skylight"), missed("solar")]);
    heard.objections[0].overcome = Some(true);
    heard.objections[0].category_text = Some("Money".to_owned());
    heard.objections.push(Objection::default());
    seed.analysed(newer, &heard, at(40)).await;
    seed.call(call_at(50)).await;

    let found = card(&seed, contact).await.0;
    assert_eq!(found.ai_summary.as_deref(), Some("newer"));
    let stages: Vec<_> =
        found.sop_compliance.iter().map(|line| (line.stage_name.as_str(), line.followed)).collect();
    assert_eq!(stages, [("greeting", true), ("closing", false)]);
    let objections: Vec<_> =
        found.objections.iter().map(|line| (line.objection_text.as_str(), line.call_id.unwrap())).collect();
    assert_eq!(objections, [("Price", newer), ("Timing", newer), ("Too far", older)]);
    assert_eq!(found.objections[0].category.as_deref(), Some("Money"));
    assert_eq!((found.objections[0].overcome, found.objections[1].overcome), (Some(true), None));
    let chances: Vec<_> = found
        .missed_opportunities
        .iter()
        .map(|line| (line.description.as_str(), line.call_id.unwrap()))
        .collect();
    assert_eq!(chances, [("skylight", newer), ("solar", newer), ("gutters", older)]);
    let first = &found.missed_opportunities[0];
    assert_eq!((first.kind.as_deref(), first.severity.as_deref()), (Some("upsell"), Some("medium")));
}

pub async fn objections_are_gathered_from_the_last_fifty_analysed_calls(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let contact = seed.contact(1).await;
    for seconds in 0..52 {
        let text = format!("number {seconds}");
        let call = NewCall { at: at(seconds), contact: Some(contact), ..NewCall::default() };
        seed.judged(call, &verdict(None, None, &[text.as_str()])).await;
    }
    let found = card(&seed, contact).await.0;
    let texts: Vec<_> = found.objections.iter().map(|line| line.objection_text.clone()).collect();
    let expected: Vec<_> = (2..52).rev().map(|seconds| format!("number {seconds}")).collect();
    assert_eq!(texts, expected);
}

pub async fn a_card_shows_its_last_twenty_calls(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let contact = seed.contact(1).await;
    let mut calls = Vec::new();
    for _ in 0..22 {
        calls.push(seed.call(NewCall { contact: Some(contact), ..NewCall::default() }).await);
    }
    calls.reverse();
    let newest = calls[0];
    seed.transcript(newest, &words("first hearing"), at(1)).await;
    seed.transcript(newest, &words("second hearing"), at(2)).await;
    for (call, state) in [
        (newest, RecordingState::Stored),
        (calls[1], RecordingState::Pending),
        (calls[21], RecordingState::Stored),
    ] {
        seed.recording(call, state).await;
    }
    let (found, files) = card(&seed, contact).await;
    let shown: Vec<_> = found.call_recordings.iter().map(|line| line.call_id).collect();
    assert_eq!(shown, calls[..20]);
    assert_eq!(found.recent_call_ids, calls[..10]);
    let first = &found.call_recordings[0];
    assert_eq!((first.transcript.as_deref(), first.recording_url.as_deref()), (Some("second hearing"), None));
    assert_eq!((first.duration_seconds, first.missed_call, first.started_at), (Some(61), false, at(0)));
    assert!(found.call_recordings[1].transcript.is_none());
    // of those shown, those that are stored
    let blob_key = format!("tenants/org_a/recordings/{newest}.mp3");
    assert_eq!(files, [(newest, RecordingFile { blob_key })]);
}

pub async fn a_timeline_goes_from_the_first_call_to_what_is_to_come(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let contact = seed.contact(1).await;
    let missed = NewCall {
        at: at(-10),
        kind: CallEventKind::Missed,
        stage: CallStage::Missed,
        contact: Some(contact),
        ..NewCall::default()
    };
    let missed = seed.call(missed).await;
    let lead = seed.lead_of(contact, at(-10)).await;
    let task = seed.task_made(Some(contact), None, Some(at(5)), at(-5)).await;
    let outbound =
        NewCall { at: at(-5), direction: Direction::Outbound, contact: Some(contact), ..NewCall::default() };
    let outbound = seed.call(outbound).await;
    let visit = seed.appointment(contact, lead, at(86_400)).await;
    seed.set_appointment(visit, "status = 'no_show', outcome = 'rescheduled', service_type = 'Roof'").await;
    let earlier = seed.appointment(contact, lead, at(3_600)).await;
    seed.set_appointment(earlier, "outcome = 'won'").await;
    let found = card(&seed, contact).await.0;
    let lines: Vec<_> = found
        .booking_timeline
        .iter()
        .map(|line| (line.kind, line.timestamp, line.description.as_deref().unwrap_or_default()))
        .collect();
    let made = format!("Do {task}");
    let expected = [
        ("call", at(-10), "Missed call"),
        ("status_change", at(-10), "Lead new: lead created"),
        ("call", at(-5), "Outbound call"),
        ("task", at(-5), made.as_str()),
        ("appointment", at(3_600), "Appointment scheduled"),
        ("appointment", at(86_400), "Appointment no show: Roof"),
    ];
    assert_eq!(lines, expected);
    let ids: Vec<_> = found.booking_timeline.iter().map(|line| line.id.clone()).collect();
    assert_eq!((ids[0].clone(), ids[2].clone()), (missed.to_string(), outbound.to_string()));
    assert_eq!((ids[3].clone(), ids[5].clone()), (task.to_string(), visit.to_string()));
    assert!(found.call_recordings[1].missed_call);
    // the latest, wherever it stands
    assert_eq!(found.appointments.iter().map(|visit| visit.id).collect::<Vec<_>>(), [visit, earlier]);
    assert_eq!(found.appointment_outcome.as_deref(), Some("rescheduled"));
}
