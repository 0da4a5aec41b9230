//! Nothing acknowledged is ever lost and nothing happens twice, however often the process dies.

use std::time::Duration;

use demo::{DemoOrder, Report};
use simulators::{Faults, SimulatorSettings, Simulators, Traffic};
use testkit::{Database, aftermath::findings};
use tokio::time::{Instant, sleep};

use crate::place::{GUARD, Place, tenants};

/// How many calls.
const CALLS: u64 = 300;
/// How often the process is killed, at least.
const KILLS: u64 = 22;
/// A vanished worker's jobs are taken up after so long: many of them while the killing still goes on.
const LEASE_SECONDS: &str = "6";

/// Chance that can be repeated.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, bound: u64) -> u64 {
        // xorshift64*
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % bound
    }
}

pub fn stand_ins(faults: Faults) -> Simulators {
    // undocumented values change what is understood, and this is about what is lost
    let settings =
        SimulatorSettings { seed: 7, time_scale: 0.2, faults, quirks: 0.0, ..SimulatorSettings::default() };
    simulators::start(settings).expect("the stand-ins start")
}

pub fn order(place: &Place, traffic: Traffic, calls: u64) -> DemoOrder {
    DemoOrder {
        base_url: place.url(),
        traffic,
        tenants: tenants(),
        calls,
        at_once: 12,
        patience: Duration::from_mins(2),
        started_at: kernel::Clock::now(&wiring::SystemClock),
        progress: false,
    }
}

/// Waits until nothing is under way any more that was asked for by an event.
pub async fn settled(database: &Database) {
    let open = "SELECT count(*) FROM webhook_inbox WHERE state IN ('received', 'waiting')";
    let busy = "SELECT count(*) FROM jobs WHERE state = 'running' OR (state = 'ready' AND kind = 'shunya.apply_event')";
    let deadline = Instant::now() + GUARD * 2;
    while database.number(open).await + database.number(busy).await > 0 {
        assert!(Instant::now() < deadline, "webhooks or jobs are left lying");
        sleep(Duration::from_millis(200)).await;
    }
}

async fn survives(database: Database) {
    // every tenth request fails, and every other fault strikes as often
    let light = Faults::LIGHT;
    let faults = Faults {
        timeout: light.timeout * 2.0,
        throttled: light.throttled * 2.0,
        server_error: light.server_error * 2.0,
        reset: light.reset * 2.0,
        duplicate_webhook: 0.2,
        reordered_webhooks: 0.1,
        early_webhook: 0.2,
        malformed_webhook: 0.1,
        unsent_webhook: 0.1,
        recording_not_ready: 0.1,
        truncated_recording: 0.1,
        ..light
    };
    let simulators = stand_ins(faults);
    let place = Place::empty()
        .with_world(&database, &simulators)
        .with("OTTO_JOB_LEASE_SECONDS", LEASE_SECONDS)
        .with("OTTO_CALLRAIL_LIST_SECONDS", "30")
        .with("LOG_LEVEL", "error");
    place.set_up_tenants().await;
    simulators.set_otto_url(&place.url());
    let mut otto = place.start().await;
    let calling = tokio::spawn(demo::run(order(&place, simulators.traffic(tenants()), CALLS)));

    let mut chance = Seeded(0x0770);
    let mut killed = 0;
    for round in 1..=KILLS {
        // spread over the run, each at a moment of its own
        let due = CALLS * round / (KILLS + 3);
        simulators.wait_for(|stats| stats.callrail.calls >= due).await;
        sleep(Duration::from_millis(chance.below(700))).await;
        otto.kill().await;
        killed += 1;
        if round % 4 == 0 {
            // again while it starts
            let starting = place.spawn();
            sleep(Duration::from_millis(chance.below(250))).await;
            starting.kill().await;
            killed += 1;
        }
        otto = place.start().await;
    }
    assert!(!calling.is_finished() && killed >= 20, "the killing was spread over the run");

    let report: Report = calling.await.expect("the calls are made").expect("the API answers");
    assert!(report.is_clean(), "{}\n{}", report.table(), otto.told());
    settled(&database).await;
    otto.stop().await;
    let stats = simulators.stats();
    let found = findings(&place.verified().await, &database, &report.calls, &stats).await;
    assert!(found.is_empty(), "{}\n{}", report.table(), found.join("\n"));
    // that it was a test at all
    assert!(stats.callrail.webhooks_lost > 0, "no webhook met a dead process: {stats:?}");
    assert!(stats.shunya.webhooks_sent > stats.shunya.webhooks_delivered, "{stats:?}");
    simulators.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_on_sqlite() {
    survives(testkit::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_on_postgres() {
    survives(testkit::postgres().await).await;
}

/// The test of the test: each kind of harm is noticed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn harm_is_noticed() {
    let database = testkit::sqlite().await;
    let simulators = stand_ins(Faults::NONE);
    let place = Place::empty().with_world(&database, &simulators);
    place.set_up_tenants().await;
    simulators.set_otto_url(&place.url());
    let otto = place.start().await;
    let traffic = simulators.traffic(tenants());
    let report = demo::run(order(&place, traffic, 24)).await.expect("the API answers");
    assert!(report.is_clean(), "{}", report.table());
    settled(&database).await;
    otto.stop().await;
    let stats = simulators.stats();
    let looked = async || findings(&place.verified().await, &database, &report.calls, &stats).await;
    assert_eq!(looked().await, Vec::<String>::new());

    let analysed = "(SELECT min(id) FROM calls WHERE stage = 'analysed')";
    let some_job = "(SELECT min(id) FROM jobs WHERE state = 'done')";
    for (harm, noticed) in [
        ("UPDATE calls SET booking_status = NULL WHERE booking_status IS NOT NULL".to_owned(), "is [\"analysed\", \"\""),
        (format!("DELETE FROM call_transcripts WHERE call_id = {analysed}"), "transcripts.missing"),
        ("DELETE FROM tasks WHERE id = (SELECT min(id) FROM tasks)".to_owned(), "is 0 tasks"),
        ("UPDATE webhook_inbox SET state = 'waiting' WHERE provider = 'shunya'".to_owned(), "and not applied"),
        ("DELETE FROM webhook_inbox WHERE kind = 'call.completed'".to_owned(), "acknowledged and is not applied"),
        ("DELETE FROM webhook_inbox WHERE provider = 'shunya'".to_owned(), "webhooks were taken, and 0"),
        (format!("UPDATE jobs SET state = 'running' WHERE id = {some_job}"), "worker that is gone"),
        (format!("UPDATE jobs SET state = 'dead' WHERE id = {some_job}"), "given up"),
        ("UPDATE leads SET status = 'dormant' WHERE status = 'qualified_booked'".to_owned(), "leads.history"),
        ("DELETE FROM events WHERE event = 'lead.created'".to_owned(), "events.told"),
        ("UPDATE recordings SET sha256 = 'other'".to_owned(), "recordings.stored"),
        (
            "INSERT INTO events SELECT randomblob(16), company_id, event, event_key || 'x', severity, lead_id, user_id, \
             call_id, data, trace, created_at FROM events WHERE event = 'call.completed'"
                .to_owned(),
            "events.keys",
        ),
    ] {
        database.run(&harm).await;
        let found = looked().await;
        assert!(found.iter().any(|finding| finding.contains(noticed)), "{harm}: {found:?}");
    }
    simulators.stop().await;
}
