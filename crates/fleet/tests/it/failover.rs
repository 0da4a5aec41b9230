//! Two cron drivers: one dies, the other takes over before the slot it died in ends.

use std::time::Duration;

use fleet::{FleetSettings, Role};
use tokio::time::{Instant, sleep};

use crate::{
    ground::{Ground, eventually},
    survival::slots_out_of_order,
};

/// The shortest slot there may be.
const SLOT_SECONDS: f64 = 30.0;

/// Waits until the next slot begins in two seconds.
async fn shortly_before_a_slot(ground: &Ground) {
    let millis = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)";
    let now = ground.database.number(millis).await as f64 / 1000.0;
    let left = SLOT_SECONDS - now.rem_euclid(SLOT_SECONDS);
    // as long as that takes: nothing else tells when it is time
    sleep(Duration::from_secs_f64((left - 2.0).rem_euclid(SLOT_SECONDS))).await;
}

/// How late the newest slot of the shortest schedule was enqueued.
async fn seconds_late(ground: &Ground) -> i64 {
    let late = "SELECT CAST(extract(epoch FROM created_at - begins_at) AS BIGINT) FROM schedule_slots \
                WHERE schedule = 'callrail.list' ORDER BY begins_at DESC LIMIT 1";
    ground.database.number(late).await
}

async fn slots(ground: &Ground) -> i64 {
    ground.database.number("SELECT count(*) FROM schedule_slots WHERE schedule = 'callrail.list'").await
}

async fn another_has_the_watch(ground: &Ground, than: usize) -> Duration {
    let since = Instant::now();
    eventually("the other driver has the watch", async || {
        ground.who_has_the_watch().is_some_and(|now| now != than)
    })
    .await;
    since.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_driver_takes_over_and_no_slot_is_skipped_or_doubled() {
    let mut ground = Ground::with(|settings| {
        let settings = FleetSettings { servers: 1, workers: 1, ..settings };
        settings.with("OTTO_CALLRAIL_LIST_SECONDS", "30")
    })
    .await;

    // one that dies while a slot falls due
    let first = ground.somebody_has_the_watch().await;
    shortly_before_a_slot(&ground).await;
    let before = slots(&ground).await;
    ground.fleet.kill(Role::Cron, first).await.unwrap();
    let took = another_has_the_watch(&ground, first).await;
    eprintln!("taken over from a dead driver after {:.1} s", took.as_secs_f64());
    eventually("the slot is enqueued", async || slots(&ground).await > before).await;
    assert!(seconds_late(&ground).await >= 1, "somebody drove when the slot began: nothing was tested");
    ground.fleet.begin(Role::Cron, first).await.unwrap();

    // one that is asked to stop hands over
    let second = ground.somebody_has_the_watch().await;
    let status = ground.fleet.end(Role::Cron, second).await.unwrap();
    assert!(status.success(), "{status}");
    let took = another_has_the_watch(&ground, second).await;
    eprintln!("handed over after {:.1} s", took.as_secs_f64());
    ground.fleet.begin(Role::Cron, second).await.unwrap();

    // without Redis both drive, and each slot is enqueued once
    ground.fleet.around.redis.kill().await.unwrap();
    eventually("both drive", async || {
        [1, 2]
            .iter()
            .all(|number| ground.said(Role::Cron, *number).contains("nobody can tell who has the watch"))
    })
    .await;
    let before = slots(&ground).await;
    eventually("a slot is enqueued", async || slots(&ground).await > before).await;
    ground.fleet.around.redis.start().await.unwrap();
    let third = ground.somebody_has_the_watch().await;
    assert!([1, 2].contains(&third));
    let found = slots_out_of_order(&ground).await;
    let found: Vec<_> = found.iter().filter(|finding| finding.contains("list")).collect();
    assert!(found.is_empty(), "{found:?}");
    assert!(slots(&ground).await >= 3);
    ground.stop().await;
}
