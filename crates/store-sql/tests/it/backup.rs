//! What is dumped and restored is the same database, or is refused.

use std::{fs, path::Path};

use app::{
    ports::{NewContact, Recording, Store, StoredCall, TenantSetup, Tenants},
    progress::Unwatched,
};
use calls::{CallFacts, CallStage, ProviderCallIds, RecordingState};
use kernel::{
    Calendar, CallId, CompanyId, ContactCardId, IdSource, PhoneNumber, Provider, RecordingId, Scope,
};
use store_sql::{
    Target,
    backup::{
        BackupError, Dumped, ListedRecording, RECORDINGS, check_empty, dump, known_migrations, restore,
    },
};
use tenancy::{Company, TenantKey};
use testkit::{Database, TestIds};

use crate::schema::{Facts, definition};

/// Two companies with a card and a recorded call each.
async fn furnish(db: &Database) {
    let ids = TestIds::default();
    for id in ["org_a", "org_b"] {
        let id = CompanyId::try_new(id).unwrap();
        let company = Company {
            id: id.clone(),
            name: "Roof & Sons \u{1F3E0}".to_owned(),
            calendar: Calendar::UTC,
            tenant_key: TenantKey::try_new(format!("{id}-tenant-key-0000")).unwrap(),
        };
        let (tracking_numbers, accounts, credentials, users) = Default::default();
        let setup = TenantSetup { company, tracking_numbers, accounts, credentials, users };
        db.system.set_up(&setup, Database::now()).await.unwrap();
        let mut unit = db.store.begin(&Scope::system(id.clone(), "test")).await.unwrap();
        let phone = PhoneNumber::parse("+16025550101").unwrap();
        let contact = ContactCardId(ids.next());
        let contact =
            NewContact { id: contact, phone: &phone, name: Some("O'Brien"), city: None, state: None };
        unit.crm().ensure_contact(&contact, Database::now()).await.unwrap();
        let call = StoredCall {
            id: CallId(0),
            provider: Provider::Callrail,
            ids: ProviderCallIds { primary: "CAL1".to_owned(), legacy: None },
            facts: CallFacts::default(),
            problems: Vec::new(),
            stage: CallStage::Recorded,
            call_type: None,
            owner: None,
            contact: None,
            lead: None,
            lead_quality: None,
            booking_status: None,
            analyzed_at: None,
            created_at: Database::now(),
            received_at: Database::now(),
        };
        let call = unit.calls().insert(&call, Database::now()).await.unwrap().unwrap();
        let recording = Recording {
            id: RecordingId(ids.next()),
            call,
            provider: Provider::Callrail,
            provider_recording_id: None,
            state: RecordingState::Stored,
            blob_key: Some(format!("tenants/{id}/a.wav")),
            content_type: None,
            size_bytes: Some(7),
            sha256: Some("abc".to_owned()),
            duration_seconds: None,
            error: None,
        };
        unit.calls().save_recording(&recording, Database::now()).await.unwrap();
        unit.commit().await.unwrap();
    }
}

async fn dumped(db: &Database, folder: &Path) -> Dumped {
    dump(&db.target, folder, &Unwatched).await.unwrap()
}

/// Every row as text.
async fn rows(db: &Database, tables: impl Iterator<Item = &String>) -> Facts {
    let mut all = Facts::new();
    for table in tables {
        let query = if db.is_postgres() {
            format!("SELECT '{table} ' || t::text FROM \"{table}\" t")
        } else {
            let columns = db.texts(&format!("SELECT name FROM pragma_table_info('{table}')")).await;
            let told: Vec<_> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
            format!("SELECT '{table} ' || {} FROM \"{table}\"", told.join(" || ' ' || "))
        };
        all.extend(db.texts(&query).await);
    }
    all
}

/// What each role may do, and what policies say.
async fn rights(db: &Database) -> Facts {
    if !db.is_postgres() {
        return Facts::new();
    }
    let queries = [
        "SELECT grantee || ' ' || privilege_type || ' ' || table_name FROM information_schema.role_table_grants \
         WHERE table_schema = 'public' AND grantee LIKE 'otto\\_%'",
        "SELECT grantee || ' ' || privilege_type || ' ' || object_name FROM information_schema.role_usage_grants \
         WHERE object_schema = 'public' AND grantee LIKE 'otto\\_%'",
        "SELECT defaclobjtype::text || ' ' || defaclacl::text FROM pg_default_acl",
        "SELECT has_schema_privilege('otto_app', 'public', 'USAGE')::text || has_schema_privilege('otto_system', 'public', 'USAGE')::text",
        "SELECT tablename || ' ' || policyname || ' ' || permissive || ' ' || roles::text || ' ' || cmd || ' ' || qual || ' ' || \
         with_check FROM pg_policies",
        "SELECT relname::text || ' ' || relrowsecurity::text || relforcerowsecurity::text || ' ' || coalesce(reloptions::text, '') \
         FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'",
    ];
    let mut all = Facts::new();
    for query in queries {
        all.extend(db.texts(query).await);
    }
    all
}

async fn comes_back(db: &Database, other: &Database) {
    furnish(db).await;
    let folder = tempfile::tempdir().unwrap();
    let dumped = dumped(db, folder.path()).await;
    assert_eq!(
        (dumped.rows.get("companies"), dumped.rows.get("calls"), dumped.recordings),
        (Some(&2), Some(&2), 2)
    );
    assert_eq!(dumped.migrations, known_migrations(&db.target).unwrap());
    let listed = fs::read_to_string(folder.path().join(RECORDINGS)).unwrap();
    let listed: Vec<ListedRecording> =
        listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let recording = |company: &str| ListedRecording {
        key: format!("tenants/{company}/a.wav"),
        size: 7,
        sha256: "abc".to_owned(),
    };
    assert_eq!(listed, [recording("org_a"), recording("org_b")]);

    check_empty(&other.target).await.unwrap();
    restore(&other.target, folder.path(), &dumped, &Unwatched).await.unwrap();
    assert_eq!(definition(other).await, definition(db).await);
    assert_eq!(rights(other).await, rights(db).await);
    assert_eq!(rows(other, dumped.rows.keys()).await, rows(db, dumped.rows.keys()).await);
    store_sql::check(&other.target).await.unwrap();

    // and it lives: numbers the vendor may know are passed over
    let last = db.number("SELECT max(id) FROM calls").await;
    let scope = Scope::system(CompanyId::try_new("org_a").unwrap(), "test");
    let mut unit = other.store.begin(&scope).await.unwrap();
    let mut call = unit.calls().find(CallId(1)).await.unwrap().unwrap();
    "CAL2".clone_into(&mut call.ids.primary);
    let next = unit.calls().insert(&call, Database::now()).await.unwrap().unwrap();
    unit.rollback().await.unwrap();
    assert!((last + 1_000_001..last + 1_000_100).contains(&next.0), "{next} after {last}");

    let again = restore(&other.target, folder.path(), &dumped, &Unwatched).await.unwrap_err();
    assert!(matches!(again, BackupError::NotEmpty(_)), "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dumped_comes_back_on_sqlite() {
    comes_back(&testkit::sqlite().await, &testkit::empty_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_dumped_comes_back_on_postgres() {
    comes_back(&testkit::postgres().await, &testkit::empty_postgres().await).await;
}

/// The same with a login that is no superuser and does not bypass policies: every row comes all the same.
#[tokio::test(flavor = "multi_thread")]
async fn an_ordinary_owner_dumps_and_restores_every_row() {
    let (db, other) = (testkit::empty_postgres().await, testkit::empty_postgres().await);
    let login = format!("owner_{}", std::process::id());
    let name = |db: &Database| db.url().rsplit_once('/').unwrap().1.to_owned();
    // roles are the server's, and another test may be making them
    store_sql::migrate(&testkit::empty_postgres().await.target).await.unwrap();
    db.run(&format!("CREATE ROLE {login} LOGIN NOSUPERUSER NOBYPASSRLS IN ROLE otto_app, otto_system")).await;
    for db in [&db, &other] {
        db.run(&format!(
            "ALTER DATABASE \"{}\" OWNER TO {login}; ALTER SCHEMA public OWNER TO {login}",
            name(db)
        ))
        .await;
    }
    let as_owner = |db: &Database| Target::Postgres(db.url().replacen("otto@", &format!("{login}@"), 1));
    store_sql::migrate(&as_owner(&db)).await.unwrap();
    furnish(&db).await;
    let owned = db
        .number("SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tableowner LIKE 'owner%'")
        .await;
    assert!(owned > 20, "{owned}");
    let folder = tempfile::tempdir().unwrap();
    let dumped = dump(&as_owner(&db), folder.path(), &Unwatched).await.unwrap();
    assert_eq!((dumped.rows["companies"], dumped.rows["calls"]), (2, 2));
    restore(&as_owner(&other), folder.path(), &dumped, &Unwatched).await.unwrap();
    assert_eq!(rows(&other, dumped.rows.keys()).await, rows(&db, dumped.rows.keys()).await);
    drop((db, other));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_could_hide_rows_is_refused() {
    let db = testkit::postgres().await;
    furnish(&db).await;
    for policy in [
        "CREATE POLICY hides ON calls AS RESTRICTIVE TO otto_system USING (company_id = 'org_a')",
        "DROP POLICY hides ON calls; ALTER POLICY across_tenants ON calls USING (company_id = 'org_a')",
    ] {
        db.run(policy).await;
        let folder = tempfile::tempdir().unwrap();
        let told = dump(&db.target, folder.path(), &Unwatched).await.unwrap_err().to_string();
        assert!(told.contains("could keep rows of calls from a backup"), "{told}");
    }
}

async fn refuses_what_is_damaged(db: &Database, other: &Database) {
    furnish(db).await;
    let folder = tempfile::tempdir().unwrap();
    let dumped = dumped(db, folder.path()).await;
    let file = folder.path().join(&dumped.file);
    let whole = fs::read(&file).unwrap();
    fs::write(&file, whole.split_at(whole.len() / 2).0).unwrap();
    restore(&other.target, folder.path(), &dumped, &Unwatched).await.unwrap_err();
    check_empty(&other.target).await.expect("all or nothing");
    // a manifest that speaks of more rows than there are
    fs::write(&file, whole).unwrap();
    let mut more = dumped.clone();
    more.rows.insert("calls".to_owned(), 3);
    let told = restore(&other.target, folder.path(), &more, &Unwatched).await.unwrap_err().to_string();
    assert_eq!(told, "calls has 2 rows of 3");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_is_refused_on_sqlite() {
    refuses_what_is_damaged(&testkit::sqlite().await, &testkit::empty_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_damaged_is_refused_on_postgres() {
    refuses_what_is_damaged(&testkit::postgres().await, &testkit::empty_postgres().await).await;
}
