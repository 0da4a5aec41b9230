//! Logs, traces, error reports and metrics, set up once.
//!
//! Secrets, telephone numbers and what else is personal cannot slip into any of them by way of `{:?}` or `{}`: their types
//! hide themselves (`kernel::Secret`, `kernel::PhoneNumber`, `kernel::Personal`).
//!
//! Every span has ids, whether or not anything is exported: they are stored with webhooks, jobs and events and written on
//! every line of the log, so that what belongs together is found. Without an exporter and without Sentry nothing of this
//! runs in the background, and spans record nothing else.

mod failures;
mod logs;
mod metrics;
mod names;
mod otlp;
mod panics;
mod process;
mod traces;

use std::time::Duration;

use kernel::Secret;
use tracing_subscriber::{Layer, Registry, layer::SubscriberExt, util::SubscriberInitExt};
use url::Url;

pub use logs::{LogFormat, layer, log_filter};
pub use metrics::{Measured, start_metrics};
pub use names::{METRICS, Metric, MetricKind, Seen, names_in};
pub use traces::SpanTraces;

/// Where traces are sent.
#[derive(Clone, Debug)]
pub struct OtlpSettings {
    /// Of the collector; traces go to `v1/traces` below it.
    pub endpoint: Url,
    /// Sent with each request: name and value.
    pub headers: Vec<(String, Secret)>,
}

/// Where errors are reported.
#[derive(Clone, Debug)]
pub struct SentrySettings {
    /// The project's address, with its key.
    pub dsn: Secret,
    /// Which part of all traces is sent as well, 0 to 1.
    pub traces_sample_rate: f32,
}

/// How a program is to be observed.
#[derive(Clone, Debug)]
pub struct TelemetrySettings {
    /// A level, or a filter of `tracing`.
    pub log_level: String,
    /// How logs are written.
    pub log_format: LogFormat,
    /// What it is called in traces.
    pub service: String,
    /// Of the program.
    pub version: &'static str,
    /// development, staging or production.
    pub environment: &'static str,
    /// Where traces are sent, if anywhere.
    pub otlp: Option<OtlpSettings>,
    /// Where errors are reported, if anywhere.
    pub sentry: Option<SentrySettings>,
    /// Personal data is written whole. Never in production.
    pub show_personal_data: bool,
}

/// Why it cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `LOG_LEVEL` is no filter.
    #[error("LOG_LEVEL is neither a level nor a filter such as info,app=debug")]
    Filter,
    /// The exporter of traces cannot be made.
    #[error("OTEL_EXPORTER_OTLP_ENDPOINT cannot be used: {0}")]
    Otlp(String),
    /// The address errors are reported to is none.
    #[error("SENTRY_DSN is not the address of a Sentry project")]
    Dsn,
    /// It was set up before, or metrics were.
    #[error("telemetry is set up already")]
    Twice,
}

/// What is still to be sent may take this long when a program ends.
const PATIENCE: Duration = Duration::from_secs(5);

/// A program that is observed until this is stopped.
pub struct Observing {
    provider: opentelemetry_sdk::trace::SdkTracerProvider,
    sentry: Option<sentry::ClientInitGuard>,
    measured: Measured,
}

/// Starts everything. Within a runtime: exports run on it.
pub fn start(settings: &TelemetrySettings) -> Result<Observing, TelemetryError> {
    kernel::show_personal_data(settings.show_personal_data);
    let sentry = settings.sentry.as_ref().map(|sentry| failures::start(sentry, settings)).transpose()?;
    let provider = traces::provider(settings)?;
    let records = settings.otlp.is_some() || settings.sentry.is_some();
    let filter = log_filter(&settings.log_level)?;
    let registry = tracing_subscriber::registry()
        .with(traces::layer(&provider, records))
        .with(layer::<_, _>(settings.log_format, std::io::stderr).with_filter(filter))
        .with(sentry.as_ref().map(|_| failures::layer()));
    registry.try_init().map_err(|_| TelemetryError::Twice)?;
    let measured = start_metrics()?;
    panics::report(settings.show_personal_data);
    ::metrics::gauge!("otto_build_info", "version" => settings.version, "environment" => settings.environment)
        .set(1.0);
    Ok(Observing { provider, sentry, measured })
}

/// Whether `LOG_LEVEL` is a filter.
pub fn check_filter(level: &str) -> Result<(), TelemetryError> {
    log_filter::<Registry>(level).map(drop)
}

/// Starts logging to standard error and nothing else, for commands.
pub fn start_logs(level: &str, format: LogFormat) -> Result<(), TelemetryError> {
    let filter = log_filter(level)?;
    let registry = tracing_subscriber::registry()
        .with(layer::<Registry, _>(format, std::io::stderr).with_filter(filter));
    registry.try_init().map_err(|_| TelemetryError::Twice)
}

impl Observing {
    /// Writes what Prometheus reads.
    pub fn measured(&self) -> Measured {
        self.measured.clone()
    }

    /// Sends what is still to be sent, for a few seconds at most.
    pub async fn stop(self) {
        let ending = tokio::task::spawn_blocking(move || {
            // an exporter that is away has said so in the log; here is nobody left to tell
            let _ = self.provider.shutdown_with_timeout(PATIENCE);
            drop(self.sentry);
        });
        if tokio::time::timeout(PATIENCE * 2, ending).await.is_err() {
            tracing::warn!("traces or error reports were left unsent");
        }
    }
}
