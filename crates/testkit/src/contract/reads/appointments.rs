//! The appointments of a day, and one appointment.

use app::reads::{AppointmentList, AppointmentQuery, CrmReads};
use crm::{AppointmentOutcome, AppointmentStatus};
use kernel::{AppointmentId, Calendar};

use super::seed::{Seed, instant, user};
use crate::{Database, contract::bench::at};

fn today() -> AppointmentQuery {
    let day = "2026-11-22".parse().unwrap();
    let (from, until) = (Calendar::UTC.start_of(day), Calendar::UTC.end_of(day));
    AppointmentQuery { day, from, until, rep: None, status: None, outcome: None, lead: None }
}

async fn list(seed: &Seed<'_>, query: AppointmentQuery) -> AppointmentList {
    seed.bench.db.store.appointments(&seed.manager(), &query).await.unwrap()
}

fn ids(list: &AppointmentList) -> Vec<AppointmentId> {
    list.appointments.iter().map(|line| line.appointment_id).collect()
}

pub async fn a_day_holds_its_first_instant_and_not_the_next_days(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let (contact, lead) = seed.lead(1, at(0)).await;
    seed.appointment(contact, lead, instant("2026-11-21T23:59:59.999999Z")).await;
    let first = seed.appointment(contact, lead, instant("2026-11-22T00:00:00Z")).await;
    let last = seed.appointment(contact, lead, instant("2026-11-22T23:59:59.999999Z")).await;
    seed.appointment(contact, lead, instant("2026-11-23T00:00:00Z")).await;
    let found = list(&seed, today()).await;
    assert_eq!((ids(&found), found.total), (vec![first, last], 2));
    assert_eq!(found.date.to_string(), "2026-11-22");
}

pub async fn appointments_at_one_time_come_by_id(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let mut expected = Vec::new();
    for tail in 0..4 {
        let (contact, lead) = seed.lead(tail, at(0)).await;
        expected.push(seed.appointment(contact, lead, at(60)).await);
    }
    expected.sort();
    let (contact, lead) = seed.lead(9, at(0)).await;
    expected.insert(0, seed.appointment(contact, lead, at(30)).await);
    assert_eq!(ids(&list(&seed, today()).await), expected);
}

pub async fn appointments_are_filtered_by_each_of_their_properties(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let (contact, lead) = seed.lead(1, at(0)).await;
    let (other_contact, other_lead) = seed.lead(2, at(0)).await;
    let first = seed.appointment(contact, lead, at(10)).await;
    let second = seed.appointment(other_contact, other_lead, at(20)).await;
    seed.set_appointment(second, "status = 'completed', outcome = 'won', assigned_rep_id = 'rep_1'").await;
    for (query, expected) in [
        (AppointmentQuery { rep: Some(user("rep_1")), ..today() }, vec![second]),
        (AppointmentQuery { rep: Some(user("rep_2")), ..today() }, vec![]),
        (AppointmentQuery { status: Some(AppointmentStatus::Scheduled), ..today() }, vec![first]),
        (AppointmentQuery { status: Some(AppointmentStatus::Completed), ..today() }, vec![second]),
        (AppointmentQuery { outcome: Some(AppointmentOutcome::Won), ..today() }, vec![second]),
        (AppointmentQuery { outcome: Some(AppointmentOutcome::Pending), ..today() }, vec![first]),
        (AppointmentQuery { lead: Some(lead), ..today() }, vec![first]),
        (today(), vec![first, second]),
    ] {
        let found = list(&seed, query.clone()).await;
        assert_eq!(ids(&found), expected, "{query:?}");
        assert_eq!(found.total, i64::try_from(expected.len()).unwrap());
    }
}

pub async fn a_line_tells_who_where_and_what_is_still_to_be_done(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let contact = seed.named_contact(1, Some("Kaylah Mills")).await;
    seed.set_contact(contact, "address = '1 Main St'").await;
    let lead = seed.lead_of(contact, at(0)).await;
    let here = seed.appointment(contact, lead, at(10)).await;
    let there = seed.appointment(contact, lead, at(20)).await;
    seed.set_appointment(
        here,
        "assigned_rep_id = 'boss', deal_size_cents = 99, location = 'Shop', contact_card_id = NULL",
    )
    .await;
    for (appointment, statuses) in
        [(here, ["open", "pending", "overdue", "completed", "cancelled"].as_slice()), (there, &["completed"])]
    {
        for status in statuses {
            let task = seed.task(Some(contact), None, None).await;
            let values = format!("status = '{status}', appointment_id = {}", seed.id(appointment.0));
            seed.set_task(task, &values).await;
        }
    }
    let found = list(&seed, today()).await;
    let [first, second] = found.appointments.as_slice() else { panic!("two appointments") };
    assert_eq!((first.pending_tasks_count, second.pending_tasks_count), (3, 0));
    // it names nobody, but its lead does
    assert_eq!((first.customer_name.as_deref(), first.contact_card_id), (Some("Kaylah Mills"), None));
    assert_eq!((first.address.as_deref(), second.address.as_deref()), (Some("Shop"), Some("1 Main St")));
    assert_eq!((first.is_assigned_to_me, second.is_assigned_to_me), (true, false));
    assert_eq!((first.deal_size, second.deal_size), (Some(0.99), None));
    assert_eq!((second.contact_card_id, second.lead_id), (Some(contact), lead));
}

pub async fn one_appointment_is_told_with_its_lead_and_customer(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let (contact, lead) = seed.lead(1, at(0)).await;
    let appointment = seed.appointment(contact, lead, at(10)).await;
    let until = seed.at(at(70));
    seed.set_appointment(
        appointment,
        &format!(
            "scheduled_end = {until}, location = 'Shop', service_type = 'Roof', notes = 'dog', external_id = 'X1', \
             appointment_type = 'virtual', deal_size_cents = 100, assigned_rep_id = 'rep_1'"
        ),
    )
    .await;
    let found = db.store.appointment(&seed.manager(), appointment).await.unwrap().unwrap();
    let told = &found.appointment;
    assert_eq!((told.id, told.lead_id, told.contact_card_id), (appointment, lead, Some(contact)));
    assert_eq!((told.scheduled_start, told.scheduled_end), (at(10), Some(at(70))));
    assert_eq!((told.status.as_str(), told.outcome.as_str()), ("scheduled", "pending"));
    assert_eq!((told.location.as_deref(), told.location_address.as_deref()), (Some("Shop"), Some("Shop")));
    assert_eq!((told.service_type.as_deref(), told.notes.as_deref()), (Some("Roof"), Some("dog")));
    assert_eq!(
        (told.external_id.as_deref(), told.appointment_type.as_deref()),
        (Some("X1"), Some("virtual"))
    );
    assert_eq!((told.deal_size, told.assigned_rep_id.as_deref()), (Some(1.0), Some("rep_1")));
    assert_eq!(found.lead.map(|lead| lead.id), Some(lead));
    assert_eq!(found.contact.map(|contact| contact.id), Some(contact));
    assert!(db.store.appointment(&seed.manager(), AppointmentId(lead.0)).await.unwrap().is_none());
}
