//! The tables, as both databases have them. A test compares these files with what the migrations make.

mod crm;
mod telephony;
mod tenancy;
mod work;

mod sql {
    pub use diesel::sql_types::*;

    pub use crate::types::{Doc, Id, Ts};
}

pub use crm::{appointments, contact_cards, key_signals, lead_status_history, leads, tasks};
pub use telephony::{
    call_analyses, call_objections, call_outcomes, call_transcripts, calls, imported_calls, recordings,
    shunya_jobs, subject_numbers,
};
pub use tenancy::{companies, provider_accounts, provider_credentials, tracking_numbers, users};
pub use work::{call_listings, events, jobs, schedule_slots, webhook_inbox};

diesel::allow_tables_to_appear_in_same_query!(
    companies,
    users,
    tracking_numbers,
    provider_accounts,
    provider_credentials,
    jobs,
    schedule_slots,
    call_listings,
    webhook_inbox,
    contact_cards,
    leads,
    lead_status_history,
    appointments,
    tasks,
    key_signals,
    calls,
    imported_calls,
    call_outcomes,
    recordings,
    shunya_jobs,
    call_transcripts,
    call_analyses,
    call_objections,
    events,
);
