//! The tables, as both databases have them. A test compares this file with what the migrations make.

mod sql {
    pub use diesel::sql_types::*;

    pub use crate::types::{Doc, Id, Ts};
}

diesel::table! {
    use super::sql::{Text, Nullable, Ts};

    companies (id) {
        id -> Text,
        name -> Text,
        time_zone -> Nullable<Text>,
        tenant_key -> Text,
        created_at -> Ts,
        updated_at -> Ts,
    }
}

diesel::table! {
    use super::sql::{Text, Nullable, Ts};

    users (id) {
        id -> Text,
        company_id -> Text,
        name -> Nullable<Text>,
        email -> Nullable<Text>,
        role -> Text,
        created_at -> Ts,
        updated_at -> Ts,
    }
}

diesel::table! {
    use super::sql::{Id, Text, Ts};

    tracking_numbers (id) {
        id -> Id,
        company_id -> Text,
        number -> Text,
        provider -> Text,
        created_at -> Ts,
    }
}

diesel::table! {
    use super::sql::{Id, Text, Ts};

    provider_accounts (id) {
        id -> Id,
        company_id -> Text,
        provider -> Text,
        external_id -> Text,
        created_at -> Ts,
    }
}

diesel::table! {
    use super::sql::{Id, Text, Binary, Ts};

    provider_credentials (id) {
        id -> Id,
        company_id -> Text,
        provider -> Text,
        name -> Text,
        ciphertext -> Binary,
        created_at -> Ts,
        updated_at -> Ts,
    }
}

diesel::table! {
    use super::sql::{Id, Nullable, Text, Doc, SmallInt, Ts, Integer, Bool};

    jobs (id) {
        id -> Id,
        company_id -> Nullable<Text>,
        fairness_key -> Text,
        queue -> Text,
        kind -> Text,
        args -> Doc,
        priority -> SmallInt,
        state -> Text,
        run_at -> Ts,
        attempts -> Integer,
        max_attempts -> Integer,
        snoozes -> Integer,
        dedupe_key -> Nullable<Text>,
        lease_token -> Nullable<Id>,
        lease_until -> Nullable<Ts>,
        worker -> Nullable<Text>,
        cancel_requested -> Bool,
        last_error -> Nullable<Text>,
        trace -> Nullable<Text>,
        created_at -> Ts,
        started_at -> Nullable<Ts>,
        finished_at -> Nullable<Ts>,
    }
}

diesel::table! {
    use super::sql::{Text, Ts, Id};

    schedule_slots (schedule, begins_at) {
        schedule -> Text,
        begins_at -> Ts,
        job_id -> Id,
        created_at -> Ts,
    }
}

diesel::table! {
    use super::sql::{Nullable, Text, Ts, Integer};

    call_listings (owner_key, provider, account_key) {
        company_id -> Nullable<Text>,
        owner_key -> Text,
        provider -> Text,
        account_key -> Text,
        listed_until -> Ts,
        walk_began -> Nullable<Ts>,
        next_page -> Nullable<Text>,
        finished_at -> Nullable<Ts>,
        failing_since -> Nullable<Ts>,
        last_error -> Nullable<Text>,
        version -> Integer,
        created_at -> Ts,
        updated_at -> Ts,
    }
}

diesel::table! {
    use super::sql::{Id, Nullable, Text, Doc, Binary, BigInt, Integer, Ts};

    webhook_inbox (id) {
        id -> Id,
        company_id -> Nullable<Text>,
        provider -> Text,
        kind -> Text,
        event_key -> Text,
        match_key -> Nullable<Text>,
        state -> Text,
        reason -> Nullable<Text>,
        path -> Text,
        query -> Text,
        content_type -> Nullable<Text>,
        proof -> Doc,
        body -> Binary,
        call_id -> Nullable<BigInt>,
        trace -> Nullable<Text>,
        duplicates -> Integer,
        received_at -> Ts,
        processed_at -> Nullable<Ts>,
    }
}

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

// PostgreSQL has a sequence of this name instead
diesel::table! {
    use super::sql::BigInt;

    subject_numbers (id) {
        id -> BigInt,
    }
}

diesel::table! {
    use super::sql::{BigInt, Text, Nullable, Bool, Id, Integer, Doc, Ts};

    calls (id) {
        id -> BigInt,
        company_id -> Text,
        provider -> Text,
        provider_call_id -> Text,
        provider_legacy_id -> Nullable<Text>,
        direction -> Nullable<Text>,
        call_type -> Nullable<Text>,
        status -> Text,
        stage -> Text,
        missed -> Bool,
        phone_number -> Nullable<Text>,
        tracking_number -> Nullable<Text>,
        customer_name -> Nullable<Text>,
        owner_id -> Nullable<Text>,
        assigned_rep_id -> Nullable<Text>,
        contact_card_id -> Nullable<Id>,
        lead_id -> Nullable<Id>,
        duration_seconds -> Nullable<Integer>,
        facts -> Doc,
        problems -> Doc,
        lead_quality -> Nullable<Text>,
        booking_status -> Nullable<Text>,
        analyzed_at -> Nullable<Ts>,
        created_at -> Ts,
        received_at -> Ts,
        updated_at -> Ts,
        customer_city -> Nullable<Text>,
        customer_state -> Nullable<Text>,
        campaign -> Nullable<Text>,
    }
}

diesel::table! {
    use super::sql::{BigInt, Text, Bool, Nullable, Ts};

    call_outcomes (call_id) {
        call_id -> BigInt,
        company_id -> Text,
        cancelled -> Bool,
        bought -> Bool,
        still_deciding -> Bool,
        loss_reason -> Nullable<Text>,
        sold_price_cents -> Nullable<BigInt>,
        has_discrepancies -> Bool,
        updated_at -> Ts,
    }
}

diesel::table! {
    use super::sql::{Id, Text, BigInt, Nullable, Integer, Ts};

    recordings (id) {
        id -> Id,
        company_id -> Text,
        call_id -> BigInt,
        provider -> Text,
        provider_recording_id -> Nullable<Text>,
        state -> Text,
        blob_key -> Nullable<Text>,
        content_type -> Nullable<Text>,
        size_bytes -> Nullable<BigInt>,
        sha256 -> Nullable<Text>,
        duration_seconds -> Nullable<Integer>,
        error -> Nullable<Text>,
        created_at -> Ts,
        updated_at -> Ts,
    }
}

diesel::table! {
    use super::sql::{Id, Text, BigInt, Nullable, Integer, Ts};

    shunya_jobs (id) {
        id -> Id,
        company_id -> Text,
        call_id -> BigInt,
        job_type -> Text,
        input_hash -> Text,
        state -> Text,
        vendor_task_id -> Nullable<Text>,
        submissions -> Integer,
        submitted_at -> Nullable<Ts>,
        settled_at -> Nullable<Ts>,
        result_fingerprint -> Nullable<Text>,
        result_via -> Nullable<Text>,
        error_code -> Nullable<Text>,
        error_message -> Nullable<Text>,
        created_at -> Ts,
        updated_at -> Ts,
        trace -> Nullable<Text>,
    }
}

diesel::table! {
    use super::sql::{Id, Text, BigInt, Doc, Nullable, Double, Ts};

    call_transcripts (id) {
        id -> Id,
        company_id -> Text,
        call_id -> BigInt,
        shunya_job_id -> Id,
        text -> Text,
        segments -> Doc,
        language -> Nullable<Text>,
        confidence -> Nullable<Double>,
        word_count -> Nullable<BigInt>,
        vendor_id -> Nullable<Text>,
        created_at -> Ts,
    }
}

diesel::table! {
    use super::sql::{Id, Text, BigInt, Nullable, Double, Doc, Ts};

    call_analyses (id) {
        id -> Id,
        company_id -> Text,
        call_id -> BigInt,
        shunya_job_id -> Id,
        fingerprint -> Text,
        lead_quality -> Nullable<Text>,
        booking_status -> Nullable<Text>,
        outcome_category -> Nullable<Text>,
        sentiment_score -> Nullable<Double>,
        sop_compliance_score -> Nullable<Double>,
        summary -> Nullable<Text>,
        record -> Doc,
        unknown_values -> Doc,
        payload -> Doc,
        analyzed_at -> Ts,
        created_at -> Ts,
    }
}

diesel::table! {
    use super::sql::{Id, Text, BigInt, Integer, Nullable, Bool, Double, Doc, Ts};

    call_objections (id) {
        id -> Id,
        company_id -> Text,
        call_id -> BigInt,
        analysis_id -> Id,
        position -> Integer,
        objection_key -> Text,
        text -> Nullable<Text>,
        category_id -> Nullable<BigInt>,
        category_text -> Nullable<Text>,
        severity -> Nullable<Text>,
        overcome -> Nullable<Bool>,
        speaker_id -> Nullable<Text>,
        at_seconds -> Nullable<Double>,
        confidence -> Nullable<Double>,
        suggestions -> Doc,
        analyzed_at -> Ts,
    }
}

diesel::table! {
    use super::sql::{Id, Text, Nullable, BigInt, Doc, Ts};

    events (id) {
        id -> Id,
        company_id -> Text,
        event -> Text,
        event_key -> Text,
        severity -> Text,
        lead_id -> Nullable<Id>,
        user_id -> Nullable<Text>,
        call_id -> Nullable<BigInt>,
        data -> Doc,
        trace -> Nullable<Text>,
        created_at -> Ts,
    }
}

diesel::table! {
    use super::sql::{BigInt, Text, Ts};

    imported_calls (company_id, source_id) {
        company_id -> Text,
        source_id -> BigInt,
        call_id -> BigInt,
        created_at -> Ts,
    }
}

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
