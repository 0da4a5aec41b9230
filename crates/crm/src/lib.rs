//! Contact cards, leads, appointments, tasks and key signals, and what a call's outcome makes of them.
//!
//! [`plan()`] is the whole rule: from what the AI said of a call and what is known of its lead, to the list of changes.
//! It reads nothing and writes nothing.

mod lead;
mod learned;
mod outcome;
mod plan;
mod vocabulary;

pub use lead::{LeadStatus, UNQUALIFIED_BECOMES, may_move};
pub use learned::{CardFields, LeadFacts, LeadFields, Learned, Provided, relearn, relearn_lead};
pub use outcome::{
    Action, AppointmentIntent, Booking, CallOutcome, KnownLead, OpenAppointment, Opportunity, Qualification,
};
pub use plan::{
    AppointmentChange, ContactUpdate, LeadMove, NewSignal, NewTask, Plan, contact_update, plan, signal_key,
    task_key,
};
pub use vocabulary::{
    AppointmentOutcome, AppointmentStatus, LeadSource, Priority, SignalSeverity, SignalType, TaskAssignee,
    TaskSource, TaskStatus, UnknownWord,
};
