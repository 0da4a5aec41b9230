use std::{env, process::ExitCode};

use app::{ingest::listings_in_use, ports::CallListing};
use kernel::{Calendar, CompanyId, PhoneNumber, Secret, UserId, rfc3339};
use rbac::Role;
use wiring::{NewTenant, reseal, set_up_tenant};

use super::{Failure, world};
use crate::{
    cli::TenantsCommand,
    output::{say, table},
};

/// Secrets, and where they are read from.
const SECRETS: [(&str, &str); 2] =
    [("signing_key", settings::TENANT_SIGNING_KEY), ("api_key", settings::TENANT_API_KEY)];

/// `otto tenants`.
pub async fn run(command: TenantsCommand) -> Result<ExitCode, Failure> {
    let otto = world().await?;
    match command {
        TenantsCommand::List => {
            let listings = listings_in_use(&otto.ports).await?;
            let platforms = listings.iter().find(|listing| listing.owner.is_none());
            let rows: Vec<_> = otto
                .ports
                .tenants
                .list()
                .await?
                .into_iter()
                .map(|company| {
                    let zone = company.calendar.zone_name().unwrap_or("UTC (not set)").to_owned();
                    let own = listings.iter().find(|listing| listing.owner.as_ref() == Some(&company.id));
                    vec![company.id.to_string(), company.name, zone, listed(own.or(platforms))]
                })
                .collect();
            say(&table(&["ID", "NAME", "TIME ZONE", "CALLS LISTED UNTIL"], &rows));
        }
        TenantsCommand::Reseal => {
            let count = reseal(&otto.ports).await?;
            say(&format!(
                "{count} secrets are sealed with the newest key; the others in OTTO_ENCRYPTION_KEY can be dropped.\n"
            ));
        }
        TenantsCommand::Set {
            id,
            name,
            time_zone,
            callrail_companies,
            tracking_numbers,
            callrail_account,
            users,
        } => {
            let mut secrets: Vec<_> = SECRETS
                .iter()
                .filter_map(|(name, variable)| {
                    Some(((*name).to_owned(), Secret::new(env::var(variable).ok()?)))
                })
                .collect();
            secrets.extend(callrail_account.map(|account| ("account_id".to_owned(), Secret::new(account))));
            let numbers: Result<Vec<_>, _> =
                tracking_numbers.iter().map(|text| PhoneNumber::parse(text)).collect();
            let tenant = NewTenant {
                id: CompanyId::try_new(id)?,
                name,
                calendar: time_zone.map(|zone| Calendar::in_zone(&zone)).transpose()?,
                tenant_key: None,
                callrail_accounts: callrail_companies,
                tracking_numbers: numbers?,
                callrail_secrets: secrets,
                users: users.iter().map(|text| person(text)).collect::<Result<_, _>>()?,
            };
            let company = set_up_tenant(&otto.ports, tenant).await?;
            // the one place its addresses are told: they are to be entered at CallRail
            say(&format!(
                "{} is set up. Its webhook addresses at CallRail:\n  <public address>/t/{}/callrail/call.completed (and .incoming, .modified)\n",
                company.id,
                company.tenant_key.expose()
            ));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// How far CallRail's list of a company's calls was read, and why not further.
fn listed(listing: Option<&CallListing>) -> String {
    let Some(listing) = listing else { return "never".to_owned() };
    let until = rfc3339(listing.listed_until);
    match (&listing.last_error, listing.failing_since) {
        (Some(why), Some(since)) => format!("{until}, failing since {}: {why}", rfc3339(since)),
        _ => until,
    }
}

fn person(text: &str) -> Result<(UserId, Option<String>, Role), Failure> {
    let (id, role) = text.split_once(':').ok_or("a person is given as id:role, such as user_1:csr")?;
    Ok((UserId::try_new(id)?, None, Role::from_claim(Some(role))?))
}
