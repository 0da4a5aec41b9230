//! What is remembered of tenants spares questions and refuses nobody.

use std::sync::Arc;

use app::ports::{SealedSecret, TenantSetup, Tenants};
use kernel::{Calendar, CompanyId, Provider, Secret};
use store_sql::RememberedTenants;
use tenancy::{Company, TenantKey};
use testkit::Database;

fn setup(key: &str, secret: Option<&[u8]>) -> TenantSetup {
    let id = CompanyId::try_new("org_a").unwrap();
    let sealed =
        |secret: &[u8]| (Provider::Callrail, "signing_key".to_owned(), SealedSecret(secret.to_vec()));
    TenantSetup {
        company: Company {
            id,
            name: "A".to_owned(),
            calendar: Calendar::UTC,
            tenant_key: TenantKey::try_new(key).unwrap(),
        },
        tracking_numbers: Vec::new(),
        accounts: vec![(Provider::Callrail, "ACC1".to_owned())],
        credentials: secret.map(sealed).into_iter().collect(),
        users: Vec::new(),
    }
}

const KEY: &str = "tenant-key-0000000";

async fn secret(tenants: &dyn Tenants) -> Option<Vec<u8>> {
    let id = CompanyId::try_new("org_a").unwrap();
    tenants.credential(&id, Provider::Callrail, "signing_key").await.unwrap().map(|sealed| sealed.0)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_found_is_not_asked_for_again() {
    let db = testkit::postgres().await;
    let tenants = RememberedTenants::new(Arc::new(db.system.clone()));
    tenants.set_up(&setup(KEY, Some(b"one")), Database::now()).await.unwrap();
    let names = ["ACC1".to_owned()];
    let key = Secret::new(KEY.to_owned());
    let look = async || {
        assert!(!tenants.by_accounts(Provider::Callrail, &names).await.unwrap().is_empty());
        assert!(tenants.by_key(&key).await.unwrap().is_some());
        assert_eq!(secret(&tenants).await.as_deref(), Some(b"one".as_slice()));
    };
    look().await;
    // nobody can ask any more
    db.cut_off().await;
    look().await;
    let unknown = ["ACC2".to_owned()];
    tenants.by_accounts(Provider::Callrail, &unknown).await.expect_err("what was never found is asked for");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_found_is_looked_for_again() {
    let db = testkit::postgres().await;
    let tenants = RememberedTenants::new(Arc::new(db.system.clone()));
    let names = ["ACC1".to_owned()];
    assert!(tenants.by_accounts(Provider::Callrail, &names).await.unwrap().is_empty());
    // as another process does
    db.system.set_up(&setup(KEY, None), Database::now()).await.unwrap();
    assert!(!tenants.by_accounts(Provider::Callrail, &names).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn setting_a_tenant_up_forgets_what_it_was() {
    let db = testkit::postgres().await;
    let tenants = RememberedTenants::new(Arc::new(db.system.clone()));
    tenants.set_up(&setup(KEY, Some(b"one")), Database::now()).await.unwrap();
    assert_eq!(secret(&tenants).await.as_deref(), Some(b"one".as_slice()));
    tenants.set_up(&setup(KEY, Some(b"two")), Database::now()).await.unwrap();
    assert_eq!(secret(&tenants).await.as_deref(), Some(b"two".as_slice()));
    // another process's doing is noticed later, or by who asks for it
    db.system.set_up(&setup(KEY, Some(b"three")), Database::now()).await.unwrap();
    assert_eq!(secret(&tenants).await.as_deref(), Some(b"two".as_slice()));
    let fresh = tenants.unremembered().unwrap();
    assert_eq!(secret(fresh.as_ref()).await.as_deref(), Some(b"three".as_slice()));
}
