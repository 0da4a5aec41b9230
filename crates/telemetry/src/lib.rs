//! Logs and metrics, set up once.
//!
//! Secrets and telephone numbers cannot slip into a log by way of `{:?}`: their types hide them (`kernel::Secret`,
//! `kernel::PhoneNumber`).

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::Subscriber;
use tracing_subscriber::{
    EnvFilter, Layer, fmt::MakeWriter, layer::SubscriberExt, registry::LookupSpan, util::SubscriberInitExt,
};

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Readable,
    /// For machines.
    Json,
}

/// Why it cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `LOG_LEVEL` is no filter.
    #[error("LOG_LEVEL is neither a level nor a filter such as info,app=debug")]
    Filter,
    /// It was set up before, or metrics were.
    #[error("telemetry is set up already")]
    Twice,
}

/// Buckets of durations, in seconds: from a memory access to a long transcription.
const SECONDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];

/// Buckets of statements' durations: fewer, because there is a histogram for each statement, and finer where statements
/// should be.
const STATEMENT_SECONDS: [f64; 9] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 5.0];

/// Writes logs of a format to wherever `writer` leads.
pub fn layer<S, W>(format: LogFormat, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    match format {
        LogFormat::Readable => {
            tracing_subscriber::fmt::layer().with_writer(writer).with_target(false).boxed()
        }
        LogFormat::Json => {
            tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(writer).boxed()
        }
    }
}

/// Starts logging to standard error.
pub fn start_logs(level: &str, format: LogFormat) -> Result<(), TelemetryError> {
    let filter = EnvFilter::builder().parse(level).map_err(|_| TelemetryError::Filter)?;
    let registry = tracing_subscriber::registry().with(filter).with(layer(format, std::io::stderr));
    registry.try_init().map_err(|_| TelemetryError::Twice)
}

/// Starts counting; the handle writes what Prometheus reads.
pub fn start_metrics() -> Result<PrometheusHandle, TelemetryError> {
    PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .and_then(|builder| {
            let statements = Matcher::Full("otto_db_statement_duration_seconds".to_owned());
            builder.set_buckets_for_metric(statements, &STATEMENT_SECONDS)
        })
        .and_then(metrics_exporter_prometheus::PrometheusBuilder::install_recorder)
        .map_err(|_| TelemetryError::Twice)
}
