//! What should have happened by now and has not: [`Sweeps`](app::ports::Sweeps).

#![expect(missing_docs, reason = "the name of a case says what it is about")]

use app::ports::{NewTaskRow, StoredCall, Sweeps, Unfinished};
use calls::CallStage;
use crm::{NewTask, TaskAssignee};
use kernel::{CallId, Scope, TaskId, Timestamp};
use shunya_jobs::JobState;

use super::bench::{Bench, at, company};
use crate::Database;

/// A call that was last touched at `touched`.
async fn call_in(bench: &Bench<'_>, scope: &Scope, stage: CallStage, touched: Timestamp) -> CallId {
    let name = format!("CAL{}", kernel::IdSource::next(&bench.ids));
    let call = bench.call(scope, &name).await;
    let mut unit = bench.begin(scope).await;
    unit.calls().save(&StoredCall { stage, ..call.clone() }, touched).await.unwrap();
    unit.commit().await.unwrap();
    call.id
}

pub async fn calls_left_lying_are_found_by_what_they_lack(db: &Database) {
    let bench = Bench::new(db);
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    let mut expected = Vec::new();
    for stage in CallStage::ALL {
        let call = call_in(&bench, &a, stage, at(10)).await;
        call_in(&bench, &b, stage, at(20)).await;
        let company = company("org_a");
        expected.extend(match stage {
            CallStage::FetchingRecording => Some(Unfinished::Recording(company, call)),
            CallStage::Recorded => Some(Unfinished::Unsubmitted(company, call)),
            CallStage::AwaitingRecording => Some(Unfinished::AwaitingRecording(company, call)),
            _ => None,
        });
    }
    // those of the other tenant were touched too late
    let found = db.system.unfinished_calls(at(20), 100).await.unwrap();
    assert_eq!(found.len(), expected.len(), "{found:?}");
    for left in expected {
        assert!(found.contains(&left), "{left:?} is missing of {found:?}");
    }
    assert_eq!(db.system.unfinished_calls(at(10), 100).await.unwrap(), []);
    assert_eq!(db.system.unfinished_calls(at(21), 100).await.unwrap().len(), 6);
}

pub async fn many_calls_of_one_sort_do_not_hide_the_others(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    for second in 0..4 {
        call_in(&bench, &scope, CallStage::AwaitingRecording, at(second)).await;
    }
    let fetching = call_in(&bench, &scope, CallStage::FetchingRecording, at(50)).await;
    let recorded = call_in(&bench, &scope, CallStage::Recorded, at(60)).await;
    let found = db.system.unfinished_calls(at(100), 2).await.unwrap();
    assert_eq!(found.len(), 4);
    assert!(found.contains(&Unfinished::Recording(company("org_a"), fetching)));
    assert!(found.contains(&Unfinished::Unsubmitted(company("org_a"), recorded)));
}

pub async fn the_oldest_calls_are_found_first(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let mut calls = Vec::new();
    for second in [30, 10, 20] {
        calls.push(call_in(&bench, &scope, CallStage::Recorded, at(second)).await);
    }
    let [third, first, second] = calls.as_slice() else { panic!("three are made") };
    let left = |call: &CallId| Unfinished::Unsubmitted(company("org_a"), *call);
    assert_eq!(db.system.unfinished_calls(at(99), 2).await.unwrap(), [left(first), left(second)]);
    assert_eq!(
        db.system.unfinished_calls(at(99), 9).await.unwrap(),
        [left(first), left(second), left(third)]
    );
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
    let org = || company("org_a");
    assert_eq!(db.system.unsettled_requests(at(0), 10).await.unwrap(), []);
    let unconfirmed = Unfinished::Unconfirmed(org(), pending);
    assert_eq!(db.system.unsettled_requests(at(30), 10).await.unwrap(), std::slice::from_ref(&unconfirmed));
    let unsettled = Unfinished::Unsettled(org(), running);
    assert_eq!(db.system.unsettled_requests(at(31), 10).await.unwrap(), [unconfirmed.clone(), unsettled]);
    assert_eq!(db.system.unsettled_requests(at(31), 1).await.unwrap(), [unconfirmed]);
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
        let call = bench.call(&scope, &format!("CAL{}", kernel::IdSource::next(&bench.ids))).await.id;
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
        found.sort_by_key(|left| format!("{left:?}"));
        found
    };
    let overdue = |id| Unfinished::OverdueTasks(company(id));
    assert_eq!(found(at(10)).await, [], "past, not at");
    assert_eq!(found(at(50)).await, [overdue("org_a"), overdue("org_f")]);
    assert_eq!(found(at(91)).await, [overdue("org_a"), overdue("org_b"), overdue("org_f")]);
}
