use std::collections::HashMap;

use kernel::{CallId, CompanyId, ContactCardId, LeadId, PhoneNumber, TaskId, Timestamp};
use serde::Serialize;
use serde_json::Value;

use super::{
    AppointmentSummary, KeySignalLine, LeadSummary, TaskLine, Viewer,
    calls::{ViewError, link_recording},
};
use crate::Ports;

/// Which contact card.
#[derive(Clone, Debug)]
pub enum ContactQuery {
    /// By its id.
    Id(ContactCardId),
    /// By its number.
    Phone(PhoneNumber),
}

/// A contact card's own fields.
#[derive(Clone, Debug, Serialize)]
pub struct ContactBase {
    /// Its id.
    pub id: ContactCardId,
    /// Whose.
    pub company_id: CompanyId,
    /// First name.
    pub first_name: Option<String>,
    /// Last name.
    pub last_name: Option<String>,
    /// Both.
    pub full_name: Option<String>,
    /// The number they are known by.
    pub primary_phone: Option<String>,
    /// The same, for an older app.
    pub phone_number: Option<String>,
    /// Another number.
    pub secondary_phone: Option<String>,
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
    /// What the company keeps besides.
    pub custom_metadata: Option<Value>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// A line of a lead's history.
#[derive(Clone, Debug, Serialize)]
pub struct StatusHistoryLine {
    /// From.
    pub from_status: Option<String>,
    /// To.
    pub to_status: String,
    /// Why.
    pub reason: Option<String>,
    /// By whom.
    pub triggered_by: Option<String>,
    /// What it was made from.
    pub context: Option<Value>,
    /// When.
    pub created_at: Timestamp,
}

/// One stage of the script in the newest analysed call.
#[derive(Clone, Debug, Serialize)]
pub struct SopComplianceLine {
    /// Its name.
    pub stage_name: String,
    /// Was it followed?
    pub followed: bool,
    /// 0 to 10.
    pub score: Option<f64>,
}

/// An objection of the customer.
#[derive(Clone, Debug, Serialize)]
pub struct ContactObjection {
    /// The category's name.
    pub category: Option<String>,
    /// In words.
    pub objection_text: String,
    /// Was it answered?
    pub overcome: Option<bool>,
    /// low, medium or high.
    pub severity: Option<String>,
    /// Seconds into the call.
    pub timestamp: Option<f64>,
    /// In which call.
    pub call_id: Option<CallId>,
}

/// Something let pass.
#[derive(Clone, Debug, Serialize)]
pub struct MissedOpportunityLine {
    /// In words.
    pub description: String,
    /// Of which sort.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// How much it matters.
    pub severity: Option<String>,
    /// Seconds into the call.
    pub timestamp: Option<f64>,
    /// In which call.
    pub call_id: Option<CallId>,
}

/// A promise not kept yet.
#[derive(Clone, Debug, Serialize)]
pub struct PendingActionLine {
    /// The task it became.
    pub id: Option<TaskId>,
    /// In words.
    pub description: String,
    /// Of which sort.
    pub action_type: Option<String>,
    /// When it is due.
    pub due_at: Option<Timestamp>,
    /// Where it stands.
    pub status: Option<String>,
    /// Whose it is.
    pub assigned_to: Option<String>,
    /// How soon.
    pub priority: Option<String>,
}

/// Something that happened.
#[derive(Clone, Debug, Serialize)]
pub struct TimelineLine {
    /// call, appointment, task, `status_change`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// When.
    pub timestamp: Timestamp,
    /// In words.
    pub description: Option<String>,
    /// What it is about.
    pub id: String,
}

/// A call of the customer with its recording.
#[derive(Clone, Debug, Serialize)]
pub struct CallRecording {
    /// The call.
    pub call_id: CallId,
    /// When it began.
    pub started_at: Timestamp,
    /// The words spoken.
    pub transcript: Option<String>,
    /// A link to the audio, or null.
    pub recording_url: Option<String>,
    /// In seconds.
    pub duration_seconds: Option<i32>,
    /// inbound or outbound.
    pub direction: Option<String>,
    /// Nobody took it.
    pub missed_call: bool,
    /// The AI's verdict.
    pub booking_status: Option<String>,
}

/// Everything about one customer.
#[derive(Clone, Debug, Serialize)]
pub struct ContactCardDetail {
    /// The card itself.
    #[serde(flatten)]
    pub contact: ContactBase,
    /// The newest lead.
    pub lead_id: Option<LeadId>,
    /// Where it stands.
    pub lead_status: Option<String>,
    /// How it came there, oldest first.
    pub lead_status_history: Vec<StatusHistoryLine>,
    /// Unacknowledged first.
    pub key_signals: Vec<KeySignalLine>,
    /// What is to be done.
    pub open_tasks: Vec<TaskLine>,
    /// Of the newest analysed call.
    pub sop_compliance: Vec<SopComplianceLine>,
    /// Of all calls, newest first.
    pub objections: Vec<ContactObjection>,
    /// Of all calls, newest first.
    pub missed_opportunities: Vec<MissedOpportunityLine>,
    /// Promises not kept yet.
    pub pending_actions: Vec<PendingActionLine>,
    /// Of the newest appointment.
    pub appointment_outcome: Option<String>,
    /// Of the newest analysed call.
    pub ai_summary: Option<String>,
    /// None so far: visits are recorded by the field app.
    pub recording_sessions: Vec<Value>,
    /// Oldest first.
    pub booking_timeline: Vec<TimelineLine>,
    /// Newest first, at most 20.
    pub call_recordings: Vec<CallRecording>,
    /// None so far: texts are not taken in yet.
    pub text_threads: Vec<Value>,
    /// None so far: texts are not taken in yet.
    pub nurture_threads: Vec<Value>,
    /// None so far: property intelligence is not asked for yet.
    pub property_snapshot: Option<Value>,
    /// Newest first.
    pub leads: Vec<LeadSummary>,
    /// Newest first.
    pub appointments: Vec<AppointmentSummary>,
    /// Newest first, at most 10.
    pub recent_call_ids: Vec<CallId>,
}

/// Everything about one customer, with links to their recordings.
pub async fn contact_card(
    ports: &Ports,
    viewer: &Viewer,
    query: &ContactQuery,
) -> Result<Option<ContactCardDetail>, ViewError> {
    let now = ports.clock.now();
    let Some((mut card, files)) = ports.reads.contact_card(viewer, query, now).await? else {
        return Ok(None);
    };
    let files: HashMap<_, _> = files.into_iter().collect();
    for call in &mut card.call_recordings {
        call.recording_url = link_recording(ports, viewer, files.get(&call.call_id)).await?;
    }
    Ok(Some(card))
}
