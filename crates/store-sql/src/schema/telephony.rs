//! Calls, their recordings, and what Shunya made of them.

use super::sql;

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
    use super::sql::{BigInt, Text, Ts};

    imported_calls (company_id, source_id) {
        company_id -> Text,
        source_id -> BigInt,
        call_id -> BigInt,
        created_at -> Ts,
    }
}
