//! One row that cannot be helped, and the rows behind it.

use app::jobs::{Done, JobError, SystemJob, SystemRun, run_system_job};
use chrono::Duration;
use kernel::{Scope, TaskId};
use queue::{JobState, Queue};
use testkit::World;

use crate::setup::{call_with_recording, jobs, on_both, tenant};

on_both!(
    calls_behind_many_unreadable_ones_are_set_on_their_way,
    a_sweep_that_can_help_nobody_has_failed,
    a_company_whose_tasks_cannot_be_marked_does_not_keep_the_others_waiting,
);

async fn sweep(world: &World, job: SystemJob) -> Result<Done, JobError> {
    run_system_job(job, &SystemRun { ports: &world.ports }).await
}

/// A call whose recording is known, and whose job is gone.
async fn left_lying(world: &World, scope: &Scope, name: &str) {
    call_with_recording(world, scope, name).await;
    world.db.run("DELETE FROM jobs").await;
}

/// More than one page of calls like the only one there is, which no program can read.
async fn unreadable(world: &World, count: usize) {
    let copies = format!(
        "INSERT INTO calls (id, company_id, provider, provider_call_id, status, stage, missed, facts, problems, \
         created_at, received_at, updated_at) \
         WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) \
         SELECT 1000000 + i, company_id, provider, 'BAD' || i, status, stage, missed, facts, problems, \
         created_at, received_at, updated_at FROM calls, n; \
         UPDATE calls SET facts = '\"unreadable\"' WHERE provider_call_id LIKE 'BAD%'"
    );
    world.db.run(&copies).await;
}

async fn calls_behind_many_unreadable_ones_are_set_on_their_way(world: &World) {
    let scope = tenant(world, "org_a").await;
    left_lying(world, &scope, "CAL1").await;
    unreadable(world, 520).await;
    // the youngest of all
    world.clock.advance(Duration::seconds(1));
    left_lying(world, &scope, "CAL2").await;
    world.clock.advance(Duration::minutes(5));
    assert_eq!(sweep(world, SystemJob::SweepCalls).await.unwrap(), Done::Finished);
    assert_eq!(jobs(world, Queue::Asr).await.len(), 2);
}

async fn a_sweep_that_can_help_nobody_has_failed(world: &World) {
    let scope = tenant(world, "org_a").await;
    left_lying(world, &scope, "CAL1").await;
    unreadable(world, 2).await;
    world.db.run("UPDATE calls SET facts = '\"unreadable\"'").await;
    world.clock.advance(Duration::minutes(5));
    let error = sweep(world, SystemJob::SweepCalls).await.unwrap_err();
    assert_eq!(error.message, "none of 3 rows could be helped");
}

async fn a_company_whose_tasks_cannot_be_marked_does_not_keep_the_others_waiting(world: &World) {
    for id in ["org_a", "org_b"] {
        tenant(world, id).await;
        let task = world.db.id(TaskId::fresh(world.ports.ids.as_ref()).0);
        let (past, now) = if world.db.is_postgres() {
            ("'2026-01-01'", "'2026-01-01'")
        } else {
            ("1767225600000000", "1767225600000000")
        };
        let late = format!(
            "INSERT INTO tasks (id, company_id, description, assigned_to, source, natural_key, due_at, status, \
             created_at, updated_at) VALUES ({task}, '{id}', 'Call', 'csr', 'manual', 'key-{id}', {past}, 'open', \
             {now}, {now})"
        );
        world.db.run(&late).await;
    }
    // jobs of the first company are refused
    let refuse = if world.db.is_postgres() {
        "ALTER TABLE jobs ADD CONSTRAINT no_jobs CHECK (company_id <> 'org_a')"
    } else {
        "CREATE TRIGGER no_jobs BEFORE INSERT ON jobs WHEN NEW.company_id = 'org_a' \
         BEGIN SELECT RAISE(ABORT, 'no jobs'); END"
    };
    world.db.run(refuse).await;
    assert_eq!(sweep(world, SystemJob::SweepTasks).await.unwrap(), Done::Finished);
    let made = jobs(world, Queue::Default).await;
    let companies: Vec<_> = made.iter().filter_map(|line| line.company.as_ref()).collect();
    assert_eq!(companies, [&kernel::CompanyId::try_new("org_b").unwrap()]);
    assert!(made.iter().all(|line| line.state == JobState::Ready));
}
