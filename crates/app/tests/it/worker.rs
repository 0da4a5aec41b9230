//! The worker over the real queue: what becomes of a job however it ends.

use std::{sync::Arc, time::Duration};

use app::{
    office::{cancel_job, retry_job},
    ports::{JobClaims, Release, Renewal, ReplayOutcome},
    worker::{WorkerSettings, run_worker},
};
use calls::{CallStage, RecordingState};
use kernel::{ProviderError, Scope};
use queue::{JobState, Lease, Queue};
use testkit::{Seen, World, fakes::Audio};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::setup::{call_with_recording, jobs, on_both, only_job, stored, tenant};

/// A worker under way.
pub(crate) struct Running {
    pub(crate) shutdown: CancellationToken,
    worker: JoinHandle<()>,
}

impl Running {
    /// Serves one queue, and looks by itself only when it knows why.
    pub(crate) fn start(world: &World, change: impl FnOnce(&mut WorkerSettings)) -> Self {
        let mut settings = WorkerSettings {
            name: "w1".to_owned(),
            queues: vec![(Queue::Asr, 2)],
            idle_poll: Duration::from_hours(1),
            grace: Duration::from_mins(1),
            lease: Duration::from_hours(1),
        };
        change(&mut settings);
        let shutdown = CancellationToken::new();
        let worker = tokio::spawn(run_worker(Arc::clone(&world.ports), settings, shutdown.clone()));
        Self { shutdown, worker }
    }

    /// Asks it to end, and waits until it has.
    pub(crate) async fn end(self) {
        self.shutdown.cancel();
        self.worker.await.expect("a worker does not break");
    }
}

/// Runs a worker until it has put a job back.
async fn until_released(world: &World) -> (Release, bool) {
    let worker = Running::start(world, |_| {});
    let seen = world.claims.until(|seen| matches!(seen, Seen::Released(..))).await;
    worker.end().await;
    let Seen::Released(_, release, held) = seen else { unreachable!("it was waited for") };
    (release, held)
}

/// Another worker takes a job over, as if this one's lease had run out.
async fn stolen(world: &World) -> Lease {
    let later = world.ports.clock.now() + chrono::Duration::days(1);
    assert_eq!(world.db.system.rescue(later).await.unwrap(), 1);
    let claim = app::ports::Claim {
        queue: Queue::Asr,
        limit: 1,
        worker: "thief",
        token: world.ports.ids.next(),
        now: later,
        lease_until: later + chrono::Duration::days(1),
    };
    world.db.system.claim(&claim).await.unwrap().remove(0).lease
}

async fn held_by_the_thief(world: &World, lease: Lease) {
    let line = only_job(world, Queue::Asr).await;
    assert_eq!((line.state, line.worker.as_deref()), (JobState::Running, Some("thief")));
    assert_eq!(world.db.system.finish(&[lease], world.ports.clock.now()).await.unwrap(), 1);
}

on_both!(
    a_job_is_done_as_soon_as_the_bell_rings,
    a_failed_job_is_tried_again_later,
    the_provider_says_how_long_to_wait,
    a_job_that_cannot_succeed_is_given_up_where_people_look,
    a_recording_given_up_on_is_fetched_when_its_job_is_tried_again,
    the_last_attempt_is_the_last,
    a_job_that_panics_has_failed_and_harms_no_other,
    no_more_jobs_run_at_once_than_the_queue_may,
    a_job_under_way_ends_before_the_worker_does,
    a_job_that_takes_longer_than_the_grace_period_is_handed_back,
    a_job_whose_lease_is_lost_is_stopped,
    a_result_without_a_lease_is_not_stored,
    a_job_called_off_is_stopped,
    a_job_that_kills_its_workers_is_given_up,
    a_job_of_a_newer_program_is_left_to_it,
    two_workers_share_the_work,
);

async fn a_job_is_done_as_soon_as_the_bell_rings(world: &World) {
    let scope = tenant(world, "org_a").await;
    let worker = Running::start(world, |_| {});
    world.claims.until(|seen| *seen == Seen::Claimed(Vec::new())).await;
    let call = call_with_recording(world, &scope, "CAL1").await;
    world.provider.asked().await;
    worker.end().await;
    let line = only_job(world, Queue::Asr).await;
    assert_eq!((line.state, line.attempts, line.last_error), (JobState::Done, 1, None));
    let (found, recording) = stored(world, &scope, call).await;
    assert_eq!(found.stage, CallStage::Recorded);
    let recording = recording.unwrap();
    assert_eq!(recording.state, RecordingState::Stored);
    assert_eq!(world.blobs.keys(), [recording.blob_key.unwrap()]);
    // the next step was enqueued with the result
    assert_eq!(only_job(world, Queue::Shunya).await.state, JobState::Ready);
}

async fn a_failed_job_is_tried_again_later(world: &World) {
    let scope = tenant(world, "org_a").await;
    let call = call_with_recording(world, &scope, "CAL1").await;
    let down = ProviderError::Unavailable { reason: "503".to_owned(), retry_after: None };
    world.provider.then(Audio::Fails(down));
    let (release, held) = until_released(world).await;
    assert!(held);
    // half of the two seconds the first failure may wait, as the dice show
    let again = world.clock_now() + chrono::Duration::seconds(1);
    assert!(matches!(release, Release::Retry { at, .. } if at == again), "{release:?}");
    let line = only_job(world, Queue::Asr).await;
    assert_eq!((line.state, line.attempts, line.run_at), (JobState::Ready, 1, again));
    assert_eq!(line.last_error.as_deref(), Some("the provider is unavailable (503)"));
    assert_eq!(stored(world, &scope, call).await.1.unwrap().state, RecordingState::Pending);
    // and it is done when its time has come
    world.clock.advance(chrono::Duration::seconds(1));
    let worker = Running::start(world, |_| {});
    world.provider.asked().await;
    world.provider.asked().await;
    worker.end().await;
    let line = only_job(world, Queue::Asr).await;
    assert_eq!((line.state, line.attempts, line.last_error), (JobState::Done, 2, None));
}

async fn the_provider_says_how_long_to_wait(world: &World) {
    let scope = tenant(world, "org_a").await;
    call_with_recording(world, &scope, "CAL1").await;
    let throttled = ProviderError::Throttled { retry_after: Some(Duration::from_secs(90)) };
    world.provider.then(Audio::Fails(throttled));
    let (release, _) = until_released(world).await;
    let least = world.clock_now() + chrono::Duration::seconds(90);
    assert!(matches!(release, Release::Retry { at, .. } if at >= least), "{release:?}");
}

async fn gave_up(world: &World, scope: &Scope, call: kernel::CallId, attempts: i32, error: &str) {
    let line = only_job(world, Queue::Asr).await;
    assert_eq!((line.state, line.attempts), (JobState::Dead, attempts));
    assert_eq!(line.last_error.as_deref(), Some(error));
    let (found, recording) = stored(world, scope, call).await;
    let recording = recording.unwrap();
    assert_eq!((found.stage, recording.state), (CallStage::Failed, RecordingState::Failed));
    assert_eq!(recording.error.as_deref(), Some(error));
    assert!(jobs(world, Queue::Shunya).await.is_empty());
}

/// Runs a worker until its only job is over, whichever way.
async fn until_over(world: &World) {
    let worker = Running::start(world, |_| {});
    world.claims.until(|seen| matches!(seen, Seen::Claimed(jobs) if !jobs.is_empty())).await;
    worker.end().await;
}

async fn a_job_that_cannot_succeed_is_given_up_where_people_look(world: &World) {
    let scope = tenant(world, "org_a").await;
    let call = call_with_recording(world, &scope, "CAL1").await;
    world.provider.then(Audio::Fails(ProviderError::Rejected { code: "403".to_owned() }));
    until_over(world).await;
    gave_up(world, &scope, call, 1, "the provider refused the request (403)").await;
}

async fn a_recording_given_up_on_is_fetched_when_its_job_is_tried_again(world: &World) {
    let scope = tenant(world, "org_a").await;
    call_with_recording(world, &scope, "CAL1").await;
    world.provider.then(Audio::Fails(ProviderError::Rejected { code: "403".to_owned() }));
    until_over(world).await;
    let job = jobs(world, Queue::Asr).await.remove(0).id;
    assert_eq!(retry_job(&world.ports, job).await.unwrap(), ReplayOutcome::Changed);
    let worker = Running::start(world, |_| {});
    // once by the worker before, once by this one
    world.provider.asked().await;
    world.provider.asked().await;
    worker.end().await;
    assert_eq!(jobs(world, Queue::Asr).await.remove(0).state, JobState::Done);
    assert_eq!(world.db.number("SELECT count(*) FROM recordings WHERE state = 'stored'").await, 1);
    assert_eq!(world.db.number("SELECT count(*) FROM shunya_jobs WHERE state = 'pending'").await, 1);
}

async fn the_last_attempt_is_the_last(world: &World) {
    let scope = tenant(world, "org_a").await;
    let call = call_with_recording(world, &scope, "CAL1").await;
    let most = app::jobs::KINDS.iter().find(|kind| kind.name == "recording.fetch").unwrap().max_attempts;
    world.db.run(&format!("UPDATE jobs SET attempts = {}", most - 1)).await;
    world.provider.then(Audio::Fails(ProviderError::Timeout));
    until_over(world).await;
    let attempts = i32::try_from(most).unwrap();
    gave_up(world, &scope, call, attempts, "the provider did not answer in time").await;
}

async fn a_job_that_panics_has_failed_and_harms_no_other(world: &World) {
    let scope = tenant(world, "org_a").await;
    world.provider.then(Audio::Panics);
    call_with_recording(world, &scope, "CAL1").await;
    let (release, held) = until_released(world).await;
    assert!(held);
    assert!(matches!(&release, Release::Retry { error, .. } if error == "the job panicked"), "{release:?}");
    call_with_recording(world, &scope, "CAL2").await;
    let worker = Running::start(world, |_| {});
    world.provider.asked().await;
    world.provider.asked().await;
    worker.end().await;
    let states: Vec<_> = jobs(world, Queue::Asr).await.iter().map(|line| line.state).collect();
    assert_eq!(states, [JobState::Done, JobState::Ready]);
}

async fn no_more_jobs_run_at_once_than_the_queue_may(world: &World) {
    let scope = tenant(world, "org_a").await;
    let mut go = Vec::new();
    for number in 0..6 {
        go.push(world.provider.then_wait());
        call_with_recording(world, &scope, &format!("CAL{number}")).await;
    }
    let worker = Running::start(world, |_| {});
    world.provider.asked().await;
    for (number, go) in (1..).zip(go) {
        // as many as there may be are under way before one of them ends
        if number < 6 {
            world.provider.asked().await;
        }
        go.send(()).unwrap();
    }
    worker.end().await;
    assert_eq!(world.provider.most_at_once(), 2);
    assert!(jobs(world, Queue::Asr).await.iter().all(|line| line.state == JobState::Done));
}

async fn a_job_under_way_ends_before_the_worker_does(world: &World) {
    let scope = tenant(world, "org_a").await;
    let go = world.provider.then_wait();
    call_with_recording(world, &scope, "CAL1").await;
    let worker = Running::start(world, |_| {});
    world.provider.asked().await;
    // what comes after shutdown was asked for is not begun
    worker.shutdown.cancel();
    call_with_recording(world, &scope, "CAL2").await;
    go.send(()).unwrap();
    worker.end().await;
    let states: Vec<_> = jobs(world, Queue::Asr).await.iter().map(|line| line.state).collect();
    assert_eq!(states, [JobState::Ready, JobState::Done]);
    assert_eq!(world.provider.times(), 1);
}

async fn a_job_that_takes_longer_than_the_grace_period_is_handed_back(world: &World) {
    let scope = tenant(world, "org_a").await;
    let given_up = world.provider.then_never();
    call_with_recording(world, &scope, "CAL1").await;
    let worker = Running::start(world, |settings| settings.grace = Duration::ZERO);
    world.provider.asked().await;
    worker.end().await;
    given_up.await.expect_err("the job was dropped");
    let line = only_job(world, Queue::Asr).await;
    assert_eq!((line.state, line.attempts, line.lease_until), (JobState::Ready, 0, None));
    let handed_back = |seen: &Seen| matches!(seen, Seen::Released(_, Release::HandBack, true));
    assert!(world.claims.seen().iter().any(handed_back));
}

async fn a_job_whose_lease_is_lost_is_stopped(world: &World) {
    let scope = tenant(world, "org_a").await;
    let given_up = world.provider.then_never();
    call_with_recording(world, &scope, "CAL1").await;
    let worker = Running::start(world, |settings| settings.lease = Duration::from_millis(300));
    world.provider.asked().await;
    let lease = stolen(world).await;
    given_up.await.expect_err("a heartbeat finds out and the job is dropped");
    worker.end().await;
    assert!(
        !world.claims.seen().iter().any(|seen| matches!(seen, Seen::Released(..))),
        "it is not its any more"
    );
    held_by_the_thief(world, lease).await;
}

async fn a_result_without_a_lease_is_not_stored(world: &World) {
    let scope = tenant(world, "org_a").await;
    let go = world.provider.then_wait();
    let call = call_with_recording(world, &scope, "CAL1").await;
    let worker = Running::start(world, |_| {});
    world.provider.asked().await;
    let lease = stolen(world).await;
    // no heartbeat tells it before it is done
    go.send(()).unwrap();
    worker.end().await;
    let (found, recording) = stored(world, &scope, call).await;
    assert_eq!(
        (found.stage, recording.unwrap().state),
        (CallStage::FetchingRecording, RecordingState::Pending)
    );
    assert!(jobs(world, Queue::Shunya).await.is_empty(), "nothing of it was committed");
    held_by_the_thief(world, lease).await;
}

async fn a_job_called_off_is_stopped(world: &World) {
    let scope = tenant(world, "org_a").await;
    let given_up = world.provider.then_never();
    call_with_recording(world, &scope, "CAL1").await;
    let worker = Running::start(world, |settings| settings.lease = Duration::from_millis(300));
    world.provider.asked().await;
    let job = only_job(world, Queue::Asr).await.id;
    assert_eq!(cancel_job(&world.ports, job).await.unwrap(), ReplayOutcome::Changed);
    given_up.await.expect_err("a heartbeat finds out and the job is dropped");
    worker.end().await;
    assert_eq!(only_job(world, Queue::Asr).await.state, JobState::Cancelled);
    let told =
        |seen: &Seen| matches!(seen, Seen::Renewed(all) if all.contains(&Renewal::CancelRequested(job)));
    assert!(world.claims.seen().iter().any(told));
}

async fn a_job_that_kills_its_workers_is_given_up(world: &World) {
    let scope = tenant(world, "org_a").await;
    let call = call_with_recording(world, &scope, "CAL1").await;
    let most = app::jobs::KINDS.iter().find(|kind| kind.name == "recording.fetch").unwrap().max_attempts;
    // its worker died in the last attempt it had
    world.db.run(&format!("UPDATE jobs SET attempts = {}", most - 1)).await;
    let claim = app::ports::Claim {
        queue: Queue::Asr,
        limit: 1,
        worker: "dead",
        token: world.ports.ids.next(),
        now: world.clock_now(),
        lease_until: world.clock_now(),
    };
    assert_eq!(world.db.system.claim(&claim).await.unwrap().len(), 1);
    world.clock.advance(chrono::Duration::seconds(1));
    until_over(world).await;
    assert_eq!(world.provider.times(), 0, "it is not tried once more");
    let attempts = i32::try_from(most).unwrap() + 1;
    gave_up(world, &scope, call, attempts, "its workers keep vanishing").await;
}

async fn a_job_of_a_newer_program_is_left_to_it(world: &World) {
    let scope = tenant(world, "org_a").await;
    call_with_recording(world, &scope, "CAL1").await;
    for change in ["kind = 'recording.beam'", "kind = 'recording.fetch', args = '{\"v\": 99}'"] {
        world.db.run(&format!("UPDATE jobs SET {change}")).await;
        let before = only_job(world, Queue::Asr).await;
        until_over(world).await;
        let line = only_job(world, Queue::Asr).await;
        assert_eq!((line.state, line.attempts), (JobState::Ready, 0), "{change}: it keeps all its attempts");
        assert!(line.run_at > before.run_at);
        world.clock.advance(line.run_at - world.clock_now());
        world.claims.forget();
    }
    assert_eq!(world.provider.times(), 0);
}

async fn two_workers_share_the_work(world: &World) {
    let scope = tenant(world, "org_a").await;
    for number in 0..20 {
        call_with_recording(world, &scope, &format!("CAL{number}")).await;
    }
    let workers = [
        Running::start(world, |_| {}),
        Running::start(world, |settings| "w2".clone_into(&mut settings.name)),
    ];
    for _ in 0..20 {
        world.provider.asked().await;
    }
    for worker in workers {
        worker.end().await;
    }
    assert_eq!(world.provider.times(), 20, "each was done once");
    assert!(
        jobs(world, Queue::Asr).await.iter().all(|line| line.state == JobState::Done && line.attempts == 1)
    );
}
