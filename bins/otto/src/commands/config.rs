use std::{collections::BTreeMap, process::ExitCode};

use super::{Failure, settings_of};
use crate::{
    cli::ConfigCommand,
    output::{say, table},
};

/// `otto config`.
pub fn run(command: &ConfigCommand) -> Result<ExitCode, Failure> {
    match command {
        ConfigCommand::Example => say(&settings::example()),
        ConfigCommand::Check => {
            let settings = settings_of(BTreeMap::new())?;
            wiring::check_configured_key(&settings)?;
            telemetry::check_filter(&settings.observe.log_level)?;
            let rows: Vec<_> = settings
                .effective
                .iter()
                .map(|one| vec![one.name.to_owned(), one.from.to_owned(), one.shown.clone()])
                .collect();
            say(&table(&["SETTING", "FROM", "VALUE"], &rows));
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// `otto openapi`.
pub fn openapi() -> Result<ExitCode, Failure> {
    say(&(serde_json::to_string_pretty(&wiring::openapi())? + "\n"));
    Ok(ExitCode::SUCCESS)
}
