//! How far people see, as conditions of a query (contract `operations.json`, `tenant_scope`).
//!
//! Macros, because the type of a condition spells out the whole of it. What is a rep's is a set of its own, found by the
//! rep's index and built once for a query: tied to each row instead, SQLite may look through all of the rep's rows for
//! every row. Only the pool, which may be nearly everybody, is looked up customer by customer.

use app::reads::Viewer;
use rbac::Grant;

/// Whose rows to keep to; `None` for the whole tenant.
pub(super) fn own(viewer: &Viewer) -> Option<&str> {
    match viewer.reach {
        Grant::Company => None,
        Grant::Own => Some(viewer.user.as_str()),
    }
}

/// Whether a lead (a nullable column) has an appointment of this rep.
macro_rules! visited_by {
    ($lead:expr, $company:expr, $me:expr) => {
        $lead.eq_any(
            $crate::schema::appointments::table
                .filter($crate::schema::appointments::company_id.eq($company))
                .filter($crate::schema::appointments::assigned_rep_id.eq($me))
                .select($crate::schema::appointments::lead_id.nullable()),
        )
    };
}

/// Whether a lead (a nullable column) is this rep's: assigned to them, or with an appointment of theirs.
macro_rules! own_lead {
    ($lead:expr, $company:expr, $me:expr) => {
        $lead
            .eq_any(
                $crate::schema::leads::table
                    .filter($crate::schema::leads::company_id.eq($company))
                    .filter($crate::schema::leads::assigned_rep_id.eq($me))
                    .select($crate::schema::leads::id.nullable()),
            )
            .or($crate::reads::reach::visited_by!($lead, $company, $me))
    };
}

/// Whether a customer (a column) is this rep's to see: of their own leads or appointments, or of a lead in the pool.
/// Until there is a pool, every lead without a rep counts as in it.
macro_rules! own_customer {
    ($contact:expr, $company:expr, $me:expr) => {
        diesel::dsl::exists(
            $crate::schema::leads::table
                .filter($crate::schema::leads::company_id.eq($company))
                .filter($crate::schema::leads::contact_card_id.eq($contact))
                .filter(
                    $crate::schema::leads::assigned_rep_id
                        .is_null()
                        .or($crate::schema::leads::assigned_rep_id.eq($me))
                        .or($crate::reads::reach::visited_by!(
                            $crate::schema::leads::id.nullable(),
                            $company,
                            $me
                        )),
                ),
        )
        .or($contact.nullable().eq_any(
            $crate::schema::appointments::table
                .filter($crate::schema::appointments::company_id.eq($company))
                .filter($crate::schema::appointments::assigned_rep_id.eq($me))
                .select($crate::schema::appointments::contact_card_id),
        ))
    };
}

pub(super) use {own_customer, own_lead, visited_by};
