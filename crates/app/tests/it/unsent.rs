//! Recordings that are not to be sent to the AI vendor.

use std::sync::Arc;

use app::{
    Ports,
    jobs::{JobRun, SystemJob, SystemRun, TenantJob, run_system_job, run_tenant_job},
    ports::Claim,
};
use calls::{CallStage, RecordingState};
use kernel::Scope;
use queue::Queue;
use testkit::World;

use crate::setup::{call_with_recording, jobs, on_both, stored, tenant};

on_both!(they_are_kept_and_sent_once_they_may_be, one_that_was_about_to_be_sent_waits_with_them);

fn may_send(world: &World, submit: bool) -> Arc<Ports> {
    Arc::new(Ports { submit, ..world.ports.as_ref().clone() })
}

/// Does the due jobs of a queue.
async fn work(world: &World, ports: &Ports, scope: &Scope, queue: Queue) {
    let (now, token) = (world.clock_now(), world.ports.ids.next());
    let lease_until = now + chrono::Duration::hours(1);
    let claim = Claim { queue, limit: 10, worker: "w", token, now, lease_until };
    for job in ports.claims.claim(&claim).await.unwrap() {
        let (lease, attempt, snoozes) = (job.lease, job.attempt, job.snoozes);
        let run = JobRun { ports, scope: scope.clone(), lease, attempt, snoozes, trace: None };
        let job = TenantJob::read(&job.kind, &job.args).unwrap();
        if run_tenant_job(&job, &run).await.unwrap() == app::jobs::Done::Finished {
            ports.claims.finish(&[lease], now).await.unwrap();
        }
    }
}

async fn sweep(world: &World, ports: &Ports) {
    world.clock.advance(chrono::Duration::minutes(10));
    for sweep in [SystemJob::SweepCalls, SystemJob::SweepShunya] {
        run_system_job(sweep, &SystemRun { ports }).await.unwrap();
    }
}

async fn they_are_kept_and_sent_once_they_may_be(world: &World) {
    let (off, on) = (may_send(world, false), may_send(world, true));
    let scope = tenant(world, "org_a").await;
    let call = call_with_recording(world, &scope, "CAL1").await;
    work(world, &off, &scope, Queue::Asr).await;
    let (found, recording) = stored(world, &scope, call).await;
    assert_eq!((found.stage, recording.unwrap().state), (CallStage::Recorded, RecordingState::Stored));
    sweep(world, &off).await;
    assert!(jobs(world, Queue::Shunya).await.is_empty());
    assert_eq!(world.db.rows("shunya_jobs").await, 0);
    sweep(world, &on).await;
    work(world, &on, &scope, Queue::Shunya).await;
    assert_eq!(world.engine.submitted().len(), 1);
}

async fn one_that_was_about_to_be_sent_waits_with_them(world: &World) {
    let (off, on) = (may_send(world, false), may_send(world, true));
    let scope = tenant(world, "org_a").await;
    call_with_recording(world, &scope, "CAL1").await;
    work(world, &on, &scope, Queue::Asr).await;
    assert_eq!(jobs(world, Queue::Shunya).await.len(), 1);
    work(world, &off, &scope, Queue::Shunya).await;
    sweep(world, &off).await;
    work(world, &off, &scope, Queue::Shunya).await;
    assert!(world.engine.submitted().is_empty());
    sweep(world, &on).await;
    work(world, &on, &scope, Queue::Shunya).await;
    assert_eq!(world.engine.submitted().len(), 1);
}
