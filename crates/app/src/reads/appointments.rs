use chrono::NaiveDate;
use crm::{AppointmentOutcome, AppointmentStatus};
use kernel::{AppointmentId, CompanyId, ContactCardId, LeadId, Timestamp, UserId};
use serde::Serialize;

use super::{ContactBase, LeadSummary};

/// Which appointments.
#[derive(Clone, Debug)]
pub struct AppointmentQuery {
    /// The day, for the answer.
    pub day: NaiveDate,
    /// Its first instant.
    pub from: Timestamp,
    /// The first instant after it.
    pub until: Timestamp,
    /// Assigned to this rep.
    pub rep: Option<UserId>,
    /// In this state.
    pub status: Option<AppointmentStatus>,
    /// With this outcome.
    pub outcome: Option<AppointmentOutcome>,
    /// Of this lead.
    pub lead: Option<LeadId>,
}

/// An appointment in a list.
#[derive(Clone, Debug, Serialize)]
pub struct AppointmentLine {
    /// Its id.
    pub appointment_id: AppointmentId,
    /// For which lead.
    pub lead_id: LeadId,
    /// With whom.
    pub contact_card_id: Option<ContactCardId>,
    /// Their name.
    pub customer_name: Option<String>,
    /// Where.
    pub address: Option<String>,
    /// When.
    pub scheduled_start: Timestamp,
    /// Until when.
    pub scheduled_end: Option<Timestamp>,
    /// Where it stands.
    pub status: String,
    /// What came of it.
    pub outcome: String,
    /// What for.
    pub service_type: Option<String>,
    /// Whether it is the caller's.
    pub is_assigned_to_me: bool,
    /// The rep it is assigned to.
    pub assigned_rep_id: Option<String>,
    /// In dollars.
    pub deal_size: Option<f64>,
    /// How much is still to be done for it.
    pub pending_tasks_count: i64,
}

/// The appointments of a day.
#[derive(Clone, Debug, Serialize)]
pub struct AppointmentList {
    /// Earliest first.
    pub appointments: Vec<AppointmentLine>,
    /// How many.
    pub total: i64,
    /// The day.
    pub date: NaiveDate,
}

/// An appointment in full.
#[derive(Clone, Debug, Serialize)]
pub struct AppointmentDetail {
    /// Its id.
    pub id: AppointmentId,
    /// For which lead.
    pub lead_id: LeadId,
    /// With whom.
    pub contact_card_id: Option<ContactCardId>,
    /// Whose.
    pub company_id: CompanyId,
    /// The rep it is assigned to.
    pub assigned_rep_id: Option<String>,
    /// When.
    pub scheduled_start: Timestamp,
    /// Until when.
    pub scheduled_end: Option<Timestamp>,
    /// Where it stands.
    pub status: String,
    /// What came of it.
    pub outcome: String,
    /// in-person, virtual or phone.
    pub appointment_type: Option<String>,
    /// Where.
    pub location: Option<String>,
    /// The same, for older readers.
    pub location_address: Option<String>,
    /// What for.
    pub service_type: Option<String>,
    /// As people enter them.
    pub notes: Option<String>,
    /// As the company's own system calls it.
    pub external_id: Option<String>,
    /// In dollars.
    pub deal_size: Option<f64>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// An appointment with its lead and customer.
#[derive(Clone, Debug, Serialize)]
pub struct AppointmentView {
    /// The appointment.
    pub appointment: AppointmentDetail,
    /// The lead.
    pub lead: Option<LeadSummary>,
    /// The customer.
    pub contact: Option<ContactBase>,
}
