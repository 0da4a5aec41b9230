//! Tasks.

use std::collections::HashMap;

use crm::{TaskAssignee, TaskSource, TaskStatus, task_key};
use kernel::{AppointmentId, CallId, ContactCardId, LeadId, StoreError, TaskId, Timestamp, fingerprint};
use serde_json::json;

use super::{
    desk::{Desk, Past},
    report::Tally,
    row::id_of,
};
use crate::ports::{MovedTask, OldRow, OldTable, Put, UnitOfWork};

/// What a task is attached to here.
#[derive(Clone, Copy, Default)]
struct Attached {
    contact: Option<ContactCardId>,
    lead: Option<LeadId>,
    appointment: Option<AppointmentId>,
    call: Option<CallId>,
}

/// A task, or why it cannot be taken.
fn task(company: &str, row: &OldRow, to: Attached, now: Timestamp) -> Result<MovedTask, &'static str> {
    let id = TaskId(id_of(OldTable::Tasks, company, &row.text("id").ok_or("it has no id")?));
    let description = row.text("description").ok_or("it does not say what to do")?;
    let status = row.word("status").map_err(|()| "its status is none of ours")?.unwrap_or(TaskStatus::Open);
    let due_at = row.instant("due_at");
    // as the sweep would have it at once
    let status = match (status, due_at) {
        (TaskStatus::Open, Some(due)) if due < now => TaskStatus::Overdue,
        _ => status,
    };
    let owner = match (to.contact, to.call) {
        (Some(contact), _) => contact.to_string(),
        (None, Some(call)) => format!("call:{call}"),
        (None, None) => format!("task:{id}"),
    };
    let (created_at, updated_at) = row.times();
    Ok(MovedTask {
        id,
        contact: to.contact,
        lead: to.lead,
        appointment: to.appointment,
        call: to.call,
        natural_key: fingerprint(&[owner.as_bytes(), task_key(&description).as_bytes()]),
        description,
        assigned_to: row.word("assigned_to").unwrap_or_default().unwrap_or(TaskAssignee::Csr),
        assignee: row.text("assignee_id"),
        source: row.word("source").unwrap_or_default().unwrap_or(TaskSource::Otto),
        action_type: row.text("action_type").map(|text| text.to_ascii_lowercase()),
        due_at,
        status,
        priority: row.word("priority").unwrap_or_default(),
        completed_at: row.instant("completed_at"),
        completed_by: row.text("completed_by"),
        created_at,
        updated_at,
    })
}

pub(super) async fn take(
    desk: &Desk<'_>,
    unit: &mut dyn UnitOfWork,
    page: &[OldRow],
    tally: &mut Tally,
) -> Result<(), StoreError> {
    let id = |row: &OldRow, table, column| Some(id_of(table, desk.company(), &row.text(column)?));
    let own: Vec<_> = page.iter().filter_map(|row| id(row, OldTable::Tasks, "id")).collect();
    let there = unit.intake().there(OldTable::Tasks, &own).await?;
    let leads: Vec<_> = page.iter().filter_map(|row| id(row, OldTable::Leads, "lead_id")).collect();
    let leads = unit.intake().there(OldTable::Leads, &leads).await?;
    let visits: Vec<_> =
        page.iter().filter_map(|row| id(row, OldTable::Appointments, "appointment_id")).collect();
    let visits = unit.intake().there(OldTable::Appointments, &visits).await?;
    let calls: Vec<_> = page.iter().filter_map(|row| row.whole("call_id")).collect();
    let calls: HashMap<i64, CallId> = unit.intake().imported_calls(&calls).await?;
    for row in page {
        if id(row, OldTable::Tasks, "id").is_some_and(|id| there.contains(&id)) {
            tally.there += 1;
            continue;
        }
        let contact = match row.card_phone() {
            Some(phone) => unit.intake().card_of(&phone).await?,
            None => None,
        };
        let attached = Attached {
            contact,
            lead: id(row, OldTable::Leads, "lead_id").filter(|id| leads.contains(id)).map(LeadId),
            appointment: id(row, OldTable::Appointments, "appointment_id")
                .filter(|id| visits.contains(id))
                .map(AppointmentId),
            call: row.whole("call_id").and_then(|call| calls.get(&call).copied()),
        };
        if row.text("contact_card_id").is_some() && contact.is_none() {
            tally.set_aside(&row.key, "its customer has no card that could be taken");
            continue;
        }
        let moved = match task(desk.company(), row, attached, desk.now) {
            Ok(moved) => moved,
            Err(why) => {
                tally.set_aside(&row.key, why);
                continue;
            }
        };
        match unit.intake().put_task(&moved).await? {
            Put::Taken => tally.taken += 1,
            Put::There => tally.there += 1,
            Put::Refused => {
                tally.set_aside(&row.key, "another says the same");
                continue;
            }
        }
        tell(desk, unit, &moved).await?;
    }
    Ok(())
}

async fn tell(desk: &Desk<'_>, unit: &mut dyn UnitOfWork, task: &MovedTask) -> Result<(), StoreError> {
    if task.source != TaskSource::Shunya {
        return Ok(());
    }
    let data = json!({
        "task_id": task.id, "company_id": desk.scope.company, "contact_card_id": task.contact,
        "description": task.description, "assigned_to": task.assigned_to.as_str(), "source": "shunya",
    });
    let (lead, call, at) = (task.lead, task.call, task.created_at);
    let past = Past { event: "task.created", subject: task.id.to_string(), lead, call, at };
    if let Some(event) = desk.past(past, data) {
        unit.events().append(vec![event], None).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn read(columns: &Value) -> Result<MovedTask, &'static str> {
        let row = OldRow { key: String::new(), columns: columns.as_object().unwrap().clone() };
        let contact = Some(ContactCardId(uuid::Uuid::from_u128(7)));
        task(
            "org",
            &row,
            Attached { contact, ..Attached::default() },
            "2026-01-02T00:00:00Z".parse().unwrap(),
        )
    }

    #[test]
    fn tasks_that_say_the_same_of_a_customer_have_one_key() {
        let one = read(&json!({ "id": "1", "description": "Send  the quote", "source": "MANUAL" })).unwrap();
        let other = read(&json!({ "id": "2", "description": "send the Quote" })).unwrap();
        assert_eq!(one.natural_key, other.natural_key);
        assert_eq!((one.source, other.source), (TaskSource::Manual, TaskSource::Otto));
    }

    #[test]
    fn what_is_past_its_time_is_overdue_at_once() {
        let due = |status: &str, due: &str| {
            read(&json!({ "id": "1", "description": "x", "status": status, "due_at": due })).unwrap().status
        };
        assert_eq!(due("OPEN", "2026-01-01T00:00:00"), TaskStatus::Overdue);
        assert_eq!(due("open", "2026-01-03T00:00:00"), TaskStatus::Open);
        assert_eq!(due("completed", "2026-01-01T00:00:00"), TaskStatus::Completed);
        assert_eq!(read(&json!({ "id": "1" })).err(), Some("it does not say what to do"));
    }
}
