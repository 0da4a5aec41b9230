use crm::SignalType;
use kernel::{AppointmentId, ContactCardId, KeySignalId, LeadId, Timestamp};
use serde::Serialize;

/// Which signals.
#[derive(Clone, Debug, Default)]
pub struct SignalFilter {
    /// Of this lead.
    pub lead: Option<LeadId>,
    /// Of this appointment.
    pub appointment: Option<AppointmentId>,
    /// Of this customer.
    pub contact: Option<ContactCardId>,
    /// About this.
    pub signal_type: Option<SignalType>,
    /// Acknowledged or not.
    pub acknowledged: Option<bool>,
    /// Made at or after.
    pub from: Option<Timestamp>,
    /// Made before.
    pub until: Option<Timestamp>,
}

/// A key signal.
#[derive(Clone, Debug, Serialize)]
pub struct KeySignalLine {
    /// Its id.
    pub id: KeySignalId,
    /// risk, opportunity, coaching or operational.
    pub signal_type: String,
    /// low, medium, high or critical.
    pub severity: String,
    /// In a few words.
    pub title: String,
    /// In more.
    pub description: Option<String>,
    /// Has somebody seen it?
    pub acknowledged: bool,
    /// When.
    pub acknowledged_at: Option<Timestamp>,
    /// Who.
    pub acknowledged_by: Option<String>,
    /// The customer.
    pub contact_card_id: ContactCardId,
    /// The lead.
    pub lead_id: Option<LeadId>,
    /// The appointment.
    pub appointment_id: Option<AppointmentId>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Key signals, the most severe first.
#[derive(Clone, Debug, Serialize)]
pub struct KeySignalList {
    /// By rank of severity, then newest first.
    pub signals: Vec<KeySignalLine>,
    /// How many.
    pub total: i64,
    /// How many nobody has seen.
    pub unacknowledged_count: i64,
}
