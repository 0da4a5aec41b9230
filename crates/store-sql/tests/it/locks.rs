//! Locks of PostgreSQL that outlive the client who took them would stop everybody else.

use app::ports::{NewContact, Store, UnitOfWork};
use kernel::{ContactCardId, PhoneNumber};
use testkit::{Database, TestIds};

async fn lock(unit: &mut Box<dyn UnitOfWork>, ids: &TestIds, number: &str) {
    let phone = PhoneNumber::parse(number).unwrap();
    let id = ContactCardId::fresh(ids);
    let contact = NewContact { id, phone: &phone, name: None, city: None, state: None };
    unit.crm().ensure_contact(&contact, Database::now()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_while_it_waits_for_a_lock_leaves_none_of_its_own() {
    let db = testkit::postgres().await;
    db.run(
        "INSERT INTO companies (id, name, tenant_key, created_at, updated_at) \
         VALUES ('org_a', 'A', 'tenant-key-0000000', now(), now())",
    )
    .await;
    let scope = kernel::Scope::system(kernel::CompanyId::try_new("org_a").unwrap(), "test");
    let ids = TestIds::default();
    let mut holder = db.store.begin(&scope).await.unwrap();
    lock(&mut holder, &ids, "+16025550101").await;
    let mut leaving = db.store.begin(&scope).await.unwrap();
    lock(&mut leaving, &ids, "+16025550102").await;
    let waiting = async {
        lock(&mut leaving, &ids, "+16025550101").await;
    };
    // until the server says that it waits
    let noticed = async {
        while db.number("SELECT count(*) FROM pg_locks WHERE NOT granted").await == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        () = waiting => panic!("the lock is held"),
        () = noticed => {}
    }
    drop(leaving);
    // its statement would wait for the lock for ten seconds more, and so would everybody who wants what it has
    db.run(
        "SET lock_timeout = '6s'; INSERT INTO contact_cards (id, company_id, primary_phone, created_at, updated_at) \
         VALUES (gen_random_uuid(), 'org_a', '+16025550102', now(), now())",
    )
    .await;
    holder.rollback().await.unwrap();
}
