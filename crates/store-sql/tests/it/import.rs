//! Moving in from the predecessor: what it has, with its defects, into both databases, and again.

use app::{
    import::{ImportOrder, Report, Tally, import},
    ingest::apply_call_event,
    ports::{OldTable, PredecessorError},
    progress::Unwatched,
    verify::{Order, verify},
};
use calls::{CallEvent, CallEventKind, ProviderCallIds, ReportedFacts};
use kernel::{CompanyId, PhoneNumber, Provider, Scope};
use store_sql::OldDatabase;
use testkit::{Database, World};

const FIXTURE: &str = include_str!("import_fixture.sql");

/// Every table rows could be put into.
const TABLES: [&str; 20] = [
    "companies",
    "users",
    "tracking_numbers",
    "provider_accounts",
    "provider_credentials",
    "contact_cards",
    "leads",
    "lead_status_history",
    "appointments",
    "tasks",
    "key_signals",
    "calls",
    "imported_calls",
    "call_outcomes",
    "recordings",
    "shunya_jobs",
    "call_transcripts",
    "call_analyses",
    "call_objections",
    "events",
];

macro_rules! into_both {
    ($($case:ident),* $(,)?) => {
        mod into_sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                super::$case(testkit::World::new(testkit::sqlite().await)).await;
            })*
        }
        mod into_postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                super::$case(testkit::World::new(testkit::postgres().await)).await;
            })*
        }
    };
}

into_both!(
    everything_that_can_be_taken_is_taken_once_and_agrees,
    a_dry_run_tells_the_same_and_changes_nothing,
    one_company_is_moved_alone,
    what_people_have_here_stays,
    a_call_its_provider_told_of_first_is_the_same_call,
    a_call_its_provider_tells_of_later_is_the_same_call,
);

async fn predecessor() -> (Database, OldDatabase) {
    let old = testkit::empty_postgres().await;
    old.run(FIXTURE).await;
    let opened = OldDatabase::open(&old.url()).await.unwrap();
    (old, opened)
}

async fn moved_in(world: &World, order: &ImportOrder) -> Report {
    let (_old, predecessor) = predecessor().await;
    import(&world.ports, &predecessor, order, &Unwatched).await.unwrap()
}

async fn rows(world: &World) -> Vec<(&'static str, i64)> {
    let mut rows = Vec::new();
    for table in TABLES {
        rows.push((table, world.db.rows(table).await));
    }
    rows
}

fn tally(report: &Report, table: OldTable) -> Tally {
    report.totals().into_iter().find(|(which, _)| *which == table).unwrap().1
}

/// Read, taken, there, united, set aside.
fn numbers(report: &Report, table: OldTable) -> [u64; 5] {
    let tally = tally(report, table);
    [tally.read, tally.taken, tally.there, tally.united, tally.aside.values().sum()]
}

async fn assert_agrees(world: &World) {
    // what nothing will move is told after a quarter of an hour
    world.clock.advance(chrono::Duration::days(2));
    let report = verify(&world.ports, &world.db.system, &Order::default(), &Unwatched).await;
    assert!(report.is_clean(), "{:#}", report.to_json());
}

async fn assert_nobody_was_told_or_set_to_work(world: &World) {
    assert_eq!(world.db.rows("jobs").await, 0);
    assert_eq!(world.db.rows("webhook_inbox").await, 0);
    assert!(world.bus.published().is_empty());
    // what happened is told where its time is, before everything that happens from now on
    let id = if world.db.is_postgres() { "replace(id::text, '-', '')" } else { "lower(hex(id))" };
    let newest = world.db.texts(&format!("SELECT max({id}) FROM events")).await;
    assert!(newest < vec![world.ports.ids.next().simple().to_string()], "{newest:?}");
    let at = if world.db.is_postgres() { "extract(epoch FROM created_at)" } else { "created_at / 1000000" };
    let newest = world.db.number(&format!("SELECT CAST(max({at}) AS bigint) FROM events")).await;
    assert!(newest < world.clock_now().timestamp());
}

async fn everything_that_can_be_taken_is_taken_once_and_agrees(world: World) {
    let first = moved_in(&world, &ImportOrder::default()).await;
    assert!(first.is_new() && !first.dry_run);
    assert_eq!(numbers(&first, OldTable::Companies), [3, 2, 0, 0, 1]);
    assert_eq!(numbers(&first, OldTable::Users), [3, 2, 0, 0, 1]);
    assert_eq!(numbers(&first, OldTable::ContactCards), [6, 4, 0, 1, 1]);
    assert_eq!(numbers(&first, OldTable::Leads), [6, 3, 0, 0, 3]);
    assert_eq!(numbers(&first, OldTable::Calls), [7, 7, 0, 0, 0]);
    assert_eq!(numbers(&first, OldTable::Appointments), [5, 2, 0, 0, 3]);
    assert_eq!(numbers(&first, OldTable::Tasks), [5, 3, 0, 0, 2]);
    assert_eq!(numbers(&first, OldTable::KeySignals), [4, 2, 0, 0, 2]);
    assert_eq!(first.calls_of_nobody, 1);
    assert_nobody_was_told_or_set_to_work(&world).await;

    let db = &world.db;
    let texts = |query: &'static str| db.texts(query);
    // cards of one number are one card, with what each knew
    assert_eq!(
        texts("SELECT first_name || ' ' || email FROM contact_cards WHERE primary_phone = '+16025550101'")
            .await,
        ["Dana dana@example.com"]
    );
    // the lead changed last stays active, the other sleeps
    assert_eq!(
        texts("SELECT status FROM leads ORDER BY status").await,
        ["dormant", "hot", "qualified_booked"]
    );
    assert_eq!(
        texts("SELECT coalesce(from_status, '-') || '>' || to_status FROM lead_status_history h WHERE lead_id = \
               (SELECT id FROM leads WHERE status = 'qualified_booked') ORDER BY lead_version").await,
        ["->new", "new>warm", "warm>qualified_unbooked", "qualified_unbooked>qualified_booked"]
    );
    assert_eq!(
        texts("SELECT status FROM calls ORDER BY status").await,
        ["completed", "completed", "completed", "completed", "completed", "completed", "missed"]
    );
    // the answer the vendor gave counts, not the columns it was taken apart into
    assert_eq!(
        texts("SELECT c.company_id || ' ' || lead_quality || ' ' || booking_status || ' ' || stage || ' ' || owner_id \
               FROM calls c WHERE provider_call_id = 'predecessor-1'").await,
        ["org_a hot booked analysed user_csr"]
    );
    assert_eq!(
        texts("SELECT lead_quality FROM calls WHERE provider_call_id = 'predecessor-6'").await,
        ["hot"]
    );
    assert_eq!(db.rows("call_analyses").await, 3);
    assert_eq!(db.rows("call_transcripts").await, 2);
    assert_eq!(db.number("SELECT CAST(sold_price_cents AS bigint) FROM call_outcomes").await, 1_250_050);
    // who called and has no card gets one
    assert_eq!(db.number("SELECT count(*) FROM contact_cards WHERE primary_phone = '+16025550106'").await, 1);
    assert_eq!(texts("SELECT status FROM tasks ORDER BY status").await, ["completed", "open", "overdue"]);
    assert_eq!(
        db.number("SELECT count(*) FROM tasks WHERE call_id IS NOT NULL AND appointment_id IS NULL").await,
        1
    );
    let sealed =
        world.db.number("SELECT count(*) FROM provider_credentials WHERE company_id = 'org_a'").await;
    assert_eq!(sealed, 2);

    let before = rows(&world).await;
    let again = moved_in(&world, &ImportOrder::default()).await;
    assert!(!again.is_new(), "{:#}", again.to_json());
    for table in std::iter::once(OldTable::Companies).chain(OldTable::OF_COMPANIES) {
        let ([read, taken, _, _, aside], [read_again, taken_again, there, united, aside_again]) =
            (numbers(&first, table), numbers(&again, table));
        assert_eq!((read, aside, 0), (read_again, aside_again, taken_again), "{table:?}");
        assert!(there >= taken, "{table:?}");
        assert_eq!(read, there + united + aside, "{table:?}");
    }
    assert_eq!(rows(&world).await, before);
    assert_agrees(&world).await;
    let told = again.to_json().to_string() + &first.to_json().to_string();
    for secret in ["555", "secret-key", "ACC77", "Dana", "266696687"] {
        assert!(!told.contains(secret), "{secret}");
    }
}

async fn a_dry_run_tells_the_same_and_changes_nothing(world: World) {
    let before = rows(&world).await;
    let dry = moved_in(&world, &ImportOrder { dry_run: true, ..ImportOrder::default() }).await;
    assert_eq!(rows(&world).await, before);
    let real = moved_in(&world, &ImportOrder::default()).await;
    assert!(dry.dry_run);
    for table in std::iter::once(OldTable::Companies).chain(OldTable::OF_COMPANIES) {
        assert_eq!(numbers(&dry, table), numbers(&real, table), "{table:?}");
    }
}

async fn one_company_is_moved_alone(world: World) {
    let company = CompanyId::try_new("org_b").unwrap();
    let report = moved_in(&world, &ImportOrder { company: Some(company), dry_run: false }).await;
    assert_eq!(numbers(&report, OldTable::Companies), [1, 1, 0, 0, 0]);
    assert_eq!(world.db.texts("SELECT DISTINCT company_id FROM contact_cards").await, ["org_b"]);
    assert_eq!(world.db.rows("calls").await, 1);
    assert_agrees(&world).await;
    let (_old, predecessor) = predecessor().await;
    let nobody = ImportOrder { company: Some(CompanyId::try_new("org_z").unwrap()), dry_run: false };
    let refused = import(&world.ports, &predecessor, &nobody, &Unwatched).await.unwrap_err();
    assert_eq!(refused.to_string(), "the predecessor has no company org_z");
}

async fn what_people_have_here_stays(world: World) {
    moved_in(&world, &ImportOrder::default()).await;
    world
        .db
        .run(
            "UPDATE leads SET status = 'closed_won' WHERE status = 'hot'; \
             UPDATE contact_cards SET first_name = 'Diana' WHERE first_name = 'Dana'; \
             UPDATE companies SET name = 'Summit', time_zone = 'America/Denver' WHERE id = 'org_a'; \
             UPDATE tasks SET status = 'cancelled' WHERE status <> 'completed'; \
             UPDATE appointments SET status = 'cancelled'",
        )
        .await;
    let again = moved_in(&world, &ImportOrder::default()).await;
    assert!(!again.is_new(), "{:#}", again.to_json());
    assert_eq!(world.db.number("SELECT count(*) FROM leads WHERE status = 'closed_won'").await, 1);
    assert_eq!(world.db.number("SELECT count(*) FROM contact_cards WHERE first_name = 'Diana'").await, 1);
    assert_eq!(
        world.db.texts("SELECT time_zone FROM companies WHERE id = 'org_a'").await,
        ["America/Denver"]
    );
}

/// What CallRail's list says of the predecessor's first call, which began a minute before its row was made.
fn listed(name: &str) -> CallEvent {
    CallEvent {
        kind: CallEventKind::Listed,
        ids: ProviderCallIds { primary: name.to_owned(), legacy: None },
        digest: 5,
        facts: ReportedFacts {
            answered: Some(true),
            phone: PhoneNumber::parse("+16025550105").ok(),
            customer_name: Some("Priya Nair".to_owned()),
            started_at: "2026-11-10T11:59:00Z".parse().ok(),
            duration_seconds: Some(75),
            ..ReportedFacts::default()
        },
        problems: Vec::new(),
    }
}

async fn hear(world: &World, event: &CallEvent) {
    let scope = Scope::system(CompanyId::try_new("org_a").unwrap(), "test");
    let now = world.clock_now();
    let mut work = world.ports.begin(&scope).await.unwrap();
    apply_call_event(&mut work, Provider::Callrail, event, now).await.unwrap();
    work.commit().await.unwrap();
}

async fn a_call_its_provider_told_of_first_is_the_same_call(world: World) {
    // the company alone, as `otto tenants set` makes it
    world
        .db
        .run(
            "INSERT INTO companies (id, name, tenant_key, created_at, updated_at) VALUES ('org_a', 'Summit', \
             'org_a-tenant-key-0000', CURRENT_TIMESTAMP, CURRENT_TIMESTAMP)"
                .replace("CURRENT_TIMESTAMP", if world.db.is_postgres() { "now()" } else { "1" })
                .as_str(),
        )
        .await;
    hear(&world, &listed("CAL1")).await;
    let report = moved_in(&world, &ImportOrder::default()).await;
    assert_eq!(numbers(&report, OldTable::Calls), [7, 6, 0, 1, 0]);
    assert_eq!(
        world.db.number("SELECT count(*) FROM calls WHERE provider_call_id = 'predecessor-1'").await,
        0
    );
    let again = moved_in(&world, &ImportOrder::default()).await;
    assert!(!again.is_new(), "{:#}", again.to_json());
    assert_eq!(world.db.number("SELECT count(*) FROM calls WHERE company_id = 'org_a'").await, 6);
}

async fn a_call_its_provider_tells_of_later_is_the_same_call(world: World) {
    moved_in(&world, &ImportOrder::default()).await;
    let calls = world.db.rows("calls").await;
    for _ in 0..2 {
        hear(&world, &listed("CAL1")).await;
        assert_eq!(world.db.rows("calls").await, calls);
    }
    assert_eq!(
        world
            .db
            .texts("SELECT customer_name || ' ' || stage || ' ' || lead_quality FROM calls WHERE provider_call_id = 'CAL1'")
            .await,
        ["Priya Nair analysed hot"]
    );
    assert!(world.bus.published().is_empty(), "it is no news");
    let again = moved_in(&world, &ImportOrder::default()).await;
    assert!(!again.is_new(), "{:#}", again.to_json());
    assert_eq!(world.db.rows("calls").await, calls);
    assert_agrees(&world).await;
    // a call of another time is another call
    let mut other = listed("CAL2");
    other.facts.started_at = "2026-11-10T15:00:00Z".parse().ok();
    hear(&world, &other).await;
    assert_eq!(world.db.rows("calls").await, calls + 1);
}

#[tokio::test]
async fn another_database_is_told_from_the_predecessors() {
    let own = testkit::postgres().await;
    assert!(matches!(OldDatabase::open(&own.url()).await, Err(PredecessorError::Another)));
    let empty = testkit::empty_postgres().await;
    assert!(matches!(OldDatabase::open(&empty.url()).await, Err(PredecessorError::Another)));
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_a_deployment_lacks_are_told() {
    let old = testkit::empty_postgres().await;
    old.run(FIXTURE).await;
    old.run("DROP TABLE tasks; DROP TABLE call_transcripts; DROP TABLE key_signals").await;
    let predecessor = OldDatabase::open(&old.url()).await.unwrap();
    let world = World::new(testkit::sqlite().await);
    let report = import(&world.ports, &predecessor, &ImportOrder::default(), &Unwatched).await.unwrap();
    assert!(tally(&report, OldTable::Tasks).is_missing && tally(&report, OldTable::KeySignals).is_missing);
    assert_eq!(tally(&report, OldTable::Calls).taken, 7);
}
