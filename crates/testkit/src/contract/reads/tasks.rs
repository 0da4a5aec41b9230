//! Lists of tasks, and one task.

use app::reads::{CrmReads, TaskFilter, TaskList};
use crm::TaskStatus;
use kernel::TaskId;

use super::seed::{Seed, user};
use crate::{Database, contract::bench::at};

fn ids(list: &TaskList) -> Vec<TaskId> {
    list.tasks.iter().map(|task| task.id).collect()
}

async fn list(seed: &Seed<'_>, filter: TaskFilter) -> TaskList {
    let filter = TaskFilter { limit: if filter.limit == 0 { 50 } else { filter.limit }, ..filter };
    seed.bench.db.store.tasks(&seed.manager(), &filter, at(0)).await.unwrap()
}

pub async fn tasks_come_by_due_time_and_those_without_last(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let never_old = seed.task_made(None, None, None, at(1)).await;
    let late = seed.task(None, None, Some(at(20))).await;
    let soon = seed.task(None, None, Some(at(10))).await;
    let never_new = seed.task_made(None, None, None, at(2)).await;
    let soon_newer = seed.task_made(None, None, Some(at(10)), at(5)).await;
    let mut twins = [seed.task(None, None, Some(at(30))).await, seed.task(None, None, Some(at(30))).await];
    twins.sort();
    let expected = [soon_newer, soon, late, twins[0], twins[1], never_new, never_old];
    let mut shown = Vec::new();
    for offset in [0, 2, 4, 6, 8] {
        let page = list(&seed, TaskFilter { limit: 2, offset, ..TaskFilter::default() }).await;
        assert_eq!((page.total, page.overdue_count), (7, 0));
        shown.extend(ids(&page));
    }
    assert_eq!(shown, expected);
}

pub async fn overdue_means_past_its_time_and_unfinished_or_marked_so(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let mut overdue = Vec::new();
    for (status, due_at, is_overdue) in [
        ("open", Some(at(-1)), true),
        ("pending", Some(at(-1)), true),
        ("overdue", Some(at(-1)), true),
        // marked before somebody gave it another time, or took its time away
        ("overdue", Some(at(9)), true),
        ("overdue", None, true),
        ("open", Some(at(0)), false),
        ("open", Some(at(1)), false),
        ("pending", None, false),
        ("open", None, false),
        ("completed", Some(at(-1)), false),
        ("cancelled", Some(at(-1)), false),
    ] {
        let id = seed.task(None, None, due_at).await;
        seed.set_task(id, &format!("status = '{status}'")).await;
        let task = db.store.task(&seed.manager(), id, at(0)).await.unwrap().unwrap();
        assert_eq!(task.overdue, is_overdue, "{status} {due_at:?}");
        if is_overdue {
            overdue.push(id);
        }
    }
    overdue.sort();
    let all = list(&seed, TaskFilter::default()).await;
    assert_eq!((all.total, all.overdue_count), (11, 5));
    let late = list(&seed, TaskFilter { overdue: Some(true), ..TaskFilter::default() }).await;
    assert_eq!((late.total, late.overdue_count), (5, 5));
    let mut found = ids(&late);
    found.sort();
    assert_eq!(found, overdue);
    assert!(late.tasks.iter().all(|task| task.overdue));
    let rest = list(&seed, TaskFilter { overdue: Some(false), ..TaskFilter::default() }).await;
    assert_eq!((rest.total, rest.overdue_count, rest.tasks.len()), (6, 0, 6));
    // over the whole filtered set, not the slice of it
    let slice = list(&seed, TaskFilter { limit: 1, offset: 9, ..TaskFilter::default() }).await;
    assert_eq!((slice.tasks.len(), slice.total, slice.overdue_count), (1, 11, 5));
}

pub async fn tasks_are_filtered_by_each_of_their_properties(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let (contact, lead) = seed.lead(1, at(0)).await;
    let first = seed.task(Some(contact), None, Some(at(10))).await;
    let second = seed.task(None, Some(lead), Some(at(20))).await;
    let third = seed.task(None, None, None).await;
    seed.set_task(second, "assignee_id = 'csr_1', status = 'pending'").await;
    seed.set_task(third, "status = 'completed'").await;
    let none = TaskFilter::default;
    for (filter, expected) in [
        (TaskFilter { assignee: Some(user("csr_1")), ..none() }, vec![second]),
        (TaskFilter { lead: Some(lead), ..none() }, vec![second]),
        (TaskFilter { contact: Some(contact), ..none() }, vec![first]),
        (TaskFilter { status: Some(TaskStatus::Open), ..none() }, vec![first]),
        (TaskFilter { status: Some(TaskStatus::Completed), ..none() }, vec![third]),
        (TaskFilter { status: Some(TaskStatus::Overdue), ..none() }, vec![]),
        (TaskFilter { due_before: Some(at(10)), ..none() }, vec![first]),
        (TaskFilter { due_before: Some(at(9)), ..none() }, vec![]),
        (TaskFilter { due_after: Some(at(20)), ..none() }, vec![second]),
        (TaskFilter { due_after: Some(at(10)), due_before: Some(at(20)), ..none() }, vec![first, second]),
    ] {
        let found = list(&seed, filter.clone()).await;
        assert_eq!(ids(&found), expected, "{filter:?}");
        assert_eq!(found.total, i64::try_from(expected.len()).unwrap(), "{filter:?}");
    }
    // counted among those the filter leaves
    let later = TaskFilter { lead: Some(lead), limit: 5, ..none() };
    let later = db.store.tasks(&seed.manager(), &later, at(21)).await.unwrap();
    assert_eq!((later.total, later.overdue_count), (1, 1));
}

pub async fn one_task_is_told_in_full(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let (contact, lead) = seed.lead(1, at(0)).await;
    let appointment = seed.appointment(contact, lead, at(100)).await;
    let task = seed.task(Some(contact), Some(lead), Some(at(10))).await;
    let values = format!(
        "status = 'completed', completed_at = {}, completed_by = 'csr_2', assignee_id = 'csr_1', priority = 'high', \
         notes = 'ring twice', call_id = 77, appointment_id = {}",
        seed.at(at(5)),
        seed.id(appointment.0)
    );
    seed.set_task(task, &values).await;
    let found = db.store.task(&seed.manager(), task, at(99)).await.unwrap().unwrap();
    assert_eq!(found.description, format!("Do {task}"));
    assert_eq!((found.assigned_to.as_str(), found.assignee_id.as_deref()), ("csr", Some("csr_1")));
    assert_eq!((found.source.as_str(), found.action_type.as_deref()), ("shunya", Some("call_back")));
    assert_eq!((found.status.as_str(), found.overdue), ("completed", false));
    assert_eq!((found.completed_at, found.completed_by.as_deref()), (Some(at(5)), Some("csr_2")));
    assert_eq!((found.due_at, found.priority.as_deref()), (Some(at(10)), Some("high")));
    assert_eq!((found.notes.as_deref(), found.call_id), (Some("ring twice"), Some(kernel::CallId(77))));
    assert_eq!((found.contact_card_id, found.lead_id), (Some(contact), Some(lead)));
    assert_eq!((found.appointment_id, found.created_at), (Some(appointment), at(0)));
}

pub async fn a_tenant_without_tasks_has_an_empty_list(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let found = list(&seed, TaskFilter::default()).await;
    assert_eq!((found.tasks.len(), found.total, found.overdue_count), (0, 0, 0));
}
