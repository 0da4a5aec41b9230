//! A contact has at most one lead somebody works on.

use app::ports::{EnsuredLead, NewContact, NewLead};
use crm::{LeadFacts, LeadSource, LeadStatus};
use kernel::{ContactCardId, LeadId, Scope, Timestamp};

use crate::{
    Database,
    contract::bench::{Bench, at, phone, together},
};

async fn set_status(db: &Database, lead: LeadId, status: LeadStatus) {
    db.run(&format!("UPDATE leads SET status = '{status}' WHERE id = {}", db.id(lead.0))).await;
}

/// A lead in a given state, as a person may have left it.
async fn lead_in(
    bench: &Bench<'_>,
    scope: &Scope,
    contact: ContactCardId,
    status: LeadStatus,
    at: Timestamp,
) -> LeadId {
    let mut unit = bench.begin(scope).await;
    let lead = unit.crm().ensure_lead(&bench.new_lead(contact, at), at).await.unwrap();
    unit.commit().await.unwrap();
    assert!(lead.is_new);
    set_status(bench.db, lead.id, status).await;
    lead.id
}

pub async fn a_new_lead_is_new_and_has_its_history(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let contact = bench.contact(&scope, &phone(1)).await;
    let facts = LeadFacts {
        source: Some(LeadSource::Referral),
        campaign: Some("Spring".to_owned()),
        last_contacted_at: Some(at(-5)),
    };
    let wanted = NewLead { facts, ..bench.new_lead(contact, at(-5)) };
    let mut unit = bench.begin(&scope).await;
    let lead = unit.crm().ensure_lead(&wanted, at(0)).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!((lead.id, lead.status, lead.is_new), (wanted.id, LeadStatus::New, true));
    let stored =
        "SELECT count(*) FROM leads WHERE status = 'new' AND source = 'referral' AND campaign = 'Spring'";
    assert_eq!(db.number(stored).await, 1);
    let history = "SELECT count(*) FROM lead_status_history WHERE from_status IS NULL AND to_status = 'new' \
                   AND lead_version = 1";
    assert_eq!(db.number(history).await, 1);
    let mut unit = bench.begin(&scope).await;
    let known = unit.crm().known_lead(lead.id).await.unwrap().unwrap();
    unit.rollback().await.unwrap();
    assert_eq!((known.status, known.last_verdict_at), (LeadStatus::New, None));
    assert!(known.open_appointments.is_empty());
}

pub async fn an_active_lead_goes_on(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    for (tail, status) in (1..).zip(LeadStatus::ACTIVE) {
        let contact = bench.contact(&scope, &phone(tail)).await;
        let active = lead_in(&bench, &scope, contact, status, at(0)).await;
        let expected = EnsuredLead { id: active, status, is_new: false };
        assert_eq!(bench.lead(&scope, contact).await, expected);
    }
}

pub async fn a_sleeping_lead_is_taken_up_again(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    for (tail, status) in [(1, LeadStatus::Dormant), (2, LeadStatus::Abandoned)] {
        let contact = bench.contact(&scope, &phone(tail)).await;
        let asleep = lead_in(&bench, &scope, contact, status, at(0)).await;
        let lead = bench.lead(&scope, contact).await;
        assert_eq!((lead.id, lead.is_new), (asleep, false), "{status}");
    }
    assert_eq!(db.rows("leads").await, 2);
}

pub async fn the_newest_of_several_sleeping_leads_is_taken_up(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let contact = bench.contact(&scope, &phone(1)).await;
    let mut made = Vec::new();
    for second in 0..3 {
        let id = lead_in(&bench, &scope, contact, LeadStatus::ClosedLost, at(second)).await;
        made.push(id);
    }
    for id in &made {
        set_status(db, *id, LeadStatus::Dormant).await;
    }
    assert_eq!(Some(&bench.lead(&scope, contact).await.id), made.last());
}

pub async fn an_active_lead_goes_before_a_newer_sleeping_one(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let contact = bench.contact(&scope, &phone(1)).await;
    let active = lead_in(&bench, &scope, contact, LeadStatus::ClosedLost, at(0)).await;
    lead_in(&bench, &scope, contact, LeadStatus::Dormant, at(10)).await;
    set_status(db, active, LeadStatus::Warm).await;
    assert_eq!(bench.lead(&scope, contact).await.id, active);
}

pub async fn after_a_closed_lead_comes_a_new_one(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let over = [LeadStatus::ClosedWon, LeadStatus::ClosedLost, LeadStatus::QualifiedServiceNotOffered];
    for (tail, status) in (1..).zip(over) {
        let contact = bench.contact(&scope, &phone(tail)).await;
        let closed = lead_in(&bench, &scope, contact, status, at(0)).await;
        let lead = bench.lead(&scope, contact).await;
        assert!(lead.is_new, "{status}");
        assert_ne!(lead.id, closed);
    }
}

pub async fn concurrent_first_calls_of_a_customer_make_one_lead(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let number = phone(1);
    // as a call does it: the card first, then the lead
    let calling = (0..8).map(|_| async {
        let id = ContactCardId::fresh(&bench.ids);
        let contact = NewContact { id, phone: &number, name: None, city: None, state: None };
        let mut unit = bench.begin(&scope).await;
        let contact = unit.crm().ensure_contact(&contact, at(0)).await.unwrap();
        let lead = unit.crm().ensure_lead(&bench.new_lead(contact.id, at(0)), at(0)).await.unwrap();
        unit.commit().await.unwrap();
        lead
    });
    let leads = together(calling).await;
    assert_eq!(leads.iter().filter(|lead| lead.is_new).count(), 1);
    assert_eq!(db.rows("leads").await, 1);
}

pub async fn concurrent_callers_that_did_not_lock_the_card_make_one_lead_too(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let contact = bench.contact(&scope, &phone(1)).await;
    let ensured = together((0..8).map(|_| bench.lead(&scope, contact))).await;
    assert_eq!(ensured.iter().filter(|lead| lead.is_new).count(), 1);
    let id = ensured.first().unwrap().id;
    assert!(ensured.iter().all(|lead| lead.id == id));
    assert_eq!((db.rows("leads").await, db.rows("lead_status_history").await), (1, 1));
}

pub async fn a_lead_of_another_tenant_is_not_there(db: &Database) {
    let bench = Bench::new(db);
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    let (_, lead, _) = bench.customer(&a, 1).await;
    let mut unit = bench.begin(&b).await;
    assert!(unit.crm().known_lead(lead).await.unwrap().is_none());
    unit.rollback().await.unwrap();
}
