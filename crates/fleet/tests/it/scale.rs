//! One more or one less of any program, and nothing else: they find each other, say what they are, and are missed.

use fleet::{FleetSettings, Role};
use tokio::time::Instant;

use crate::ground::{Ground, eventually};

async fn workers_are(ground: &Ground, count: usize) {
    eventually(&format!("{count} workers are there"), async || {
        let health = ground.health(1).await;
        health["checks"]["workers"]["alive"].as_array().is_some_and(|alive| alive.len() == count)
    })
    .await;
}

/// What /health/detailed says is missing about a queue.
async fn is_missed(ground: &Ground, queue: &str) -> Option<String> {
    let health = ground.health(1).await;
    let missing = health["missing"].as_array().cloned().unwrap_or_default();
    let about = format!("queue {queue} has");
    missing.iter().filter_map(|line| line.as_str()).find(|line| line.starts_with(&about)).map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn workers_come_and_go_and_are_missed_when_there_are_none() {
    let mut ground =
        Ground::with(|settings| FleetSettings { servers: 1, workers: 1, crons: 1, ..settings }).await;
    each_has_said_what_it_is(&ground);

    ground.fleet.scale(Role::Server, 3).await.unwrap();
    ground.fleet.scale(Role::Worker, 5).await.unwrap();
    workers_are(&ground, 5).await;
    let calls = ground.calls(30).await;
    for number in 1..=3 {
        let taken = ground.measured(number, "otto_webhooks_total", "callrail").await;
        assert!(taken > 0.0, "server {number} got no webhook");
    }
    // in the middle of it
    for role in [Role::Server, Role::Worker] {
        for ended in ground.fleet.scale(role, 1).await.unwrap() {
            assert!(ended.status.success(), "{ended:?}");
        }
    }
    workers_are(&ground, 1).await;
    ground.all_ended(&calls).await;
    let shared = "SELECT count(DISTINCT worker) FROM jobs WHERE state = 'done'";
    assert!(ground.database.number(shared).await > 1, "one worker has done everything");

    // nobody is left: what waits is named
    ground.fleet.scale(Role::Worker, 0).await.unwrap();
    let calls = ground.calls(3).await;
    let since = Instant::now();
    let mut told = None;
    eventually("a queue is missed", async || {
        told = is_missed(&ground, "asr").await;
        told.is_some()
    })
    .await;
    eprintln!("missed after {:.1} s", since.elapsed().as_secs_f64());
    let told = told.unwrap();
    assert!(told.contains("ready jobs, oldest") && told.ends_with("no live worker serves it"), "{told}");
    ground.fleet.scale(Role::Worker, 1).await.unwrap();
    eventually("nothing is missed", async || is_missed(&ground, "asr").await.is_none()).await;
    ground.all_ended(&calls).await;

    // the same for one that is killed, which says no farewell
    ground.fleet.kill(Role::Worker, 1).await.unwrap();
    let since = Instant::now();
    let calls = ground.calls(3).await;
    eventually("a queue is missed", async || is_missed(&ground, "asr").await.is_some()).await;
    eprintln!("missed after {:.1} s", since.elapsed().as_secs_f64());
    ground.fleet.begin(Role::Worker, 1).await.unwrap();
    ground.all_ended(&calls).await;
    ground.stop().await;
}

/// One line each, with hosts and without credentials.
fn each_has_said_what_it_is(ground: &Ground) {
    for (role, own) in [
        (Role::Server, &["runs=\"server\"", "address=\"127.0.0.1:"][..]),
        (Role::Worker, &["runs=\"worker\"", "queues=\"default,asr,analysis,followups,indexing,uwc,shunya\""]),
        (Role::Cron, &["runs=\"cron\""]),
    ] {
        let said = ground.said(role, 1);
        let reports: Vec<_> = said.lines().filter(|line| line.contains(" started ")).collect();
        assert_eq!(reports.len(), 1, "{said}");
        let around = &ground.fleet.around;
        let redis = around.redis.url().trim_start_matches("redis://").to_owned();
        let s3 = around.s3.address().to_string();
        let common = [
            concat!("version=\"", env!("CARGO_PKG_VERSION"), "\""),
            "environment=\"development\"",
            "pool_size=4",
            "pool_overflow=8",
            "database=\"postgres at 127.0.0.1:",
            &format!("redis=\"{redis}\""),
            &format!("recordings=\"bucket otto-fleet at {s3}\""),
        ];
        for words in own.iter().chain(&common) {
            assert!(reports[0].contains(words), "no {words} in {}", reports[0]);
        }
    }
    // a password the database does not ask for, and no log may hold
    let database = ground.fleet.around.database_url();
    let password = database.split(['@', ':']).nth(2).expect("a password").to_owned();
    assert!(password.len() > 8, "{database}");
    for member in ground.fleet.members() {
        let said = ground.said(member.role, member.number);
        assert!(!said.contains(&password), "{said}");
    }
}
