//! Customers, and what is to be done for them.

use super::sql;

diesel::table! {
    use super::sql::{Id, Text, Nullable, Doc, Integer, Ts};

    contact_cards (id) {
        id -> Id,
        company_id -> Text,
        primary_phone -> Text,
        secondary_phone -> Nullable<Text>,
        email -> Nullable<Text>,
        first_name -> Nullable<Text>,
        last_name -> Nullable<Text>,
        address -> Nullable<Text>,
        city -> Nullable<Text>,
        state -> Nullable<Text>,
        postal_code -> Nullable<Text>,
        metadata -> Nullable<Doc>,
        version -> Integer,
        created_at -> Ts,
        updated_at -> Ts,
        learned -> Nullable<Doc>,
    }
}

diesel::table! {
    use super::sql::{Id, Text, Nullable, Integer, Doc, BigInt, Ts};

    leads (id) {
        id -> Id,
        company_id -> Text,
        contact_card_id -> Id,
        status -> Text,
        source -> Text,
        campaign -> Nullable<Text>,
        pipeline_stage -> Nullable<Text>,
        priority -> Nullable<Text>,
        score -> Nullable<Integer>,
        tags -> Nullable<Doc>,
        assigned_rep_id -> Nullable<Text>,
        deal_status -> Nullable<Text>,
        deal_size_cents -> Nullable<BigInt>,
        last_contacted_at -> Nullable<Ts>,
        last_verdict_at -> Nullable<Ts>,
        version -> Integer,
        created_at -> Ts,
        updated_at -> Ts,
        learned -> Nullable<Doc>,
    }
}

diesel::table! {
    use super::sql::{Id, Text, Integer, Nullable, Doc, Ts};

    lead_status_history (id) {
        id -> Id,
        company_id -> Text,
        lead_id -> Id,
        lead_version -> Integer,
        from_status -> Nullable<Text>,
        to_status -> Text,
        reason -> Nullable<Text>,
        triggered_by -> Text,
        context -> Nullable<Doc>,
        created_at -> Ts,
    }
}

diesel::table! {
    use super::sql::{Id, Text, Nullable, BigInt, Ts, Integer};

    appointments (id) {
        id -> Id,
        company_id -> Text,
        lead_id -> Id,
        contact_card_id -> Nullable<Id>,
        call_id -> Nullable<BigInt>,
        assigned_rep_id -> Nullable<Text>,
        scheduled_start -> Ts,
        scheduled_end -> Nullable<Ts>,
        status -> Text,
        outcome -> Text,
        appointment_type -> Nullable<Text>,
        location -> Nullable<Text>,
        service_type -> Nullable<Text>,
        notes -> Nullable<Text>,
        external_id -> Nullable<Text>,
        deal_size_cents -> Nullable<BigInt>,
        version -> Integer,
        created_at -> Ts,
        updated_at -> Ts,
    }
}

diesel::table! {
    use super::sql::{Id, Text, Nullable, BigInt, Ts, Integer};

    tasks (id) {
        id -> Id,
        company_id -> Text,
        contact_card_id -> Nullable<Id>,
        lead_id -> Nullable<Id>,
        appointment_id -> Nullable<Id>,
        call_id -> Nullable<BigInt>,
        description -> Text,
        assigned_to -> Text,
        assignee_id -> Nullable<Text>,
        source -> Text,
        action_type -> Nullable<Text>,
        natural_key -> Text,
        due_at -> Nullable<Ts>,
        status -> Text,
        priority -> Nullable<Text>,
        notes -> Nullable<Text>,
        completed_at -> Nullable<Ts>,
        completed_by -> Nullable<Text>,
        created_by -> Nullable<Text>,
        version -> Integer,
        created_at -> Ts,
        updated_at -> Ts,
    }
}

diesel::table! {
    use super::sql::{Id, Text, Nullable, BigInt, Doc, Bool, Ts};

    key_signals (id) {
        id -> Id,
        company_id -> Text,
        contact_card_id -> Id,
        lead_id -> Nullable<Id>,
        appointment_id -> Nullable<Id>,
        call_id -> Nullable<BigInt>,
        signal_type -> Text,
        severity -> Text,
        title -> Text,
        description -> Nullable<Text>,
        natural_key -> Text,
        metadata -> Nullable<Doc>,
        acknowledged -> Bool,
        acknowledged_at -> Nullable<Ts>,
        acknowledged_by -> Nullable<Text>,
        created_at -> Ts,
    }
}
