//! The provider's own list of calls: how far it was read is remembered, what is new in it is taken in, and nothing in it
//! stops the rest.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use app::{
    ingest::{credential_context, fetch_recording, list_company_calls, list_platform_calls, replay_webhook},
    jobs::{JobError, JobRun, SystemRun},
    ports::{
        CallListing, CallListings, CallsSince, InboxFilter, InboxOffice, ListedCall, ListedCalls,
        TenantHints, TenantSetup, Tenants,
    },
};
use bytes::Bytes;
use calls::{CallEvent, CallEventKind, RecordingRef, RecordingState};
use chrono::Duration;
use kernel::{CompanyId, JobId, Provider, ProviderError, Scope, Secret, Timestamp};
use queue::{FailureClass, Lease};
use tenancy::{Company, TenantKey};
use testkit::{Database, World};

use crate::setup::{apply, call_with_recording, event, on_both, phone, stored, tenant};

on_both!(
    a_list_is_walked_from_where_it_was_read_to_and_a_little_before,
    a_list_longer_than_a_run_goes_on_where_it_stopped,
    a_long_outage_heals_page_by_page,
    a_list_that_is_not_in_order_counts_only_once_it_is_through,
    a_link_the_provider_forgot_begins_the_walk_anew,
    a_list_that_cannot_be_read_says_since_when,
    two_readers_of_one_list_do_not_undo_each_other,
    what_is_known_is_not_applied_again,
    a_recording_that_came_late_is_found_by_the_list,
    companies_that_are_not_tenants_are_passed_over,
    an_account_of_one_s_own_is_read_for_its_owner_alone,
    an_entry_that_cannot_be_taken_in_is_set_aside_and_stops_nothing,
    a_recording_is_fetched_only_if_the_provider_says_whose_it_is,
);

// -- a provider --

fn hints(company: &str) -> TenantHints {
    TenantHints { accounts: vec![format!("COM-{company}")], tracking_number: None }
}

/// A call in the list, of `org_a`, which began so many minutes ago.
fn listed(world: &World, name: &str, minutes_ago: i64) -> ListedCall {
    let mut event = event(name, None, Some(phone(1)));
    event.kind = CallEventKind::Listed;
    event.digest = 7;
    event.facts.started_at = Some(world.clock_now() - Duration::minutes(minutes_ago));
    ListedCall { hints: hints("org_a"), event, raw: Bytes::from(format!("{{\"id\":\"{name}\"}}")) }
}

/// Answers a list in pages, and remembers what was asked.
fn pages(world: &World, pages: Vec<Vec<ListedCall>>) -> Arc<Mutex<Vec<CallsSince>>> {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    world.provider.lists(move |since| {
        seen.lock().unwrap().push(since.clone());
        let number: usize = since.page.as_deref().map_or(0, |page| page.parse().unwrap());
        let next_page = (number + 1 < pages.len()).then(|| (number + 1).to_string());
        let calls = pages.get(number).cloned().unwrap_or_default();
        Ok(ListedCalls { calls, unreadable: Vec::new(), next_page })
    });
    asked
}

async fn list(world: &World) -> Result<(), JobError> {
    list_platform_calls(&SystemRun { ports: &world.ports }).await.map(drop)
}

/// The only listing there is.
async fn listing(world: &World) -> CallListing {
    let mut all = CallListings::list(&world.db.system).await.unwrap();
    assert_eq!(all.len(), 1, "{all:?}");
    all.remove(0)
}

fn ago(world: &World, by: Duration) -> Timestamp {
    world.clock_now() - by
}

// -- walking --

async fn a_list_is_walked_from_where_it_was_read_to_and_a_little_before(world: &World) {
    tenant(world, "org_a").await;
    let asked = pages(world, vec![vec![listed(world, "CAL1", 5)]]);
    let first = world.clock_now();
    list(world).await.unwrap();
    // nobody has read it before: three days, and the little before
    assert_eq!(asked.lock().unwrap()[0].since, first - Duration::days(3) - Duration::hours(25));
    let read = listing(world).await;
    assert_eq!((read.owner, read.listed_until, read.finished_at), (None, first, Some(first)));
    assert_eq!((read.walk_began, read.next_page, read.failing_since), (None, None, None));
    assert_ne!(read.account_key, "ACC1", "the account's name is kept sealed alone");
    assert_eq!(world.db.rows("calls").await, 1);

    world.clock.advance(Duration::minutes(15));
    list(world).await.unwrap();
    assert_eq!(asked.lock().unwrap()[1].since, first - Duration::hours(25));
    assert_eq!(listing(world).await.listed_until, world.clock_now());
}

async fn a_list_longer_than_a_run_goes_on_where_it_stopped(world: &World) {
    tenant(world, "org_a").await;
    // 45 pages of one call each, the oldest first
    let calls = (0..45).map(|n| vec![listed(world, &format!("CAL{n}"), 1000 - n)]).collect();
    let asked = pages(world, calls);
    let began = world.clock_now();
    list(world).await.unwrap();
    assert_eq!(world.db.rows("calls").await, 40);
    assert_eq!(asked.lock().unwrap().len(), 40);
    let read = listing(world).await;
    assert_eq!(read.listed_until, ago(world, Duration::minutes(1000 - 39)), "as far as it is stored");
    assert_eq!((read.walk_began, read.next_page.as_deref()), (Some(began), Some("40")));
    assert_eq!(read.finished_at, None);
    world.clock.advance(Duration::minutes(15));
    list(world).await.unwrap();
    assert_eq!(world.db.rows("calls").await, 45);
    assert_eq!(asked.lock().unwrap().len(), 45);
    let read = listing(world).await;
    // what happened during the walk is not in what it began with
    assert_eq!((read.listed_until, read.walk_began, read.next_page), (began, None, None));
}

async fn a_long_outage_heals_page_by_page(world: &World) {
    tenant(world, "org_a").await;
    list(world).await.unwrap();
    // nothing is heard for a week: the bell rings, the vendor's list grows, nobody looks
    let before = world.clock_now();
    world.clock.advance(Duration::days(7));
    let calls: Vec<Vec<ListedCall>> = (0..10)
        .map(|page| {
            (0..7)
                .map(|n| listed(world, &format!("CAL{page}-{n}"), 7 * 24 * 60 - 60 * (page * 7 + n) - 1))
                .collect()
        })
        .collect();
    let asked = pages(world, calls);
    list(world).await.unwrap();
    assert_eq!(asked.lock().unwrap()[0].since, before - Duration::hours(25));
    assert_eq!(world.db.rows("calls").await, 70);
    assert_eq!(listing(world).await.listed_until, world.clock_now());
    // each on its own day
    let days = if world.db.is_postgres() {
        "SELECT count(DISTINCT date_trunc('day', created_at)) FROM calls"
    } else {
        "SELECT count(DISTINCT created_at / 86400000000) FROM calls"
    };
    assert!(world.db.number(days).await >= 3);
}

async fn a_list_that_is_not_in_order_counts_only_once_it_is_through(world: &World) {
    tenant(world, "org_a").await;
    let start = world.clock_now();
    // the newest first, whatever was asked for
    let calls = (0..41)
        .map(|n| vec![listed(world, &format!("CAL{n}"), n), listed(world, &format!("CAL-{n}"), n + 1)]);
    pages(world, calls.collect());
    list(world).await.unwrap();
    assert_eq!(
        listing(world).await.listed_until,
        start - Duration::days(3),
        "the older ones are still to come"
    );
    list(world).await.unwrap();
    assert_eq!(listing(world).await.listed_until, start);
    assert_eq!(world.db.rows("calls").await, 82);
}

async fn a_link_the_provider_forgot_begins_the_walk_anew(world: &World) {
    tenant(world, "org_a").await;
    let calls = (0..41).map(|n| vec![listed(world, &format!("CAL{n}"), 1000 - n)]).collect();
    pages(world, calls);
    list(world).await.unwrap();
    let reached = listing(world).await.listed_until;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (seen, last) = (asked.clone(), listed(world, "CAL-last", 1));
    world.provider.lists(move |since| {
        seen.lock().unwrap().push(since.clone());
        if since.page.is_some() {
            return Err(ProviderError::Rejected { code: "400".to_owned() });
        }
        Ok(ListedCalls { calls: vec![last.clone()], ..ListedCalls::default() })
    });
    list(world).await.unwrap();
    assert_eq!(world.db.rows("calls").await, 41);
    let asked = asked.lock().unwrap();
    assert_eq!((asked[0].page.as_deref(), asked[1].page.as_deref()), (Some("40"), None));
    assert_eq!(asked[1].since, reached - Duration::hours(25));
}

async fn a_list_that_cannot_be_read_says_since_when(world: &World) {
    tenant(world, "org_a").await;
    let start = world.clock_now();
    world.provider.lists(|_| Err(ProviderError::KeyRefused { code: "401".to_owned() }));
    for _ in 0..2 {
        let error = list(world).await.unwrap_err();
        assert!(matches!(error.class, FailureClass::Retry { .. }), "{error:?}");
        world.clock.advance(Duration::minutes(15));
    }
    let read = listing(world).await;
    assert_eq!((read.failing_since, read.listed_until), (Some(start), start - Duration::days(3)));
    assert!(read.last_error.unwrap().contains("key"));
    pages(world, vec![Vec::new()]);
    list(world).await.unwrap();
    let read = listing(world).await;
    assert_eq!((read.failing_since, read.last_error), (None, None));
    assert_eq!(read.listed_until, world.clock_now());
    // the second page fails: the first is not read again
    let calls = vec![vec![listed(world, "CAL1", 9)], vec![listed(world, "CAL2", 8)]];
    let asked = pages(world, calls);
    let fail = Arc::new(AtomicUsize::new(0));
    let (failing, pages_asked) = (fail.clone(), asked.clone());
    let (one, two) = (listed(world, "CAL1", 9), listed(world, "CAL2", 8));
    world.provider.lists(move |since| {
        pages_asked.lock().unwrap().push(since.clone());
        match since.page {
            None => Ok(ListedCalls {
                calls: vec![one.clone()],
                next_page: Some("1".into()),
                ..Default::default()
            }),
            Some(_) if failing.fetch_add(1, Ordering::SeqCst) == 0 => {
                Err(ProviderError::Throttled { retry_after: None })
            }
            Some(_) => Ok(ListedCalls { calls: vec![two.clone()], ..Default::default() }),
        }
    });
    list(world).await.unwrap_err();
    list(world).await.unwrap();
    let asked: Vec<_> = asked.lock().unwrap().iter().map(|since| since.page.clone()).collect();
    assert_eq!(asked, [None, Some("1".to_owned()), Some("1".to_owned())]);
}

async fn two_readers_of_one_list_do_not_undo_each_other(world: &World) {
    let (system, now) = (&world.db.system, world.clock_now());
    let open = async || system.open(None, Provider::Callrail, "key", now, now).await.unwrap();
    let (mut one, mut other) = (open().await, open().await);
    assert_eq!(one, other);
    one.listed_until = now + Duration::hours(1);
    assert!(system.save(&mut one, now).await.unwrap());
    other.listed_until = now - Duration::hours(1);
    assert!(!system.save(&mut other, now).await.unwrap());
    assert_eq!(open().await, one);
    assert!(system.save(&mut one, now).await.unwrap(), "its own next change is one");
    // an account is its owner's; another's of the same name is another
    tenant(world, "org_a").await;
    let company = CompanyId::try_new("org_a").unwrap();
    let theirs = system.open(Some(&company), Provider::Callrail, "key", now, now).await.unwrap();
    assert_eq!((theirs.owner, theirs.version), (Some(company), 1));
    assert_eq!(CallListings::list(system).await.unwrap().len(), 2);
}

// -- taking in --

async fn what_is_known_is_not_applied_again(world: &World) {
    let scope = tenant(world, "org_a").await;
    pages(world, vec![vec![listed(world, "CAL1", 5), listed(world, "CAL2", 4)]]);
    list(world).await.unwrap();
    let before = world.db.texts("SELECT provider_call_id FROM calls ORDER BY id").await;
    assert_eq!(before, ["CAL1", "CAL2"]);
    // whoever touched them would leave a mark
    let touched = "SELECT count(DISTINCT updated_at) FROM calls";
    assert_eq!(world.db.number(touched).await, 1);
    world.clock.advance(Duration::minutes(15));
    list(world).await.unwrap();
    assert_eq!(world.db.number(touched).await, 1);
    // a webhook that was late changes one of them, and the list then has nothing to add
    let mut late = event("CAL2", None, Some(phone(1)));
    late.facts.customer_name = Some("Dana Whitfield".to_owned());
    apply(world, &scope, &late).await.unwrap();
    assert_eq!(world.db.number(touched).await, 2);
    world.clock.advance(Duration::minutes(15));
    list(world).await.unwrap();
    assert_eq!(world.db.number(touched).await, 2);
    let told = "SELECT count(*) FROM events WHERE event = 'call.completed'";
    assert_eq!(world.db.number(told).await, 2);
}

async fn a_recording_that_came_late_is_found_by_the_list(world: &World) {
    let scope = tenant(world, "org_a").await;
    let mut over = event("CAL1", None, Some(phone(1)));
    over.facts.answered = Some(false);
    over.facts.voicemail = Some(true);
    over.facts.started_at = Some(world.clock_now() - Duration::minutes(30));
    let call = apply(world, &scope, &over).await.unwrap();
    let at = |minutes| {
        let mut call = listed(world, "CAL1", minutes);
        call.event.facts.answered = Some(false);
        call.event.facts.voicemail = Some(true);
        call
    };
    pages(world, vec![vec![at(30)]]);
    list(world).await.unwrap();
    assert_eq!(world.db.rows("jobs").await, 0);
    // its "modified" webhook never came; hours later the list has the recording
    world.clock.advance(Duration::hours(20));
    let mut with_recording = at(20 * 60 + 30);
    with_recording.event.digest = 8;
    with_recording.event.facts.recording =
        Some(RecordingRef { id: "CAL1".into(), duration_seconds: Some(9) });
    pages(world, vec![vec![with_recording]]);
    list(world).await.unwrap();
    let (_, recording) = stored(world, &scope, call).await;
    assert_eq!(recording.unwrap().state, RecordingState::Pending);
    assert_eq!(world.db.number("SELECT count(*) FROM jobs WHERE kind = 'recording.fetch'").await, 1);
}

async fn companies_that_are_not_tenants_are_passed_over(world: &World) {
    tenant(world, "org_a").await;
    let stranger = ListedCall { hints: hints("org_nobody"), ..listed(world, "CAL1", 5) };
    let of_two =
        TenantHints { accounts: vec!["COM-org_a".into(), "COM-org_b".into()], tracking_number: None };
    tenant(world, "org_b").await;
    let quarrel = ListedCall { hints: of_two, ..listed(world, "CAL2", 4) };
    pages(world, vec![vec![stranger, quarrel, listed(world, "CAL3", 3)]]);
    list(world).await.unwrap();
    assert_eq!(world.db.texts("SELECT provider_call_id FROM calls").await, ["CAL3"]);
    assert_eq!(world.db.rows("companies").await, 2);
    assert_eq!(listing(world).await.listed_until, world.clock_now());
}

/// A company with a key of its own for the provider's API.
async fn with_account(world: &World, id: &str, account: &str) -> Scope {
    let company = CompanyId::try_new(id).unwrap();
    let seal = |name: &str, text: &str| {
        let context = credential_context(&company, Provider::Callrail, name);
        let sealed = world.ports.secrets.seal(&Secret::new(text.to_owned()), &context).unwrap();
        (Provider::Callrail, name.to_owned(), sealed)
    };
    let setup = TenantSetup {
        company: Company {
            id: company.clone(),
            name: id.to_owned(),
            calendar: kernel::Calendar::UTC,
            tenant_key: TenantKey::try_new(format!("{id}-tenant-key-0000")).unwrap(),
        },
        tracking_numbers: Vec::new(),
        accounts: vec![(Provider::Callrail, format!("COM-{id}"))],
        credentials: vec![seal("api_key", "key"), seal("account_id", account)],
        users: Vec::new(),
    };
    world.db.system.set_up(&setup, Database::now()).await.unwrap();
    Scope::system(company, "test")
}

fn job_run<'a>(world: &'a World, scope: &Scope) -> JobRun<'a> {
    let lease = Lease { job: JobId::fresh(world.ports.ids.as_ref()), token: world.ports.ids.next() };
    JobRun { ports: &world.ports, scope: scope.clone(), lease, attempt: 1, snoozes: 0, trace: None }
}

async fn an_account_of_one_s_own_is_read_for_its_owner_alone(world: &World) {
    let b = with_account(world, "org_b", "ACC-B").await;
    tenant(world, "org_a").await;
    let of_b = ListedCall { hints: hints("org_b"), ..listed(world, "CAL1", 5) };
    pages(world, vec![vec![of_b, listed(world, "CAL2", 4)]]);
    list_company_calls(&job_run(world, &b)).await.unwrap();
    assert_eq!(
        world.db.texts("SELECT company_id || ' ' || provider_call_id FROM calls").await,
        ["org_b CAL1"],
        "another tenant's calls are not read with this one's key"
    );
    assert_eq!(listing(world).await.owner, Some(b.company));
    // the platform's list sets companies with accounts of their own to read theirs
    list(world).await.unwrap();
    assert_eq!(
        world.db.number("SELECT count(*) FROM jobs WHERE kind = 'callrail.list_company_calls'").await,
        1
    );
}

async fn an_entry_that_cannot_be_taken_in_is_set_aside_and_stops_nothing(world: &World) {
    let scope = tenant(world, "org_a").await;
    // a row somebody damaged: whoever meets it fails, and goes on failing
    apply(world, &scope, &event("CAL2", None, Some(phone(2)))).await.unwrap();
    world.db.run("UPDATE calls SET facts = '{\"seen\":\"nonsense\"}' WHERE provider_call_id = 'CAL2'").await;
    let (one, two, three) = (listed(world, "CAL1", 9), listed(world, "CAL2", 8), listed(world, "CAL3", 7));
    world.provider.lists(move |_| {
        let unreadable = vec![Bytes::from_static(b"\"a text\"")];
        Ok(ListedCalls { calls: vec![one.clone(), two.clone(), three.clone()], unreadable, next_page: None })
    });
    list(world).await.unwrap();
    assert_eq!(
        world.db.texts("SELECT provider_call_id FROM calls ORDER BY 1").await,
        ["CAL1", "CAL2", "CAL3"]
    );
    let kept = async || {
        let all = InboxFilter { limit: 10, ..InboxFilter::default() };
        let mut lines = InboxOffice::list(&world.db.system, &all).await.unwrap();
        lines.sort_by_key(|line| line.reason.clone());
        lines
    };
    let lines = kept().await;
    let said: Vec<_> = lines
        .iter()
        .map(|line| {
            (line.kind.as_str(), line.reason.as_deref().unwrap(), line.company.is_some(), line.duplicates)
        })
        .collect();
    assert_eq!(said, [("call.listed", "malformed_body", false, 0), ("call.listed", "not_applied", true, 0)]);
    assert_eq!(listing(world).await.listed_until, world.clock_now());
    // the same again is the same
    list(world).await.unwrap();
    assert_eq!(kept().await.iter().map(|line| line.duplicates).collect::<Vec<_>>(), [1, 1]);
    // nobody reads webhooks here, but that it was one of the list's own is known
    let error = replay_webhook(&world.ports, lines[1].id).await.unwrap_err();
    assert!(error.to_string().contains("understood"), "{error}");
}

// -- recordings --

async fn a_recording_is_fetched_only_if_the_provider_says_whose_it_is(world: &World) {
    let (a, b) = (tenant(world, "org_a").await, tenant(world, "org_b").await);
    let fetch = async |scope: &Scope, call| fetch_recording(&job_run(world, scope), call).await;
    // b signs a webhook of its own that names a call of a's
    let stolen = call_with_recording(world, &b, "CAL1").await;
    let error = fetch(&b, stolen).await.unwrap_err();
    assert_eq!(error.class, FailureClass::Permanent, "{error:?}");
    assert!(error.message.contains("another company"), "{}", error.message);
    // a call the provider says is nobody's of ours: whoever adds the company mends it
    let own = call_with_recording(world, &a, "CAL2").await;
    world.provider.says(hints("org_nobody"));
    let error = fetch(&a, own).await.unwrap_err();
    assert!(matches!(error.class, FailureClass::Retry { .. }), "{error:?}");
    assert_eq!(world.provider.times(), 0, "nothing was asked for");
    // what the provider's own list told us of is the company's
    let mut in_list = listed(world, "CAL3", 5);
    in_list.event.facts.recording = Some(RecordingRef { id: "CAL3".into(), duration_seconds: None });
    pages(world, vec![vec![in_list]]);
    list(world).await.unwrap();
    let named: CallEvent = event("CAL3", None, None);
    let listed_call = apply(world, &a, &named).await.unwrap();
    // its job is not held here, so nothing is stored; but it was asked for
    let _ = fetch(&a, listed_call).await;
    assert_eq!(world.provider.times(), 1);
    // an account of one's own holds one's own calls
    let c = with_account(world, "org_c", "ACC-C").await;
    let own = call_with_recording(world, &c, "CAL4").await;
    let _ = fetch(&c, own).await;
    assert_eq!(world.provider.times(), 2);
    world.provider.says(hints("org_a"));
    let theirs = call_with_recording(world, &c, "CAL5").await;
    assert_eq!(fetch(&c, theirs).await.unwrap_err().class, FailureClass::Permanent);
}
