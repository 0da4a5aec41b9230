//! A lead is visited once at a time.

use app::ports::NewAppointment;
use crm::{AppointmentChange, AppointmentStatus};
use kernel::{AppointmentId, CallId, ContactCardId, LeadId, Scope, Timestamp};

use crate::{
    Database,
    contract::bench::{Bench, at, together},
};

struct Visit<'a> {
    bench: &'a Bench<'a>,
    scope: &'a Scope,
    customer: (ContactCardId, LeadId, CallId),
}

impl Visit<'_> {
    async fn make(&self, start: Timestamp) -> Option<AppointmentId> {
        let (contact, lead, call) = self.customer;
        let id = AppointmentId::fresh(&self.bench.ids);
        let appointment = NewAppointment {
            id,
            lead,
            contact,
            call,
            start,
            appointment_type: Some("in-person"),
            location: Some("12 Elm St"),
            service_type: None,
        };
        let mut unit = self.bench.begin(self.scope).await;
        let made = unit.crm().insert_appointment(&appointment, at(1)).await.unwrap();
        unit.commit().await.unwrap();
        made.then_some(id)
    }

    async fn change(&self, change: AppointmentChange) -> bool {
        let mut unit = self.bench.begin(self.scope).await;
        let changed = unit.crm().change_appointment(&change, at(2)).await.unwrap();
        unit.commit().await.unwrap();
        changed
    }

    /// The open ones in order: id, start, status.
    async fn open(&self) -> Vec<(AppointmentId, Timestamp, AppointmentStatus)> {
        let mut unit = self.bench.begin(self.scope).await;
        let known = unit.crm().known_lead(self.customer.1).await.unwrap().unwrap();
        unit.rollback().await.unwrap();
        known.open_appointments.into_iter().map(|open| (open.id, open.start, open.status)).collect()
    }

    async fn set_status(&self, id: AppointmentId, status: &str) {
        let db = self.bench.db;
        db.run(&format!("UPDATE appointments SET status = '{status}' WHERE id = {}", db.id(id.0))).await;
    }
}

pub async fn a_lead_has_one_appointment_at_a_time(db: &Database) {
    let (bench, scope) = (Bench::new(db), Bench::new(db).tenant("org_a").await);
    let visit = Visit { bench: &bench, scope: &scope, customer: bench.customer(&scope, 1).await };
    let later = visit.make(at(7200)).await.unwrap();
    let sooner = visit.make(at(3600)).await.unwrap();
    assert_eq!(visit.make(at(3600)).await, None);
    let scheduled = AppointmentStatus::Scheduled;
    assert_eq!(visit.open().await, [(sooner, at(3600), scheduled), (later, at(7200), scheduled)]);
    // another lead may be visited at the same time
    let other = Visit { customer: bench.customer(&scope, 2).await, ..visit };
    assert!(other.make(at(3600)).await.is_some());
}

pub async fn concurrent_bookings_of_one_time_make_one_appointment(db: &Database) {
    let (bench, scope) = (Bench::new(db), Bench::new(db).tenant("org_a").await);
    let visit = Visit { bench: &bench, scope: &scope, customer: bench.customer(&scope, 1).await };
    let made = together((0..6).map(|_| visit.make(at(3600)))).await;
    assert_eq!(made.into_iter().flatten().count(), 1);
    assert_eq!(visit.open().await.len(), 1);
}

pub async fn an_open_appointment_is_moved(db: &Database) {
    let (bench, scope) = (Bench::new(db), Bench::new(db).tenant("org_a").await);
    let visit = Visit { bench: &bench, scope: &scope, customer: bench.customer(&scope, 1).await };
    let id = visit.make(at(3600)).await.unwrap();
    // what was confirmed was the old time
    visit.set_status(id, "confirmed").await;
    assert_eq!(visit.open().await, [(id, at(3600), AppointmentStatus::Confirmed)]);
    assert!(visit.change(AppointmentChange::Move { id, start: at(9000) }).await);
    assert_eq!(visit.open().await, [(id, at(9000), AppointmentStatus::Scheduled)]);
    assert_eq!(db.number("SELECT CAST(version AS bigint) FROM appointments").await, 2);
    // its old time is free again
    assert!(visit.make(at(3600)).await.is_some());
}

pub async fn an_appointment_is_not_moved_onto_another_one(db: &Database) {
    let (bench, scope) = (Bench::new(db), Bench::new(db).tenant("org_a").await);
    let visit = Visit { bench: &bench, scope: &scope, customer: bench.customer(&scope, 1).await };
    let first = visit.make(at(3600)).await.unwrap();
    let second = visit.make(at(7200)).await.unwrap();
    assert!(!visit.change(AppointmentChange::Move { id: second, start: at(3600) }).await);
    let scheduled = AppointmentStatus::Scheduled;
    assert_eq!(visit.open().await, [(first, at(3600), scheduled), (second, at(7200), scheduled)]);
    // one called off is not in the way, one that was held is
    visit.set_status(first, "cancelled").await;
    assert!(visit.change(AppointmentChange::Move { id: second, start: at(3600) }).await);
    let third = visit.make(at(7200)).await.unwrap();
    visit.set_status(second, "completed").await;
    assert!(!visit.change(AppointmentChange::Move { id: third, start: at(3600) }).await);
}

pub async fn concurrent_moves_to_one_time_move_one(db: &Database) {
    let (bench, scope) = (Bench::new(db), Bench::new(db).tenant("org_a").await);
    let visit = Visit { bench: &bench, scope: &scope, customer: bench.customer(&scope, 1).await };
    for round in 1..=5 {
        let target = at(round * 100_000);
        let first = visit.make(at(round * 100_000 + 1)).await.unwrap();
        let second = visit.make(at(round * 100_000 + 2)).await.unwrap();
        // an analysis has its lead locked before it changes what hangs on it
        let visit = &visit;
        let moving = [first, second].map(|id| async move {
            let mut unit = visit.bench.begin(visit.scope).await;
            unit.crm().known_lead(visit.customer.1).await.unwrap().unwrap();
            let change = AppointmentChange::Move { id, start: target };
            let moved = unit.crm().change_appointment(&change, at(2)).await.unwrap();
            unit.commit().await.unwrap();
            moved
        });
        assert_eq!(together(moving).await.into_iter().filter(|moved| *moved).count(), 1);
    }
}

pub async fn a_cancelled_appointment_can_be_made_again(db: &Database) {
    let (bench, scope) = (Bench::new(db), Bench::new(db).tenant("org_a").await);
    let visit = Visit { bench: &bench, scope: &scope, customer: bench.customer(&scope, 1).await };
    let id = visit.make(at(3600)).await.unwrap();
    assert!(visit.change(AppointmentChange::Cancel { id }).await);
    assert!(visit.open().await.is_empty());
    assert!(!visit.change(AppointmentChange::Cancel { id }).await, "once");
    assert!(!visit.change(AppointmentChange::Move { id, start: at(5000) }).await, "it is no more");
    let again = visit.make(at(3600)).await.unwrap();
    assert_ne!(again, id);
    assert_eq!(db.rows("appointments").await, 2);
}

pub async fn an_appointment_that_is_over_is_not_changed(db: &Database) {
    let (bench, scope) = (Bench::new(db), Bench::new(db).tenant("org_a").await);
    let visit = Visit { bench: &bench, scope: &scope, customer: bench.customer(&scope, 1).await };
    let id = visit.make(at(3600)).await.unwrap();
    for status in ["completed", "no_show", "cancelled"] {
        visit.set_status(id, status).await;
        assert!(!visit.change(AppointmentChange::Cancel { id }).await, "{status}");
        assert!(!visit.change(AppointmentChange::Move { id, start: at(9) }).await, "{status}");
    }
    assert!(!visit.change(AppointmentChange::Make { start: at(9) }).await, "making is not changing");
}

pub async fn an_appointment_of_another_tenant_is_not_there(db: &Database) {
    let (bench, scope) = (Bench::new(db), Bench::new(db).tenant("org_a").await);
    let visit = Visit { bench: &bench, scope: &scope, customer: bench.customer(&scope, 1).await };
    let id = visit.make(at(3600)).await.unwrap();
    let other = bench.tenant("org_b").await;
    let theirs = Visit { scope: &other, ..visit };
    assert!(!theirs.change(AppointmentChange::Cancel { id }).await);
    assert!(!theirs.change(AppointmentChange::Move { id, start: at(9) }).await);
    let ours = Visit { scope: &scope, ..theirs };
    assert_eq!(ours.open().await, [(id, at(3600), AppointmentStatus::Scheduled)]);
}
