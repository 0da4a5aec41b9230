//! What should have happened by now and has not: [`Sweeps`](app::ports::Sweeps).

#![expect(missing_docs, reason = "the name of a case says what it is about")]

use app::{
    jobs::{FetchRecording, JobArgs, PollShunya, SubmitToShunya},
    ports::{LeftCall, LeftRequest, NewTaskRow, Release, StoredCall, Sweeps},
};
use calls::CallStage;
use crm::{NewTask, TaskAssignee};
use kernel::{CallId, IdSource, JobId, Scope, ShunyaJobId, TaskId, Timestamp};
use queue::Queue;
use shunya_jobs::JobState;

use super::bench::{Bench, at, company};
use crate::Database;

/// A call that was last touched at `touched`.
async fn call_in(bench: &Bench<'_>, scope: &Scope, stage: CallStage, touched: Timestamp) -> CallId {
    let name = format!("CAL{}", bench.ids.next());
    let call = bench.call(scope, &name).await;
    let mut unit = bench.begin(scope).await;
    unit.calls().save(&StoredCall { stage, ..call.clone() }, touched).await.unwrap();
    unit.commit().await.unwrap();
    call.id
}

/// The calls in a list.
async fn left(db: &Database, lack: CallStage, before: Timestamp) -> Vec<CallId> {
    page(db, lack, before, None, 100).await.into_iter().map(|left| left.call).collect()
}

async fn page(
    db: &Database,
    lack: CallStage,
    before: Timestamp,
    after: Option<&LeftCall>,
    limit: i64,
) -> Vec<LeftCall> {
    let found = match lack {
        CallStage::FetchingRecording => db.system.unfetched_recordings(before, after, limit).await,
        CallStage::Recorded => db.system.unrequested_analyses(before, after, limit).await,
        _ => db.system.unheard_recordings(before, after, limit).await,
    };
    found.unwrap()
}

/// The stages in which a call may be left lying.
const LACKS: [CallStage; 3] =
    [CallStage::FetchingRecording, CallStage::Recorded, CallStage::AwaitingRecording];

pub async fn calls_left_lying_are_found_by_what_they_lack(db: &Database) {
    let bench = Bench::new(db);
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    let mut calls = Vec::new();
    for stage in CallStage::ALL {
        let (first, second) =
            (call_in(&bench, &a, stage, at(10)).await, call_in(&bench, &b, stage, at(20)).await);
        calls.push((stage, first, second));
    }
    for lack in LACKS {
        let (_, first, second) = calls.iter().find(|(stage, ..)| *stage == lack).unwrap();
        assert_eq!(left(db, lack, at(10)).await, [], "{lack:?}: before, not at");
        let found = page(db, lack, at(20), None, 100).await;
        let wanted = LeftCall { company: company("org_a"), call: *first, touched_at: at(10) };
        assert_eq!(found, [wanted], "{lack:?}: that of the other tenant was touched too late");
        assert_eq!(left(db, lack, at(21)).await, [*first, *second]);
    }
}

/// A job of ours about a call or a request, whatever it does.
async fn enqueue<A: JobArgs>(bench: &Bench<'_>, scope: &Scope, args: &A) -> JobId {
    let job = args.to_job(&bench.ids, at(900));
    bench.try_enqueue(scope, &job).await.expect("no job is about it yet")
}

pub async fn what_a_job_will_move_is_not_left_lying(db: &Database) {
    let bench = Bench::new(db);
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    let fetching = call_in(&bench, &a, CallStage::FetchingRecording, at(1)).await;
    let recorded = call_in(&bench, &a, CallStage::Recorded, at(2)).await;
    // a job of another tenant, and jobs of another kind, are about something else
    enqueue(&bench, &b, &FetchRecording { call: fetching }).await;
    enqueue(&bench, &a, &SubmitToShunya { shunya_job: ShunyaJobId(bench.ids.next()) }).await;
    assert_eq!(left(db, CallStage::FetchingRecording, at(99)).await, [fetching]);
    assert_eq!(left(db, CallStage::Recorded, at(99)).await, [recorded]);

    // a request stands for itself
    bench.requested(&a, recorded, "sha").await;
    assert_eq!(left(db, CallStage::Recorded, at(99)).await, []);

    let job = enqueue(&bench, &a, &FetchRecording { call: fetching }).await;
    assert_eq!(left(db, CallStage::FetchingRecording, at(99)).await, [], "it waits for its time");
    let claimed = bench.claim(Queue::Asr, 9, at(900)).await;
    assert_eq!(left(db, CallStage::FetchingRecording, at(99)).await, [], "it runs");
    let lease = claimed.iter().find(|claimed| claimed.lease.job == job).unwrap().lease;
    bench.release(lease, &Release::Bury { error: "no".to_owned() }).await;
    assert_eq!(left(db, CallStage::FetchingRecording, at(99)).await, [fetching], "it was given up");
}

pub async fn the_longest_untouched_calls_come_first_and_pages_go_on(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    for lack in LACKS {
        let mut calls = Vec::new();
        // two of one moment: neither is passed over
        for second in [30, 10, 20, 20] {
            calls.push((second, call_in(&bench, &scope, lack, at(second)).await));
        }
        calls.sort_unstable();
        let wanted: Vec<_> = calls.into_iter().map(|(_, call)| call).collect();
        assert_eq!(left(db, lack, at(99)).await, wanted);
        let mut found = Vec::new();
        let mut after = None;
        loop {
            let page = page(db, lack, at(99), after.as_ref(), 2).await;
            found.extend(page.iter().map(|left| left.call));
            let Some(last) = page.into_iter().next_back() else { break };
            after = Some(last);
        }
        assert_eq!(found, wanted, "{lack:?}");
    }
}

pub async fn requests_without_an_outcome_are_found(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let call = bench.call(&scope, "CAL1").await.id;
    // as old as each other; the second is submitted later, the rest are settled
    let pending = bench.requested(&scope, call, "sha-1").await.id;
    let running = bench.requested(&scope, call, "sha-2").await.id;
    let mut unit = bench.begin(&scope).await;
    unit.analyses().mark_submitted(running, Some("task-1"), at(30)).await.unwrap();
    unit.commit().await.unwrap();
    for (number, state) in [JobState::Succeeded, JobState::Failed, JobState::TimedOut].into_iter().enumerate()
    {
        let settled = bench.requested(&scope, call, &format!("sha-x{number}")).await.id;
        let mut unit = bench.begin(&scope).await;
        unit.analyses().settle_job(settled, state, None, None, at(1)).await.unwrap();
        unit.commit().await.unwrap();
    }
    let left = async |before, after: Option<&LeftRequest>, limit| {
        db.system.unsettled_requests(before, after, limit).await.unwrap()
    };
    let org = || company("org_a");
    let unconfirmed =
        LeftRequest { company: org(), request: pending, is_confirmed: false, touched_at: at(0) };
    let unsettled = LeftRequest { company: org(), request: running, is_confirmed: true, touched_at: at(30) };
    assert_eq!(left(at(0), None, 10).await, []);
    assert_eq!(left(at(30), None, 10).await, std::slice::from_ref(&unconfirmed));
    assert_eq!(left(at(31), None, 10).await, [unconfirmed.clone(), unsettled.clone()]);
    assert_eq!(left(at(31), None, 1).await, std::slice::from_ref(&unconfirmed));
    assert_eq!(left(at(31), Some(&unconfirmed), 1).await, std::slice::from_ref(&unsettled));
    assert_eq!(left(at(31), Some(&unsettled), 1).await, []);
}

pub async fn a_request_that_a_job_will_move_is_not_left_lying(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let call = bench.call(&scope, "CAL1").await.id;
    let mut requests = Vec::new();
    for number in 0..3 {
        requests.push(bench.requested(&scope, call, &format!("sha-{number}")).await.id);
    }
    let [submitted, polled, forgotten] = requests.as_slice() else { panic!("three are made") };
    enqueue(&bench, &scope, &SubmitToShunya { shunya_job: *submitted }).await;
    enqueue(&bench, &scope, &PollShunya { shunya_job: *polled }).await;
    let found = db.system.unsettled_requests(at(99), None, 10).await.unwrap();
    let found: Vec<_> = found.into_iter().map(|left| left.request).collect();
    assert_eq!(found, [*forgotten]);
}

pub async fn tenants_with_tasks_past_their_time_are_found_once_each(db: &Database) {
    let bench = Bench::new(db);
    for (id, due, status) in [
        ("org_a", Some(at(10)), "open"),
        ("org_a", Some(at(20)), "pending"),
        ("org_b", Some(at(90)), "open"),
        ("org_c", None, "open"),
        ("org_d", Some(at(10)), "completed"),
        ("org_e", Some(at(10)), "overdue"),
        ("org_f", Some(at(10)), "pending"),
    ] {
        let scope = bench.tenant(id).await;
        let call = bench.call(&scope, &format!("CAL{}", bench.ids.next())).await.id;
        let task = NewTask {
            description: "Call back".to_owned(),
            action_type: None,
            due_at: due,
            priority: None,
            assigned_to: TaskAssignee::Csr,
            key: format!("{id}-{status}"),
        };
        let task_id = TaskId::fresh(&bench.ids);
        let mut unit = bench.begin(&scope).await;
        let row = NewTaskRow { id: task_id, task: &task, contact: None, lead: None, call };
        assert!(unit.crm().insert_task(&row, at(0)).await.unwrap());
        unit.commit().await.unwrap();
        db.run(&format!("UPDATE tasks SET status = '{status}' WHERE id = {}", db.id(task_id.0))).await;
    }
    let found = async |now| {
        let mut found: Vec<_> = db.system.overdue_tasks(now).await.unwrap();
        found.sort();
        found
    };
    assert_eq!(found(at(10)).await, [], "past, not at");
    assert_eq!(found(at(50)).await, [company("org_a"), company("org_f")]);
    assert_eq!(found(at(91)).await, [company("org_a"), company("org_b"), company("org_f")]);
}
