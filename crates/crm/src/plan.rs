//! What a call's outcome makes of its lead.

use kernel::{AppointmentId, Timestamp, fingerprint};
use serde_json::{Value, json};

use crate::{
    Action, AppointmentIntent, Booking, CallOutcome, KnownLead, LeadStatus, Priority, Qualification,
    SignalSeverity, SignalType, TaskAssignee, UNQUALIFIED_BECOMES, may_move,
};

/// More objections than this in one call are a risk worth telling.
const MANY_OBJECTIONS: usize = 3;
/// No more signals than this are made of one call's missed opportunities.
const MOST_OPPORTUNITIES: usize = 3;

/// The changes one outcome calls for. Applying it twice changes nothing: every part has a natural key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// The lead moves.
    pub lead_move: Option<LeadMove>,
    /// Whether this verdict is the newest the lead has, moved or not.
    pub is_newest_verdict: bool,
    /// An appointment is made, moved or called off.
    pub appointment: Option<AppointmentChange>,
    /// Things to do.
    pub tasks: Vec<NewTask>,
    /// Things to know.
    pub signals: Vec<NewSignal>,
}

/// A lead's move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadMove {
    /// From.
    pub from: LeadStatus,
    /// To.
    pub to: LeadStatus,
    /// For its history.
    pub reason: &'static str,
}

/// What happens to an appointment.
#[derive(Clone, Debug, PartialEq)]
pub enum AppointmentChange {
    /// A new one; natural key (lead, start).
    Make {
        /// When.
        start: Timestamp,
    },
    /// An open one gets another time.
    Move {
        /// Which.
        id: AppointmentId,
        /// Its new time.
        start: Timestamp,
    },
    /// An open one is called off.
    Cancel {
        /// Which.
        id: AppointmentId,
    },
}

/// A task to be made unless an unfinished one with its key exists.
#[derive(Clone, PartialEq)]
pub struct NewTask {
    /// What.
    pub description: String,
    /// One of the contract's action types.
    pub action_type: Option<String>,
    /// When it is due.
    pub due_at: Option<Timestamp>,
    /// How soon.
    pub priority: Option<Priority>,
    /// Who.
    pub assigned_to: TaskAssignee,
    /// Natural key within the contact: source and wording.
    pub key: String,
}

/// A signal to be made unless an unacknowledged one with its key exists.
#[derive(Clone, PartialEq)]
pub struct NewSignal {
    /// What about.
    pub signal_type: SignalType,
    /// How much it matters.
    pub severity: SignalSeverity,
    /// In a few words.
    pub title: String,
    /// In more.
    pub description: Option<String>,
    /// Natural key within the contact: type and title.
    pub key: String,
    /// What it was made from.
    pub metadata: Value,
}

/// What the customer said about themselves.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ContactUpdate {
    /// Full name.
    pub name: Option<String>,
    /// Email.
    pub email: Option<String>,
    /// House number and street, or the whole as spoken.
    pub address: Option<String>,
    /// City.
    pub city: Option<String>,
    /// State.
    pub state: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
}

kernel::hides_personal!(ContactUpdate { ; name, email, address, city, state, postal_code });
kernel::hides_personal!(NewTask { action_type, due_at, priority, assigned_to; description, key });
kernel::hides_personal!(NewSignal { signal_type, severity; title, description, key, metadata });

/// Decides what an outcome makes of its lead (contract `rules.md` §2, §3, §6; `shunya.md` §5.3).
///
/// `call_at` is when the call began: the verdict of an older call never overrides that of a newer one, whichever
/// analysis arrives first.
pub fn plan(outcome: &CallOutcome, lead: &KnownLead, call_at: Timestamp) -> Plan {
    let is_newest_verdict = lead.last_verdict_at.is_none_or(|last| call_at >= last);
    let appointment = appointment_change(outcome, lead);
    let lead_move = if is_newest_verdict { lead_move(outcome, lead, appointment.as_ref()) } else { None };
    Plan {
        lead_move,
        is_newest_verdict,
        tasks: tasks(&outcome.actions),
        signals: signals(outcome, appointment.as_ref()),
        appointment,
    }
}

/// What an outcome says about the customer, whatever becomes of the lead. Fills only what is empty.
pub fn contact_update(outcome: &CallOutcome) -> ContactUpdate {
    ContactUpdate {
        name: outcome.customer_name.clone(),
        email: outcome.customer_email.clone(),
        address: outcome.address.clone(),
        city: outcome.city.clone(),
        state: outcome.state.clone(),
        postal_code: outcome.postal_code.clone(),
    }
}

fn lead_move(
    outcome: &CallOutcome,
    lead: &KnownLead,
    change: Option<&AppointmentChange>,
) -> Option<LeadMove> {
    let (to, reason) = match (outcome.booking, outcome.qualification) {
        (Some(Booking::Booked), _) => (LeadStatus::QualifiedBooked, "call booked"),
        (Some(Booking::ServiceNotOffered), _) => {
            (LeadStatus::QualifiedServiceNotOffered, "service not offered")
        }
        (Some(Booking::NotBooked), Some(Qualification::Qualified)) => {
            (LeadStatus::QualifiedUnbooked, "qualified call not booked")
        }
        (_, Some(Qualification::Unqualified)) => (UNQUALIFIED_BECOMES, "call unqualified"),
        (_, Some(Qualification::Nurture)) => (LeadStatus::Nurturing, "to be nurtured"),
        (Some(Booking::NotBooked) | None, _) => return None,
    };
    // a customer with an appointment who calls about something else has not lost it
    if lead.status == LeadStatus::QualifiedBooked && to != LeadStatus::QualifiedBooked {
        let cancelled = match change {
            Some(AppointmentChange::Cancel { id }) => Some(*id),
            _ => None,
        };
        if lead.open_appointments.iter().any(|open| Some(open.id) != cancelled) {
            return None;
        }
    }
    may_move(lead.status, to).then_some(LeadMove { from: lead.status, to, reason })
}

fn appointment_change(outcome: &CallOutcome, lead: &KnownLead) -> Option<AppointmentChange> {
    // which of the open ones is meant: the one named by its time, else the only or next one
    let meant = match outcome.original_start {
        Some(start) => lead.open_appointments.iter().find(|open| open.start == start),
        None => None,
    }
    .or_else(|| lead.open_appointments.iter().min_by_key(|open| open.start));
    match (outcome.intent, meant) {
        (Some(AppointmentIntent::Cancel), Some(open)) => Some(AppointmentChange::Cancel { id: open.id }),
        (Some(AppointmentIntent::Cancel), None) => None,
        (Some(AppointmentIntent::Reschedule), Some(open)) => {
            let start = outcome.appointment_start?;
            (start != open.start).then_some(AppointmentChange::Move { id: open.id, start })
        }
        (Some(AppointmentIntent::Reschedule | AppointmentIntent::NewBooking) | None, _) => {
            // only a booking the AI calls booked makes an appointment; a date alone is a wish
            let booked = outcome.booking == Some(Booking::Booked);
            let start = outcome.appointment_start.filter(|_| booked)?;
            let known = lead.open_appointments.iter().any(|open| open.start == start);
            (!known).then_some(AppointmentChange::Make { start })
        }
    }
}

fn tasks(actions: &[Action]) -> Vec<NewTask> {
    let mut tasks: Vec<NewTask> = Vec::with_capacity(actions.len());
    for action in actions {
        let key = task_key(&action.description);
        if tasks.iter().any(|task| task.key == key) {
            continue;
        }
        tasks.push(NewTask {
            description: action.description.clone(),
            action_type: action.action_type.clone(),
            due_at: action.due_at,
            priority: action.priority,
            // who answers the phone keeps the promises made on it, unless the vendor names somebody else
            assigned_to: action.assignee.unwrap_or(TaskAssignee::Csr),
            key,
        });
    }
    tasks
}

fn signals(outcome: &CallOutcome, appointment: Option<&AppointmentChange>) -> Vec<NewSignal> {
    let mut signals = Vec::new();
    let mut add = |signal_type: SignalType, severity, title: &str, description: Option<String>, metadata| {
        let key = signal_key(signal_type, title);
        let title = title.to_owned();
        signals.push(NewSignal { signal_type, severity, title, description, key, metadata });
    };
    let joined = |lines: &[String]| (!lines.is_empty()).then(|| lines.join("; "));

    if !outcome.urgency_signals.is_empty() {
        let metadata = json!({ "urgency_signals": outcome.urgency_signals });
        let said = joined(&outcome.urgency_signals);
        add(SignalType::Opportunity, SignalSeverity::High, "Urgent need", said, metadata);
    }
    if outcome.booking == Some(Booking::ServiceNotOffered) {
        let reason = outcome.service_not_offered_reason.clone().or_else(|| outcome.service.clone());
        let metadata = json!({ "service": outcome.service });
        add(SignalType::Operational, SignalSeverity::High, "Service not offered", reason, metadata);
    }
    if outcome.objections >= MANY_OBJECTIONS {
        let said = Some(format!("{} objections in one call", outcome.objections));
        let metadata = json!({ "objections": outcome.objections });
        add(SignalType::Risk, SignalSeverity::Medium, "Multiple objections", said, metadata);
    }
    if let Some(level @ (SignalSeverity::High | SignalSeverity::Critical)) = outcome.risk_level {
        let metadata = json!({ "risk_factors": outcome.risk_factors });
        add(SignalType::Risk, level, "Deal at risk", joined(&outcome.risk_factors), metadata);
    }
    if !outcome.violations.is_empty() {
        let metadata = json!({ "violations": outcome.violations });
        let said = joined(&outcome.violations);
        add(SignalType::Coaching, SignalSeverity::Medium, "Script violation", said, metadata);
    }
    let new_booking =
        !matches!(outcome.intent, Some(AppointmentIntent::Cancel | AppointmentIntent::Reschedule));
    if outcome.booking == Some(Booking::Booked)
        && outcome.appointment_start.is_none()
        && appointment.is_none()
        && new_booking
    {
        // an appointment needs a time; inventing one would be worse than asking
        let said =
            Some("The call was booked, but no date and time were understood. Ask the customer.".to_owned());
        add(SignalType::Operational, SignalSeverity::High, "Booked without a time", said, Value::Null);
    }
    for missed in outcome.missed_opportunities.iter().take(MOST_OPPORTUNITIES) {
        let title = match missed.kind.as_deref() {
            Some("cross_sell") => "Missed cross-sell",
            Some("upsell") => "Missed upsell",
            Some("discovery") => "Missed discovery",
            Some("qualification") => "Missed qualification",
            _ => "Missed opportunity",
        };
        let severity = missed.severity.unwrap_or(SignalSeverity::Medium);
        let metadata = json!({ "type": missed.kind });
        let said = Some(missed.description.clone());
        add(SignalType::Opportunity, severity, title, said, metadata);
    }
    // one call may miss two opportunities of one kind: the key is the title, so the first is kept
    let mut seen = Vec::new();
    signals.retain(|signal: &NewSignal| {
        let fresh = !seen.contains(&signal.key);
        seen.push(signal.key.clone());
        fresh
    });
    signals
}

/// What a task says, as a key within its contact: source and wording.
pub fn task_key(description: &str) -> String {
    fingerprint(&[b"task", b"shunya", folded(description).as_bytes()])
}

/// What a signal says, as a key within its contact: type and title.
pub fn signal_key(signal_type: SignalType, title: &str) -> String {
    fingerprint(&[b"signal", signal_type.as_str().as_bytes(), folded(title).as_bytes()])
}

/// A text with letter case and runs of white space evened out, so that the same promise is the same key.
fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
