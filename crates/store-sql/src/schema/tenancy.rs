//! Companies, their people, and what finds them.

use super::sql;

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
