use std::{collections::BTreeMap, process::ExitCode};

use wiring::{Parts, open_store, start};

use super::{Failure, asked_to_stop, observe, settings_of};
use crate::output::say;

/// `otto serve`.
pub async fn run() -> Result<ExitCode, Failure> {
    let settings = settings_of(BTreeMap::new())?;
    let metrics = observe(&settings, &settings.log_level)?;
    let environment = settings.environment.as_str();
    let running = start(settings, Parts::ALL, metrics).await?;
    tracing::info!(environment, address = ?running.address, "otto serves");
    let broke = tokio::select! {
        stopped = asked_to_stop() => { stopped?; false }
        () = running.ended() => true,
    };
    running.stop().await;
    Ok(if broke { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// `otto migrate`.
pub async fn migrate() -> Result<ExitCode, Failure> {
    let settings = settings_of(BTreeMap::new())?;
    telemetry::start_logs(&settings.log_level, telemetry::LogFormat::Readable)?;
    open_store(&settings).await?;
    say("the database is up to date\n");
    Ok(ExitCode::SUCCESS)
}
