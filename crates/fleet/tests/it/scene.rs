//! What is done to a fleet. Each deed answers only when it is certain that it was felt, and has been got over.

use std::{os::unix::process::ExitStatusExt, time::Duration};

use fleet::Role;
use servers::{Deed, PostgresStop, Signal};
use simulators::{Faults, StandIn};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use crate::ground::{GUARD, Ground, eventually};

/// How long a breakdown lasts after it was felt.
const FELT_FOR: Duration = Duration::from_secs(2);

/// How long a frozen worker's successor is watched.
const SUCCEEDS_WITHIN: Duration = Duration::from_secs(15);

/// A job two workers had, the one that was frozen and its successor, as the successor left it.
#[derive(Debug)]
pub struct Done(String);

/// Which job it is, who did it, at which attempt, and when.
const DONE: &str = "CAST(id AS TEXT) || ' ' || coalesce(worker, '') || ' ' || CAST(attempts AS TEXT) || ' ' || \
                    CAST(finished_at AS TEXT)";

impl Ground {
    pub async fn kill_server(&mut self, number: usize) {
        // one that has nothing to do is not worth killing
        eventually("the server takes webhooks", async || {
            self.measured(number, "otto_webhooks_total", "").await > 0.0
        })
        .await;
        self.kill(Role::Server, number).await;
        self.begin(Role::Server, number).await;
    }

    async fn kill(&mut self, role: Role, number: usize) {
        let status = self.fleet.kill(role, number).await.unwrap();
        assert_eq!(status.signal(), Some(9), "it ended by itself: {status}");
    }

    async fn begin(&mut self, role: Role, number: usize) {
        self.fleet.begin(role, number).await.unwrap_or_else(|error| panic!("{error}"));
    }

    fn process_of(&self, role: Role, number: usize) -> u32 {
        self.fleet.member(role, number).unwrap().process().unwrap().id()
    }

    /// Ends a worker in the middle of its work.
    pub async fn kill_worker(&mut self, number: usize) {
        let mut held = Vec::new();
        let mut process = 0;
        while held.is_empty() {
            process = self.process_of(Role::Worker, number);
            eventually("the worker has jobs", async || !self.held_by(process).await.is_empty()).await;
            self.kill(Role::Worker, number).await;
            // they may just have ended
            held = self.held_by(process).await;
            self.begin(Role::Worker, number).await;
        }
        eventually("a dead worker's jobs are free", async || self.held_by(process).await.is_empty()).await;
    }

    /// Ends the cron driver that has the watch.
    pub async fn kill_cron(&mut self) {
        let number = self.somebody_has_the_watch().await;
        self.kill(Role::Cron, number).await;
        eventually("another cron driver has the watch", async || {
            self.who_has_the_watch().is_some_and(|now| now != number)
        })
        .await;
        self.begin(Role::Cron, number).await;
    }

    pub async fn somebody_has_the_watch(&self) -> usize {
        let mut who = None;
        eventually("a cron driver has the watch", async || {
            who = self.who_has_the_watch();
            who.is_some()
        })
        .await;
        who.unwrap()
    }

    fn servers(&self) -> Vec<usize> {
        let servers = self.fleet.members().iter().filter(|member| member.role == Role::Server);
        servers.map(|member| member.number).collect()
    }

    /// Waits until every server says yes, or every server says no, at an address.
    async fn all_servers_say(&self, status: u16, path: &str) {
        for number in self.servers() {
            let url = self.fleet.member(Role::Server, number).unwrap().url(path).unwrap();
            eventually(&format!("{url} answers {status}"), async || {
                self.ask(&url).await.is_ok_and(|(answered, _)| answered == status)
            })
            .await;
        }
    }

    pub async fn restart_postgres(&mut self, how: PostgresStop) {
        let started = "SELECT CAST(pg_postmaster_start_time() AS TEXT)";
        let before = self.database.texts(started).await;
        self.fleet.around.postgres.stop(how).await.unwrap();
        self.all_servers_say(503, "/health/ready").await;
        sleep(FELT_FOR).await;
        self.fleet.around.postgres.start().await.unwrap();
        assert_ne!(self.database.texts(started).await, before, "it is the same server as before");
        self.all_servers_say(200, "/health/ready").await;
    }

    async fn servers_see_redis(&self, up: bool) {
        for number in self.servers() {
            eventually(&format!("server {number} says that Redis is {up}"), async || {
                self.health(number).await["checks"]["redis"]["ok"] == up
            })
            .await;
        }
    }

    /// It is down for some seconds, and comes back empty.
    pub async fn kill_redis(&mut self) {
        let keys = |said: Option<String>| said.unwrap_or_default().trim().to_owned();
        assert_ne!(keys(self.fleet.around.redis.say("DBSIZE")), ":0", "it holds nothing worth losing");
        self.fleet.around.redis.kill().await.unwrap();
        self.servers_see_redis(false).await;
        sleep(FELT_FOR).await;
        self.fleet.around.redis.start().await.unwrap();
        self.servers_see_redis(true).await;
    }

    /// How many recordings could not be fetched because of the store.
    async fn refused_by_the_store(&self) -> i64 {
        let query = "SELECT count(*) FROM jobs WHERE kind = 'recording.fetch' AND state <> 'done' \
                     AND last_error LIKE '%storage%'";
        self.database.number(query).await
    }

    pub async fn s3_answers_503(&mut self) {
        let (s3, before) = (&self.fleet.around.s3, self.fleet.around.s3.asked("PutObject").len());
        s3.from_now_on(Deed::Say(503, "<Error><Code>SlowDown</Code></Error>".to_owned()));
        eventually("recordings cannot be stored", async || self.refused_by_the_store().await > 0).await;
        assert!(s3.asked("PutObject").len() > before, "it was never asked");
        sleep(FELT_FOR).await;
        s3.from_now_on(Deed::Serve);
        eventually("recordings are stored again", async || self.refused_by_the_store().await == 0).await;
    }

    pub async fn stop_s3(&mut self) {
        self.fleet.around.s3.stop().await;
        eventually("recordings cannot be stored", async || self.refused_by_the_store().await > 0).await;
        sleep(FELT_FOR).await;
        self.fleet.around.s3.start().await.unwrap();
        eventually("recordings are stored again", async || self.refused_by_the_store().await == 0).await;
    }

    /// Three of four requests fail, whatever they are.
    pub async fn shunya_fails(&mut self, otherwise: Faults) {
        let simulators = &self.fleet.around.simulators;
        let last = simulators.requests(StandIn::Shunya, 0).last().map_or(0, |request| request.number);
        simulators.set_faults_of(StandIn::Shunya, Faults { server_error: 1.0, ..otherwise });
        eventually("Shunya refuses requests", async || {
            let since = simulators.requests(StandIn::Shunya, last);
            since.iter().filter(|request| request.status.is_some_and(|status| status >= 500)).count() >= 10
        })
        .await;
        simulators.set_faults_of(StandIn::Shunya, otherwise);
    }

    /// More readers at one server than it has connections.
    pub async fn fill_the_pool(&mut self, number: usize) {
        let url = self.fleet.member(Role::Server, number).unwrap().url("/api/v1/calls?limit=50").unwrap();
        let mut readers = JoinSet::new();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        for _ in 0..16 {
            let (http, url) = (http.clone(), url.clone());
            readers.spawn(async move {
                loop {
                    // some are refused: that is the point
                    let _ = http.get(&url).send().await;
                }
            });
        }
        eventually("requests wait for a connection", async || {
            self.measured(number, "otto_db_pool_waiting", "app").await > 0.0
        })
        .await;
    }

    /// Stops a worker in the middle of its work for longer than its lease, has its successor do that work, and lets it go
    /// on. Answers what the successor has done.
    pub async fn freeze_worker(&mut self, number: usize) -> Vec<Done> {
        let process = self.process_of(Role::Worker, number);
        let begun = Instant::now();
        loop {
            let held = self.frozen_with_jobs(number).await;
            eventually("its jobs are another's", async || self.held_by(process).await.is_empty()).await;
            let done = self.done_by_another_than(process, &held).await;
            self.fleet.signal(Role::Worker, number, Signal::CONT).unwrap();
            eventually("it hears that it has lost them", async || {
                let said = self.said(Role::Worker, number);
                said.contains("lost their lease") || said.contains("the lease was lost")
            })
            .await;
            if !done.is_empty() {
                return done;
            }
            assert!(begun.elapsed() < GUARD * 2, "no successor ever does what it took over");
        }
    }

    /// Stops a worker that holds jobs; answers them by their ids.
    async fn frozen_with_jobs(&mut self, number: usize) -> Vec<String> {
        let process = self.process_of(Role::Worker, number);
        loop {
            eventually("the worker has jobs", async || !self.held_by(process).await.is_empty()).await;
            self.fleet.signal(Role::Worker, number, Signal::STOP).unwrap();
            // they may just have ended
            let held = self.held_by(process).await;
            if !held.is_empty() {
                return held;
            }
            self.fleet.signal(Role::Worker, number, Signal::CONT).unwrap();
        }
    }

    /// Waits until a successor has done one of a worker's jobs, but not for ever: what it took over may be what a provider
    /// lets wait.
    async fn done_by_another_than(&self, process: u32, jobs: &[String]) -> Vec<Done> {
        let ids: Vec<_> = jobs.iter().map(|id| format!("'{id}'")).collect();
        let query = format!(
            "SELECT {DONE} FROM jobs WHERE state = 'done' AND id IN ({}) AND worker NOT LIKE 'otto-{process}-%'",
            ids.join(", ")
        );
        let begun = Instant::now();
        loop {
            let rows = self.database.texts(&query).await;
            if !rows.is_empty() || begun.elapsed() > SUCCEEDS_WITHIN {
                return rows.into_iter().map(Done).collect();
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// What the successor of a frozen worker has done is as that left it.
    pub async fn still_as_done(&self, done: &[Done]) -> Vec<String> {
        let mut found = Vec::new();
        for Done(row) in done {
            let id = row.split(' ').next().unwrap_or_default();
            let now = self.database.texts(&format!("SELECT {DONE} FROM jobs WHERE id = '{id}'")).await;
            if now != [row.clone()] {
                found.push(format!("a frozen worker changed what its successor did: {row} is {now:?}"));
            }
        }
        found
    }
}
