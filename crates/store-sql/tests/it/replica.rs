//! People's reads on a real replica: only while it keeps up, and never at the cost of a read.

use std::{sync::Arc, time::Duration};

use app::{
    ports::Store,
    reads::{CallFilter, CallReads, Reads, Viewer},
};
use kernel::{Actor, CompanyId, Scope, UserId};
use rbac::{Grant, Role};
use store_sql::{PoolSettings, SqlStore, Target};
use testkit::{Database, PostgresServer, Stop, eventually};
use tokio::task::JoinHandle;

/// A primary with a company, its replica, and a store that follows it.
struct Pair {
    primary: Database,
    server: PostgresServer,
    standby: PostgresServer,
    store: SqlStore,
    following: JoinHandle<()>,
}

impl Drop for Pair {
    fn drop(&mut self) {
        self.following.abort();
    }
}

fn company() -> CompanyId {
    CompanyId::try_new("org_a").unwrap()
}

fn follow(store: &SqlStore) -> JoinHandle<()> {
    let store = store.clone();
    tokio::spawn(async move { store.follow_replica().await })
}

impl Pair {
    async fn within(limit: Duration) -> Self {
        let server = PostgresServer::started();
        let primary = server.database().await;
        primary
            .run(
                "INSERT INTO companies (id, name, tenant_key, created_at, updated_at) \
                 VALUES ('org_a', 'A', 'tenant-key-0000000', now(), now())",
            )
            .await;
        let standby = server.standby();
        let target = Target::Postgres(standby.url("otto"));
        let settings = PoolSettings { replica_lag: limit, ..PoolSettings::default() };
        let dice = Arc::new(testkit::Dice(0.5));
        let (store, _) = store_sql::open(&primary.target, Some(&target), &settings, dice).unwrap();
        let following = follow(&store);
        let pair = Self { primary, server, standby, store, following };
        pair.until_used(true).await;
        pair
    }

    fn is_used(&self) -> bool {
        self.store.replica().expect("there is a replica").used
    }

    async fn until_used(&self, used: bool) {
        eventually(&format!("used is {used}"), async || self.is_used() == used).await;
    }

    /// A call more on the primary, written by nobody in particular.
    async fn ring(&self, id: i64) {
        let call = format!(
            "INSERT INTO calls (id, company_id, provider, provider_call_id, status, stage, missed, facts, problems, \
             created_at, received_at, updated_at) VALUES ({id}, 'org_a', 'callrail', 'CAL{id}', 'incoming', 'ringing', \
             false, '{{}}', '[]', now(), now(), now())"
        );
        self.primary.run(&call).await;
    }

    /// How many calls a manager sees.
    async fn seen(&self) -> usize {
        let viewer = Viewer {
            company: company(),
            user: UserId::try_new("user_a").unwrap(),
            role: Role::Manager,
            reach: Grant::Company,
        };
        let filter = CallFilter { limit: 50, ..CallFilter::default() };
        self.store
            .calls(&viewer, &filter)
            .await
            .expect("whatever the replica does, a read succeeds")
            .calls
            .len()
    }

    /// Somebody signed in writes something.
    async fn person_writes(&self) {
        let actor = Actor::User(UserId::try_new("user_a").unwrap());
        let unit = self.store.begin(&Scope { company: company(), actor }).await.unwrap();
        unit.commit().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_go_to_the_replica_and_whoever_wrote_something_sees_it() {
    // as late as it likes, so that the past tells who was asked
    let pair = Pair::within(Duration::from_mins(10)).await;
    pair.standby.run("SELECT pg_wal_replay_pause()").await;
    pair.ring(1).await;
    assert_eq!(pair.seen().await, 0, "the replica was not asked");
    pair.person_writes().await;
    assert_eq!(pair.seen().await, 1, "who has written something was shown the past");
    pair.standby.run("SELECT pg_wal_replay_resume()").await;
    eventually("the replica is asked again", async || {
        // every look is at a moment in which the replica has stopped, or not yet
        pair.standby.run("SELECT pg_wal_replay_pause()").await;
        let before = pair.seen().await;
        pair.ring(i64::try_from(before).unwrap() + 1).await;
        let asked = pair.seen().await == before;
        pair.standby.run("SELECT pg_wal_replay_resume()").await;
        asked
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_lags_too_much_is_left_alone_until_it_has_caught_up() {
    let pair = Pair::within(Duration::from_secs(1)).await;
    pair.standby.run("SELECT pg_wal_replay_pause()").await;
    pair.ring(1).await;
    // replay stands still, so only the primary can show it
    eventually("the call is seen", async || pair.seen().await == 1).await;
    assert!(!pair.is_used());
    assert!(pair.store.replica().unwrap().lag.unwrap() > Duration::from_secs(1));
    pair.standby.run("SELECT pg_wal_replay_resume()").await;
    pair.until_used(true).await;
    eventually("the replica shows it too", async || pair.is_used() && pair.seen().await == 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_goes_away_costs_no_read_and_is_found_again() {
    let pair = Pair::within(Duration::from_mins(10)).await;
    pair.ring(1).await;
    eventually("the call is seen", async || pair.seen().await == 1).await;
    pair.standby.stop(Stop::Immediate);
    for _ in 0..10 {
        assert_eq!(pair.seen().await, 1);
    }
    pair.until_used(false).await;
    pair.standby.start();
    pair.until_used(true).await;
    assert_eq!(pair.seen().await, 1);
    // one that takes writes of its own is nobody's replica any more
    pair.standby.promote();
    pair.until_used(false).await;
    pair.ring(2).await;
    assert_eq!(pair.seen().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_read_from_a_replica_that_nobody_follows() {
    let pair = Pair::within(Duration::from_secs(1)).await;
    pair.following.abort();
    pair.until_used(false).await;
    // nor is what it knew of any use once the primary cannot be asked
    let following = follow(&pair.store);
    pair.until_used(true).await;
    pair.server.stop(Stop::Fast);
    pair.until_used(false).await;
    following.abort();
}
