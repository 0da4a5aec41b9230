//! The contact card's own fields, wherever a customer is shown.

use app::reads::ContactBase;
use diesel::{Queryable, Selectable};
use kernel::CompanyId;

use crate::{
    schema::contact_cards,
    types::{DbDoc, DbId, DbTs},
};

/// First and last name as one, if there is either.
pub(super) fn full_name(first: Option<&str>, last: Option<&str>) -> Option<String> {
    let parts: Vec<&str> =
        [first, last].into_iter().flatten().map(str::trim).filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// A customer's name where a call is shown: as on their card, else as the provider has it.
#[derive(Queryable, Selectable)]
#[diesel(table_name = contact_cards)]
pub(super) struct CardName {
    first_name: Option<String>,
    last_name: Option<String>,
    pub(super) address: Option<String>,
}

impl CardName {
    /// Both names as one.
    pub(super) fn full(&self) -> Option<String> {
        full_name(self.first_name.as_deref(), self.last_name.as_deref())
    }
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = contact_cards)]
pub(super) struct CardRow {
    pub(super) id: DbId,
    pub(super) primary_phone: String,
    pub(super) secondary_phone: Option<String>,
    pub(super) email: Option<String>,
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    pub(super) address: Option<String>,
    pub(super) city: Option<String>,
    pub(super) state: Option<String>,
    pub(super) postal_code: Option<String>,
    metadata: Option<DbDoc>,
    created_at: DbTs,
    updated_at: DbTs,
}

impl CardRow {
    pub(super) fn into_base(self, company: &CompanyId) -> ContactBase {
        ContactBase {
            id: self.id.into(),
            company_id: company.clone(),
            full_name: full_name(self.first_name.as_deref(), self.last_name.as_deref()),
            first_name: self.first_name,
            last_name: self.last_name,
            phone_number: Some(self.primary_phone.clone()),
            primary_phone: Some(self.primary_phone),
            secondary_phone: self.secondary_phone,
            email: self.email,
            address: self.address,
            city: self.city,
            state: self.state,
            postal_code: self.postal_code,
            custom_metadata: self.metadata.map(|doc| doc.0),
            created_at: self.created_at.0,
            updated_at: self.updated_at.0,
        }
    }
}
