//! Calls, their customers and what is told of them are what the events say, in whatever order these come and however
//! often.
//!
//! Every order is tried by a company of its own in one database; then all that is stored for one company is compared with
//! all that is stored for another, but for the numbers and ids that were given out.

use std::collections::BTreeMap;

use app::ingest::apply_call_event;
use calls::{CallEvent, CallEventKind, Direction, Problem, ProviderCallIds, RecordingRef, ReportedFacts};
use chrono::Duration;
use futures_util::{StreamExt, stream};
use kernel::{Provider, Scope, UserId};
use proptest::{
    collection::vec,
    option,
    prelude::*,
    sample::{select, subsequence},
    test_runner::{Config, TestCaseError, TestRunner},
};
use rbac::Role;
use testkit::{Database, World};

use crate::setup::{in_time, on_both, phone, tenant_with};

on_both!(
    everything_a_call_can_be_told_of_in_every_order,
    two_calls_of_one_customer_in_every_interleaving,
    one_call_under_both_its_names_in_every_order,
    a_call_whose_customer_is_told_twice_over_in_every_order,
);

// -- events --

fn event(kind: CallEventKind, call: &str, digest: u64, facts: ReportedFacts) -> CallEvent {
    let ids = ProviderCallIds { primary: call.to_owned(), legacy: None };
    CallEvent { kind, ids, digest, facts, problems: Vec::new() }
}

#[expect(clippy::unnecessary_wraps, reason = "all of it is optional")]
fn text(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// Six events of one call that agree about nothing.
fn quarrel() -> Vec<CallEvent> {
    let start = Database::now();
    let said = |second: i64, name: &str, csr: &str| ReportedFacts {
        direction: Some(Direction::Inbound),
        phone: Some(phone(1)),
        customer_name: text(name),
        csr_id: text(csr),
        started_at: Some(start - Duration::seconds(second)),
        ..ReportedFacts::default()
    };
    let mut incoming = event(CallEventKind::Incoming, "CAL1", 6, said(100, "Caller One", "front desk"));
    incoming.facts.customer_city = text("Tempe");
    incoming.problems = vec![Problem::new("duration", "negative_duration")];
    let answered = event(CallEventKind::Answered, "CAL1", 5, said(101, "Caller Two", "csr_1"));
    let mut missed = event(CallEventKind::Missed, "CAL1", 4, said(102, "Caller Three", "csr_2"));
    missed.facts.tracking_number = Some(phone(9));
    let mut listed = event(CallEventKind::Listed, "CAL1", 3, said(103, "Caller Four", "agent 7"));
    listed.facts.answered = Some(false);
    listed.facts.campaign = text("Listed");
    listed.facts.recording = Some(RecordingRef { id: "CAL1".into(), duration_seconds: Some(30) });
    let mut completed = event(
        CallEventKind::Completed,
        "CAL1",
        2,
        ReportedFacts {
            answered: Some(true),
            campaign: text("Spring"),
            source: text("Google Ads"),
            duration_seconds: Some(60),
            recording: Some(RecordingRef { id: "CAL1".into(), duration_seconds: Some(58) }),
            ..said(104, "Caller Five", "csr_1")
        },
    );
    completed.facts.customer_state = text("AZ");
    let mut modified = event(
        CallEventKind::Modified,
        "CAL1",
        1,
        ReportedFacts {
            answered: Some(true),
            duration_seconds: Some(61),
            ..said(105, "Caller Six", "nobody")
        },
    );
    modified.problems = vec![Problem::new("direction", "unknown_direction")];
    vec![incoming, answered, missed, listed, completed, modified]
}

/// Every order of some things.
fn orders<T: Clone>(of: &[T]) -> Vec<Vec<T>> {
    let Some((first, rest)) = of.split_first() else { return vec![Vec::new()] };
    let mut all = Vec::new();
    for order in orders(rest) {
        for place in 0..=order.len() {
            let mut order = order.clone();
            order.insert(place, first.clone());
            all.push(order);
        }
    }
    all
}

// -- trying an order --

/// A company with two people who answer calls.
async fn company(world: &World, name: &str) -> Scope {
    let people =
        ["csr_1", "csr_2"].map(|id| (UserId::try_new(format!("{name}-{id}")).unwrap(), None, Role::Csr));
    tenant_with(world, name, people.into()).await
}

/// Applies events for a company, one after the other; names of its people are made its own.
async fn tell(world: &World, scope: &Scope, events: &[CallEvent]) {
    let now = world.ports.clock.now();
    for event in events {
        let mut event = event.clone();
        if let Some(id) = event.facts.csr_id.as_mut().filter(|id| id.starts_with("csr_")) {
            *id = format!("{}-{id}", scope.company);
        }
        let mut work = world.ports.begin(scope).await.unwrap();
        apply_call_event(&mut work, Provider::Callrail, &event, now).await.unwrap();
        work.commit().await.unwrap();
    }
}

/// Tries orders, each for a company of its own, and compares what is stored in the end.
async fn compare(world: &World, orders: Vec<Vec<CallEvent>>) {
    let total = orders.len();
    let tried: Vec<(String, Vec<CallEvent>)> = stream::iter(orders.into_iter().enumerate())
        .map(async |(number, order)| {
            let name = format!("org_{number}");
            let scope = company(world, &name).await;
            // the one before comes once more
            let twice: Vec<CallEvent> = order
                .iter()
                .enumerate()
                .flat_map(|(place, event)| [event.clone(), order[place.saturating_sub(number % 3)].clone()])
                .collect();
            tell(world, &scope, &twice).await;
            (name, order)
        })
        .buffered(6)
        .collect()
        .await;
    let stored = Stored::of(&world.db).await;
    let first = stored.of_company(&tried[0].0);
    assert!(first.len() > 4, "{first:#?}");
    for (name, order) in &tried {
        let kinds: Vec<_> = order.iter().map(|event| (event.ids.primary.as_str(), event.kind)).collect();
        assert_eq!(stored.of_company(name), first, "{kinds:?}, one of {total}");
    }
}

// -- all that is stored --

/// Every row of every table an event may touch, by company, as text: each column, but ids as what they stand for.
struct Stored(BTreeMap<String, Vec<String>>);

/// What ids stand for; where one is not to be compared, nothing.
fn instead(table: &str, column: &str) -> Option<&'static str> {
    let call = "(SELECT c.provider || c.provider_call_id FROM calls c WHERE c.id = t.call_id)";
    let card = "(SELECT c.primary_phone FROM contact_cards c WHERE c.id = t.contact_card_id)";
    let lead = "(SELECT c.primary_phone FROM contact_cards c JOIN leads l ON l.contact_card_id = c.id \
                WHERE l.id = t.lead_id)";
    Some(match (table, column) {
        (_, "id" | "company_id") => "",
        (_, "contact_card_id") => card,
        (_, "lead_id") => lead,
        // which of a customer's calls their lead was made for is a matter of which was first
        ("events", "call_id") => {
            "CASE t.event WHEN 'lead.created' THEN '' ELSE \
             (SELECT c.provider || c.provider_call_id FROM calls c WHERE c.id = t.call_id) END"
        }
        (_, "call_id") => call,
        // the key holds an id; that it is the right one is asserted apart
        ("events", "event_key" | "data") => "",
        // how old a job's arguments are does not matter, whose they are is in the number of them
        ("jobs", "args" | "dedupe_key" | "fairness_key") => "",
        _ => return None,
    })
}

const TABLES: [&str; 7] =
    ["calls", "contact_cards", "leads", "lead_status_history", "recordings", "events", "jobs"];

impl Stored {
    async fn of(db: &Database) -> Self {
        let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for table in TABLES {
            let columns = if db.is_postgres() {
                format!(
                    "SELECT column_name::text FROM information_schema.columns WHERE table_schema = 'public' \
                         AND table_name = '{table}' ORDER BY 1"
                )
            } else {
                format!("SELECT name FROM pragma_table_info('{table}') ORDER BY 1")
            };
            let columns = db.texts(&columns).await;
            assert!(columns.len() > 5, "{table}: {columns:?}");
            let cells = columns.iter().filter_map(|column| match instead(table, column) {
                Some("") => None,
                Some(other) => Some((column, other.to_owned())),
                None => Some((column, format!("t.{column}"))),
            });
            let cells: Vec<_> = cells
                .map(|(column, cell)| format!("'; {column}=' || coalesce(CAST({cell} AS TEXT), '-')"))
                .collect();
            let all = format!("SELECT t.company_id || '|{table}' || {} FROM {table} t", cells.join(" || "));
            for row in db.texts(&all).await {
                let (company, row) = row.split_once('|').unwrap();
                // people's ids are the company's own
                let row = row.replace(&format!("{company}-"), "");
                rows.entry(company.to_owned()).or_default().push(row);
            }
        }
        let keys = "SELECT event || '|' || event_key || '|' || coalesce(CAST(call_id AS TEXT), '') FROM events \
                    WHERE event <> 'lead.created'";
        for row in db.texts(keys).await {
            let parts: Vec<_> = row.split('|').collect();
            assert_eq!(parts[1], format!("{}:call:{}", parts[0], parts[2]));
        }
        for rows in rows.values_mut() {
            rows.sort();
        }
        Self(rows)
    }

    fn of_company(&self, name: &str) -> &[String] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }
}

// -- tests --

async fn everything_a_call_can_be_told_of_in_every_order(world: &World) {
    let orders = orders(&quarrel());
    assert_eq!(orders.len(), 720);
    compare(world, orders).await;
    // the most credible of those who are people of the company, and that somebody else was named
    let wanted = "SELECT count(*) FROM calls WHERE owner_id = company_id || '-csr_1' \
                  AND CAST(problems AS TEXT) LIKE '%not_a_user%'";
    assert_eq!(world.db.number(wanted).await, world.db.rows("calls").await);
    let told = "SELECT DISTINCT event FROM events ORDER BY 1";
    let names = [
        "call.answered",
        "call.completed",
        "call.incoming",
        "call.missed",
        "lead.created",
        "telephony.call.received",
    ];
    assert_eq!(world.db.texts(told).await, names);
}

async fn two_calls_of_one_customer_in_every_interleaving(world: &World) {
    let start = Database::now();
    let said = |second: i64, name: Option<&str>, campaign: Option<&str>| ReportedFacts {
        direction: Some(if second == 10 { Direction::Outbound } else { Direction::Inbound }),
        answered: Some(true),
        phone: Some(phone(1)),
        customer_name: name.map(str::to_owned),
        campaign: campaign.map(str::to_owned),
        started_at: Some(start - Duration::seconds(second)),
        ..ReportedFacts::default()
    };
    // the first call rings under another name than it ends with; the second is the older one in the end
    let events = [
        event(CallEventKind::Incoming, "CAL1", 1, said(100, Some("First Word"), None)),
        event(CallEventKind::Completed, "CAL1", 2, said(20, Some("Second Word"), Some("Autumn"))),
        event(CallEventKind::Incoming, "CAL2", 3, said(10, None, Some("Winter"))),
        event(CallEventKind::Completed, "CAL2", 4, said(60, Some("Third Word"), None)),
        event(
            CallEventKind::Modified,
            "CAL2",
            5,
            ReportedFacts { customer_city: text("Mesa"), ..said(60, None, None) },
        ),
    ];
    compare(world, orders(&events)).await;
    let names = world.db.texts("SELECT DISTINCT first_name FROM contact_cards").await;
    assert_eq!(names, ["Third"], "the earliest call's name");
}

async fn one_call_under_both_its_names_in_every_order(world: &World) {
    let named = |primary: &str, legacy: Option<&str>, kind, digest| {
        let mut event = event(
            kind,
            primary,
            digest,
            ReportedFacts {
                answered: Some(digest > 2),
                phone: Some(phone(1)),
                duration_seconds: i32::try_from(digest).ok(),
                recording: Some(RecordingRef { id: primary.to_owned(), duration_seconds: None }),
                ..ReportedFacts::default()
            },
        );
        event.ids.legacy = legacy.map(str::to_owned);
        event
    };
    let events = [
        named("1001", Some("1001"), CallEventKind::Incoming, 1),
        named("CAL1", None, CallEventKind::Listed, 2),
        named("CAL1", Some("1001"), CallEventKind::Completed, 3),
        named("1001", Some("1001"), CallEventKind::Modified, 4),
    ];
    let orders: Vec<_> = orders(&events)
        .into_iter()
        // the number of fetches depends on when the two turn out to be one, and fetching twice does no harm
        .map(|order| {
            order
                .into_iter()
                .map(|event| CallEvent { facts: ReportedFacts { recording: None, ..event.facts }, ..event })
                .collect()
        })
        .collect();
    let companies = i64::try_from(orders.len()).unwrap();
    compare(world, orders).await;
    assert_eq!(world.db.rows("calls").await, companies, "one each");
    let both = "SELECT DISTINCT provider_call_id || ' ' || provider_legacy_id FROM calls";
    assert_eq!(world.db.texts(both).await, ["CAL1 1001"]);
}

async fn a_call_whose_customer_is_told_twice_over_in_every_order(world: &World) {
    let said = |tail: u32, name: &str| ReportedFacts {
        phone: Some(phone(tail)),
        customer_name: text(name),
        answered: Some(true),
        ..ReportedFacts::default()
    };
    let events = [
        event(CallEventKind::Incoming, "CAL1", 1, said(1, "Wrong Number")),
        event(CallEventKind::Answered, "CAL1", 2, said(2, "Right Number")),
        event(CallEventKind::Completed, "CAL1", 3, said(2, "Right Number")),
        event(CallEventKind::Completed, "CAL2", 4, said(2, "Another Name")),
        event(CallEventKind::Missed, "CAL3", 5, said(3, "Somebody Else")),
    ];
    compare(world, orders(&events)).await;
    let cards =
        "SELECT DISTINCT primary_phone || ' ' || coalesce(first_name, '-') FROM contact_cards ORDER BY 1";
    assert_eq!(
        world.db.texts(cards).await,
        [format!("{} -", phone(1)), format!("{} Right", phone(2)), format!("{} Somebody", phone(3))],
    );
}

// -- any events of any calls --

fn any_event() -> impl Strategy<Value = CallEvent> {
    let words = |words: &[&'static str]| option::weighted(0.5, select(words.to_vec()));
    let facts = (
        option::of(any::<bool>()),
        // mostly a number a call: the call's own, or anybody's
        option::weighted(0.8, prop_oneof![4 => Just(None), 1 => (1u32..4).prop_map(Some)]),
        words(&["Ann A", "Bo B", "Cy C"]),
        words(&["Mesa", "Tempe"]),
        words(&["Spring", "Autumn"]),
        words(&["csr_1", "csr_2", "desk"]),
        option::weighted(0.7, 0i64..5),
        option::weighted(0.3, 1i32..3),
        words(&["inbound", "outbound"]),
    );
    (select(CallEventKind::ALL.to_vec()), 0usize..5, 0u64..1000, facts).prop_map(
        |(kind, call, digest, (answered, tail, name, city, campaign, csr, second, recorded, direction))| {
            // calls 0 and 1 are one customer's, 2 and 3 another's
            let own = u32::try_from(call / 2).unwrap() + 1;
            let call = format!("CAL{call}");
            let recording =
                recorded.map(|seconds| RecordingRef { id: call.clone(), duration_seconds: Some(seconds) });
            event(
                kind,
                &call,
                digest,
                ReportedFacts {
                    answered,
                    phone: tail.map(|tail| phone(tail.unwrap_or(own))),
                    customer_name: name.map(str::to_owned),
                    customer_city: city.map(str::to_owned),
                    campaign: campaign.map(str::to_owned),
                    csr_id: csr.map(str::to_owned),
                    started_at: second.map(|second| Database::now() - Duration::seconds(second)),
                    direction: direction.map(|word| match word {
                        "inbound" => Direction::Inbound,
                        _ => Direction::Outbound,
                    }),
                    recording,
                    ..ReportedFacts::default()
                },
            )
        },
    )
}

/// Two orders of the same events, some of them several times.
fn two_orders() -> impl Strategy<Value = (Vec<CallEvent>, Vec<CallEvent>)> {
    vec(any_event(), 1..14).prop_flat_map(|events| {
        let again = subsequence(events.clone(), 0..=events.len());
        let (first, second) = (Just(events.clone()).prop_shuffle(), Just(events).prop_shuffle());
        (first, second, again).prop_map(|(first, mut second, again)| {
            second.extend(again);
            (first, second)
        })
    })
}

/// Any events of several calls of several customers end the same in any two orders.
fn any_two_orders(world: &World, runtime: &tokio::runtime::Runtime, cases: u32) {
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let tried = std::cell::Cell::new(0);
    let outcome = runner.run(&two_orders(), |(first, second)| {
        tried.set(tried.get() + 1);
        let names = [1, 2].map(|number| format!("org_{}_{number}", tried.get()));
        let stored = runtime.block_on(async {
            for (name, order) in names.iter().zip([&first, &second]) {
                let scope = company(world, name).await;
                tell(world, &scope, order).await;
            }
            Stored::of(&world.db).await
        });
        let (one, other) = (stored.of_company(&names[0]), stored.of_company(&names[1]));
        if one == other {
            return Ok(());
        }
        let only = |of: &[String], not: &[String]| -> Vec<String> {
            of.iter().filter(|row| !not.contains(row)).cloned().collect()
        };
        Err(TestCaseError::fail(format!(
            "only first: {:#?}\nonly second: {:#?}",
            only(one, other),
            only(other, one)
        )))
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

fn on_its_own_runtime(database: impl Future<Output = Database>, cases: u32) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let world = runtime.block_on(async { World::new(database.await) });
    any_two_orders(&world, &runtime, cases);
    runtime.block_on(in_time(async { drop(world) }));
}

#[test]
fn any_events_of_any_calls_end_the_same_on_sqlite() {
    on_its_own_runtime(testkit::sqlite(), 60);
}

#[test]
fn any_events_of_any_calls_end_the_same_on_postgres() {
    on_its_own_runtime(testkit::postgres(), 40);
}
