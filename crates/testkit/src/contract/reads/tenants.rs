//! No tenant sees another's: two with the same data, looked at by each.

use app::reads::{
    AppointmentQuery, CallFilter, CallReads, ContactQuery, CrmReads, DashboardBucket, DashboardReads,
    LeadFilter, PipelineReads, SignalFilter, Slice, TaskFilter, Viewer,
};
use calls::RecordingState;
use crm::SignalSeverity;
use insights::{DayRange, Window};
use kernel::{AppointmentId, Calendar, CallId, ContactCardId, KeySignalId, LeadId, TaskId};
use rbac::Grant;
use shunya_jobs::{BookingStatus, LeadQuality, Transcript};

use super::seed::{NewCall, Seed, verdict};
use crate::{
    Database,
    contract::bench::{WORK, at, phone},
};

/// One of each, the same in every tenant but for the ids.
struct Things {
    contact: ContactCardId,
    lead: LeadId,
    call: CallId,
    appointment: AppointmentId,
    task: TaskId,
    signal: KeySignalId,
}

async fn fill(seed: &Seed<'_>) -> Things {
    let contact = seed.named_contact(1, Some("Kaylah Mills")).await;
    let lead = seed.lead_of(contact, at(0)).await;
    seed.set_lead(lead, "assigned_rep_id = 'somebody'").await;
    let call = NewCall {
        phone: Some(phone(1)),
        owner: Some("somebody"),
        rep: Some("somebody"),
        contact: Some(contact),
        lead: Some(lead),
        ..NewCall::default()
    };
    let record = verdict(Some(LeadQuality::Hot), Some(BookingStatus::Booked), &["Price"]);
    let call = seed.judged(call, &record).await;
    seed.transcript(call, &Transcript { text: "Hello".to_owned(), ..Transcript::default() }, at(0)).await;
    seed.recording(call, RecordingState::Stored).await;
    let appointment = seed.appointment(contact, lead, at(10)).await;
    seed.set_appointment(appointment, "assigned_rep_id = 'somebody'").await;
    let task = seed.task(Some(contact), Some(lead), Some(at(10))).await;
    seed.set_task(task, "assignee_id = 'somebody', created_by = 'somebody'").await;
    let signal = seed.signal(contact, SignalSeverity::High, at(0)).await;
    seed.bench.enqueue(&seed.scope, &WORK).await;
    Things { contact, lead, call, appointment, task, signal }
}

/// Everybody who could look: the ids of people mean nothing across tenants.
fn everybody(seed: &Seed<'_>) -> Vec<Viewer> {
    let somebody = |viewer: Viewer| Viewer { user: super::seed::user("somebody"), ..viewer };
    vec![
        somebody(seed.manager()),
        seed.csr("somebody", Grant::Company),
        seed.csr("somebody", Grant::Own),
        seed.rep("somebody"),
    ]
}

pub async fn lists_hold_the_tenants_own_alone(db: &Database) {
    let (one, two) = (Seed::tenant(db, "org_a").await, Seed::tenant(db, "org_b").await);
    for (seed, own) in [(&one, fill(&one).await), (&two, fill(&two).await)] {
        for viewer in everybody(seed) {
            let page =
                db.store.calls(&viewer, &CallFilter { limit: 9, ..CallFilter::default() }).await.unwrap();
            assert_eq!(
                page.calls.iter().map(|line| line.call_id).collect::<Vec<_>>(),
                [own.call],
                "{viewer:?}"
            );
            let bucket =
                db.store.dashboard_calls(&viewer, DashboardBucket::All, Slice { limit: 9, offset: 0 });
            let bucket = bucket.await.unwrap();
            assert_eq!(bucket.calls.iter().map(|line| line.call_id).collect::<Vec<_>>(), [own.call]);
            assert_eq!(bucket.total, 1);
            let filter = LeadFilter { search: Some("kaylah".to_owned()), limit: 9, ..LeadFilter::default() };
            let leads = db.store.leads(&viewer, &filter, at(0)).await.unwrap();
            assert_eq!((leads.rows.len(), leads.total), (1, 1), "{viewer:?}");
            let row = &leads.rows[0];
            assert_eq!((row.lead_id, row.contact_card.id), (own.lead, own.contact));
            assert_eq!(row.next_appointment.as_ref().map(|next| next.id), Some(own.appointment));
            assert_eq!(row.objections, ["Price"]);
            let filter = TaskFilter { limit: 9, ..TaskFilter::default() };
            let tasks = db.store.tasks(&viewer, &filter, at(20)).await.unwrap();
            assert_eq!(tasks.tasks.iter().map(|task| task.id).collect::<Vec<_>>(), [own.task]);
            assert_eq!((tasks.total, tasks.overdue_count), (1, 1));
            let day = "2026-11-22".parse().unwrap();
            let (from, until) = (Calendar::UTC.start_of(day), Calendar::UTC.end_of(day));
            let query =
                AppointmentQuery { day, from, until, rep: None, status: None, outcome: None, lead: None };
            let visits = db.store.appointments(&viewer, &query).await.unwrap();
            assert_eq!(
                visits.appointments.iter().map(|line| line.appointment_id).collect::<Vec<_>>(),
                [own.appointment]
            );
            let signals = db.store.key_signals(&viewer, &SignalFilter::default()).await.unwrap();
            assert_eq!(signals.signals.iter().map(|signal| signal.id).collect::<Vec<_>>(), [own.signal]);
        }
    }
}

pub async fn what_is_another_tenants_is_not_there(db: &Database) {
    let (one, two) = (Seed::tenant(db, "org_a").await, Seed::tenant(db, "org_b").await);
    let (own, foreign) = (fill(&one).await, fill(&two).await);
    let store = &db.store;
    for viewer in everybody(&one) {
        assert!(store.call(&viewer, own.call).await.unwrap().is_some(), "{viewer:?}");
        assert!(store.call(&viewer, foreign.call).await.unwrap().is_none(), "{viewer:?}");
        let card = ContactQuery::Id(own.contact);
        assert!(store.contact_card(&viewer, &card, at(0)).await.unwrap().is_some(), "{viewer:?}");
        let card = ContactQuery::Id(foreign.contact);
        assert!(store.contact_card(&viewer, &card, at(0)).await.unwrap().is_none(), "{viewer:?}");
        assert!(store.lead(&viewer, own.lead).await.unwrap().is_some(), "{viewer:?}");
        assert!(store.lead(&viewer, foreign.lead).await.unwrap().is_none(), "{viewer:?}");
        assert!(store.task(&viewer, own.task, at(0)).await.unwrap().is_some(), "{viewer:?}");
        assert!(store.task(&viewer, foreign.task, at(0)).await.unwrap().is_none(), "{viewer:?}");
        assert!(store.appointment(&viewer, own.appointment).await.unwrap().is_some(), "{viewer:?}");
        assert!(store.appointment(&viewer, foreign.appointment).await.unwrap().is_none(), "{viewer:?}");
        // a filter by something foreign finds nothing
        let filter = CallFilter { contact: Some(foreign.contact), limit: 9, ..CallFilter::default() };
        assert!(store.calls(&viewer, &filter).await.unwrap().calls.is_empty());
        let filter = TaskFilter { lead: Some(foreign.lead), limit: 9, ..TaskFilter::default() };
        assert_eq!(store.tasks(&viewer, &filter, at(0)).await.unwrap().total, 0);
        let filter = SignalFilter { contact: Some(foreign.contact), ..SignalFilter::default() };
        assert_eq!(store.key_signals(&viewer, &filter).await.unwrap().total, 0);
    }
}

pub async fn a_card_holds_the_tenants_own_alone(db: &Database) {
    let (one, two) = (Seed::tenant(db, "org_a").await, Seed::tenant(db, "org_b").await);
    let own = fill(&one).await;
    fill(&two).await;
    let query = ContactQuery::Phone(phone(1));
    let (card, files) = db.store.contact_card(&one.manager(), &query, at(0)).await.unwrap().unwrap();
    assert_eq!((card.contact.id, card.lead_id), (own.contact, Some(own.lead)));
    assert_eq!((card.recent_call_ids, files.len()), (vec![own.call], 1));
    assert_eq!((card.leads.len(), card.appointments.len(), card.open_tasks.len()), (1, 1, 1));
    assert_eq!((card.key_signals.len(), card.objections.len(), card.lead_status_history.len()), (1, 1, 1));
    assert_eq!((card.call_recordings.len(), card.booking_timeline.len()), (1, 4));
}

pub async fn numbers_count_the_tenants_own_alone(db: &Database) {
    let (one, two) = (Seed::tenant(db, "org_a").await, Seed::tenant(db, "org_b").await);
    fill(&one).await;
    for _ in 0..2 {
        let record = verdict(Some(LeadQuality::Hot), Some(BookingStatus::NotBooked), &["Timing"]);
        two.judged(NewCall { owner: Some("somebody"), ..NewCall::default() }, &record).await;
    }
    let yes = if db.is_postgres() { "true" } else { "1" };
    one.sql(&format!(
        "INSERT INTO call_outcomes (call_id, company_id, cancelled, has_discrepancies, updated_at) \
         SELECT id, company_id, {yes}, {yes}, created_at FROM calls WHERE company_id = 'org_b'"
    ))
    .await;
    let window = Window::last_30_days(at(100));
    let csr = one.csr("somebody", Grant::Company);
    let metrics = db.store.headline(&csr, window).await.unwrap();
    for found in [metrics.company, metrics.personal.unwrap()] {
        assert_eq!((found.total_leads, found.qualified_leads, found.booked_appointments), (1, 1, 1));
    }
    assert_eq!((metrics.funnel.cancelled_appointments, metrics.funnel.discrepancies), (0, 0));
    assert_eq!(metrics.funnel.awaiting_quote, 1);
    let top = db.store.top_objections(&csr, window, 5).await.unwrap();
    assert_eq!(
        top.iter().map(|line| (line.label.as_str(), line.percentage)).collect::<Vec<_>>(),
        [("price", 100.0)]
    );
    let day = "2026-11-22".parse().unwrap();
    let rates =
        db.store.booking_rates(&csr, DayRange { first: day, last: day }, Calendar::UTC).await.unwrap();
    assert_eq!(rates.iter().map(|point| point.rate).collect::<Vec<_>>(), [100.0]);
    let pipeline = db.store.pipeline(&one.manager()).await.unwrap();
    assert_eq!((pipeline.counts.calls, pipeline.counts.leads, pipeline.counts.tasks), (1, 1, 1));
    assert_eq!(pipeline.queues.iter().map(|depth| depth.count).sum::<i64>(), 1);
}
