//! Redis fails in every way it can.

use std::{future::Future, time::Duration};

use app::ports::{
    Acquired, Budget, CacheKey, Event, LinkState, LockRenewal, NoEvents, Part, PartRole, Rate, Ruling,
    Unknowable, Whose,
};
use bytes::Bytes;
use kernel::{CompanyId, EventId, Provider};
use queue::Queue;
use serde_json::json;
use servers::RedisServer;
use testkit::{Database, Process, TestIds, Two, eventually};
use tokio::time::timeout;

use crate::two_at;

const LONG: Duration = Duration::from_mins(10);

fn company() -> CompanyId {
    CompanyId::try_new("org_a").unwrap()
}

/// Far longer than any caller may be held up, even on a machine that is busy; far shorter than for ever.
async fn soon<T>(work: impl Future<Output = T>) -> T {
    timeout(Duration::from_secs(5), work).await.expect("nobody is held up")
}

fn event(number: u32) -> Event {
    Event {
        id: EventId::fresh(&TestIds::default()),
        event: "call.completed".into(),
        key: number.to_string(),
        lead: None,
        user: None,
        call: None,
        data: json!({}),
        at: Database::now(),
    }
}

fn worker() -> Part {
    let queues = vec![Queue::Asr];
    Part {
        role: PartRole::Worker,
        id: "w".to_owned(),
        queues,
        version: "1".to_owned(),
        started_at: Database::now(),
        providers: Vec::new(),
    }
}

async fn ruling(process: &Process) -> Ruling {
    let rate = Rate { count: 1000, per: LONG };
    soon(process.shared.limiter.take(Whose::Company(&company()), &[Budget { what: "user", who: "u", rate }]))
        .await
}

async fn cached(process: &Process, value: &'static str) -> Bytes {
    let key = CacheKey { company: company(), what: "numbers", detail: "x".to_owned() };
    let compute = Box::pin(async move { Ok(Bytes::from_static(value.as_bytes())) });
    soon(process.shared.cache.get_or_compute(&key, LONG, compute)).await.unwrap()
}

fn is_up(process: &Process) -> bool {
    process.shared.link.state() == LinkState::Up
}

/// What every port promises while Redis is out of reach.
async fn promises_kept_without(two: &Two) {
    eventually("it is known to be down", async || {
        ruling(&two.here).await;
        ruling(&two.there).await;
        !is_up(&two.here) && !is_up(&two.there)
    })
    .await;
    assert!(matches!(two.here.shared.link.state(), LinkState::Down { .. }));
    assert_eq!(ruling(&two.here).await, Ruling::Undecided);
    let account = Whose::Account(Provider::Callrail, "a");
    soon(two.here.shared.limiter.hold(account, LONG)).await;
    assert_eq!(soon(two.here.shared.limiter.held(account)).await, None, "nobody knows");
    assert_eq!(cached(&two.here, "mine").await, "mine");
    assert_eq!(cached(&two.here, "again").await, "again", "nothing was kept");
    assert!(matches!(soon(two.here.shared.locks.acquire("cron", LONG)).await, Acquired::Undecided));
    assert!(!soon(two.here.shared.presence.announce(&worker(), LONG)).await);
    assert_eq!(soon(two.here.shared.presence.present()).await, Err(Unknowable::Unreachable));
    soon(two.here.shared.presence.withdraw(&worker())).await;
    // one's own process hears all the same
    let mut bell = soon(two.here.doorbell.listen()).await;
    two.here.doorbell.ring(&[Queue::Shunya]);
    while !soon(bell.rung()).await.contains(&Queue::Shunya) {}
    let mut stream = soon(two.here.events.subscribe(&CompanyId::try_new("org_z").unwrap())).await;
    two.here.events.publish(&CompanyId::try_new("org_z").unwrap(), &[event(9)]);
    while soon(stream.next()).await.map(|event| event.key) != Ok("9".to_owned()) {}
}

/// What every port does again, by itself, once Redis answers.
async fn everything_works(two: &Two) {
    eventually("it is known to be up", async || is_up(&two.here) && is_up(&two.there)).await;
    eventually("requests are counted", async || matches!(ruling(&two.here).await, Ruling::Allowed(_))).await;
    eventually("values are kept", async || {
        cached(&two.here, "kept").await;
        cached(&two.there, "other").await == "kept"
    })
    .await;
    eventually("who is there is known", async || {
        two.here.shared.presence.announce(&worker(), LONG).await;
        two.there.shared.presence.present().await == Ok(vec![worker()])
    })
    .await;
    let mut bell = two.there.doorbell.listen().await;
    eventually("a ring crosses over", async || {
        two.here.doorbell.ring(&[Queue::Uwc]);
        timeout(Duration::from_millis(200), bell.rung()).await == Ok(vec![Queue::Uwc])
    })
    .await;
    let mut stream = two.there.events.subscribe(&company()).await;
    eventually("an event crosses over", async || {
        two.here.events.publish(&company(), &[event(1)]);
        matches!(timeout(Duration::from_millis(200), stream.next()).await, Ok(Ok(_)))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_not_there_at_the_start_may_come_later() {
    let mut server = RedisServer::prepared().unwrap();
    let two = two_at(&server.url()).await;
    let mut bell = soon(two.there.doorbell.listen()).await;
    promises_kept_without(&two).await;
    server.start().await.unwrap();
    assert_eq!(bell.rung().await, Queue::ALL, "rings may have been missed");
    everything_works(&two).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_killed_and_comes_back_is_used_again() {
    let mut server = RedisServer::started().await.unwrap();
    let two = two_at(&server.url()).await;
    everything_works(&two).await;
    let mut bell = two.there.doorbell.listen().await;
    let mut stream = two.there.events.subscribe(&company()).await;
    server.kill().await.unwrap();
    promises_kept_without(&two).await;
    two.here.events.publish(&company(), &[event(2)]);
    server.start().await.unwrap();
    while bell.rung().await != Queue::ALL {}
    while !matches!(stream.next().await, Err(NoEvents::Missed(_))) {}
    everything_works(&two).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_freezes_holds_nobody_up() {
    let server = RedisServer::started().await.unwrap();
    let two = two_at(&server.url()).await;
    everything_works(&two).await;
    server.freeze().unwrap();
    promises_kept_without(&two).await;
    server.thaw().unwrap();
    everything_works(&two).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_dawdles_holds_nobody_up() {
    let server = RedisServer::started().await.unwrap();
    let two = two_at(&server.url()).await;
    everything_works(&two).await;
    server.say("CLIENT PAUSE 3000 ALL");
    for _ in 0..20 {
        ruling(&two.here).await;
        cached(&two.there, "x").await;
    }
    everything_works(&two).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_forgets_everything_is_told_again() {
    let server = RedisServer::started().await.unwrap();
    let two = two_at(&server.url()).await;
    everything_works(&two).await;
    let Acquired::Held(lock) = two.here.shared.locks.acquire("cron", LONG).await else {
        panic!("nobody has it")
    };
    let mut bell = two.there.doorbell.listen().await;
    server.say("FLUSHALL");
    server.say("SCRIPT FLUSH");
    assert_eq!(two.there.shared.presence.present().await, Err(Unknowable::Settling), "not: nobody is there");
    assert_eq!(lock.renew(LONG).await, LockRenewal::Lost);
    let Acquired::Held(next) = two.there.shared.locks.acquire("cron", LONG).await else {
        panic!("nobody has it")
    };
    assert!(next.fencing() > lock.fencing());
    assert!(matches!(ruling(&two.here).await, Ruling::Allowed(_)));
    two.here.doorbell.ring(&[Queue::Asr]);
    assert_eq!(bell.rung().await, [Queue::Asr], "subscriptions are not data");
    everything_works(&two).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_wrong_password_it_is_down_and_nothing_else() {
    let server = RedisServer::started().await.unwrap();
    server.say("CONFIG SET requirepass right");
    let url = |password| server.url().replace("redis://", &format!("redis://default:{password}@"));
    promises_kept_without(&two_at(&url("wrong")).await).await;
    everything_works(&two_at(&url("right")).await).await;
}
