//! One transaction of one tenant: [`Store`](app::ports::Store) and [`UnitOfWork`](app::ports::UnitOfWork).

#![expect(missing_docs, reason = "the name of a case says what it is about")]

use std::{future::Future, task::Poll};

use app::ports::{InboxOffice, NewContact, Store, Tenants, UnitOfWork};
use idempotency::InboxState;
use kernel::{ContactCardId, Scope, StoreError, UserId};
use rbac::Role;

use super::bench::{Bench, WORK, at, company, phone, together};
use crate::Database;

/// How many connections a test's pool has; a leak of one for each unit would soon be noticed.
const MORE_THAN_THE_POOL: u32 = 20;

async fn contact_in(unit: &mut Box<dyn UnitOfWork>, bench: &Bench<'_>, tail: u32) -> ContactCardId {
    let id = ContactCardId::fresh(&bench.ids);
    let contact = NewContact { id, phone: &phone(tail), name: None, city: None, state: None };
    unit.crm().ensure_contact(&contact, at(0)).await.unwrap().id
}

/// Lets a future run until it first has to wait, and drops it there. Answers whether it had to.
async fn begun_and_dropped<F: Future>(future: F) -> bool {
    let mut future = Box::pin(future);
    std::future::poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx).is_pending())).await
}

/// Writes one customer on a connection of its own: fails if anybody still holds a lock on its table.
async fn can_be_written(db: &Database, tail: u32) {
    let id = Bench::new(db).ids;
    let id = db.id(kernel::IdSource::next(&id));
    let now = if db.is_postgres() { "now()" } else { "0" };
    db.run(&format!(
        "INSERT INTO contact_cards (id, company_id, primary_phone, created_at, updated_at) \
         VALUES ({id}, 'org_a', '{}', {now}, {now})",
        phone(tail)
    ))
    .await;
}

pub async fn what_is_committed_is_seen_by_all(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let entry = bench.webhook("event-1", InboxState::Received);
    let mut unit = bench.begin(&scope).await;
    unit.inbox().store(&entry).await.unwrap();
    assert!(InboxOffice::find(&db.system, entry.id).await.unwrap().is_none(), "not before the commit");
    unit.commit().await.unwrap();
    assert!(InboxOffice::find(&db.system, entry.id).await.unwrap().is_some());
}

pub async fn what_is_rolled_back_never_was(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    for _ in 0..MORE_THAN_THE_POOL {
        let mut unit = bench.begin(&scope).await;
        contact_in(&mut unit, &bench, 1).await;
        unit.rollback().await.unwrap();
    }
    assert_eq!(db.rows("contact_cards").await, 0);
    can_be_written(db, 1).await;
}

pub async fn a_dropped_unit_never_was_and_holds_no_lock(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    for _ in 0..MORE_THAN_THE_POOL {
        let mut unit = bench.begin(&scope).await;
        contact_in(&mut unit, &bench, 1).await;
        drop(unit);
    }
    // the same number: its key would still be locked
    can_be_written(db, 1).await;
    assert_eq!(db.rows("contact_cards").await, 1);
}

pub async fn a_unit_that_did_nothing_can_end_either_way(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    bench.begin(&scope).await.commit().await.unwrap();
    bench.begin(&scope).await.rollback().await.unwrap();
    drop(bench.begin(&scope).await);
    bench.enqueue(&scope, &WORK).await;
}

pub async fn units_abandoned_at_the_first_wait_leave_nothing_behind(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    bench.contact(&scope, &phone(9)).await;
    let mut waited = [0; 3];
    for _ in 0..MORE_THAN_THE_POOL {
        // a transaction may begin with its first statement
        let begun = async {
            let mut unit = bench.begin(&scope).await;
            contact_in(&mut unit, &bench, 9).await;
        };
        waited[0] += u32::from(begun_and_dropped(begun).await);
        let mut unit = bench.begin(&scope).await;
        contact_in(&mut unit, &bench, 9).await;
        waited[1] += u32::from(begun_and_dropped(unit.commit()).await);
        let mut unit = bench.begin(&scope).await;
        contact_in(&mut unit, &bench, 9).await;
        waited[2] += u32::from(begun_and_dropped(unit.rollback()).await);
    }
    assert!(waited.iter().all(|times| *times > 0), "nothing was abandoned: {waited:?}");
    can_be_written(db, 1).await;
    bench.enqueue(&scope, &WORK).await;
}

pub async fn a_statement_abandoned_with_its_unit_leaves_no_half_state_and_no_lock(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let mut waited = 0;
    for _ in 0..MORE_THAN_THE_POOL {
        let mut unit = bench.begin(&scope).await;
        contact_in(&mut unit, &bench, 1).await;
        waited += u32::from(begun_and_dropped(contact_in(&mut unit, &bench, 2)).await);
        drop(unit);
    }
    assert!(waited > 0, "nothing was abandoned");
    can_be_written(db, 1).await;
    can_be_written(db, 2).await;
    assert_eq!(db.rows("contact_cards").await, 2);
}

pub async fn a_unit_with_an_abandoned_statement_cannot_be_committed(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let contact = bench.contact(&scope, &phone(1)).await;
    let mut unit = bench.begin(&scope).await;
    contact_in(&mut unit, &bench, 2).await;
    // a lead and its first line of history are two statements: nobody knows how far it came
    let lead = bench.new_lead(contact, at(0));
    assert!(begun_and_dropped(unit.crm().ensure_lead(&lead, at(0))).await, "it was to wait");
    unit.commit().await.expect_err("half of something may not be committed");
    assert_eq!((db.rows("leads").await, db.rows("contact_cards").await), (0, 1));
    bench.lead(&scope, contact).await;
}

pub async fn a_unit_with_a_failed_statement_cannot_be_committed(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    bench.call(&scope, "CAL1").await;
    let mut other = bench.call(&scope, "CAL2").await;
    "CAL1".clone_into(&mut other.ids.primary);
    let mut unit = bench.begin(&scope).await;
    contact_in(&mut unit, &bench, 1).await;
    unit.calls().save(&other, at(1)).await.expect_err("the name is taken");
    // PostgreSQL would roll back and say that all is well
    unit.commit().await.expect_err("what a caller believes committed must be");
    assert_eq!(db.rows("contact_cards").await, 0);
    can_be_written(db, 1).await;
}

pub async fn an_aborted_task_leaves_no_half_state_and_no_lock(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    for _ in 0..MORE_THAN_THE_POOL {
        let (store, scope) = (db.store.clone(), scope.clone());
        let (wrote, written) = tokio::sync::oneshot::channel();
        let task = tokio::spawn(async move {
            let ids = crate::TestIds::default();
            let mut unit = store.begin(&scope).await.unwrap();
            let id = ContactCardId::fresh(&ids);
            let contact = NewContact { id, phone: &phone(1), name: None, city: None, state: None };
            unit.crm().ensure_contact(&contact, at(0)).await.unwrap();
            wrote.send(()).unwrap();
            std::future::pending::<()>().await;
            unit.commit().await.unwrap();
        });
        written.await.unwrap();
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
    }
    can_be_written(db, 1).await;
    assert_eq!(db.rows("contact_cards").await, 1);
}

pub async fn reads_and_claims_abandoned_at_the_first_wait_do_no_harm(db: &Database) {
    use app::ports::{Claim, JobClaims};
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    for _ in 0..MORE_THAN_THE_POOL {
        begun_and_dropped(Tenants::list(&db.system)).await;
        begun_and_dropped(db.system.next_due(&queue::Queue::ALL)).await;
        begun_and_dropped(db.system.rescue(at(0))).await;
        begun_and_dropped(db.system.renew(&[], at(0))).await;
        let claim = Claim {
            queue: queue::Queue::Default,
            limit: 5,
            worker: "w",
            token: kernel::IdSource::next(&bench.ids),
            now: at(0),
            lease_until: at(60),
        };
        begun_and_dropped(db.system.claim(&claim)).await;
    }
    assert_eq!(Tenants::list(&db.system).await.unwrap().len(), 1);
    let job = bench.enqueue(&scope, &WORK).await;
    assert_eq!(bench.claim_one(at(0)).await.lease.job, job);
}

pub async fn many_units_at_once_wait_for_each_other(db: &Database) {
    let (first, second) = (phone(1), phone(2));
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let writing = (0..MORE_THAN_THE_POOL)
        .map(|tail| bench.contact(&scope, if tail % 2 == 0 { &first } else { &second }));
    together(writing).await;
    assert_eq!(db.rows("contact_cards").await, 2);
}

pub async fn a_unit_knows_its_own_company_and_people(db: &Database) {
    let bench = Bench::new(db);
    let (person, stranger) = (UserId::try_new("user_a").unwrap(), UserId::try_new("user_b").unwrap());
    for (id, user) in [("org_a", &person), ("org_b", &stranger)] {
        let mut setup = Bench::setup(id);
        setup.users.push((user.clone(), Some("Somebody".to_owned()), Role::Csr));
        db.system.set_up(&setup, at(0)).await.unwrap();
    }
    let mut unit = bench.begin(&Scope::system(company("org_a"), "test")).await;
    assert_eq!(unit.directory().company().await.unwrap(), Some(Bench::setup("org_a").company));
    assert!(unit.directory().has_user(&person).await.unwrap());
    assert!(!unit.directory().has_user(&stranger).await.unwrap());
    unit.rollback().await.unwrap();
    let mut unit = bench.begin(&Scope::system(company("org_none"), "test")).await;
    assert_eq!(unit.directory().company().await.unwrap(), None);
    unit.rollback().await.unwrap();
}

pub async fn a_unit_of_an_unknown_company_can_store_nothing(db: &Database) {
    let bench = Bench::new(db);
    let nobody = Scope::system(company("org_none"), "test");
    let mut unit = bench.begin(&nobody).await;
    let error = unit.inbox().store(&bench.webhook("event-1", InboxState::Received)).await;
    assert!(matches!(error, Err(StoreError::Statement { .. })), "{error:?}");
    drop(unit);
    assert_eq!(db.rows("webhook_inbox").await, 0);
}
