//! What happened with a customer, oldest first.

use app::reads::{AppointmentSummary, TimelineLine};
use diesel::{ExpressionMethods, QueryDsl, Queryable, Selectable, SelectableHelper};
use diesel_async::RunQueryDsl;
use kernel::{CallId, ContactCardId, StoreError, TaskId};

use crate::{
    db::{Conn, on_db},
    error::fail,
    schema::{calls, lead_status_history as history, tasks},
    types::{DbDoc, DbId, DbTs},
};

/// At most so many things of each sort, the newest: somebody who calls every hour has no end of them.
pub(super) const MOST: i64 = 500;

#[derive(Queryable, Selectable)]
#[diesel(table_name = calls)]
pub(super) struct CallRow {
    pub(super) id: i64,
    pub(super) direction: Option<String>,
    pub(super) missed: bool,
    pub(super) duration_seconds: Option<i32>,
    pub(super) booking_status: Option<String>,
    pub(super) analyzed_at: Option<DbTs>,
    pub(super) created_at: DbTs,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = history)]
pub(super) struct HistoryRow {
    id: DbId,
    pub(super) lead_id: DbId,
    pub(super) from_status: Option<String>,
    pub(super) to_status: String,
    pub(super) reason: Option<String>,
    pub(super) triggered_by: String,
    pub(super) context: Option<DbDoc>,
    pub(super) created_at: DbTs,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = tasks)]
pub(super) struct MadeTask {
    id: DbId,
    description: String,
    created_at: DbTs,
}

/// A customer's calls, newest first.
pub(super) async fn calls_of(
    conn: &mut Conn,
    company: &str,
    contact: ContactCardId,
) -> Result<Vec<CallRow>, StoreError> {
    on_db!(conn, "calls.of_contact", |c| {
        calls::table
            .filter(calls::company_id.eq(company))
            .filter(calls::contact_card_id.eq(DbId::from(contact)))
            .order((calls::created_at.desc(), calls::id.desc()))
            .limit(MOST)
            .select(CallRow::as_select())
            .load(c)
            .await
    })
    .map_err(fail("calls"))
}

/// The moves of a customer's leads, newest first.
pub(super) async fn moves_of(
    conn: &mut Conn,
    company: &str,
    leads: impl Iterator<Item = DbId>,
) -> Result<Vec<HistoryRow>, StoreError> {
    let leads: Vec<DbId> = leads.collect();
    on_db!(conn, "lead_status_history.of_leads", |c| {
        history::table
            .filter(history::company_id.eq(company))
            .filter(history::lead_id.eq_any(leads))
            .order((history::created_at.desc(), history::lead_version.desc(), history::id.desc()))
            .limit(MOST)
            .select(HistoryRow::as_select())
            .load(c)
            .await
    })
    .map_err(fail("lead_status_history"))
}

/// The tasks made for a customer, newest first.
pub(super) async fn tasks_of(
    conn: &mut Conn,
    company: &str,
    contact: ContactCardId,
) -> Result<Vec<MadeTask>, StoreError> {
    on_db!(conn, "tasks.of_contact", |c| {
        tasks::table
            .filter(tasks::company_id.eq(company))
            .filter(tasks::contact_card_id.eq(DbId::from(contact)))
            .order((tasks::created_at.desc(), tasks::id.desc()))
            .limit(MOST)
            .select(MadeTask::as_select())
            .load(c)
            .await
    })
    .map_err(fail("tasks"))
}

fn call_line(call: &CallRow) -> TimelineLine {
    let description = match (call.missed, call.direction.as_deref()) {
        (true, _) => "Missed call",
        (false, Some("inbound")) => "Inbound call",
        (false, Some("outbound")) => "Outbound call",
        (false, _) => "Call",
    };
    TimelineLine {
        kind: "call",
        timestamp: call.created_at.0,
        description: Some(description.to_owned()),
        id: CallId(call.id).to_string(),
    }
}

fn move_line(moved: &HistoryRow) -> TimelineLine {
    let mut description = match &moved.from_status {
        None => format!("Lead {}", moved.to_status),
        Some(from) => format!("Lead {from} → {}", moved.to_status),
    };
    if let Some(reason) = &moved.reason {
        description.push_str(": ");
        description.push_str(reason);
    }
    TimelineLine {
        kind: "status_change",
        timestamp: moved.created_at.0,
        description: Some(description),
        id: moved.id.0.to_string(),
    }
}

/// An appointment stands where it takes place, which may be in the future.
fn appointment_line(appointment: &AppointmentSummary) -> TimelineLine {
    let mut description = format!("Appointment {}", appointment.status.replace('_', " "));
    if let Some(service) = &appointment.service_type {
        description.push_str(": ");
        description.push_str(service);
    }
    TimelineLine {
        kind: "appointment",
        timestamp: appointment.scheduled_start,
        description: Some(description),
        id: appointment.id.to_string(),
    }
}

fn task_line(task: MadeTask) -> TimelineLine {
    TimelineLine {
        kind: "task",
        timestamp: task.created_at.0,
        description: Some(task.description),
        id: TaskId::from(task.id).to_string(),
    }
}

/// All of it in one line, oldest first. What happened in the same instant stands as one thing leads to another: a call,
/// what it made of the lead, the appointment, the tasks. Each list comes newest first.
pub(super) fn timeline(
    calls: &[CallRow],
    moves: &[HistoryRow],
    appointments: &[AppointmentSummary],
    tasks: Vec<MadeTask>,
) -> Vec<TimelineLine> {
    let mut lines: Vec<TimelineLine> = Vec::new();
    lines.extend(calls.iter().rev().map(call_line));
    lines.extend(moves.iter().rev().map(move_line));
    lines.extend(appointments.iter().rev().map(appointment_line));
    lines.extend(tasks.into_iter().rev().map(task_line));
    lines.sort_by_key(|line| line.timestamp);
    lines
}
