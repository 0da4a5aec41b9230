//! Companies and their people.

use kernel::{Calendar, CompanyId, Provider, Secret, StoreError, UserId};
use rbac::Role;
use tenancy::{Company, TenantKey};

use super::{ImportError, desk::Desk, report::Tally};
use crate::{
    ingest::credential_context,
    ports::{MovedUser, OldRow, Put, UnitOfWork},
};

/// What the predecessor calls a company's secrets at CallRail, and what we do.
const SECRETS: [(&str, &str); 2] = [("callrail_api_key", "api_key"), ("callrail_account_id", "account_id")];

/// Who serves a company's calls.
pub(super) fn provider_of(company: &OldRow) -> Provider {
    match company.text("call_provider").map(|text| text.to_ascii_lowercase()).as_deref() {
        Some("twilio") => Provider::Twilio,
        _ => Provider::Callrail,
    }
}

pub(super) async fn take(
    desk: &mut Desk<'_>,
    row: &OldRow,
    id: &CompanyId,
    tally: &mut Tally,
) -> Result<(), ImportError> {
    let ports = desk.ports;
    let zone = row.text("timezone");
    let calendar = match &zone {
        Some(name) => Calendar::in_zone(name).unwrap_or_else(|_| {
            tally.note("its time zone is none: it counts its days in UTC");
            Calendar::UTC
        }),
        None => Calendar::UTC,
    };
    let Ok(tenant_key) = TenantKey::try_new(ports.ids.next().simple().to_string()) else {
        return Err(StoreError::AlreadyExists { table: "companies" }.into());
    };
    let name = row.text("name").unwrap_or_else(|| id.to_string());
    let company = Company { id: id.clone(), name, calendar, tenant_key };
    let now = desk.now;
    let mut unit = desk.begin().await?;
    let mut is_new = false;
    match unit.intake().put_company(&company, now).await? {
        Put::Taken => tally.taken += 1,
        Put::There | Put::Refused => tally.there += 1,
    }
    let provider = provider_of(row);
    for column in ["phone_number", "primary_tracking_number"] {
        if row.text(column).is_none() {
            continue;
        }
        let Some(number) = row.phone(column) else {
            tally.note("one of its tracking numbers is no number, and was left out");
            continue;
        };
        match unit.intake().put_number(provider, &number, now).await? {
            Put::Taken => is_new = true,
            Put::There => {}
            Put::Refused => {
                tally.note("one of its tracking numbers belongs to another company, and was left out");
            }
        }
    }
    for (column, secret) in SECRETS {
        let Some(value) = row.text(column) else { continue };
        let context = credential_context(id, Provider::Callrail, secret);
        let sealed = ports.secrets.seal(&Secret::new(value), &context)?;
        is_new |= unit.intake().put_credential(Provider::Callrail, secret, &sealed, now).await? == Put::Taken;
    }
    if is_new {
        tally.filled += 1;
    }
    desk.end(unit).await?;
    Ok(())
}

/// A person, or why they cannot be taken.
fn user(row: &OldRow) -> Result<MovedUser, &'static str> {
    let id = row.text("id").unwrap_or_default();
    let id = UserId::try_new(id).map_err(|_| "its id cannot be one of ours")?;
    let role = Role::from_claim(row.text("role").as_deref()).map_err(|_| "its role is none of ours")?;
    Ok(MovedUser {
        id,
        name: row.text("name").or_else(|| row.text("username")),
        email: row.text("email"),
        role,
    })
}

pub(super) async fn take_users(
    desk: &Desk<'_>,
    unit: &mut dyn UnitOfWork,
    page: &[OldRow],
    tally: &mut Tally,
) -> Result<(), StoreError> {
    for row in page {
        let moved = match user(row) {
            Ok(moved) => moved,
            Err(why) => {
                tally.set_aside(&row.key, why);
                continue;
            }
        };
        match unit.intake().put_user(&moved, desk.now).await? {
            Put::Taken => tally.taken += 1,
            Put::There => tally.there += 1,
            Put::Refused => tally.set_aside(&row.key, "another company has a person of this id"),
        }
    }
    Ok(())
}
