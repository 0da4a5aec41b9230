//! What is to be done, what came in, and what happened.

use super::sql;

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
