//! Jobs a worker has claimed and not begun. Time stands still while anybody works, so that every job is short unless the
//! test keeps it.

use std::time::Duration;

use app::{
    office::cancel_job,
    ports::{JobLine, JobOffice, Release, Renewal, ReplayOutcome},
};
use kernel::JobId;
use queue::{JobState, Queue};
use testkit::{Seen, World};
use tokio::sync::oneshot;

use crate::{
    setup::{call_with_recording, in_time, jobs, tenant},
    virtual_time::world,
    worker::Running,
};

/// What a worker with one slot has in the end: three short jobs are done, and it claimed one, two and three.
struct Ahead {
    worker: Running,
    /// Ends the job that runs.
    go: oneshot::Sender<()>,
    running: JobId,
    waiting: [JobId; 2],
}

const SHORT: usize = 3;
const ALL: usize = 9;

async fn ahead(world: &World, lease: Duration) -> Ahead {
    ahead_of(world, lease, None).await
}

/// The same, of jobs changed like this before they are claimed.
async fn ahead_of(world: &World, lease: Duration, change: Option<&str>) -> Ahead {
    let scope = tenant(world, "org_a").await;
    for _ in 0..SHORT {
        world.provider.then_wait().send(()).unwrap();
    }
    let go = world.provider.then_wait();
    for number in 0..ALL {
        call_with_recording(world, &scope, &format!("CAL{number}")).await;
    }
    if let Some(change) = change {
        world.db.run(change).await;
    }
    let worker = Running::start(world, |settings| {
        settings.queues = vec![(Queue::Asr, 1)];
        settings.lease = lease;
    });
    for _ in 0..=SHORT {
        world.provider.asked().await;
    }
    let claims: Vec<_> = world
        .claims
        .seen()
        .into_iter()
        .filter_map(|seen| if let Seen::Claimed(jobs) = seen { Some(jobs) } else { None })
        .collect();
    let [first, second, third] = claims.as_slice() else { panic!("{claims:?}") };
    assert_eq!((first.len(), second.len()), (1, 2));
    let [running, waiting @ ..] = third.as_slice() else { panic!("{third:?}") };
    Ahead { worker, go, running: *running, waiting: waiting.try_into().expect("one runs, and two wait") }
}

async fn line(world: &World, job: JobId) -> JobLine {
    JobOffice::find(&world.db.system, job).await.unwrap().expect("the job is there")
}

fn handed_back(world: &World) -> Vec<JobId> {
    let back = |seen| match seen {
        Seen::Released(job, Release::HandBack, true) => Some(job),
        _ => None,
    };
    let mut jobs: Vec<_> = world.claims.seen().into_iter().filter_map(back).collect();
    jobs.sort();
    jobs
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_handed_back_at_shutdown_with_its_attempts_intact() {
    let world = world().await;
    let Ahead { worker, go, running, waiting } = ahead(&world, Duration::from_hours(1)).await;
    for job in waiting {
        let line = line(&world, job).await;
        assert_eq!((line.state, line.attempts), (JobState::Running, 1), "it is held");
    }
    assert_eq!(handed_back(&world), []);
    worker.shutdown.cancel();
    // not only when the job that runs has ended
    in_time(world.claims.until(|seen| matches!(seen, Seen::Released(job, ..) if *job == waiting[1]))).await;
    go.send(()).unwrap();
    worker.end().await;
    assert_eq!(handed_back(&world), waiting);
    assert_eq!(line(&world, running).await.state, JobState::Done);
    for job in waiting {
        let line = line(&world, job).await;
        assert_eq!((line.state, line.attempts, line.lease_until), (JobState::Ready, 0, None));
    }
    assert_eq!(world.provider.times(), SHORT + 1, "nothing else was begun");
}

#[tokio::test(start_paused = true)]
async fn what_is_called_off_while_it_waits_is_not_run() {
    let world = world().await;
    let lease = Duration::from_millis(300);
    // whatever came of beginning it would be told at once: nobody can read what it is to do
    let unreadable =
        "UPDATE jobs SET args = '{\"v\": 99}' WHERE id = (SELECT id FROM jobs ORDER BY id LIMIT 1 OFFSET 4)";
    let Ahead { worker, go, running, waiting: [called_off, other] } =
        ahead_of(&world, lease, Some(unreadable)).await;
    assert_eq!(line(&world, called_off).await.args, serde_json::json!({ "v": 99 }));
    assert_eq!(cancel_job(&world.ports, called_off).await.unwrap(), ReplayOutcome::Changed);
    // those that wait are renewed as well
    let told = |seen: &Seen| {
        let Seen::Renewed(all) = seen else { return false };
        all.contains(&Renewal::CancelRequested(called_off)) && all.contains(&Renewal::Held(other))
    };
    in_time(world.claims.until(told)).await;
    go.send(()).unwrap();
    // all but one of those that are left
    for _ in SHORT + 2..ALL {
        in_time(world.provider.asked()).await;
    }
    worker.end().await;
    assert_eq!(handed_back(&world), []);
    let released = Seen::Released(called_off, Release::Cancel, true);
    assert!(world.claims.seen().contains(&released), "it was not begun");
    for job in jobs(&world, Queue::Asr).await {
        let expected = if job.id == called_off { JobState::Cancelled } else { JobState::Done };
        assert_eq!(job.state, expected);
    }
    assert_eq!(line(&world, running).await.attempts, 1);
    assert_eq!(world.provider.times(), ALL - 1);
}

#[tokio::test(start_paused = true)]
async fn what_waits_behind_a_slow_job_is_left_to_another_worker() {
    let world = world().await;
    let Ahead { worker, go, running, waiting } = ahead(&world, Duration::from_hours(1)).await;
    let other = Running::start(&world, |settings| "w2".clone_into(&mut settings.name));
    for _ in SHORT + 1..ALL {
        in_time(world.provider.asked()).await;
    }
    other.end().await;
    assert_eq!(handed_back(&world), waiting);
    go.send(()).unwrap();
    worker.end().await;
    for job in jobs(&world, Queue::Asr).await {
        assert_eq!((job.state, job.attempts), (JobState::Done, 1));
    }
    assert_eq!(line(&world, running).await.worker.as_deref(), Some("w1"));
    for job in waiting {
        assert_eq!(line(&world, job).await.worker.as_deref(), Some("w2"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_worker_whose_jobs_have_become_slow_claims_one_at_a_time() {
    let world = world().await;
    let Ahead { worker, go, waiting, .. } = ahead(&world, Duration::from_hours(1)).await;
    // until they are handed back; what is left is as slow
    in_time(world.claims.until(|seen| matches!(seen, Seen::Released(job, ..) if *job == waiting[1]))).await;
    let slow = world.provider.then_wait();
    world.claims.forget();
    go.send(()).unwrap();
    in_time(world.provider.asked()).await;
    let claimed = in_time(world.claims.until(|seen| matches!(seen, Seen::Claimed(_)))).await;
    assert!(matches!(&claimed, Seen::Claimed(jobs) if jobs.len() == 1), "{claimed:?}");
    slow.send(()).unwrap();
    worker.end().await;
}
