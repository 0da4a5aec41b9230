//! What an analysis makes of a lead.

use crm::{LeadMove, LeadStatus};
use kernel::{CallId, LeadId, Scope};

use crate::{
    Database,
    contract::bench::{Bench, at},
};

async fn verdict(
    bench: &Bench<'_>,
    scope: &Scope,
    lead: LeadId,
    call: CallId,
    moved: Option<(LeadStatus, LeadStatus)>,
) -> bool {
    let lead_move = moved.map(|(from, to)| LeadMove { from, to, reason: "call booked" });
    let mut unit = bench.begin(scope).await;
    let recorded = unit.crm().record_verdict(lead, call, at(30), lead_move.as_ref(), at(40)).await.unwrap();
    unit.commit().await.unwrap();
    recorded
}

async fn status(bench: &Bench<'_>, scope: &Scope, lead: LeadId) -> LeadStatus {
    let mut unit = bench.begin(scope).await;
    let known = unit.crm().known_lead(lead).await.unwrap().unwrap();
    unit.rollback().await.unwrap();
    known.status
}

pub async fn a_verdict_moves_a_lead_and_leaves_a_line_in_its_history(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let (_, lead, call) = bench.customer(&scope, 1).await;
    let steps = [(LeadStatus::New, LeadStatus::Hot), (LeadStatus::Hot, LeadStatus::QualifiedBooked)];
    for (number, step) in (2..).zip(steps) {
        assert!(verdict(&bench, &scope, lead, call, Some(step)).await);
        assert_eq!(status(&bench, &scope, lead).await, step.1);
        assert_eq!(db.number("SELECT CAST(version AS bigint) FROM leads").await, number);
        let line = format!(
            "SELECT count(*) FROM lead_status_history WHERE lead_version = {number} AND from_status = '{}' \
             AND to_status = '{}' AND reason = 'call booked' AND triggered_by = 'shunya'",
            step.0, step.1
        );
        assert_eq!(db.number(&line).await, 1);
    }
    assert_eq!(db.rows("lead_status_history").await, 3);
}

pub async fn a_verdict_without_a_move_is_remembered(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let (_, lead, call) = bench.customer(&scope, 1).await;
    assert!(!verdict(&bench, &scope, lead, call, None).await);
    let mut unit = bench.begin(&scope).await;
    let known = unit.crm().known_lead(lead).await.unwrap().unwrap();
    unit.rollback().await.unwrap();
    assert_eq!((known.status, known.last_verdict_at), (LeadStatus::New, Some(at(30))));
    assert_eq!(db.rows("lead_status_history").await, 1);
    assert_eq!(db.number("SELECT CAST(version AS bigint) FROM leads").await, 1);
}

pub async fn a_verdict_does_not_give_a_customer_a_second_active_lead(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let (contact, old, call) = bench.customer(&scope, 1).await;
    let step = (LeadStatus::New, LeadStatus::QualifiedServiceNotOffered);
    assert!(verdict(&bench, &scope, old, call, Some(step)).await);
    let current = bench.lead(&scope, contact).await;
    assert!(current.is_new);
    let back = (LeadStatus::QualifiedServiceNotOffered, LeadStatus::QualifiedUnbooked);
    assert!(!verdict(&bench, &scope, old, call, Some(back)).await);
    assert_eq!(status(&bench, &scope, old).await, LeadStatus::QualifiedServiceNotOffered);
    assert_eq!(status(&bench, &scope, current.id).await, LeadStatus::New);
    // once the other one is over, it may
    assert!(verdict(&bench, &scope, current.id, call, Some((LeadStatus::New, LeadStatus::ClosedLost))).await);
    assert!(verdict(&bench, &scope, old, call, Some(back)).await);
    assert_eq!(status(&bench, &scope, old).await, LeadStatus::QualifiedUnbooked);
}

pub async fn a_sleeping_lead_is_not_woken_beside_an_active_one(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let (contact, asleep, call) = bench.customer(&scope, 1).await;
    let set = async |lead: LeadId, status| {
        db.run(&format!("UPDATE leads SET status = '{status}' WHERE id = {}", db.id(lead.0))).await;
    };
    set(asleep, LeadStatus::ClosedLost).await;
    let active = bench.lead(&scope, contact).await.id;
    set(asleep, LeadStatus::Dormant).await;
    assert!(!verdict(&bench, &scope, asleep, call, Some((LeadStatus::Dormant, LeadStatus::Hot))).await);
    set(active, LeadStatus::ClosedWon).await;
    assert!(verdict(&bench, &scope, asleep, call, Some((LeadStatus::Dormant, LeadStatus::Hot))).await);
}

pub async fn a_verdict_races_a_new_lead_and_one_of_them_is_active(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    for round in 1..=10 {
        let (contact, old, call) = bench.customer(&scope, round).await;
        let step = (LeadStatus::New, LeadStatus::QualifiedServiceNotOffered);
        assert!(verdict(&bench, &scope, old, call, Some(step)).await);
        let back = (LeadStatus::QualifiedServiceNotOffered, LeadStatus::QualifiedUnbooked);
        let moved = verdict(&bench, &scope, old, call, Some(back));
        let (moved, ensured) = futures_util::future::join(moved, bench.lead(&scope, contact)).await;
        // either the move came first and the lead goes on, or the new lead did and the old one stays
        assert_eq!(moved, ensured.id == old, "{ensured:?}");
        let active = format!(
            "SELECT count(*) FROM leads WHERE contact_card_id = {} AND status IN ('new', 'qualified_unbooked')",
            db.id(contact.0)
        );
        assert_eq!(db.number(&active).await, 1);
    }
}

pub async fn a_verdict_on_another_tenants_lead_does_nothing(db: &Database) {
    let bench = Bench::new(db);
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    let (_, lead, call) = bench.customer(&a, 1).await;
    for moved in
        [None, Some((LeadStatus::New, LeadStatus::Hot)), Some((LeadStatus::Dormant, LeadStatus::Hot))]
    {
        assert!(!verdict(&bench, &b, lead, call, moved).await);
    }
    assert_eq!(status(&bench, &a, lead).await, LeadStatus::New);
    assert_eq!(db.rows("lead_status_history").await, 1);
    assert_eq!(db.number("SELECT count(*) FROM leads WHERE last_verdict_at IS NOT NULL").await, 0);
}
