//! One file for each command. Each reads settings, has things put together, and calls them.

mod config;
mod demo;
mod embedded;
mod live;
mod serve;
mod tenants;
mod webhooks;

use std::{collections::BTreeMap, error::Error, process::ExitCode, sync::Arc};

use settings::{Environment, Settings};
use telemetry::LogFormat;
use tokio::signal::unix::{SignalKind, signal};
use wiring::Otto;

use crate::cli::{Cli, Command};

/// Whatever stops a command; its text is for people.
pub type Failure = Box<dyn Error + Send + Sync>;

/// Does what was asked.
pub async fn run(cli: Cli) -> Result<ExitCode, Failure> {
    match cli.command {
        None => live::run().await,
        Some(Command::Serve) => serve::run().await,
        Some(Command::Demo(args)) => demo::run(args).await,
        Some(Command::Migrate) => serve::migrate().await,
        Some(Command::Config(command)) => config::run(&command),
        Some(Command::Openapi) => config::openapi(),
        Some(Command::Webhooks(command)) => webhooks::run(command).await,
        Some(Command::Tenants(command)) => tenants::run(command).await,
    }
}

/// The environment over `.env` over what a command brings along.
fn environment(defaults: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Failure> {
    let mut given = defaults;
    let set: BTreeMap<String, String> = std::env::vars().collect();
    // production is configured by its environment alone
    if set.get("ENVIRONMENT").is_none_or(|environment| environment == "development") {
        given.extend(settings::dotenv(&std::env::current_dir()?)?);
    }
    given.extend(set);
    Ok(given)
}

/// Settings of the environment.
fn settings_of(defaults: BTreeMap<String, String>) -> Result<Settings, Failure> {
    Ok(settings::read(&environment(defaults)?)?)
}

/// Starts logs, and metrics for whoever reads them.
fn observe(settings: &Settings, level: &str) -> Result<Arc<dyn Fn() -> String + Send + Sync>, Failure> {
    let format = match settings.environment {
        Environment::Development => LogFormat::Readable,
        Environment::Staging | Environment::Production => LogFormat::Json,
    };
    telemetry::start_logs(level, format)?;
    let handle = telemetry::start_metrics()?;
    Ok(Arc::new(move || handle.render()))
}

/// The world without anything running in it, for commands that look.
async fn world() -> Result<Otto, Failure> {
    let settings = settings_of(BTreeMap::new())?;
    telemetry::start_logs("warn", LogFormat::Readable)?;
    let nowhere = url::Url::parse("http://127.0.0.1/")?;
    Ok(Otto::build(settings, nowhere).await?)
}

/// Ends when somebody asks the process to.
async fn asked_to_stop() -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
