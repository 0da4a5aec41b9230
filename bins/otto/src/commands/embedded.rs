//! What `otto` alone and `otto demo` share: stand-ins for the providers, and companies for them to call.

use std::{collections::BTreeMap, path::PathBuf};

use kernel::{Calendar, CompanyId, PhoneNumber, UserId};
use rbac::Role;
use simulators::{Faults, SimulatorSettings, Simulators};
use wiring::{NewTenant, Otto, set_up_tenant};

use super::{Failure, environment};
use crate::cli::FaultLevel;

/// What embedded mode sets where nobody set anything else.
pub fn defaults() -> BTreeMap<String, String> {
    let first = demo::companies().into_iter().next().map(|tenant| tenant.company_id).unwrap_or_default();
    [
        ("DEV_MODE", "true"),
        ("DEV_TEST_COMPANY_ID", first.as_str()),
        ("OTTO_CALLRAIL_LIST_SECONDS", "60"),
        // everybody who comes is the same person there
        ("ENABLE_RATE_LIMITING", "false"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into()
}

/// How the stand-ins are to be.
pub struct StandIns {
    /// Decides whatever is left to chance.
    pub seed: u64,
    /// 1 is the providers' own pace.
    pub pace: f64,
    /// What goes wrong.
    pub faults: Faults,
}

/// What a level is called by the stand-ins.
pub fn preset_of(level: FaultLevel) -> &'static str {
    match level {
        FaultLevel::None => "none",
        FaultLevel::Light => "light",
        FaultLevel::Heavy => "heavy",
    }
}

/// What a level means.
pub fn faults_of(level: FaultLevel) -> Faults {
    Faults::preset(preset_of(level)).unwrap_or(Faults::NONE)
}

/// Starts the stand-ins, which keep what must survive them beside Otto's own data, and answers the settings with which
/// Otto finds them.
pub fn start_stand_ins(wanted: &StandIns) -> Result<(Simulators, BTreeMap<String, String>), Failure> {
    let given = environment(defaults())?;
    let data_dir = given.get("OTTO_DATA_DIR").map_or_else(|| PathBuf::from("./otto-data"), PathBuf::from);
    wiring::make_data_dir(&data_dir)?;
    let state_dir = data_dir.join("simulators");
    std::fs::create_dir_all(&state_dir)
        .map_err(|source| wiring::StartError::DataDir { path: data_dir, source })?;
    let simulators = simulators::start(SimulatorSettings {
        seed: wanted.seed,
        time_scale: wanted.pace,
        faults: wanted.faults,
        state_dir: Some(state_dir),
        ..SimulatorSettings::default()
    })?;
    let mut settings = defaults();
    settings.extend(simulators.environment().into_iter().map(|(name, value)| (name.to_owned(), value)));
    Ok((simulators, settings))
}

/// Makes the demo companies.
pub async fn set_up_tenants(otto: &Otto, demo_user: &UserId) -> Result<(), Failure> {
    for tenant in demo::companies() {
        let id = CompanyId::try_new(tenant.company_id.clone())?;
        let person = |role: Role| UserId::try_new(format!("{demo_user}-{role}"));
        let mut users = Vec::new();
        // people belong to one company: the demo users to the first
        if otto.settings.dev_mode.as_ref().is_some_and(|dev| dev.company == id) {
            users.push((demo_user.clone(), Some("Demo Manager".to_owned()), Role::Manager));
            users.push((person(Role::Csr)?, Some("Demo CSR".to_owned()), Role::Csr));
            users.push((person(Role::SalesRep)?, Some("Demo Rep".to_owned()), Role::SalesRep));
        }
        let numbers: Result<Vec<_>, _> =
            tenant.tracking_numbers.iter().map(|text| PhoneNumber::parse(text)).collect();
        let tenant = NewTenant {
            id,
            name: tenant.name,
            calendar: Some(Calendar::in_zone(&tenant.time_zone)?),
            tenant_key: None,
            callrail_accounts: vec![
                tenant.callrail_company_id.to_string(),
                tenant.callrail_company_resource_id,
            ],
            tracking_numbers: numbers?,
            callrail_secrets: vec![("signing_key".to_owned(), tenant.signing_key)],
            users,
        };
        set_up_tenant(&otto.ports, tenant).await?;
    }
    Ok(())
}
