//! Jobs as operators handle them, over the whole pipeline: what is tried again comes to life, and what is called off stays
//! so.

use std::collections::BTreeMap;

use app::{
    jobs::{SystemJob, SystemRun, run_system_job},
    office::{cancel_job, retry_job},
    ports::{JobFilter, ReplayOutcome},
};
use kernel::JobId;
use queue::JobState;
use serde_json::{Value, json};
use simulators::{Faults, ScriptedAnswer, SimulatorSettings, StandIn};
use testkit::Database;

use crate::house::House;

const BOOKED: &str = "roofing-storm-leak-booked";

/// Where Shunya is asked for analyses, and CallRail for recordings.
const PATHS: [(StandIn, &str); 2] =
    [(StandIn::Shunya, "/api/v1/transcription/transcribe"), (StandIn::Callrail, "/v3/a/")];

/// A house one of whose providers answers so many requests with this status.
async fn house(database: Database, of: StandIn, status: u16, times: u32) -> House {
    let house =
        House::open(database, SimulatorSettings { quirks: 0.0, ..SimulatorSettings::default() }).await;
    house.simulators.set_faults(Faults::NONE);
    let (_, path) = PATHS.into_iter().find(|(known, _)| *known == of).expect("one of the two");
    let answer = ScriptedAnswer {
        path_prefix: path.to_owned(),
        times,
        status,
        headers: BTreeMap::new(),
        body: json!({ "success": false, "error": { "error_code": "REFUSED", "message": "no" } }),
        delay_seconds: 0.0,
    };
    house.simulators.script(of, answer);
    house
}

/// The only job of a kind, once it has been in this state. One that is tried again and again may have left it since.
async fn job(house: &House, kind: &str, state: JobState) -> JobId {
    let count = format!("SELECT count(*) FROM jobs WHERE kind = '{kind}' AND state = '{}'", state.as_str());
    house.until(&count, 1).await;
    let filter = JobFilter { kind: Some(kind.to_owned()), limit: 2, ..JobFilter::default() };
    house.ports().job_office.list(&filter).await.unwrap().remove(0).id
}

/// As if everything had been lying for two days, and somebody looked.
async fn sweep(house: &House) {
    let (long_ago, past) = if house.database.is_postgres() {
        ("updated_at - interval '2 days'", "now() - interval '2 days'")
    } else {
        ("updated_at - 172800000000", "0")
    };
    for table in ["calls", "shunya_jobs", "recordings"] {
        house.database.run(&format!("UPDATE {table} SET updated_at = {long_ago}")).await;
    }
    house.database.run(&format!("UPDATE calls SET received_at = {past}")).await;
    for job in [SystemJob::SweepCalls, SystemJob::SweepShunya, SystemJob::MatchWaiting] {
        run_system_job(job, &SystemRun { ports: house.ports() }).await.unwrap();
    }
}

async fn call(house: &House) -> Value {
    let calls = house.read("/api/v1/calls").await;
    let id = calls["calls"][0]["call_id"].as_i64().expect("a call");
    house.read(&format!("/api/v1/calls/{id}")).await
}

/// However often somebody looks for what was left lying.
async fn stays_called_off(house: &House) {
    for _ in 0..2 {
        let found = call(house).await;
        assert_eq!((&found["stage"], &found["failure"]["code"]), (&json!("failed"), &json!("cancelled")));
        sweep(house).await;
    }
    let moving = "SELECT count(*) FROM jobs WHERE company_id IS NOT NULL AND state IN ('ready', 'running')";
    assert_eq!(house.database.number(moving).await, 0);
}

async fn a_failed_call_comes_to_life_when_its_job_is_retried(database: Database) {
    let house = house(database, StandIn::Shunya, 400, 1).await;
    house.call(BOOKED, 1).await;
    let submit = job(&house, "shunya.submit", JobState::Dead).await;
    let failed = call(&house).await;
    assert_eq!(failed["stage"], "failed");
    assert_eq!(failed["failure"]["code"], "submission_failed", "{failed}");
    sweep(&house).await;
    assert_eq!(call(&house).await["stage"], "failed", "nobody but people tries again what was refused");

    assert_eq!(retry_job(house.ports(), submit).await.unwrap(), ReplayOutcome::Changed);
    house.analysed(1).await;
    let analysed = call(&house).await;
    assert_eq!((&analysed["stage"], &analysed["booking_status"]), (&json!("analysed"), &json!("booked")));
    assert_eq!(analysed["failure"], Value::Null);
    house.assert_once("tasks", "call_id, lower(description)").await;
    assert_eq!(house.database.rows("shunya_jobs").await, 1);
    house.close().await;
}

async fn a_call_called_off_stays_so_until_its_job_is_retried(database: Database) {
    // it is down for as long as anybody asks
    let house = house(database, StandIn::Shunya, 503, u32::MAX).await;
    house.call(BOOKED, 1).await;
    let submit = job(&house, "shunya.submit", JobState::Ready).await;
    assert_eq!(cancel_job(house.ports(), submit).await.unwrap(), ReplayOutcome::Changed);
    house.until("SELECT count(*) FROM jobs WHERE state = 'cancelled'", 1).await;
    stays_called_off(&house).await;
    house.simulators.clear_scripts(StandIn::Shunya);
    assert_eq!(retry_job(house.ports(), submit).await.unwrap(), ReplayOutcome::Changed);
    house.analysed(1).await;
    house.close().await;
}

async fn a_recording_called_off_stays_so_until_its_job_is_retried(database: Database) {
    let house = house(database, StandIn::Callrail, 503, u32::MAX).await;
    house.call(BOOKED, 1).await;
    let fetch = job(&house, "recording.fetch", JobState::Ready).await;
    assert_eq!(cancel_job(house.ports(), fetch).await.unwrap(), ReplayOutcome::Changed);
    // it may just have been claimed again: then it ends with its attempt
    house.until("SELECT count(*) FROM jobs WHERE state = 'cancelled'", 1).await;
    stays_called_off(&house).await;
    house.simulators.clear_scripts(StandIn::Callrail);
    assert_eq!(retry_job(house.ports(), fetch).await.unwrap(), ReplayOutcome::Changed);
    house.analysed(1).await;
    house.close().await;
}

on_both! {
    a_failed_call_comes_to_life_when_its_job_is_retried
    a_call_called_off_stays_so_until_its_job_is_retried
    a_recording_called_off_stays_so_until_its_job_is_retried
}
