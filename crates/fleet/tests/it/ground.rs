//! What tests of a fleet stand on: a fleet of their own, its database looked at behind its back, and waiting.

use std::time::Duration;

use fleet::{Fleet, FleetSettings, Role, programs_beside_us};
use serde_json::Value;
use simulators::{Faults, SentCall, SimulatorSettings};
use tempfile::TempDir;
use testkit::Database;
use tokio::{
    sync::{Mutex, MutexGuard, mpsc::unbounded_channel},
    time::{Instant, sleep},
};

/// Far longer than anything waited for takes: who waits this long waits for ever.
pub const GUARD: Duration = Duration::from_secs(90);

/// A fleet of one test's own.
pub struct Ground {
    pub fleet: Fleet,
    pub database: Database,
    http: reqwest::Client,
    _logs: TempDir,
    _alone: MutexGuard<'static, ()>,
}

/// A dozen processes under load want a small machine to themselves: two such fleets at once would take each other's moments.
pub async fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::const_new(());
    ALONE.lock().await
}

/// Stand-ins at a tenth of the providers' times. Undocumented values change what is understood, and these tests are
/// about what is lost.
pub fn stand_ins(faults: Faults) -> SimulatorSettings {
    SimulatorSettings { seed: 7, time_scale: 0.1, faults, quirks: 0.0, ..SimulatorSettings::default() }
}

impl Ground {
    /// As wished, with another word for each of Otto's settings named.
    pub async fn with(wish: impl FnOnce(FleetSettings) -> FleetSettings) -> Self {
        let alone = alone().await;
        let logs = tempfile::tempdir().expect("a folder for logs");
        let programs = programs_beside_us().expect("a folder of programs");
        let settings = FleetSettings {
            stand_ins: stand_ins(Faults::NONE),
            ..FleetSettings::new(programs, logs.path().to_owned())
        };
        let fleet = Fleet::start(wish(settings)).await.unwrap_or_else(|error| panic!("{error}"));
        let database = Database::at(&fleet.around.superusers_database_url());
        let http = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(20)).build();
        Self { fleet, database, http: http.expect("an HTTP client"), _logs: logs, _alone: alone }
    }

    /// What time it is.
    pub async fn now(&self) -> kernel::Timestamp {
        let now = "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')";
        self.database.texts(now).await[0].parse().expect("an instant")
    }

    /// What an address answers.
    pub async fn ask(&self, url: &str) -> Result<(u16, String), reqwest::Error> {
        let answer = self.http.get(url).send().await?;
        let status = answer.status().as_u16();
        Ok((status, answer.text().await?))
    }

    /// What a server says of itself and of all others; null if it cannot be asked.
    pub async fn health(&self, number: usize) -> Value {
        let server = self.fleet.member(Role::Server, number).expect("a server");
        let url = server.url("/health/detailed");
        match self.ask(&url).await {
            Ok((_, text)) => serde_json::from_str(&text).unwrap_or_default(),
            Err(_) => Value::Null,
        }
    }

    /// What `otto verify` reports of all the fleet's data.
    pub async fn verified(&self) -> String {
        let ran = self.fleet.otto().args(testkit::aftermath::VERIFY).output().await.expect("otto runs");
        String::from_utf8(ran.stdout).expect("text")
    }

    /// A number a server measures, added up over its labels.
    pub async fn measured(&self, number: usize, name: &str, label: &str) -> f64 {
        let server = self.fleet.member(Role::Server, number).expect("a server");
        let url = server.url("/metrics");
        let Ok((_, text)) = self.ask(&url).await else { return 0.0 };
        let lines = text.lines().filter(|line| line.starts_with(name) && line.contains(label));
        lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
    }

    /// Has so many calls made, a few at a time.
    pub async fn calls(&self, count: u64) -> Vec<SentCall> {
        let (reports, mut made) = unbounded_channel();
        self.fleet.around.simulators.traffic(demo::companies()).make(count, 6, &reports).await;
        let mut calls = Vec::new();
        while let Ok(call) = made.try_recv() {
            calls.push(call);
        }
        assert_eq!(calls.len(), usize::try_from(count).unwrap());
        calls
    }

    /// Waits until every call has come to its end.
    pub async fn all_ended(&self, calls: &[SentCall]) {
        let ids: Vec<_> = calls.iter().map(|call| format!("'{}'", call.provider_call_id)).collect();
        let query = format!(
            "SELECT count(*) FROM calls WHERE stage IN ('analysed', 'missed') AND provider_call_id IN ({})",
            ids.join(", ")
        );
        self.counts(&format!("{} calls have ended", calls.len()), &query, |count| {
            usize::try_from(count) == Ok(calls.len())
        })
        .await;
    }

    /// Waits until a query's number is as wished.
    pub async fn counts(&self, what: &str, query: &str, wished: impl Fn(i64) -> bool) -> i64 {
        let mut last = 0;
        let begun = Instant::now();
        loop {
            let count = self.database.number(query).await;
            if wished(count) {
                return count;
            }
            last = if count == last { last } else { count };
            assert!(
                begun.elapsed() < GUARD * 2,
                "it did not come to be that {what}: {last}\n{}",
                self.tails()
            );
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// The last all programs have said.
    pub fn tails(&self) -> String {
        let tail = |member: &fleet::Member| {
            let told = member.process().map(servers::Process::told).unwrap_or_default();
            let lines: Vec<_> = told.lines().collect();
            format!("-- {}\n{}\n", member.name(), lines[lines.len().saturating_sub(12)..].join("\n"))
        };
        self.fleet.members().iter().map(tail).collect()
    }

    /// What the process at a place has said since it started.
    pub fn said(&self, role: Role, number: usize) -> String {
        let member = self.fleet.member(role, number).expect("a member");
        member.process().map(servers::Process::said).unwrap_or_default()
    }

    /// Jobs a worker's process holds now, by their ids.
    pub async fn held_by(&self, process: u32) -> Vec<String> {
        let query = format!(
            "SELECT CAST(id AS TEXT) FROM jobs WHERE state = 'running' AND worker LIKE 'otto-{process}-%'"
        );
        self.database.texts(&query).await
    }

    /// The number of the cron driver that has the watch, if one has.
    pub fn who_has_the_watch(&self) -> Option<usize> {
        let said = self.fleet.around.redis.say("GET otto:{cron}:lock")?;
        let fencing = said.lines().nth(1)?.trim().to_owned();
        let has_it = |member: &&fleet::Member| {
            member.role == Role::Cron
                && member.process().is_some_and(|one| one.said().contains(&format!("watch={fencing}")))
        };
        self.fleet.members().iter().find(has_it).map(|member| member.number)
    }

    /// Everything ends in order.
    pub async fn stop(self) {
        for ended in self.fleet.stop().await.unwrap_or_else(|error| panic!("{error}")) {
            assert!(ended.status.success(), "{ended:?}");
        }
    }
}

/// Waits until something is so.
pub async fn eventually(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < GUARD, "it did not come to be that {what}");
        sleep(Duration::from_millis(50)).await;
    }
}
