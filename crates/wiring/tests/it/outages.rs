//! Providers that do not answer for a while: they are left alone, nothing is lost, and everything finishes by itself.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};
use simulators::{ScriptedAnswer, SimulatedTenant, SimulatorSettings, StandIn};
use testkit::Database;
use tokio::task::JoinSet;
use wiring::Parts;

use crate::house::House;

/// Breakers as quick as they get: a second at first, ten at most.
const QUICK: [(&str, &str); 1] = [("OTTO_BREAKER_SECONDS", "1")];
/// Many more than are done at once.
const CALLS: usize = 90;
const BOOKED: &str = "roofing-storm-leak-booked";
const TRANSCRIBE: &str = "/api/v1/transcription/transcribe";

async fn house(database: Database) -> Arc<House> {
    let settings = SimulatorSettings { time_scale: 0.01, ..SimulatorSettings::default() };
    let tenant = SimulatedTenant::demo(1).remove(0);
    Arc::new(House::set(database, settings, Parts::all(), tenant, &QUICK).await)
}

/// Answers everything below a path with 503 until told otherwise.
fn down(house: &House, of: StandIn, path: &str) {
    let answer = ScriptedAnswer {
        path_prefix: path.to_owned(),
        times: u32::MAX,
        status: 503,
        headers: BTreeMap::new(),
        body: json!({ "error": "Service unavailable" }),
        delay_seconds: 0.0,
    };
    house.simulators.script(of, answer);
}

fn asked(house: &House, of: StandIn, path: &str) -> usize {
    house.simulators.requests(of, 0).iter().filter(|request| request.path.starts_with(path)).count()
}

/// Makes calls, all at once.
async fn make(house: &Arc<House>, tenant: usize, calls: std::ops::Range<usize>) {
    let mut made = JoinSet::new();
    for index in calls {
        let house = house.clone();
        let index = u64::try_from(index).expect("a few");
        made.spawn(async move { house.call_of(tenant, BOOKED, index).await });
    }
    made.join_all().await;
}

/// What a server says of a provider, once it says it is so.
async fn told(house: &House, provider: &str, state: &str) -> Value {
    let mut told = Value::Null;
    house
        .so("health tells of it", async || {
            told = house.health().await;
            told["checks"]["providers"][provider]["state"] == state
        })
        .await;
    told
}

async fn shunya_down_for_a_while(database: Database) {
    let house = house(database).await;
    down(&house, StandIn::Shunya, TRANSCRIBE);
    make(&house, 0, 0..CALLS).await;
    let waiting = "SELECT count(*) FROM jobs WHERE kind = 'shunya.submit' AND state = 'ready' \
                   AND last_error LIKE '%left alone%'";
    house.until(waiting, i64::try_from(CALLS).expect("a few")).await;
    let health = told(&house, "shunya", "open").await;
    assert_eq!(health["status"], "degraded");
    assert_eq!(health["checks"]["providers"]["shunya"]["accounts"], 1);
    assert_eq!(health["checks"]["providers"]["callrail"]["ok"], true);
    assert!(health["missing"].to_string().contains("shunya does not answer"), "{health}");
    // each call tries three times; those that were under way when the breaker opened are the most there can be
    let requests = asked(&house, StandIn::Shunya, TRANSCRIBE);
    assert!(requests < CALLS, "{requests} requests for {CALLS} jobs");

    house.mend(StandIn::Shunya).await;
    house.analysed(CALLS).await;
    assert_eq!(house.database.number("SELECT count(*) FROM jobs WHERE state = 'dead'").await, 0);
    // one for each, and one for each of the failures it took to open the breaker, but the last
    let attempts = "SELECT CAST(sum(attempts) AS BIGINT) FROM jobs WHERE kind = 'shunya.submit'";
    let attempts = house.database.number(attempts).await;
    assert_eq!(attempts, i64::try_from(CALLS).expect("a few") + 4, "attempts were lost");
    house.assert_once("call_analyses", "call_id").await;
    let health = told(&house, "shunya", "closed").await;
    assert_eq!(health["missing"], json!([]), "{health}");
    Arc::into_inner(house).expect("nobody else is in").close().await;
}

async fn one_bad_account(database: Database) {
    let house = house(database).await;
    house.set_up(1, &[("account_id", "ACCBAD"), ("api_key", "key")]).await;
    down(&house, StandIn::Callrail, "/v3/a/ACCBAD/");
    make(&house, 1, 0..20).await;
    let waiting = "SELECT count(*) FROM jobs WHERE kind = 'recording.fetch' AND state = 'ready' \
                   AND last_error LIKE '%left alone%'";
    house.until(waiting, 20).await;
    // the other company's calls go all the way meanwhile
    make(&house, 0, 20..26).await;
    house.analysed(6).await;
    let fetching = "SELECT count(*) FROM calls WHERE stage = 'fetching_recording'";
    assert_eq!(house.database.number(fetching).await, 20);
    let health = told(&house, "callrail", "open").await;
    assert_eq!(health["checks"]["providers"]["callrail"]["everybody"], false);
    // until somebody puts the right account in
    let secrets = house.simulators.secrets();
    let (account, key) = (secrets.callrail_account_id.clone(), secrets.callrail_api_key.expose().clone());
    house.set_up(1, &[("account_id", &account), ("api_key", &key)]).await;
    house.analysed(26).await;
    assert_eq!(house.database.number("SELECT count(*) FROM jobs WHERE state = 'dead'").await, 0);
    Arc::into_inner(house).expect("nobody else is in").close().await;
}

async fn recordings_not_to_be_sent(database: Database) {
    let settings = SimulatorSettings { time_scale: 0.01, ..SimulatorSettings::default() };
    let tenant = SimulatedTenant::demo(1).remove(0);
    let off = [("ENABLE_UWC_ASR", "false")];
    let house = Arc::new(House::set(database, settings, Parts::all(), tenant, &off).await);
    make(&house, 0, 0..4).await;
    house.until("SELECT count(*) FROM calls WHERE stage = 'recorded'", 4).await;
    assert_eq!(house.database.number("SELECT count(*) FROM shunya_jobs").await, 0);
    assert_eq!(house.simulators.requests(StandIn::Shunya, 0).len(), 0);
    Arc::into_inner(house).expect("nobody else is in").close().await;
}

on_both! {
    shunya_down_for_a_while
    one_bad_account
    recordings_not_to_be_sent
}
