//! Who is whose: [`Tenants`](app::ports::Tenants).

#![expect(missing_docs, reason = "the name of a case says what it is about")]

use std::slice;

use app::ports::{SealedSecret, TenantSetup, Tenants};
use kernel::{Calendar, Provider, Secret, StoreError, UserId};
use rbac::Role;
use tenancy::TenantKey;

use super::bench::{Bench, at, company, phone, together};
use crate::Database;

fn user(id: &str) -> UserId {
    UserId::try_new(id).unwrap()
}

/// A tenant with one of everything.
fn full(id: &str, tail: u32) -> TenantSetup {
    let mut setup = Bench::setup(id);
    setup.company.calendar = Calendar::in_zone("America/Phoenix").unwrap();
    setup.tracking_numbers = vec![(Provider::Callrail, phone(tail))];
    setup.accounts =
        vec![(Provider::Callrail, format!("COM{tail}")), (Provider::Callrail, format!("{tail}"))];
    setup.credentials = vec![(
        Provider::Callrail,
        "api_key".to_owned(),
        SealedSecret(vec![0, 255, u8::try_from(tail).unwrap()]),
    )];
    setup.users = vec![(user(&format!("user_{tail}")), Some("Somebody".to_owned()), Role::Csr)];
    setup
}

const TABLES: [&str; 5] =
    ["companies", "users", "tracking_numbers", "provider_accounts", "provider_credentials"];

async fn counts(db: &Database) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in TABLES {
        counts.push(db.rows(table).await);
    }
    counts
}

pub async fn a_tenant_is_found_by_all_its_names(db: &Database) {
    let (a, b) = (full("org_a", 1), full("org_b", 2));
    db.system.set_up(&a, at(0)).await.unwrap();
    db.system.set_up(&b, at(0)).await.unwrap();
    let expected = Some(a.company.clone());
    let tenants = &db.system;
    assert_eq!(tenants.find(&company("org_a")).await.unwrap(), expected);
    let key = Secret::new(a.company.tenant_key.expose().to_owned());
    assert_eq!(tenants.by_key(&key).await.unwrap(), expected);
    assert_eq!(tenants.by_tracking_number(&phone(1)).await.unwrap(), expected);
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    for known in [&["COM1"][..], &["1"], &["nobody", "1"]] {
        assert_eq!(
            tenants.by_accounts(Provider::Callrail, &names(known)).await.unwrap(),
            slice::from_ref(&a.company),
            "{known:?}"
        );
    }
    assert_eq!(tenants.list().await.unwrap(), [a.company, b.company]);

    assert_eq!(tenants.find(&company("org_c")).await.unwrap(), None);
    assert_eq!(tenants.by_key(&Secret::new("org_a-tenant-key-000".to_owned())).await.unwrap(), None);
    assert_eq!(tenants.by_tracking_number(&phone(3)).await.unwrap(), None);
    assert_eq!(tenants.by_accounts(Provider::Twilio, &names(&["COM1"])).await.unwrap(), []);
    assert_eq!(tenants.by_accounts(Provider::Callrail, &names(&["COM"])).await.unwrap(), []);
    assert_eq!(tenants.by_accounts(Provider::Callrail, &[]).await.unwrap(), []);
    // names of two tenants: both are told, and nobody chooses
    let both = tenants.by_accounts(Provider::Callrail, &names(&["COM1", "1", "2"])).await.unwrap();
    assert_eq!(both.len(), 2, "{both:?}");
}

pub async fn credentials_are_kept_by_tenant_provider_and_name(db: &Database) {
    let mut b = full("org_b", 2);
    b.credentials.push((Provider::Callrail, "signing_key".to_owned(), SealedSecret(Vec::new())));
    db.system.set_up(&full("org_a", 1), at(0)).await.unwrap();
    db.system.set_up(&b, at(0)).await.unwrap();
    let secret =
        async |id: &str, provider, name| db.system.credential(&company(id), provider, name).await.unwrap();
    assert_eq!(secret("org_a", Provider::Callrail, "api_key").await, Some(SealedSecret(vec![0, 255, 1])));
    assert_eq!(secret("org_b", Provider::Callrail, "api_key").await, Some(SealedSecret(vec![0, 255, 2])));
    assert_eq!(secret("org_b", Provider::Callrail, "signing_key").await, Some(SealedSecret(Vec::new())));
    assert_eq!(secret("org_a", Provider::Callrail, "signing_key").await, None);
    assert_eq!(secret("org_a", Provider::Twilio, "api_key").await, None);
    let with = async |name| db.system.with_credential(Provider::Callrail, name).await.unwrap();
    assert_eq!(with("api_key").await, [company("org_a"), company("org_b")]);
    assert_eq!(with("signing_key").await, [company("org_b")]);
    assert_eq!(db.system.with_credential(Provider::Twilio, "api_key").await.unwrap(), []);
}

pub async fn setting_up_twice_is_setting_up_once(db: &Database) {
    let setup = full("org_a", 1);
    db.system.set_up(&setup, at(0)).await.unwrap();
    let once = counts(db).await;
    assert_eq!(once, [1, 1, 1, 2, 1]);
    db.system.set_up(&setup, at(60)).await.unwrap();
    assert_eq!(counts(db).await, once);
    assert_eq!(db.system.list().await.unwrap(), [setup.company]);
}

pub async fn setting_up_brings_what_it_names_up_to_date_and_leaves_the_rest(db: &Database) {
    db.system.set_up(&full("org_a", 1), at(0)).await.unwrap();
    let mut changed = Bench::setup("org_a");
    "Renamed".clone_into(&mut changed.company.name);
    changed.company.tenant_key = TenantKey::try_new("another-tenant-key").unwrap();
    changed.credentials = vec![(Provider::Callrail, "api_key".to_owned(), SealedSecret(vec![9]))];
    changed.users = vec![(user("user_1"), Some("Renamed".to_owned()), Role::Manager)];
    changed.tracking_numbers = vec![(Provider::Callrail, phone(9))];
    db.system.set_up(&changed, at(60)).await.unwrap();
    assert_eq!(db.system.list().await.unwrap(), [changed.company.clone()]);
    let old = Secret::new("org_a-tenant-key-0000".to_owned());
    assert_eq!(db.system.by_key(&old).await.unwrap(), None);
    let sealed = db.system.credential(&company("org_a"), Provider::Callrail, "api_key").await.unwrap();
    assert_eq!(sealed, Some(SealedSecret(vec![9])));
    for number in [phone(1), phone(9)] {
        assert_eq!(db.system.by_tracking_number(&number).await.unwrap(), Some(changed.company.clone()));
    }
    let people = "SELECT count(*) FROM users WHERE id = 'user_1' AND role = 'manager' AND name = 'Renamed'";
    assert_eq!(db.number(people).await, 1);
}

pub async fn what_belongs_to_another_tenant_is_refused_and_nothing_changes(db: &Database) {
    db.system.set_up(&full("org_a", 1), at(0)).await.unwrap();
    let before = counts(db).await;
    let theirs = full("org_a", 1);
    let own = || full("org_b", 2);
    let mut number = own();
    number.tracking_numbers.push((Provider::Twilio, phone(1)));
    let mut account = own();
    account.accounts.clone_from(&theirs.accounts);
    let mut key = own();
    key.company.tenant_key = theirs.company.tenant_key.clone();
    let mut person = own();
    person.users.push((user("user_1"), Some("Mallory".to_owned()), Role::Manager));
    for (what, setup) in [("number", number), ("account", account), ("key", key), ("person", person)] {
        let refused = db.system.set_up(&setup, at(60)).await;
        assert!(matches!(refused, Err(StoreError::AlreadyExists { .. })), "{what}: {refused:?}");
        assert_eq!(counts(db).await, before, "{what}");
    }
    let people =
        "SELECT count(*) FROM users WHERE company_id = 'org_a' AND role = 'csr' AND name = 'Somebody'";
    assert_eq!(db.number(people).await, 1);
    db.system.set_up(&own(), at(90)).await.unwrap();
}

pub async fn two_processes_may_set_one_tenant_up_at_once(db: &Database) {
    let setup = full("org_a", 1);
    for done in together((0..4).map(|_| db.system.set_up(&setup, at(0)))).await {
        done.unwrap();
    }
    assert_eq!(counts(db).await, [1, 1, 1, 2, 1]);
}

pub async fn of_two_tenants_that_want_one_number_one_gets_it(db: &Database) {
    let wanting = ["org_a", "org_b", "org_c", "org_d"].map(|id| {
        let mut setup = Bench::setup(id);
        setup.tracking_numbers = vec![(Provider::Callrail, phone(1))];
        setup
    });
    let ends = together(wanting.iter().map(|setup| db.system.set_up(setup, at(0)))).await;
    assert_eq!(ends.iter().filter(|end| end.is_ok()).count(), 1);
    for end in ends.iter().filter(|end| end.is_err()) {
        assert!(matches!(end, Err(StoreError::AlreadyExists { table: "tracking_numbers" })), "{end:?}");
    }
    assert_eq!(db.rows("companies").await, 1);
}
