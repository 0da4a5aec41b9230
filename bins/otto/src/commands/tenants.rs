use std::{env, process::ExitCode};

use app::{ingest::listings_in_use, ports::CallListing};
use kernel::{Calendar, CompanyId, PhoneNumber, Secret, UserId, rfc3339};
use rbac::Role;
use wiring::{NewTenant, reseal, secrets_replaced_by, set_up_tenant};

use super::{Failure, new_world, world};
use crate::{
    cli::TenantsCommand,
    output::{say, table},
};

/// Secrets, and where they are read from.
const SECRETS: [(&str, &str); 2] =
    [("signing_key", settings::TENANT_SIGNING_KEY), ("api_key", settings::TENANT_API_KEY)];

/// CallRail's events, and where each is to be sent.
const ADDRESSES: [(&str, &str); 3] = [
    ("Pre-Call", "call.incoming"),
    ("Post-Call, Outbound Post Call", "call.completed"),
    ("Call Modified, Outbound Call Modified", "call.modified"),
];

/// `otto tenants`.
pub async fn run(command: TenantsCommand) -> Result<ExitCode, Failure> {
    let otto = match command {
        TenantsCommand::Set { .. } => new_world().await?,
        _ => world().await?,
    };
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
            replace_secrets,
        } => {
            let mut secrets = Vec::new();
            for (name, variable) in SECRETS {
                let Ok(given) = env::var(variable) else { continue };
                let given = given.trim();
                if given.is_empty() {
                    return Err(format!("{variable} is empty: unset it, or give it the secret").into());
                }
                secrets.push((name.to_owned(), Secret::new(given.to_owned())));
            }
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
            let replaced = secrets_replaced_by(&otto.ports, &tenant).await?;
            if !replaced.is_empty() && !replace_secrets {
                let (id, names) = (&tenant.id, replaced.join(" and "));
                return Err(format!(
                    "{id} has another {names} already; nothing was changed\nUnset the variable if it is another company's; \
                     if it is to be replaced, say --replace-secrets."
                )
                .into());
            }
            let company = set_up_tenant(&otto.ports, tenant).await?;
            // the one place its addresses are told: they are to be entered at CallRail
            let public =
                otto.settings.http.backend_url.as_ref().map_or("<public address>", |url| url.as_str());
            let address = format!("{}/t/{}", public.trim_end_matches('/'), company.tenant_key.expose());
            let lines = ADDRESSES.map(|(event, path)| format!("  {event:<37} {address}/callrail/{path}\n"));
            let (id, lines) = (company.id, lines.concat());
            say(&format!("{id} is set up. Its addresses, to be entered at CallRail:\n{lines}"));
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
