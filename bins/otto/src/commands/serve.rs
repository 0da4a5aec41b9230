use std::{collections::BTreeMap, process::ExitCode};

use wiring::{program, update_store};

use super::{Failure, settings_of};
use crate::output::say;

/// `otto serve`.
pub async fn run() -> Result<ExitCode, Failure> {
    program::run_wanted().await
}

/// `otto migrate`.
pub async fn migrate() -> Result<ExitCode, Failure> {
    let settings = settings_of(BTreeMap::new())?;
    telemetry::start_logs(&settings.observe.log_level, telemetry::LogFormat::Readable)?;
    let applied = update_store(&settings).await?;
    for migration in &applied {
        say(&format!("applied {migration}\n"));
    }
    say("the database is up to date\n");
    Ok(ExitCode::SUCCESS)
}
