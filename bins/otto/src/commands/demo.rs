use std::{process::ExitCode, sync::Arc, time::Duration};

use demo::{DemoOrder, OttoApi, Report};
use kernel::Clock;
use serde_json::json;
use simulators::{RemoteStandIns, Traffic};
use wiring::{Parts, SystemClock, start};

use super::{
    Failure,
    embedded::{StandIns, faults_of, preset_of, set_up_tenants, start_stand_ins},
    settings_of,
};
use crate::{cli::DemoArgs, output::say};

/// `otto demo`.
pub async fn run(args: DemoArgs) -> Result<ExitCode, Failure> {
    let report = match args.base_url.clone() {
        None => on_our_own(&args).await?,
        Some(base_url) => elsewhere(&args, base_url).await?,
    };
    say(&format!("\n{}", report.table()));
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn order(args: &DemoArgs, traffic: Traffic, base_url: String) -> DemoOrder {
    DemoOrder {
        base_url,
        traffic,
        tenants: demo::companies(),
        calls: args.calls,
        at_once: usize::try_from(args.at_once).unwrap_or(1),
        patience: Duration::from_secs(args.patience),
        started_at: SystemClock.now(),
        progress: !args.quiet,
    }
}

async fn on_our_own(args: &DemoArgs) -> Result<Report, Failure> {
    let wanted = StandIns { seed: args.seed, pace: args.pace, faults: faults_of(args.faults) };
    let (simulators, mut defaults) = start_stand_ins(&wanted)?;
    // beside an Otto that may already run on the usual port
    defaults.insert("PORT".to_owned(), "0".to_owned());
    let settings = settings_of(defaults)?;
    // the stand-ins break connections on purpose, and say so at level error
    telemetry::start_logs("error,actix_http=off", telemetry::LogFormat::Readable)?;
    let user = settings.dev_mode.as_ref().map(|dev| dev.user.clone());
    let running = start(settings, Parts::all(), Arc::new(String::new)).await?;
    if let Some(user) = user {
        set_up_tenants(&running.otto, &user).await?;
    }
    let base_url = running.public_url.to_string();
    simulators.set_otto_url(&base_url);
    let report = demo::run(order(args, simulators.traffic(demo::companies()), base_url)).await;
    running.stop().await;
    simulators.stop().await;
    Ok(report?)
}

/// Calls made by the stand-ins of an Otto that runs elsewhere.
async fn elsewhere(args: &DemoArgs, base_url: String) -> Result<Report, Failure> {
    let tenants = demo::companies();
    let first = tenants.first().map(|tenant| tenant.company_id.clone()).unwrap_or_default();
    let health = OttoApi::new(&base_url, &first)?
        .health()
        .await
        .map_err(|error| format!("{base_url} is not an Otto that can be driven: {error}"))?;
    let provider = |name: &str| {
        let told =
            health.pointer(&format!("/providers/{name}")).and_then(|url| url.as_str()).map(str::to_owned);
        told.ok_or("that Otto does not run in development: its providers are real, and a demo would call real people")
    };
    let stand_ins = RemoteStandIns::new(&provider("callrail")?, &provider("shunya")?, demo::COMPANY_SEED)?;
    let before = stand_ins.faults().await?;
    stand_ins.set_faults(&json!({ "preset": preset_of(args.faults) })).await?;
    let traffic = Traffic::elsewhere(stand_ins.clone(), tenants.clone(), args.seed);
    let report = demo::run(order(args, traffic, base_url)).await;
    stand_ins.set_faults(&before).await?;
    Ok(report?)
}
