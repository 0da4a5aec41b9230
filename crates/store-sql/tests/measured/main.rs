//! Statements have names, and are measured by them. In a program of its own: what other tests listen to, and no longer do,
//! would decide what is heard here.

#![expect(clippy::expect_used, clippy::unwrap_used, reason = "tests fail by panicking")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::{self, Write},
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use app::ports::{NewContact, Store};
use kernel::{ContactCardId, PhoneNumber, StoreError};
use metrics_exporter_prometheus::PrometheusBuilder;
use store_sql::PoolSettings;
use testkit::{Database, TestIds, eventually};
use tracing_subscriber::{EnvFilter, fmt::format::FmtSpan};

/// What the crate says of the tables.
const SCHEMA: &str = concat!(
    include_str!("../../src/schema/telephony.rs"),
    include_str!("../../src/schema/crm.rs"),
    include_str!("../../src/schema/tenancy.rs"),
    include_str!("../../src/schema/work.rs"),
);

/// The tables, and what is none and yet is asked for something.
fn subjects() -> BTreeSet<String> {
    let tables = SCHEMA.lines().filter_map(|line| {
        line.trim().strip_suffix(") {").and_then(|line| line.split_once(" (")).map(|(table, _)| table)
    });
    tables.chain(["transaction", "server"]).map(str::to_owned).collect()
}

/// What statements are written with.
const ASKED: [&str; 7] =
    ["on_db!(", "on_postgres!(", "on_sqlite!(", "at_once!(", "later!(", "find_locked!(", "of_company!("];

/// Names by where they are used: the twins of a statement that differs between the databases stand in one function.
fn names(folder: &Path, found: &mut BTreeMap<String, BTreeSet<String>>) {
    for entry in fs::read_dir(folder).expect("the source is there") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            names(&path, found);
            continue;
        }
        let text = fs::read_to_string(&path).expect("a source file");
        for function in text.split("fn ") {
            let place = format!("{} {}", path.display(), function.split('(').next().unwrap_or_default());
            for asked in ASKED {
                for statement in function.split(asked).skip(1) {
                    // the macros hand each other the name they were given
                    let Some(name) = statement.split('"').nth(1).filter(|name| name.contains('.')) else {
                        assert!(statement.contains("$name"), "a statement without a name: {place}");
                        continue;
                    };
                    found.entry(name.to_owned()).or_default().insert(place.clone());
                }
            }
        }
    }
}

#[test]
fn each_name_says_what_is_done_to_what_in_one_place() {
    let mut found = BTreeMap::new();
    names(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    assert!(found.len() > 120, "{found:?}");
    let subjects = subjects();
    for (name, places) in found {
        let (subject, _) = name.split_once('.').expect("a dot");
        if subject == "store" {
            continue;
        }
        assert!(subjects.contains(subject), "{name} is about no table ({places:?})");
        assert_eq!(places.len(), 1, "{name} stands for several statements: {places:?}");
    }
}

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Kept {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

/// What listens on one thread is heard of by all of them: who listens does so alone.
static LISTENING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

const NUMBER: &str = "+16025550123";

/// Adds a customer to a company, of a store that finds statements slow after so long.
async fn add_customer(db: &Database, slow: Duration) {
    db.run(
        "INSERT INTO companies (id, name, tenant_key, created_at, updated_at) \
         VALUES ('org_a', 'A', 'tenant-key-0000000', now(), now())",
    )
    .await;
    let settings = PoolSettings { slow_statement: slow, ..PoolSettings::default() };
    let (store, _) = store_sql::open(&db.target, None, &settings, Arc::new(testkit::Dice(0.5))).unwrap();
    let scope = kernel::Scope::system(kernel::CompanyId::try_new("org_a").unwrap(), "test");
    let mut unit = store.begin(&scope).await.unwrap();
    let phone = PhoneNumber::parse(NUMBER).unwrap();
    let id = ContactCardId::fresh(&TestIds::default());
    let contact = NewContact { id, phone: &phone, name: Some("Quincy Oddfellow"), city: None, state: None };
    unit.crm().ensure_contact(&contact, Database::now()).await.unwrap();
    unit.commit().await.unwrap();
}

#[tokio::test]
async fn a_slow_statement_is_told_by_its_name_and_nothing_else() {
    let _alone = LISTENING.lock().await;
    let db = testkit::postgres().await;
    let kept = Kept::default();
    let to = kept.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new("store_sql=debug"))
        .with_span_events(FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(move || to.clone())
        .finish();
    let logging = tracing::subscriber::set_default(subscriber);
    add_customer(&db, Duration::ZERO).await;
    drop(logging);
    let text = kept.text();
    for name in ["store.contact_cards.ensure", "store.transaction.commit"] {
        let warned = format!("slow statement statement=\"{name}\" milliseconds=");
        assert!(text.contains(&warned), "no warning of {name} in {text}");
        let closed =
            text.lines().any(|line| line.contains(&format!("DEBUG {name}: ")) && line.contains("close"));
        assert!(closed, "no span of {name} in {text}");
    }
    assert!(!text.contains("6025550123") && !text.contains("Oddfellow"), "{text}");
}

#[tokio::test]
async fn what_is_not_slow_is_measured_and_not_told() {
    let _alone = LISTENING.lock().await;
    let db = testkit::postgres().await;
    let recorder = PrometheusBuilder::new().build_recorder();
    let measured = recorder.handle();
    let kept = Kept::default();
    let to = kept.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || to.clone()).finish();
    let logging = tracing::subscriber::set_default(subscriber);
    let measuring = metrics::set_default_local_recorder(&recorder);
    add_customer(&db, Duration::from_mins(1)).await;
    drop((logging, measuring));
    assert_eq!(kept.text(), "");
    let text = measured.render();
    let count = "otto_db_statement_duration_seconds_count{statement=\"store.contact_cards.ensure\"} 1";
    assert!(text.contains(count), "{text}");
    assert!(text.contains("otto_db_pool_wait_seconds_count{pool=\"app\"} 1"), "{text}");
}

#[tokio::test]
async fn who_waits_for_a_full_pool_is_seen_then_told_so_and_served_once_there_is_room() {
    let db = testkit::postgres().await;
    let recorder = PrometheusBuilder::new().build_recorder();
    let measured = recorder.handle();
    let _measuring = metrics::set_default_local_recorder(&recorder);
    let scope = kernel::Scope::system(kernel::CompanyId::try_new("org_a").unwrap(), "test");
    let settings =
        PoolSettings { size: 2, overflow: 1, wait: Duration::from_secs(1), ..PoolSettings::default() };
    let (store, _) = store_sql::open(&db.target, None, &settings, Arc::new(testkit::Dice(0.5))).unwrap();
    let mut units = Vec::new();
    for _ in 0..3 {
        units.push(store.begin(&scope).await.unwrap());
    }
    let (waits, scoped) = (store.clone(), scope.clone());
    let waiter = tokio::spawn(async move { waits.begin(&scoped).await.map(|_| ()) });
    eventually("somebody is seen waiting", async || store.pool_use()[0].waiting == 1).await;
    let full = store.pool_use()[0];
    assert_eq!((full.limit, full.open, full.busy), (3, 3, 3));
    let error = waiter.await.unwrap().expect_err("nobody gave a connection back");
    let StoreError::TimedOut(source) = &error else { panic!("{error:?}") };
    let said = source.to_string();
    assert!(said.starts_with("no connection of the pool `app` came free within 1."), "{said}");
    assert!(said.ends_with("all 3 are in use, and 0 more callers wait"), "{said}");
    assert!(error.is_transient() && !error.is_momentary());
    assert_eq!(store.pool_use()[0].waiting, 0, "who gave up waits no more");

    // somebody who waits gets the first that comes back
    let waits = store.clone();
    let waiter = tokio::spawn(async move { waits.begin(&scope).await.map(|_| ()) });
    eventually("somebody is seen waiting", async || store.pool_use()[0].waiting == 1).await;
    units.pop().unwrap().rollback().await.unwrap();
    waiter.await.unwrap().expect("there is room again");
    let text = measured.render();
    assert!(text.contains("otto_db_pool_timeouts_total{pool=\"app\"} 1"), "{text}");
    assert!(text.contains("otto_db_pool_wait_seconds_count{pool=\"app\"} 5"), "{text}");
}
