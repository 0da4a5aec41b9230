//! How far people see within their company.

use app::reads::{
    AppointmentQuery, CallFilter, CallReads, ContactQuery, CrmReads, LeadFilter, SignalFilter, TaskFilter,
    Viewer,
};
use crm::SignalSeverity;
use kernel::{AppointmentId, CallId, ContactCardId, KeySignalId, LeadId, TaskId};
use rbac::Grant;

use super::seed::{NewCall, Seed, user};
use crate::{Database, contract::bench::at};

/// A customer of each sort a rep may meet.
struct Customer {
    contact: ContactCardId,
    lead: LeadId,
}

async fn customer(seed: &Seed<'_>, tail: u32, rep: Option<&str>) -> Customer {
    let (contact, lead) = seed.lead(tail, at(i64::from(tail))).await;
    if let Some(rep) = rep {
        seed.set_lead(lead, &format!("assigned_rep_id = '{rep}'")).await;
    }
    Customer { contact, lead }
}

async fn visit(seed: &Seed<'_>, customer: &Customer, rep: &str, seconds: i64) -> AppointmentId {
    let visit = seed.appointment(customer.contact, customer.lead, at(seconds)).await;
    seed.set_appointment(visit, &format!("assigned_rep_id = '{rep}'")).await;
    visit
}

async fn leads(db: &Database, viewer: &Viewer) -> Vec<LeadId> {
    let list =
        db.store.leads(viewer, &LeadFilter { limit: 50, ..LeadFilter::default() }, at(0)).await.unwrap();
    assert_eq!(list.total, i64::try_from(list.rows.len()).unwrap());
    list.rows.iter().map(|row| row.lead_id).collect()
}

async fn calls(db: &Database, viewer: &Viewer) -> Vec<CallId> {
    let page = db.store.calls(viewer, &CallFilter { limit: 50, ..CallFilter::default() }).await.unwrap();
    page.calls.iter().map(|call| call.call_id).collect()
}

async fn tasks(db: &Database, viewer: &Viewer, filter: TaskFilter) -> Vec<TaskId> {
    let list = db.store.tasks(viewer, &TaskFilter { limit: 50, ..filter }, at(0)).await.unwrap();
    assert_eq!(list.total, i64::try_from(list.tasks.len()).unwrap());
    list.tasks.iter().map(|task| task.id).collect()
}

async fn signals(db: &Database, viewer: &Viewer) -> Vec<KeySignalId> {
    let list = db.store.key_signals(viewer, &SignalFilter::default()).await.unwrap();
    list.signals.iter().map(|signal| signal.id).collect()
}

pub async fn a_rep_sees_leads_assigned_to_them_and_those_they_visit(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let assigned = customer(&seed, 1, Some("rep_1")).await.lead;
    let pool = customer(&seed, 2, None).await.lead;
    let theirs = customer(&seed, 3, Some("rep_2")).await.lead;
    let visited = customer(&seed, 4, Some("rep_2")).await;
    visit(&seed, &visited, "rep_1", 10).await;
    let twice = visit(&seed, &visited, "rep_1", 20).await;
    seed.set_appointment(twice, "status = 'cancelled'").await;
    let visited = visited.lead;
    assert_eq!(leads(db, &seed.rep("rep_1")).await, [visited, assigned]);
    assert_eq!(leads(db, &seed.rep("rep_2")).await, [visited, theirs]);
    assert!(leads(db, &seed.rep("rep_3")).await.is_empty());
    let csr = seed.csr("csr_1", Grant::Company);
    assert_eq!(leads(db, &csr).await, [visited, theirs, pool, assigned]);
    for (lead, is_seen) in [(assigned, true), (visited, true), (pool, false), (theirs, false)] {
        let found = db.store.lead(&seed.rep("rep_1"), lead).await.unwrap();
        assert_eq!(found.is_some(), is_seen);
        assert!(db.store.lead(&csr, lead).await.unwrap().is_some());
    }
    let others = LeadFilter { rep: Some(user("rep_2")), limit: 50, ..LeadFilter::default() };
    let others = db.store.leads(&seed.rep("rep_1"), &others, at(0)).await.unwrap();
    assert_eq!(others.rows.iter().map(|row| row.lead_id).collect::<Vec<_>>(), [visited]);
}

pub async fn a_rep_sees_their_calls_and_those_of_their_leads(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let own = customer(&seed, 1, Some("rep_1")).await;
    let visited = customer(&seed, 2, None).await;
    visit(&seed, &visited, "rep_1", 10).await;
    let pool = customer(&seed, 3, None).await;
    let call = |seconds, lead, rep| NewCall { at: at(seconds), lead, rep, ..NewCall::default() };
    let of_lead = seed.call(call(1, Some(own.lead), Some("rep_2"))).await;
    let of_visit = seed.call(call(2, Some(visited.lead), None)).await;
    let assigned = seed.call(call(3, None, Some("rep_1"))).await;
    let of_pool = seed.call(call(4, Some(pool.lead), None)).await;
    let nobodys = seed.call(call(5, None, None)).await;
    let owned = seed.call(NewCall { at: at(6), owner: Some("rep_1"), ..NewCall::default() }).await;
    let rep = seed.rep("rep_1");
    assert_eq!(calls(db, &rep).await, [assigned, of_visit, of_lead]);
    let csr = seed.csr("csr_1", Grant::Company);
    assert_eq!(calls(db, &csr).await, [owned, nobodys, of_pool, assigned, of_visit, of_lead]);
    for (call, is_seen) in [
        (of_lead, true),
        (of_visit, true),
        (assigned, true),
        (of_pool, false),
        (nobodys, false),
        (owned, false),
    ] {
        assert_eq!(db.store.call(&rep, call).await.unwrap().is_some(), is_seen);
        assert!(db.store.call(&csr, call).await.unwrap().is_some());
    }
}

pub async fn a_rep_sees_customers_and_signals_of_their_leads_their_visits_and_the_pool(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let own = customer(&seed, 1, Some("rep_1")).await;
    let pool = customer(&seed, 2, None).await;
    let theirs = customer(&seed, 3, Some("rep_2")).await;
    let visited = customer(&seed, 4, Some("rep_2")).await;
    visit(&seed, &visited, "rep_1", 10).await;
    // a visit that names nobody is with its lead's customer
    let nameless = customer(&seed, 5, Some("rep_2")).await;
    let visit_of = visit(&seed, &nameless, "rep_1", 10).await;
    seed.set_appointment(visit_of, "contact_card_id = NULL").await;
    // a visit with somebody other than its lead's customer
    let stand_in = seed.contact(6).await;
    let visit_of = visit(&seed, &nameless, "rep_1", 20).await;
    seed.set_appointment(visit_of, &format!("contact_card_id = {}", seed.id(stand_in.0))).await;
    let leadless = seed.contact(7).await;
    let rep = seed.rep("rep_1");
    let csr = seed.csr("csr_1", Grant::Company);
    let mut shown = Vec::new();
    for (seconds, (contact, is_seen)) in (0..).zip([
        (own.contact, true),
        (pool.contact, true),
        (theirs.contact, false),
        (visited.contact, true),
        (nameless.contact, true),
        (stand_in, true),
        (leadless, false),
    ]) {
        let found = db.store.contact_card(&rep, &ContactQuery::Id(contact), at(0)).await.unwrap();
        assert_eq!(found.is_some(), is_seen, "customer {seconds}");
        assert!(db.store.contact_card(&csr, &ContactQuery::Id(contact), at(0)).await.unwrap().is_some());
        let signal = seed.signal(contact, SignalSeverity::High, at(seconds)).await;
        if is_seen {
            shown.insert(0, signal);
        }
    }
    assert_eq!(signals(db, &rep).await, shown);
    assert_eq!(signals(db, &csr).await.len(), 7);
    let number = kernel::PhoneNumber::parse("+16025550003").unwrap();
    assert!(db.store.contact_card(&rep, &ContactQuery::Phone(number), at(0)).await.unwrap().is_none());
}

pub async fn a_rep_sees_their_own_appointments(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let one = customer(&seed, 1, Some("rep_1")).await;
    let own = visit(&seed, &one, "rep_1", 10).await;
    let theirs = visit(&seed, &one, "rep_2", 20).await;
    let nobodys = seed.appointment(one.contact, one.lead, at(30)).await;
    let day = "2026-11-22".parse().unwrap();
    let query = AppointmentQuery {
        day,
        from: at(0),
        until: at(100),
        rep: None,
        status: None,
        outcome: None,
        lead: None,
    };
    let listed = async |viewer: &Viewer, query: &AppointmentQuery| {
        let list = db.store.appointments(viewer, query).await.unwrap();
        assert_eq!(list.total, i64::try_from(list.appointments.len()).unwrap());
        list.appointments.iter().map(|line| line.appointment_id).collect::<Vec<_>>()
    };
    let rep = seed.rep("rep_1");
    assert_eq!(listed(&rep, &query).await, [own]);
    assert_eq!(listed(&seed.csr("csr_1", Grant::Company), &query).await, [own, theirs, nobodys]);
    let others = AppointmentQuery { rep: Some(user("rep_2")), ..query };
    assert!(listed(&rep, &others).await.is_empty());
    for (appointment, is_seen) in [(own, true), (theirs, false), (nobodys, false)] {
        assert_eq!(db.store.appointment(&rep, appointment).await.unwrap().is_some(), is_seen);
    }
}

pub async fn a_csr_sees_their_tasks_those_of_all_csrs_and_those_they_made(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let mut all = Vec::new();
    for (seconds, (values, is_seen)) in (1..).zip([
        ("assignee_id = 'csr_1'", true),
        ("assignee_id = 'csr_1', assigned_to = 'manager'", true),
        ("assigned_to = 'csr'", true),
        ("assigned_to = 'rep', created_by = 'csr_1'", true),
        ("assignee_id = 'csr_2', created_by = 'csr_1'", true),
        ("assignee_id = 'csr_2'", false),
        ("assigned_to = 'rep'", false),
        ("assigned_to = 'manager', created_by = 'csr_2'", false),
    ]) {
        let task = seed.task(None, None, Some(at(seconds))).await;
        seed.set_task(task, values).await;
        all.push((task, is_seen));
    }
    let csr = seed.csr("csr_1", Grant::Own);
    let shown: Vec<_> = all.iter().filter(|(_, is_seen)| *is_seen).map(|(task, _)| *task).collect();
    assert_eq!(tasks(db, &csr, TaskFilter::default()).await, shown);
    for (task, is_seen) in &all {
        assert_eq!(db.store.task(&csr, *task, at(0)).await.unwrap().is_some(), *is_seen);
    }
    assert_eq!(tasks(db, &seed.manager(), TaskFilter::default()).await.len(), 8);
    // a filter picks among them, and widens nothing
    let others = TaskFilter { assignee: Some(user("csr_2")), ..TaskFilter::default() };
    assert_eq!(tasks(db, &csr, others).await, [all[4].0]);
    let late =
        db.store.tasks(&csr, &TaskFilter { limit: 1, ..TaskFilter::default() }, at(100)).await.unwrap();
    assert_eq!((late.total, late.overdue_count), (5, 5));
}

pub async fn a_rep_sees_their_tasks_and_those_of_all_reps_on_their_own_customers(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let own = customer(&seed, 1, Some("rep_1")).await;
    let visited = customer(&seed, 2, Some("rep_2")).await;
    let visit_id = visit(&seed, &visited, "rep_1", 10).await;
    let theirs = customer(&seed, 3, Some("rep_2")).await;
    let pool = customer(&seed, 4, None).await;
    let their_visit = visit(&seed, &theirs, "rep_2", 10).await;
    let mut all = Vec::new();
    for (seconds, (lead, appointment, values, is_seen)) in (1..).zip([
        (None, None, "assignee_id = 'rep_1'", true),
        (None, None, "assignee_id = 'rep_2', created_by = 'rep_1'", true),
        (Some(own.lead), None, "assigned_to = 'rep'", true),
        (Some(visited.lead), None, "assigned_to = 'rep'", true),
        (None, Some(visit_id), "assigned_to = 'rep'", true),
        (Some(own.lead), None, "assigned_to = 'csr'", false),
        (Some(own.lead), None, "assigned_to = 'rep', assignee_id = 'rep_2'", false),
        (Some(theirs.lead), None, "assigned_to = 'rep'", false),
        (Some(pool.lead), None, "assigned_to = 'rep'", false),
        (None, Some(their_visit), "assigned_to = 'rep'", false),
        (None, None, "assigned_to = 'rep'", false),
    ]) {
        let task = seed.task(None, lead, Some(at(seconds))).await;
        seed.set_task(task, values).await;
        if let Some(appointment) = appointment {
            seed.set_task(task, &format!("appointment_id = {}", seed.id(appointment.0))).await;
        }
        all.push((task, is_seen));
    }
    let rep = seed.rep("rep_1");
    let shown: Vec<_> = all.iter().filter(|(_, is_seen)| *is_seen).map(|(task, _)| *task).collect();
    assert_eq!(tasks(db, &rep, TaskFilter::default()).await, shown);
    for (place, (task, is_seen)) in all.iter().enumerate() {
        let found = db.store.task(&rep, *task, at(0)).await.unwrap();
        assert_eq!(found.is_some(), *is_seen, "task {place}");
    }
}
