//! One file for each command. Each reads settings, has things put together, and calls them.

mod backup;
mod config;
mod demo;
mod embedded;
mod health;
mod import;
mod jobs;
mod live;
mod serve;
mod tenants;
mod verify;
mod webhooks;

use std::{collections::BTreeMap, process::ExitCode, str::FromStr};

use settings::Settings;
use telemetry::LogFormat;
use wiring::{
    Otto,
    program::{asked_to_stop, environment, observe, settings_of},
};

pub use wiring::program::Failure;

use crate::cli::{Cli, Command};

/// Does what was asked.
pub async fn run(cli: Cli) -> Result<ExitCode, Failure> {
    match cli.command {
        None => live::run().await,
        Some(Command::Serve) => serve::run().await,
        Some(Command::Health { url }) => health::run(url).await,
        Some(Command::Demo(args)) => demo::run(args).await,
        Some(Command::Migrate) => serve::migrate().await,
        Some(Command::Config(command)) => config::run(&command),
        Some(Command::Openapi) => config::openapi(),
        Some(Command::Webhooks(command)) => webhooks::run(command).await,
        Some(Command::Jobs(command)) => jobs::run(command).await,
        Some(Command::Tenants(command)) => tenants::run(command).await,
        Some(Command::Verify(args)) => verify::run(args).await,
        Some(Command::Import(args)) => import::run(args).await,
        Some(Command::Backup(args)) => backup::back_up(args).await,
        // boxed: it is too much for every command to hold
        Some(Command::Restore(args)) => Box::pin(backup::restore(args)).await,
    }
}

/// A word an option takes, or which ones it does.
fn one_of<T: FromStr>(option: &str, text: Option<String>, words: &str) -> Result<Option<T>, Failure> {
    text.map(|text| text.parse().map_err(|_| format!("{option} must be {words}").into())).transpose()
}

/// The world without anything running in it, for commands that look: where there is none yet, they make none.
async fn world() -> Result<Otto, Failure> {
    let settings = settings_of(BTreeMap::new())?;
    if let Some(missing) = wiring::missing_database(&settings)? {
        let path = missing.display();
        return Err(format!(
            "there is no database at {path}\nName its folder in OTTO_DATA_DIR, or its URL in DATABASE_URL."
        )
        .into());
    }
    of(settings).await
}

/// The same for commands that begin one.
async fn new_world() -> Result<Otto, Failure> {
    of(settings_of(BTreeMap::new())?).await
}

async fn of(settings: Settings) -> Result<Otto, Failure> {
    telemetry::start_logs("warn", LogFormat::Readable)?;
    let nowhere = url::Url::parse("http://127.0.0.1/")?;
    Ok(Otto::build(settings, nowhere).await?)
}
