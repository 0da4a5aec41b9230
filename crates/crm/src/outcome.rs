//! What the plan is made from.

use kernel::{AppointmentId, Timestamp};

use crate::{AppointmentStatus, LeadStatus, Priority, SignalSeverity, TaskAssignee};

/// Did they book?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Booking {
    /// Yes.
    Booked,
    /// No.
    NotBooked,
    /// The company does not do what the customer wants.
    ServiceNotOffered,
}

/// Is this somebody to win?
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Qualification {
    /// Yes, whatever the temperature.
    Qualified,
    /// No.
    Unqualified,
    /// Not now; keep in touch.
    Nurture,
}

/// What the customer wants of an appointment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppointmentIntent {
    /// A new one. Also meant where the vendor says nothing.
    NewBooking,
    /// Another time for an old one.
    Reschedule,
    /// None any more.
    Cancel,
}

/// Something somebody promised to do.
#[derive(Clone, PartialEq)]
pub struct Action {
    /// In words.
    pub description: String,
    /// One of the contract's action types.
    pub action_type: Option<String>,
    /// When it is due.
    pub due_at: Option<Timestamp>,
    /// How soon.
    pub priority: Option<Priority>,
    /// Who is to do it, where the vendor said so.
    pub assignee: Option<TaskAssignee>,
}

/// Something more to win.
#[derive(Clone, PartialEq)]
pub struct Opportunity {
    /// discovery, `cross_sell`, upsell, qualification or another.
    pub kind: Option<String>,
    /// In words.
    pub description: String,
    /// How much it matters; medium where the vendor does not say.
    pub severity: Option<SignalSeverity>,
}

/// What the AI said of one call, in the words of this domain.
#[derive(Clone, Default, PartialEq)]
pub struct CallOutcome {
    /// Did they book?
    pub booking: Option<Booking>,
    /// Is this somebody to win?
    pub qualification: Option<Qualification>,
    /// When the appointment is, once every zone is resolved.
    pub appointment_start: Option<Timestamp>,
    /// The time being moved or cancelled.
    pub original_start: Option<Timestamp>,
    /// What the customer wants of it.
    pub intent: Option<AppointmentIntent>,
    /// in-person, virtual or phone.
    pub appointment_type: Option<String>,
    /// Where.
    pub address: Option<String>,
    /// City.
    pub city: Option<String>,
    /// State.
    pub state: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// The customer's name as heard.
    pub customer_name: Option<String>,
    /// The customer's email as heard.
    pub customer_email: Option<String>,
    /// What the customer wants done.
    pub service: Option<String>,
    /// Why the company does not do it.
    pub service_not_offered_reason: Option<String>,
    /// Promises.
    pub actions: Vec<Action>,
    /// Chances let pass.
    pub missed_opportunities: Vec<Opportunity>,
    /// Signs of urgency.
    pub urgency_signals: Vec<String>,
    /// How many objections there were.
    pub objections: usize,
    /// The vendor's risk level: low, medium, high or critical.
    pub risk_level: Option<SignalSeverity>,
    /// Why.
    pub risk_factors: Vec<String>,
    /// Script violations.
    pub violations: Vec<String>,
}

/// What is known of the lead the call belongs to.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownLead {
    /// Where it stands.
    pub status: LeadStatus,
    /// When the newest call whose verdict moved or confirmed it began.
    pub last_verdict_at: Option<Timestamp>,
    /// Its appointments still to be held.
    pub open_appointments: Vec<OpenAppointment>,
}

/// An appointment still to be held.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenAppointment {
    /// Which.
    pub id: AppointmentId,
    /// When.
    pub start: Timestamp,
    /// Scheduled or confirmed.
    pub status: AppointmentStatus,
}

kernel::hides_personal!(Action { action_type, due_at, priority, assignee; description });
kernel::hides_personal!(Opportunity { kind, severity; description });
kernel::hides_personal!(CallOutcome {
    booking, qualification, appointment_start, original_start, intent, appointment_type, actions, missed_opportunities,
    objections, risk_level; address, city, state, postal_code, customer_name, customer_email, service,
    service_not_offered_reason, urgency_signals, risk_factors, violations
});
