use crm::TaskStatus;
use kernel::{AppointmentId, CallId, ContactCardId, LeadId, TaskId, Timestamp, UserId};
use serde::Serialize;

/// Which tasks.
#[derive(Clone, Debug, Default)]
pub struct TaskFilter {
    /// Of this person.
    pub assignee: Option<UserId>,
    /// Of this lead.
    pub lead: Option<LeadId>,
    /// Of this customer.
    pub contact: Option<ContactCardId>,
    /// In this state.
    pub status: Option<TaskStatus>,
    /// Past their time, or not.
    pub overdue: Option<bool>,
    /// Due at or before.
    pub due_before: Option<Timestamp>,
    /// Due at or after.
    pub due_after: Option<Timestamp>,
    /// At most so many.
    pub limit: i64,
    /// After skipping so many.
    pub offset: i64,
}

/// A task.
#[derive(Clone, Debug, Serialize)]
pub struct TaskLine {
    /// Its id.
    pub id: TaskId,
    /// What to do.
    pub description: String,
    /// csr, rep, manager or ai.
    pub assigned_to: String,
    /// The person it is assigned to.
    pub assignee_id: Option<String>,
    /// otto, shunya or manual.
    pub source: String,
    /// Of which sort.
    pub action_type: Option<String>,
    /// When it is due.
    pub due_at: Option<Timestamp>,
    /// Where it stands.
    pub status: String,
    /// Past its time and unfinished.
    pub overdue: bool,
    /// When it was done.
    pub completed_at: Option<Timestamp>,
    /// By whom.
    pub completed_by: Option<String>,
    /// How soon.
    pub priority: Option<String>,
    /// As people enter them.
    pub notes: Option<String>,
    /// The customer.
    pub contact_card_id: Option<ContactCardId>,
    /// The lead.
    pub lead_id: Option<LeadId>,
    /// The appointment.
    pub appointment_id: Option<AppointmentId>,
    /// The call it comes from.
    pub call_id: Option<CallId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A slice of tasks.
#[derive(Clone, Debug, Serialize)]
pub struct TaskList {
    /// Due first; those without a time last.
    pub tasks: Vec<TaskLine>,
    /// How many there are in all.
    pub total: i64,
    /// How many of all are past their time.
    pub overdue_count: i64,
}
