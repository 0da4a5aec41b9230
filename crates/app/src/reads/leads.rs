use crm::{LeadSource, LeadStatus, Priority};
use kernel::{AppointmentId, CompanyId, ContactCardId, LeadId, Timestamp, UserId};
use serde::Serialize;
use serde_json::Value;

use super::ContactBase;

/// How leads are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LeadSort {
    /// Newest first.
    #[default]
    CreatedAt,
    /// high, medium, low, none; then newest first.
    Priority,
}

/// Which leads.
#[derive(Clone, Debug, Default)]
pub struct LeadFilter {
    /// In one of these states; empty for any.
    pub statuses: Vec<LeadStatus>,
    /// From there.
    pub source: Option<LeadSource>,
    /// Of that priority.
    pub priority: Option<Priority>,
    /// Assigned to that rep.
    pub rep: Option<UserId>,
    /// Made at or after.
    pub from: Option<Timestamp>,
    /// Made before.
    pub until: Option<Timestamp>,
    /// Somewhere in name, number, email or address.
    pub search: Option<String>,
    /// Ordered so.
    pub sort: LeadSort,
    /// At most so many.
    pub limit: i64,
    /// After skipping so many.
    pub offset: i64,
}

/// A lead in short.
#[derive(Clone, Debug, Serialize)]
pub struct LeadSummary {
    /// Its id.
    pub id: LeadId,
    /// Whose.
    pub company_id: CompanyId,
    /// The customer.
    pub contact_card_id: ContactCardId,
    /// Where it stands.
    pub status: String,
    /// Where it comes from.
    pub source: String,
    /// How soon.
    pub priority: Option<String>,
    /// As people enter it.
    pub score: Option<i32>,
    /// When the customer was last in contact.
    pub last_contacted_at: Option<Timestamp>,
    /// In dollars.
    pub deal_size: Option<f64>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A lead in full.
#[derive(Clone, Debug, Serialize)]
pub struct LeadDetail {
    /// In short.
    #[serde(flatten)]
    pub summary: LeadSummary,
    /// The marketing campaign.
    pub campaign: Option<String>,
    /// As people enter it.
    pub pipeline_stage: Option<String>,
    /// As people enter them.
    pub tags: Option<Value>,
    /// When the AI last gave a verdict.
    pub last_qualified_at: Option<Timestamp>,
    /// As people enter it.
    pub deal_status: Option<String>,
    /// The rep it is assigned to.
    pub assigned_rep_id: Option<String>,
}

/// An appointment in short.
#[derive(Clone, Debug, Serialize)]
pub struct AppointmentSummary {
    /// Its id.
    pub id: AppointmentId,
    /// For which lead.
    pub lead_id: LeadId,
    /// Whose.
    pub company_id: CompanyId,
    /// With whom.
    pub contact_card_id: Option<ContactCardId>,
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
    /// Where.
    pub location: Option<String>,
    /// What for.
    pub service_type: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A lead with its customer and appointments.
#[derive(Clone, Debug, Serialize)]
pub struct LeadResponse {
    /// The lead.
    pub lead: LeadDetail,
    /// The customer.
    pub contact: Option<ContactBase>,
    /// Newest first.
    pub appointments: Vec<AppointmentSummary>,
}

/// The lead of a row.
#[derive(Clone, Debug, Serialize)]
pub struct LeadPart {
    /// Its id.
    pub id: LeadId,
    /// Whose.
    pub company_id: CompanyId,
    /// The customer.
    pub contact_card_id: ContactCardId,
    /// Where it stands.
    pub status: String,
    /// Where it comes from.
    pub source: String,
    /// How soon.
    pub priority: Option<String>,
    /// As people enter it.
    pub score: Option<i32>,
    /// As people enter them.
    pub tags: Option<Value>,
    /// The marketing campaign.
    pub campaign: Option<String>,
    /// As people enter it.
    pub pipeline_stage: Option<String>,
    /// When the customer was last in contact.
    pub last_contacted_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The customer of a row.
#[derive(Clone, Debug, Serialize)]
pub struct LeadContact {
    /// Their card.
    pub id: ContactCardId,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Their number.
    pub primary_phone: Option<String>,
    /// Email.
    pub email: Option<String>,
    /// House number and street.
    pub address: Option<String>,
    /// City.
    pub city: Option<String>,
    /// State.
    pub state: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
}

/// The customer of a row, in short.
#[derive(Clone, Debug, Serialize)]
pub struct RowContact {
    /// Full name.
    pub name: Option<String>,
    /// Their number.
    pub primary_phone: Option<String>,
    /// City.
    pub city: Option<String>,
    /// State.
    pub state: Option<String>,
}

/// The rep of a row.
#[derive(Clone, Debug, Serialize)]
pub struct AssignedRep {
    /// Their id.
    pub id: String,
    /// Their name.
    pub name: Option<String>,
}

/// A lead in a list.
#[derive(Clone, Debug, Serialize)]
pub struct LeadRow {
    /// The lead.
    pub lead: LeadPart,
    /// The customer.
    pub contact_card: LeadContact,
    /// The same again, flat, for older readers.
    pub lead_id: LeadId,
    /// Likewise.
    pub status: String,
    /// Likewise.
    pub source: String,
    /// Likewise.
    pub priority: Option<String>,
    /// Likewise.
    pub score: Option<i32>,
    /// Likewise.
    pub last_contacted_at: Option<Timestamp>,
    /// Likewise.
    pub created_at: Timestamp,
    /// Likewise.
    pub contact: RowContact,
    /// The rep it is assigned to.
    pub assigned_rep: Option<AssignedRep>,
    /// Why the newest analysed call did not book: its first objection, or `service_not_offered`.
    pub reason_not_booked: Option<String>,
    /// Objections of the newest analysed call.
    pub objections: Vec<String>,
    /// The next appointment still to be held.
    pub next_appointment: Option<AppointmentSummary>,
    /// Of the newest analysed call.
    pub ai_summary: Option<String>,
}

/// A slice of leads.
#[derive(Clone, Debug)]
pub struct LeadList {
    /// In the order asked for.
    pub rows: Vec<LeadRow>,
    /// How many there are in all.
    pub total: i64,
}
