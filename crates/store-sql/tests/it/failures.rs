//! What the databases say when something is wrong with them, in the words the use cases understand.

use std::{sync::Arc, time::Duration};

use app::ports::{NewContact, Store, Tenants, UnitOfWork};
use kernel::{Calendar, CompanyId, ContactCardId, PhoneNumber, Scope, StoreError};
use store_sql::{PoolSettings, Target};
use tenancy::{Company, TenantKey};
use testkit::{Database, TestIds};

async fn tenant(db: &Database) -> Scope {
    let id = CompanyId::try_new("org_a").unwrap();
    let company = Company {
        id: id.clone(),
        name: "A".to_owned(),
        calendar: Calendar::UTC,
        tenant_key: TenantKey::try_new("tenant-key-0000000").unwrap(),
    };
    let (tracking_numbers, accounts, credentials, users) = Default::default();
    let setup = app::ports::TenantSetup { company, tracking_numbers, accounts, credentials, users };
    db.system.set_up(&setup, Database::now()).await.unwrap();
    Scope::system(id, "test")
}

async fn contact(
    unit: &mut Box<dyn UnitOfWork>,
    ids: &TestIds,
    number: &str,
) -> Result<ContactCardId, StoreError> {
    let phone = PhoneNumber::parse(number).unwrap();
    let id = ContactCardId::fresh(ids);
    let contact = NewContact { id, phone: &phone, name: None, city: None, state: None };
    Ok(unit.crm().ensure_contact(&contact, Database::now()).await?.id)
}

const ONE: &str = "+16025550101";
const TWO: &str = "+16025550102";

#[tokio::test(flavor = "multi_thread")]
async fn two_units_that_wait_for_each_other_are_told_to_try_again() {
    let db = testkit::postgres().await;
    let (scope, ids) = (tenant(&db).await, TestIds::default());
    let mut first = db.store.begin(&scope).await.unwrap();
    let mut second = db.store.begin(&scope).await.unwrap();
    contact(&mut first, &ids, ONE).await.unwrap();
    contact(&mut second, &ids, TWO).await.unwrap();
    let (first, second) =
        tokio::join!(async { contact(&mut first, &ids, TWO).await.map(|_| first) }, async {
            contact(&mut second, &ids, ONE).await.map(|_| second)
        },);
    let ((Ok(winner), Err(loser)) | (Err(loser), Ok(winner))) = (first, second) else {
        panic!("one of them gets through");
    };
    assert!(matches!(loser, StoreError::Unavailable(_)), "{loser:?}");
    assert!(loser.is_transient());
    winner.commit().await.unwrap();
    assert_eq!(db.rows("contact_cards").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_that_takes_too_long_is_told_to_try_again() {
    let db = testkit::postgres().await;
    let (scope, ids) = (tenant(&db).await, TestIds::default());
    let settings = PoolSettings { statement_timeout: Duration::from_millis(300), ..PoolSettings::default() };
    let (hasty, _) = store_sql::open(&db.target, None, &settings, Arc::new(testkit::Dice(0.5))).unwrap();
    let mut holder = db.store.begin(&scope).await.unwrap();
    contact(&mut holder, &ids, ONE).await.unwrap();
    let mut waiting = hasty.begin(&scope).await.unwrap();
    let error = contact(&mut waiting, &ids, ONE).await.expect_err("the key is locked");
    assert!(matches!(error, StoreError::TimedOut(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_went_away_is_unavailable_and_then_found_again() {
    let db = testkit::postgres().await;
    let (scope, ids) = (tenant(&db).await, TestIds::default());
    // some connections in the pool, one in use
    let units = [db.store.begin(&scope).await.unwrap(), db.store.begin(&scope).await.unwrap()];
    for unit in units {
        unit.commit().await.unwrap();
    }
    let mut unit = db.store.begin(&scope).await.unwrap();
    contact(&mut unit, &ids, ONE).await.unwrap();
    // as a server does that restarts
    db.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .await;
    let error = contact(&mut unit, &ids, TWO).await.expect_err("the connection is gone");
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    let error = unit.commit().await.expect_err("and all it did");
    assert!(!matches!(error, StoreError::LeaseLost(_)), "{error:?}");
    for _ in 0..4 {
        // whoever gets one of the dead connections may fail, but only once for each
        if let Ok(mut unit) = db.store.begin(&scope).await {
            contact(&mut unit, &ids, ONE).await.unwrap();
            unit.commit().await.unwrap();
        }
    }
    assert_eq!(db.rows("contact_cards").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_only_reads_has_become_anothers_replica() {
    let db = testkit::postgres().await;
    let (scope, ids) = (tenant(&db).await, TestIds::default());
    let Target::Postgres(url) = &db.target else { panic!("this is PostgreSQL") };
    let name = url.rsplit_once('/').unwrap().1;
    db.run(&format!("ALTER DATABASE \"{name}\" SET default_transaction_read_only = on")).await;
    let (replica, _) =
        store_sql::open(&db.target, None, &PoolSettings::default(), Arc::new(testkit::Dice(0.5))).unwrap();
    let mut unit = replica.begin(&scope).await.unwrap();
    assert!(unit.directory().company().await.unwrap().is_some());
    let error = contact(&mut unit, &ids, ONE).await.expect_err("it only reads");
    assert!(error.is_momentary(), "{error:?}");
    drop(unit);
    // no connection to it is kept: a new one may lead to the server that writes now
    let writes_now =
        format!("BEGIN READ WRITE; ALTER DATABASE \"{name}\" RESET default_transaction_read_only; COMMIT");
    db.run(&writes_now).await;
    let mut unit = replica.begin(&scope).await.unwrap();
    contact(&mut unit, &ids, ONE).await.unwrap();
    unit.commit().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_not_there_is_unavailable() {
    let target = Target::Postgres("postgres://nobody@127.0.0.1:1/none".to_owned());
    let (store, _) =
        store_sql::open(&target, None, &PoolSettings::default(), Arc::new(testkit::Dice(0.5))).unwrap();
    let scope = Scope::system(CompanyId::try_new("org_a").unwrap(), "test");
    let error = store.begin(&scope).await.err().expect("nobody listens there");
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pool_that_is_used_up_is_told_from_a_server_that_is_not_there() {
    for db in [testkit::postgres().await, testkit::sqlite().await] {
        let scope = tenant(&db).await;
        let settings =
            PoolSettings { size: 1, overflow: 0, wait: Duration::from_millis(50), ..PoolSettings::default() };
        let (store, _) = store_sql::open(&db.target, None, &settings, Arc::new(testkit::Dice(0.5))).unwrap();
        let unit = store.begin(&scope).await.unwrap();
        let error = store.begin(&scope).await.err().expect("there is one connection");
        assert!(matches!(error, StoreError::TimedOut(_)), "{error:?}");
        unit.rollback().await.unwrap();
        store.begin(&scope).await.unwrap().rollback().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_that_is_not_there_is_unavailable() {
    let target = Target::Sqlite("/nonexistent/folder/otto.db".to_owned());
    let (store, _) =
        store_sql::open(&target, None, &PoolSettings::default(), Arc::new(testkit::Dice(0.5))).unwrap();
    let scope = Scope::system(CompanyId::try_new("org_a").unwrap(), "test");
    let error = store.begin(&scope).await.err().expect("it cannot be opened");
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
}
