//! Lists of leads, and one lead.

use app::reads::{CrmReads, LeadFilter, LeadList, LeadRow, LeadSort};
use crm::{LeadSource, LeadStatus, Priority};
use kernel::LeadId;
use rbac::Role;
use shunya_jobs::{AnalysisRecord, BookingStatus, LeadQuality, Objection};

use super::seed::{NewCall, Seed, user, verdict};
use crate::{Database, contract::bench::at};

fn ids(list: &LeadList) -> Vec<LeadId> {
    list.rows.iter().map(|row| row.lead_id).collect()
}

async fn list(seed: &Seed<'_>, filter: LeadFilter) -> LeadList {
    let filter = LeadFilter { limit: if filter.limit == 0 { 50 } else { filter.limit }, ..filter };
    seed.bench.db.store.leads(&seed.manager(), &filter, at(0)).await.unwrap()
}

/// The only lead, as a row.
async fn row(seed: &Seed<'_>) -> LeadRow {
    list(seed, LeadFilter::default()).await.rows.remove(0)
}

pub async fn leads_come_newest_first_and_by_id_where_they_are_as_new(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let mut expected = Vec::new();
    for tail in 0..5 {
        expected.push(seed.lead(tail, at(0)).await.1);
    }
    let newest = seed.lead(5, at(1)).await.1;
    let oldest = seed.lead(6, at(-1)).await.1;
    expected.sort();
    expected.insert(0, newest);
    expected.push(oldest);
    let mut shown = Vec::new();
    for offset in [0, 3, 6] {
        let page = list(&seed, LeadFilter { limit: 3, offset, ..LeadFilter::default() }).await;
        assert_eq!(page.total, 7);
        shown.extend(ids(&page));
    }
    assert_eq!(shown, expected);
    let behind_the_end = list(&seed, LeadFilter { limit: 3, offset: 7, ..LeadFilter::default() }).await;
    assert_eq!((behind_the_end.rows.len(), behind_the_end.total), (0, 7));
}

pub async fn leads_sorted_by_priority_go_from_high_to_none(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let mut made = Vec::new();
    for (tail, priority) in (0..).zip(["NULL", "'low'", "'high'", "'medium'", "'high'", "NULL"]) {
        let (_, lead) = seed.lead(tail, at(i64::from(tail))).await;
        seed.set_lead(lead, &format!("priority = {priority}")).await;
        made.push(lead);
    }
    let filter = LeadFilter { sort: LeadSort::Priority, ..LeadFilter::default() };
    let expected: Vec<_> = [4, 2, 3, 1, 5, 0].into_iter().map(|place: usize| made[place]).collect();
    assert_eq!(ids(&list(&seed, filter).await), expected);
}

pub async fn leads_are_filtered_by_each_of_their_properties(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let (_, first) = seed.lead(1, at(0)).await;
    let (_, second) = seed.lead(2, at(10)).await;
    let (_, third) = seed.lead(3, at(20)).await;
    seed.set_lead(first, "status = 'hot', priority = 'high', assigned_rep_id = 'rep_1'").await;
    seed.set_lead(second, "status = 'closed_lost', source = 'referral', priority = 'low'").await;
    let none = LeadFilter::default;
    for (filter, expected) in [
        (LeadFilter { statuses: vec![LeadStatus::Hot], ..none() }, vec![first]),
        (
            LeadFilter { statuses: vec![LeadStatus::ClosedLost, LeadStatus::New], ..none() },
            vec![third, second],
        ),
        (LeadFilter { statuses: vec![LeadStatus::Dormant], ..none() }, vec![]),
        (LeadFilter { source: Some(LeadSource::Referral), ..none() }, vec![second]),
        (LeadFilter { source: Some(LeadSource::InboundCall), ..none() }, vec![third, first]),
        (LeadFilter { priority: Some(Priority::Low), ..none() }, vec![second]),
        (LeadFilter { rep: Some(user("rep_1")), ..none() }, vec![first]),
        (LeadFilter { from: Some(at(10)), ..none() }, vec![third, second]),
        (LeadFilter { until: Some(at(10)), ..none() }, vec![first]),
        (LeadFilter { from: Some(at(1)), until: Some(at(20)), ..none() }, vec![second]),
        (LeadFilter { priority: Some(Priority::High), rep: Some(user("rep_2")), ..none() }, vec![]),
    ] {
        let found = list(&seed, filter.clone()).await;
        assert_eq!(ids(&found), expected, "{filter:?}");
        assert_eq!(found.total, i64::try_from(expected.len()).unwrap(), "{filter:?}");
    }
}

pub async fn a_row_carries_lead_and_customer_twice(db: &Database) {
    let seed = Seed::with_people(db, "org_a", &[("rep_1", "Rita Rep", Role::SalesRep)]).await;
    let contact = seed.named_contact(1, Some("Kaylah Mills")).await;
    seed.set_contact(
        contact,
        "email = 'k@example.com', address = '1 Main St', city = 'Phoenix', state = 'AZ'",
    )
    .await;
    let lead = seed.lead_of(contact, at(0)).await;
    seed.set_lead(lead, "priority = 'high', score = 80, tags = '[\"vip\"]', assigned_rep_id = 'rep_1'").await;
    let row = row(&seed).await;
    assert_eq!((row.lead.id, row.lead_id, row.lead.contact_card_id), (lead, lead, contact));
    assert_eq!(row.lead.company_id, seed.scope.company);
    assert_eq!((row.status.as_str(), row.source.as_str()), ("new", "inbound_call"));
    assert_eq!((&row.lead.status, &row.lead.source), (&row.status, &row.source));
    assert_eq!((row.priority.as_deref(), row.score), (Some("high"), Some(80)));
    assert_eq!(row.lead.tags, Some(serde_json::json!(["vip"])));
    assert_eq!((row.last_contacted_at, row.created_at), (Some(at(0)), at(0)));
    assert_eq!(row.contact.name.as_deref(), Some("Kaylah Mills"));
    assert_eq!(row.contact_card.last_name.as_deref(), Some("Mills"));
    assert_eq!(
        (row.contact_card.email.as_deref(), row.contact.city.as_deref()),
        (Some("k@example.com"), Some("Phoenix"))
    );
    let rep = row.assigned_rep.unwrap();
    assert_eq!((rep.id.as_str(), rep.name.as_deref()), ("rep_1", Some("Rita Rep")));
    assert!(row.next_appointment.is_none() && row.ai_summary.is_none() && row.reason_not_booked.is_none());
    assert!(row.objections.is_empty());
}

pub async fn a_rep_unknown_here_has_no_name(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    Seed::with_people(db, "org_b", &[("rep_b", "Somebody else's", Role::SalesRep)]).await;
    let (_, lead) = seed.lead(1, at(0)).await;
    seed.set_lead(lead, "assigned_rep_id = 'rep_b'").await;
    let rep = row(&seed).await.assigned_rep.unwrap();
    assert_eq!((rep.id.as_str(), rep.name), ("rep_b", None));
}

pub async fn a_row_tells_what_the_newest_analysed_call_said(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let (_, lead) = seed.lead(1, at(0)).await;
    let call_at = |seconds| NewCall { at: at(seconds), lead: Some(lead), ..NewCall::default() };
    let said = |booking, objections: &[&str], summary: &str| AnalysisRecord {
        summary: Some(summary.to_owned()),
        ..verdict(Some(LeadQuality::Hot), Some(booking), objections)
    };
    let newest = seed.call(call_at(20)).await;
    seed.judged(call_at(10), &said(BookingStatus::Booked, &["Too soon"], "older call")).await;
    // newer, but not analysed
    seed.call(call_at(30)).await;
    seed.analysed(newest, &said(BookingStatus::Booked, &["Misheard"], "first hearing"), at(40)).await;
    let mut record = said(BookingStatus::NotBooked, &["Price too high", "Need to think"], "second hearing");
    record
        .objections
        .insert(1, Objection { category_text: Some("Timing".to_owned()), ..Objection::default() });
    record.objections.push(Objection::default());
    seed.analysed(newest, &record, at(50)).await;
    let found = row(&seed).await;
    assert_eq!(found.ai_summary.as_deref(), Some("second hearing"));
    assert_eq!(found.objections, ["Price too high", "Timing", "Need to think"]);
    assert_eq!(found.reason_not_booked.as_deref(), Some("Price too high"));

    for (booking, objections, expected) in [
        (BookingStatus::ServiceNotOffered, ["Too far"].as_slice(), Some("service_not_offered")),
        (BookingStatus::Booked, &["Too far"], None),
        (BookingStatus::NotBooked, &[], None),
    ] {
        seed.analysed(newest, &said(booking, objections, "again"), at(60)).await;
        assert_eq!(row(&seed).await.reason_not_booked.as_deref(), expected);
    }
}

pub async fn rows_do_not_mix_up_what_belongs_to_each(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    for tail in 0..3 {
        let (contact, lead) = seed.lead(tail, at(i64::from(tail))).await;
        let text = format!("objection {tail}");
        let record = verdict(None, Some(BookingStatus::NotBooked), &[text.as_str()]);
        seed.judged(NewCall { lead: Some(lead), ..NewCall::default() }, &record).await;
        seed.appointment(contact, lead, at(3_600 * i64::from(tail + 1))).await;
    }
    let list = list(&seed, LeadFilter::default()).await;
    for (tail, row) in (0..3).rev().zip(list.rows) {
        assert_eq!(row.objections, [format!("objection {tail}")]);
        let next = row.next_appointment.unwrap();
        assert_eq!((next.lead_id, next.scheduled_start), (row.lead_id, at(3_600 * (tail + 1))));
    }
}

pub async fn the_next_appointment_is_the_first_still_to_be_held(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let (contact, lead) = seed.lead(1, at(0)).await;
    let past = seed.appointment(contact, lead, at(-1)).await;
    let cancelled = seed.appointment(contact, lead, at(10)).await;
    seed.set_appointment(cancelled, "status = 'cancelled'").await;
    assert!(row(&seed).await.next_appointment.is_none());
    let later = seed.appointment(contact, lead, at(30)).await;
    let next = seed.appointment(contact, lead, at(20)).await;
    seed.set_appointment(next, "status = 'confirmed'").await;
    assert_eq!(row(&seed).await.next_appointment.map(|next| next.id), Some(next));
    let now_it_begins = seed.appointment(contact, lead, at(0)).await;
    assert_eq!(row(&seed).await.next_appointment.map(|next| next.id), Some(now_it_begins));
    let detail = db.store.lead(&seed.manager(), lead).await.unwrap().unwrap();
    let order: Vec<_> = detail.appointments.iter().map(|appointment| appointment.id).collect();
    assert_eq!(order, [later, next, cancelled, now_it_begins, past]);
}

pub async fn one_lead_is_told_in_full(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let (contact, lead) = seed.lead(1, at(0)).await;
    let verdict_at = seed.at(at(7));
    seed.set_lead(
        lead,
        &format!(
            "campaign = 'Spring', pipeline_stage = 'quote', tags = '{{\"a\":1}}', deal_status = 'new', \
             deal_size_cents = 1250050, assigned_rep_id = 'rep_1', last_verdict_at = {verdict_at}"
        ),
    )
    .await;
    let found = db.store.lead(&seed.manager(), lead).await.unwrap().unwrap();
    assert_eq!((found.lead.summary.id, found.lead.summary.contact_card_id), (lead, contact));
    assert_eq!(
        (found.lead.campaign.as_deref(), found.lead.pipeline_stage.as_deref()),
        (Some("Spring"), Some("quote"))
    );
    assert_eq!(
        (found.lead.summary.deal_size, found.lead.deal_status.as_deref()),
        (Some(12_500.5), Some("new"))
    );
    assert_eq!(found.lead.tags, Some(serde_json::json!({"a": 1})));
    assert_eq!(
        (found.lead.last_qualified_at, found.lead.assigned_rep_id.as_deref()),
        (Some(at(7)), Some("rep_1"))
    );
    let customer = found.contact.unwrap();
    assert_eq!((customer.id, customer.primary_phone.as_deref()), (contact, Some("+16025550001")));
    assert_eq!((customer.phone_number, customer.full_name), (customer.primary_phone, None));
    assert!(found.appointments.is_empty());
    assert!(db.store.lead(&seed.manager(), LeadId(contact.0)).await.unwrap().is_none());
}
