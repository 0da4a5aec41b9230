//! Asked to stop, Otto ends what it has begun, says so, and leaves nothing half done.

use std::time::Duration;

use simulators::{SimulatorSettings, StandIn};
use testkit::Database;
use tokio::{
    sync::mpsc::unbounded_channel,
    time::{Instant, sleep},
};

use crate::place::{GUARD, Place, tenants};

/// What a process gets to end: 20 seconds for jobs and requests, and some for the rest.
const GRACE: Duration = Duration::from_secs(25);

/// Waits until a count is not zero.
async fn some(database: &Database, query: &str) {
    let deadline = Instant::now() + GUARD * 2;
    while database.number(query).await == 0 {
        if Instant::now() >= deadline {
            let stages = "SELECT stage || ' ' || CAST(count(*) AS TEXT) FROM calls GROUP BY stage";
            let jobs = "SELECT kind || ' ' || state || ' ' || coalesce(last_error, '') FROM jobs WHERE state <> 'done'";
            panic!("{query} stays 0: {:?} {:?}", database.texts(stages).await, database.texts(jobs).await);
        }
        sleep(Duration::from_millis(20)).await;
    }
}

async fn drains(database: Database) {
    let settings = SimulatorSettings { time_scale: 0.1, ..SimulatorSettings::default() };
    let simulators = simulators::start(settings).expect("the stand-ins start");
    // recordings take two real seconds: there is always one on its way
    let slow = simulators::Faults { timeout: 0.5, ..simulators::Faults::NONE };
    simulators.set_faults_of(StandIn::Callrail, slow);
    let place = Place::empty().with_world(&database, &simulators).with("LOG_LEVEL", "info");
    place.set_up_tenants().await;
    simulators.set_otto_url(&place.url());
    let otto = place.start().await;
    let traffic = simulators.traffic(tenants());
    let (reports, mut made) = unbounded_channel();
    let calling = tokio::spawn(async move { traffic.make(40, 40, &reports).await });

    some(&database, "SELECT count(*) FROM jobs WHERE state = 'running' AND kind = 'recording.fetch'").await;
    otto.ask_to_stop().await;
    let log = place.beside("otto.log");
    let status = otto.ended(GRACE).await;
    let told = std::fs::read_to_string(&log).unwrap_or_default();
    assert_eq!(status.code(), Some(0), "{told}");
    let left = "SELECT kind || ' ' || state || ' ' || coalesce(last_error, '') FROM jobs WHERE state IN ('running', 'dead')";
    assert_eq!(database.texts(left).await, Vec::<String>::new(), "{told}");
    assert!(told.contains("worker is shutting down"), "{told}");

    // and another one takes it from there, though most webhooks have met nobody
    simulators.set_faults(simulators::Faults::NONE);
    calling.await.expect("the calls are made");
    let place = place.with("OTTO_CALLRAIL_LIST_SECONDS", "30");
    let otto = place.start().await;
    let mut calls = 0;
    let mut recorded = 0;
    while let Ok(call) = made.try_recv() {
        calls += 1;
        recorded += i64::from(call.expected == simulators::ExpectedEnd::Analysed);
    }
    assert_eq!(calls, 40);
    let all = format!("SELECT count(*) / {recorded} FROM calls WHERE stage = 'analysed'");
    some(&database, &all).await;
    otto.stop().await;
    simulators.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_otto_drains_on_sqlite() {
    drains(testkit::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_otto_drains_on_postgres() {
    drains(testkit::postgres().await).await;
}
