//! Two of each program under a steady load of signed webhooks, while everything that can fail does: nothing acknowledged
//! is lost, nothing happens twice.

use std::time::Duration;

use demo::Ledger;
use servers::PostgresStop;
use simulators::{Faults, SentCall};
use testkit::aftermath::findings;
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    task::JoinHandle,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::ground::{Ground, stand_ins};

/// Webhooks are accepted for at least so long.
const LOAD: Duration = Duration::from_mins(2);
/// In each part of that as long as this at least one is. Longer than any breakdown lasts.
const SILENCE: i64 = 20;
/// How far apart calls begin, in the providers' own time, which is ten times ours.
const A_CALL_EVERY: Duration = Duration::from_secs(4);
/// A vanished worker's jobs are taken up after so long.
const LEASE_SECONDS: &str = "6";
/// How often CallRail is asked for what nobody was there to hear.
const LIST_SECONDS: i64 = 30;

/// What goes wrong besides: every tenth request fails, and every other fault strikes as often.
fn faults() -> Faults {
    let light = Faults::LIGHT;
    Faults {
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
    }
}

/// Calls that are made until it is enough.
struct Load {
    enough: CancellationToken,
    calling: JoinHandle<()>,
    made: UnboundedReceiver<SentCall>,
}

impl Load {
    fn begin(ground: &Ground) -> Self {
        let traffic = ground.fleet.around.simulators.traffic(demo::companies());
        let (enough, (reports, made)) = (CancellationToken::new(), unbounded_channel());
        let until = enough.clone();
        let calling = tokio::spawn(async move { traffic.keep_making(A_CALL_EVERY, &until, &reports).await });
        Self { enough, calling, made }
    }

    /// Everything that was called.
    async fn end(mut self) -> Vec<SentCall> {
        self.enough.cancel();
        self.calling.await.expect("the calls are made");
        let mut calls = Vec::new();
        while let Ok(call) = self.made.try_recv() {
            calls.push(call);
        }
        calls
    }
}

/// Does one thing after another to the fleet, each once, and then goes on killing until there was load for long enough.
/// Answers what the successor of a frozen worker has done.
async fn violence(ground: &mut Ground, begun: Instant) -> Vec<crate::scene::Done> {
    let said = |what: &str| eprintln!("{:>6.1} s  {what}", begun.elapsed().as_secs_f64());
    ground.kill_server(1).await;
    said("a server was killed");
    ground.kill_worker(1).await;
    said("a worker was killed");
    ground.kill_cron().await;
    said("the cron driver with the watch was killed");
    ground.restart_postgres(PostgresStop::Fast).await;
    said("PostgreSQL was stopped fast");
    ground.kill_server(2).await;
    said("a server was killed");
    ground.s3_answers_503().await;
    said("S3 answered 503");
    let done = ground.freeze_worker(2).await;
    said("a worker was frozen past its lease");
    ground.kill_redis().await;
    said("Redis was killed and came back empty");
    ground.kill_cron().await;
    said("the cron driver with the watch was killed");
    ground.kill_worker(2).await;
    said("a worker was killed");
    ground.restart_postgres(PostgresStop::Immediate).await;
    said("PostgreSQL was stopped immediately");
    ground.shunya_fails(faults()).await;
    said("Shunya failed");
    ground.stop_s3().await;
    said("S3 was down");
    ground.fill_the_pool(1).await;
    said("a server's connections were all in use");
    let mut round = 0;
    while begun.elapsed() < LOAD + Duration::from_secs(10) {
        round += 1;
        ground.kill_server(1 + round % 2).await;
        ground.kill_worker(1 + round % 2).await;
        ground.kill_cron().await;
        said("one of each was killed");
    }
    done
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_whatever_fails() {
    let mut ground = Ground::with(|settings| {
        let settings = fleet::FleetSettings { stand_ins: stand_ins(faults()), ..settings };
        settings
            .with("OTTO_JOB_LEASE_SECONDS", LEASE_SECONDS)
            .with("OTTO_CALLRAIL_LIST_SECONDS", &LIST_SECONDS.to_string())
            .with("OTTO_DB_POOL_SIZE", "3")
            .with("OTTO_DB_POOL_OVERFLOW", "3")
            .with("OTTO_DB_POOL_WAIT_SECONDS", "10")
    })
    .await;
    let started_at = ground.now().await;
    let ledger = Ledger::open(&ground.fleet.url(), &demo::companies(), started_at).await.unwrap();
    let begun = Instant::now();
    let load = Load::begin(&ground);
    let done = violence(&mut ground, begun).await;
    let calls = load.end().await;
    eprintln!(
        "{:>6.1} s  {} calls were made; now for their ends",
        begun.elapsed().as_secs_f64(),
        calls.len()
    );
    ground.fleet.around.simulators.set_faults(Faults::NONE);

    let report = ledger.close(calls, Duration::from_mins(2)).await.expect("the API answers");
    assert!(report.is_clean(), "{}\n{}", report.table(), ground.tails());
    settled(&ground).await;
    eprintln!("{:>6.1} s  all is settled\n{}", begun.elapsed().as_secs_f64(), report.table());
    let stats = ground.fleet.around.simulators.stats();
    let mut found = findings(&ground.verified().await, &ground.database, &report.calls, &stats).await;
    found.extend(ground.still_as_done(&done).await);
    found.extend(slots_out_of_order(&ground).await);
    assert!(found.is_empty(), "{}\n{}", report.table(), found.join("\n"));

    // that it was a test at all
    load_was_steady(&ground).await;
    assert!(stats.callrail.webhooks_lost > 0, "no webhook met a dead process: {stats:?}");
    assert!(stats.shunya.webhooks_sent > stats.shunya.webhooks_delivered, "{stats:?}");
    assert!(stats.callrail.calls > 200, "{stats:?}");
    ground.stop().await;
}

/// Waits until nothing is under way any more that was asked for by an event.
async fn settled(ground: &Ground) {
    let open = "SELECT count(*) FROM webhook_inbox WHERE state IN ('received', 'waiting')";
    let busy = "SELECT count(*) FROM jobs WHERE state = 'running' OR (state = 'ready' AND kind = 'shunya.apply_event')";
    ground.counts("no webhook is left lying", open, |count| count == 0).await;
    ground.counts("no job is under way", busy, |count| count == 0).await;
}

/// Webhooks were accepted for the time that was wished, and never for long not.
async fn load_was_steady(ground: &Ground) {
    let lasted = "SELECT CAST(extract(epoch FROM max(received_at) - min(received_at)) AS BIGINT) FROM webhook_inbox \
                  WHERE provider = 'callrail'";
    let lasted = ground.database.number(lasted).await;
    assert!(lasted >= i64::try_from(LOAD.as_secs()).unwrap(), "{lasted} s");
    let gaps = "SELECT CAST(coalesce(max(extract(epoch FROM received_at - before)), 0) AS BIGINT) FROM (\
                SELECT received_at, lag(received_at) OVER (ORDER BY received_at) AS before FROM webhook_inbox \
                WHERE provider = 'callrail') AS arrivals";
    let longest = ground.database.number(gaps).await;
    assert!(longest < SILENCE, "for {longest} s no webhook was accepted");
}

/// Slots of each schedule follow one another, and none has brought about two jobs.
pub async fn slots_out_of_order(ground: &Ground) -> Vec<String> {
    let mut found = Vec::new();
    let schedules = "SELECT DISTINCT schedule FROM schedule_slots";
    for schedule in ground.database.texts(schedules).await {
        let times = format!(
            "SELECT CAST(CAST(extract(epoch FROM begins_at) AS BIGINT) AS TEXT) FROM schedule_slots \
             WHERE schedule = '{schedule}' ORDER BY begins_at"
        );
        let times: Vec<i64> =
            ground.database.texts(&times).await.iter().map(|text| text.parse().unwrap()).collect();
        let every = match schedule.as_str() {
            "callrail.list" => LIST_SECONDS,
            "calls.sweep" | "shunya.sweep" | "webhooks.match" => 60,
            _ => continue,
        };
        let skipped = times.windows(2).filter(|pair| pair[1] - pair[0] != every).count();
        if skipped > 0 {
            found.push(format!("{schedule} has skipped slots {skipped} times: {times:?}"));
        }
        if times.len() < 2 {
            found.push(format!("{schedule} has too few slots to tell anything: {times:?}"));
        }
    }
    // a slot is one row; a job that no slot knows of was enqueued for one that had its job already
    let twice = "SELECT kind || ' at ' || CAST(created_at AS TEXT) FROM jobs WHERE company_id IS NULL \
                 AND id NOT IN (SELECT job_id FROM schedule_slots)";
    found.extend(ground.database.texts(twice).await.iter().map(|job| format!("{job} belongs to no slot")));
    found
}
