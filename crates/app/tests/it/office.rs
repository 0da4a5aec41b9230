//! What operators do with work, and what becomes of what it was about.

use app::{
    jobs::{SystemJob, SystemRun, TenantJob, run_system_job, tenant_job_gave_up},
    office::{cancel_job, retry_job},
    ports::{InboxOffice, JobClaims, NewInboxEntry, ReplayOutcome},
};
use calls::{CallStage, RecordingState};
use chrono::Duration;
use idempotency::InboxState;
use kernel::{CallId, InboxId, JobId, Provider, Scope};
use queue::{JobState, Queue};
use serde_json::json;
use shunya_jobs::ShunyaJob;
use testkit::World;

use crate::setup::{call_with_recording, claim, do_jobs, jobs, on_both, only_job, run_of, stored, tenant};

on_both!(
    a_request_given_up_is_submitted_anew_when_its_job_is_retried,
    a_request_whose_poll_is_retried_is_asked_after_again,
    a_call_whose_recording_is_called_off_has_failed_and_stays_so,
    a_call_whose_analysis_is_called_off_has_failed_and_stays_so,
    what_is_called_off_while_it_runs_is_not_stored,
    what_was_called_off_comes_to_life_when_its_job_is_retried,
    what_has_an_outcome_keeps_it,
    a_webhook_whose_application_is_called_off_is_set_aside,
    a_job_that_cannot_be_changed_leaves_its_subject_alone,
);

/// The only request there is.
async fn request(world: &World, scope: &Scope, call: CallId) -> ShunyaJob {
    let mut work = world.ports.begin(scope).await.unwrap();
    let found = work.analyses().match_job(&[], Some(call)).await.unwrap().expect("a request").job;
    work.rollback().await.unwrap();
    found
}

/// The failure of the only request there is.
async fn failure(world: &World) -> Vec<String> {
    world.db.texts("SELECT state || ' ' || coalesce(error_code, '-') FROM shunya_jobs").await
}

/// Gives the only due job of a queue up, as after its last attempt.
async fn give_up(world: &World, queue: Queue) -> JobId {
    let [claimed] = claim(world, queue).await.try_into().expect("one job");
    let (job, run) = run_of(world, &claimed);
    tenant_job_gave_up(&job, &run, "refused").await.unwrap();
    claimed.lease.job
}

/// A day later, everything that looks for what was left lying.
async fn sweep(world: &World) {
    world.clock.advance(Duration::days(2));
    for job in [SystemJob::SweepCalls, SystemJob::SweepShunya, SystemJob::MatchWaiting] {
        run_system_job(job, &SystemRun { ports: &world.ports }).await.unwrap();
    }
}

async fn a_request_given_up_is_submitted_anew_when_its_job_is_retried(world: &World) {
    let scope = tenant(world, "org_a").await;
    let call = call_with_recording(world, &scope, "CAL1").await;
    do_jobs(world, Queue::Asr).await;
    let job = give_up(world, Queue::Shunya).await;
    assert_eq!(failure(world).await, ["failed submission_failed"]);
    assert_eq!(stored(world, &scope, call).await.0.stage, CallStage::Failed);
    sweep(world).await;
    assert_eq!(only_job(world, Queue::Shunya).await.state, JobState::Dead);

    assert_eq!(retry_job(&world.ports, job).await.unwrap(), ReplayOutcome::Changed);
    assert_eq!(failure(world).await, ["pending -"]);
    assert_eq!(stored(world, &scope, call).await.0.stage, CallStage::Recorded);
    do_jobs(world, Queue::Shunya).await;
    let id = request(world, &scope, call).await.id;
    let keys: Vec<_> = world.engine.submitted().into_iter().map(|asked| asked.idempotency_key).collect();
    assert_eq!(keys, [format!("{id}-5")], "not the number that was refused");
    assert_eq!(stored(world, &scope, call).await.0.stage, CallStage::Analysing);

    // given up once more, it says so once more
    let told = "SELECT count(*) FROM events WHERE event = 'shunya.job.failed'";
    assert_eq!(world.db.number(told).await, 1);
    let poll = jobs(world, Queue::Shunya).await.into_iter().find(|line| line.state == JobState::Ready);
    cancel_job(&world.ports, poll.unwrap().id).await.unwrap();
    assert_eq!(world.db.number(told).await, 2);
}

async fn a_request_whose_poll_is_retried_is_asked_after_again(world: &World) {
    let scope = tenant(world, "org_a").await;
    let call = call_with_recording(world, &scope, "CAL1").await;
    do_jobs(world, Queue::Asr).await;
    do_jobs(world, Queue::Shunya).await;
    // its day is over without an answer
    world.clock.advance(Duration::hours(25));
    do_jobs(world, Queue::Shunya).await;
    assert_eq!(failure(world).await, ["timeout timeout"]);
    let poll = jobs(world, Queue::Shunya).await.remove(0);
    assert_eq!((poll.kind.as_str(), poll.state), ("shunya.poll", JobState::Done));
    // polls that ended well are not for trying again; one that was given up is
    let dead = "UPDATE jobs SET state = 'dead' WHERE kind = 'shunya.poll'";
    world.db.run(dead).await;
    assert_eq!(retry_job(&world.ports, poll.id).await.unwrap(), ReplayOutcome::Changed);
    assert_eq!(failure(world).await, ["running -"]);
    assert_eq!(stored(world, &scope, call).await.0.stage, CallStage::Analysing);
    *world.engine.result.lock().unwrap() = json!({ "summary": { "summary": "A leak." } });
    do_jobs(world, Queue::Shunya).await;
    assert_eq!(failure(world).await, ["succeeded -"]);
    assert_eq!(stored(world, &scope, call).await.0.stage, CallStage::Analysed);
    assert_eq!(world.engine.submitted().len(), 1, "the vendor had it all the time");
}

async fn a_call_whose_recording_is_called_off_has_failed_and_stays_so(world: &World) {
    let scope = tenant(world, "org_a").await;
    let call = call_with_recording(world, &scope, "CAL1").await;
    let job = only_job(world, Queue::Asr).await.id;
    assert_eq!(cancel_job(&world.ports, job).await.unwrap(), ReplayOutcome::Changed);
    sweep(world).await;
    assert_eq!(only_job(world, Queue::Asr).await.state, JobState::Cancelled);
    let (found, recording) = stored(world, &scope, call).await;
    let recording = recording.unwrap();
    assert_eq!((found.stage, recording.state), (CallStage::Failed, RecordingState::Failed));
    assert_eq!(recording.error.as_deref(), Some("cancelled"));
    assert_eq!(world.provider.times(), 0);
}

async fn a_call_whose_analysis_is_called_off_has_failed_and_stays_so(world: &World) {
    for (number, polled) in [false, true].into_iter().enumerate() {
        let scope = tenant(world, &format!("org_{number}")).await;
        let call = call_with_recording(world, &scope, "CAL1").await;
        do_jobs(world, Queue::Asr).await;
        if polled {
            do_jobs(world, Queue::Shunya).await;
        }
        let ready = jobs(world, Queue::Shunya).await.into_iter().find(|line| line.state == JobState::Ready);
        let job = ready.unwrap();
        assert_eq!(job.kind, if polled { "shunya.poll" } else { "shunya.submit" });
        assert_eq!(cancel_job(&world.ports, job.id).await.unwrap(), ReplayOutcome::Changed);
        sweep(world).await;
        do_jobs(world, Queue::Shunya).await;
        assert_eq!(stored(world, &scope, call).await.0.stage, CallStage::Failed);
        assert!(failure(world).await.iter().all(|failure| failure == "failed cancelled"));
        assert!(!jobs(world, Queue::Shunya).await.iter().any(|line| line.state == JobState::Ready));
    }
    let told = "SELECT count(*) FROM events WHERE event = 'shunya.job.failed'";
    assert_eq!(world.db.number(told).await, 2);
}

async fn what_is_called_off_while_it_runs_is_not_stored(world: &World) {
    let scope = tenant(world, "org_a").await;
    let call = call_with_recording(world, &scope, "CAL1").await;
    let [claimed] = claim(world, Queue::Asr).await.try_into().expect("one job");
    assert_eq!(cancel_job(&world.ports, claimed.lease.job).await.unwrap(), ReplayOutcome::Changed);
    // the worker does not know yet, and comes to its end
    let (job, run) = run_of(world, &claimed);
    assert!(matches!(job, TenantJob::FetchRecording(_)));
    let ended = app::jobs::run_tenant_job(&job, &run).await;
    assert!(ended.is_err_and(|error| error.lease_lost));
    let (found, recording) = stored(world, &scope, call).await;
    assert_eq!((found.stage, recording.unwrap().state), (CallStage::Failed, RecordingState::Failed));
    assert!(jobs(world, Queue::Shunya).await.is_empty());
    world.clock.advance(Duration::minutes(2));
    assert_eq!(world.db.system.rescue(world.clock_now()).await.unwrap(), 1);
    assert_eq!(only_job(world, Queue::Asr).await.state, JobState::Cancelled);
}

async fn what_was_called_off_comes_to_life_when_its_job_is_retried(world: &World) {
    let scope = tenant(world, "org_a").await;
    let call = call_with_recording(world, &scope, "CAL1").await;
    let fetch = only_job(world, Queue::Asr).await.id;
    cancel_job(&world.ports, fetch).await.unwrap();
    assert_eq!(retry_job(&world.ports, fetch).await.unwrap(), ReplayOutcome::Changed);
    let (found, recording) = stored(world, &scope, call).await;
    let recording = recording.unwrap();
    assert_eq!((found.stage, recording.state), (CallStage::FetchingRecording, RecordingState::Pending));
    assert_eq!(recording.error, None);
    do_jobs(world, Queue::Asr).await;
    let submit = only_job(world, Queue::Shunya).await.id;
    cancel_job(&world.ports, submit).await.unwrap();
    assert_eq!(retry_job(&world.ports, submit).await.unwrap(), ReplayOutcome::Changed);
    do_jobs(world, Queue::Shunya).await;
    assert_eq!(stored(world, &scope, call).await.0.stage, CallStage::Analysing);
}

async fn what_has_an_outcome_keeps_it(world: &World) {
    let scope = tenant(world, "org_a").await;
    let call = call_with_recording(world, &scope, "CAL1").await;
    do_jobs(world, Queue::Asr).await;
    do_jobs(world, Queue::Shunya).await;
    *world.engine.result.lock().unwrap() = json!({ "summary": { "summary": "A leak." } });
    world.clock.advance(Duration::seconds(10));
    do_jobs(world, Queue::Shunya).await;
    assert_eq!(stored(world, &scope, call).await.0.stage, CallStage::Analysed);
    // as if every job had been given up, while the answer came in another way
    world.db.run("UPDATE jobs SET state = 'dead'").await;
    for line in jobs(world, Queue::Shunya).await.into_iter().chain(jobs(world, Queue::Asr).await) {
        for _ in 0..2 {
            assert_eq!(retry_job(&world.ports, line.id).await.unwrap(), ReplayOutcome::Changed);
            assert_eq!(cancel_job(&world.ports, line.id).await.unwrap(), ReplayOutcome::Changed);
        }
        assert_eq!(retry_job(&world.ports, line.id).await.unwrap(), ReplayOutcome::Changed);
    }
    do_jobs(world, Queue::Asr).await;
    do_jobs(world, Queue::Shunya).await;
    let (found, recording) = stored(world, &scope, call).await;
    assert_eq!((found.stage, recording.unwrap().state), (CallStage::Analysed, RecordingState::Stored));
    assert_eq!(failure(world).await, ["succeeded -"]);
    assert_eq!(world.engine.submitted().len(), 1);
}

async fn a_webhook_whose_application_is_called_off_is_set_aside(world: &World) {
    let scope = tenant(world, "org_a").await;
    let id = InboxId::fresh(world.ports.ids.as_ref());
    let now = world.clock_now();
    let entry = NewInboxEntry {
        id,
        provider: Provider::Shunya,
        kind: "analysis".to_owned(),
        event_key: "event-1".to_owned(),
        match_key: None,
        state: InboxState::Received,
        reason: None,
        path: "/api/v1/shunya/webhook".to_owned(),
        query: String::new(),
        content_type: None,
        proof: Vec::new(),
        body: b"org_a 7".to_vec(),
        trace: None,
        call: None,
        received_at: now,
    };
    let mut work = world.ports.begin(&scope).await.unwrap();
    work.inbox().store(&entry).await.unwrap();
    work.enqueue(&app::jobs::ApplyEngineEvent { inbox: id }, now).await.unwrap();
    work.commit().await.unwrap();
    let state = async || {
        let found = InboxOffice::find(&world.db.system, id).await.unwrap().unwrap().entry;
        (found.state, found.reason)
    };
    let job = only_job(world, Queue::Analysis).await.id;
    assert_eq!(cancel_job(&world.ports, job).await.unwrap(), ReplayOutcome::Changed);
    assert_eq!(state().await, (InboxState::Ignored, Some("cancelled".to_owned())));
    sweep(world).await;
    assert_eq!(only_job(world, Queue::Analysis).await.state, JobState::Cancelled);
    assert_eq!(retry_job(&world.ports, job).await.unwrap(), ReplayOutcome::Changed);
    assert_eq!(state().await, (InboxState::Received, None));
}

async fn a_job_that_cannot_be_changed_leaves_its_subject_alone(world: &World) {
    let scope = tenant(world, "org_a").await;
    let call = call_with_recording(world, &scope, "CAL1").await;
    let job = only_job(world, Queue::Asr).await.id;
    world.db.run("UPDATE jobs SET state = 'done'").await;
    assert_eq!(cancel_job(&world.ports, job).await.unwrap(), ReplayOutcome::NotNow(JobState::Done));
    let (found, recording) = stored(world, &scope, call).await;
    assert_eq!(
        (found.stage, recording.unwrap().state),
        (CallStage::FetchingRecording, RecordingState::Pending)
    );
    world.db.run("UPDATE recordings SET state = 'failed'").await;
    assert_eq!(retry_job(&world.ports, job).await.unwrap(), ReplayOutcome::NotNow(JobState::Done));
    assert_eq!(stored(world, &scope, call).await.1.unwrap().state, RecordingState::Failed);
    let nobody = JobId(world.ports.ids.next());
    assert_eq!(retry_job(&world.ports, nobody).await.unwrap(), ReplayOutcome::Unknown);
    assert_eq!(cancel_job(&world.ports, nobody).await.unwrap(), ReplayOutcome::Unknown);
}
