//! What every program does the same way: read settings, start logs, traces and metrics, run, stop when asked.

use std::{collections::BTreeMap, error::Error, process::ExitCode};

use settings::{Environment, Settings};
use telemetry::{LogFormat, Observing, OtlpSettings, SentrySettings, TelemetrySettings};
use tokio::signal::unix::{SignalKind, signal};

use crate::{Parts, report::report, start};

/// Whatever stops a program; its text is for people.
pub type Failure = Box<dyn Error + Send + Sync>;

/// The environment over `.env` over what a command brings along.
pub fn environment(defaults: BTreeMap<String, String>) -> Result<BTreeMap<String, String>, Failure> {
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
pub fn settings_of(defaults: BTreeMap<String, String>) -> Result<Settings, Failure> {
    Ok(settings::read(&environment(defaults)?)?)
}

/// Starts logs, traces, error reports and metrics. Within the runtime that the program runs on.
pub fn observe(settings: &Settings, level: &str, parts: &Parts) -> Result<Observing, Failure> {
    let observe = &settings.observe;
    let service = if parts.server { &observe.service_api } else { &observe.service_worker };
    Ok(telemetry::start(&TelemetrySettings {
        log_level: level.to_owned(),
        log_format: match settings.environment {
            Environment::Development => LogFormat::Readable,
            Environment::Staging | Environment::Production => LogFormat::Json,
        },
        service: service.clone(),
        version: env!("CARGO_PKG_VERSION"),
        environment: settings.environment.as_str(),
        otlp: observe.otlp.clone().map(|to| OtlpSettings { endpoint: to.endpoint, headers: to.headers }),
        sentry: observe
            .sentry
            .clone()
            .map(|to| SentrySettings { dsn: to.dsn, traces_sample_rate: to.traces_sample_rate }),
        show_personal_data: !observe.redact_personal_data,
    })?)
}

/// For `--help` of every program: what may be done to it, and how it ends.
pub const SIGNALS_AND_EXIT_CODES: &str = "\
Signals:
  SIGTERM, SIGINT  end what has begun within 20 s, hand back the rest, exit with 0
  SIGKILL          safe at any moment: what was acknowledged is in the database

Exit codes:
  0  it was asked to stop, and did
  1  it cannot start, or broke: standard error names the thing and the remedy
  2  wrong arguments

One line is logged when it has started: what it runs, its version, and the hosts of everything it uses.";

/// Ends when somebody asks the process to.
pub async fn asked_to_stop() -> Result<(), Failure> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}

/// Runs everything on the environment's settings, but what they turn off.
pub async fn run_wanted() -> Result<ExitCode, Failure> {
    let settings = settings_of(BTreeMap::new())?;
    let parts = Parts::wanted(&settings);
    run_on(settings, parts).await
}

/// Runs some parts of Otto on the environment's settings until asked to stop, or until they break.
pub async fn run(parts: Parts) -> Result<ExitCode, Failure> {
    run_on(settings_of(BTreeMap::new())?, parts).await
}

async fn run_on(settings: Settings, parts: Parts) -> Result<ExitCode, Failure> {
    let observing = observe(&settings, &settings.observe.log_level, &parts)?;
    let running = match start(settings, parts.clone(), observing.measured().writer()).await {
        Ok(running) => running,
        Err(error) => {
            observing.stop().await;
            return Err(error.into());
        }
    };
    report(&running, &parts).await;
    let broke = tokio::select! {
        stopped = asked_to_stop() => { stopped?; false }
        () = running.ended() => true,
    };
    tracing::info!("stopping");
    running.stop().await;
    observing.stop().await;
    Ok(if broke { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A program's `main`: its failure told in one line, exit code 1.
pub fn main(name: &str, parts: Parts) -> ExitCode {
    let mut threads = tokio::runtime::Builder::new_multi_thread();
    if !parts.server && parts.worker.is_none() {
        // it asks a question now and then, and each thread has memory of its own
        threads.worker_threads(1);
    }
    let outcome =
        threads.enable_all().build().map_err(Failure::from).and_then(|runtime| runtime.block_on(run(parts)));
    outcome.unwrap_or_else(|failure| complain(name, &failure.to_string()))
}

/// Says on standard error what is wrong.
pub fn complain(name: &str, text: &str) -> ExitCode {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr().lock(), "{name}: {text}");
    ExitCode::FAILURE
}
