//! Hours in a moment: the runtime's clock stands still while the database works, and jumps when everybody waits.

use std::{sync::Arc, time::Duration};

use app::{
    cron::run_cron,
    jobs::{LIST_CALLS_EVERY, schedules},
    worker::{WorkerSettings, run_worker},
};
use calls::{CallStage, RecordingState};
use kernel::{Clock, ProviderError, Timestamp};
use queue::{JobState, Queue};
use testkit::{Database, ManualClock, World, fakes::Audio};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::setup::{call_with_recording, only_job, stored, tenant};

/// The runtime's time.
pub(crate) struct RuntimeClock(Instant);

impl Default for RuntimeClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        let since = chrono::Duration::from_std(self.0.elapsed()).unwrap();
        kernel::truncate_to_micros(Database::now() + since)
    }
}

/// A world on that time.
pub(crate) async fn world() -> World {
    let db = testkit::sqlite().await;
    let clock = Arc::new(RuntimeClock::default());
    World::with_clock(db, Arc::new(ManualClock::default()), clock)
}

fn settings(queues: &[Queue]) -> WorkerSettings {
    let mut settings = WorkerSettings::all_queues("w1".to_owned());
    settings.queues.retain(|(queue, _)| queues.contains(queue));
    settings
}

#[tokio::test(start_paused = true)]
async fn a_job_that_takes_too_long_has_failed() {
    let world = world().await;
    let scope = tenant(&world, "org_a").await;
    call_with_recording(&world, &scope, "CAL1").await;
    let given_up = world.provider.then_never();
    let shutdown = CancellationToken::new();
    let worker = tokio::spawn(run_worker(world.ports.clone(), settings(&[Queue::Asr]), shutdown.clone()));
    given_up.await.expect_err("the job is dropped when its time is up");
    // its heartbeats have kept it all the time, and nobody else has had it
    world.provider.asked().await;
    world.provider.asked().await;
    shutdown.cancel();
    worker.await.unwrap();
    let line = only_job(&world, Queue::Asr).await;
    assert_eq!((line.state, line.attempts), (JobState::Done, 2));
    let timeout = app::jobs::KINDS.iter().find(|kind| kind.name == "recording.fetch").unwrap().timeout;
    assert!(line.started_at.unwrap() - Database::now() >= chrono::Duration::from_std(timeout).unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_is_down_for_hours_loses_no_recording() {
    let world = world().await;
    let scope = tenant(&world, "org_a").await;
    let call = call_with_recording(&world, &scope, "CAL1").await;
    for _ in 0..15 {
        let down = ProviderError::Unavailable { reason: "503".to_owned(), retry_after: None };
        world.provider.then(Audio::Fails(down));
    }
    let shutdown = CancellationToken::new();
    let worker = tokio::spawn(run_worker(world.ports.clone(), settings(&[Queue::Asr]), shutdown.clone()));
    for _ in 0..16 {
        world.provider.asked().await;
    }
    shutdown.cancel();
    worker.await.unwrap();
    assert_eq!(stored(&world, &scope, call).await.1.unwrap().state, RecordingState::Stored);
    assert_eq!(only_job(&world, Queue::Asr).await.attempts, 16);
    // half of 2, 4, 8 … 512 seconds, then half of the longest wait of a quarter of an hour
    let waited = world.clock_now() - Database::now();
    assert!(waited >= chrono::Duration::minutes(45), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn two_crons_enqueue_each_slot_once() {
    let world = world().await;
    tenant(&world, "org_a").await;
    let shutdown = CancellationToken::new();
    let all = || schedules(LIST_CALLS_EVERY);
    let loops = [
        tokio::spawn(run_cron(world.ports.clone(), all(), shutdown.clone())),
        tokio::spawn(run_cron(world.ports.clone(), all(), shutdown.clone())),
        tokio::spawn(run_worker(world.ports.clone(), settings(&[Queue::Default]), shutdown.clone())),
    ];
    // from the middle of one slot to the middle of another
    tokio::time::sleep(Duration::from_hours(1) + Duration::from_secs(30)).await;
    shutdown.cancel();
    for ended in loops {
        ended.await.unwrap();
    }
    for schedule in all() {
        let slots = world
            .db
            .number(&format!("SELECT count(*) FROM schedule_slots WHERE schedule = '{}'", schedule.name))
            .await;
        let expected = 1 + i64::try_from(3600 / schedule.every.as_secs()).unwrap();
        assert_eq!(slots, expected, "{}", schedule.name);
        let done =
            format!("SELECT count(*) FROM jobs WHERE kind = '{}' AND state = 'done'", schedule.kind.name);
        assert_eq!(world.db.number(&done).await, expected, "{}", schedule.name);
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_goes_all_the_way_by_itself() {
    let world = world().await;
    let scope = tenant(&world, "org_a").await;
    *world.engine.result.lock().unwrap() = serde_json::json!({
        "summary": { "summary": "They asked for a quote.", "key_points": [] },
        "qualification": { "qualification_status": "hot", "booking_status": "not_booked" },
    });
    let shutdown = CancellationToken::new();
    let worker = tokio::spawn(run_worker(world.ports.clone(), settings(&Queue::ALL), shutdown.clone()));
    let call = call_with_recording(&world, &scope, "CAL1").await;
    while stored(&world, &scope, call).await.0.stage != CallStage::Analysed {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    shutdown.cancel();
    worker.await.unwrap();
    assert_eq!(world.engine.submitted().len(), 1);
    assert_eq!(world.db.number("SELECT count(*) FROM jobs WHERE state <> 'done'").await, 0);
    assert_eq!(stored(&world, &scope, call).await.0.lead_quality.as_deref(), Some("hot"));
}
