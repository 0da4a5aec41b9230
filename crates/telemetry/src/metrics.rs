//! What Prometheus reads.

use std::{fmt, io, sync::Arc, time::Duration};

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder};

use crate::{METRICS, MetricKind, TelemetryError, process};

/// Buckets of durations, in seconds: from a memory access to a long transcription.
const SECONDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0];
/// Buckets of statements' durations: fewer, because there is a histogram for each statement, and finer where statements
/// should be.
const STATEMENT_SECONDS: [f64; 9] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 5.0];
/// Measurements are folded together this often.
const UPKEEP_EVERY: Duration = Duration::from_secs(5);

/// Writes what was measured so far, as Prometheus reads it.
#[derive(Clone)]
pub struct Measured(Arc<dyn Fn() -> String + Send + Sync>);

impl Measured {
    /// Nothing was.
    pub fn nothing() -> Self {
        Self(Arc::new(String::new))
    }

    /// As a function.
    pub fn writer(&self) -> Arc<dyn Fn() -> String + Send + Sync> {
        self.0.clone()
    }
}

impl fmt::Debug for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Measured")
    }
}

/// Starts counting, once in a process.
pub fn start_metrics() -> Result<Measured, TelemetryError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
        .and_then(|builder| {
            let statements = Matcher::Full("otto_db_statement_duration_seconds".to_owned());
            builder.set_buckets_for_metric(statements, &STATEMENT_SECONDS)
        })
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(|_| TelemetryError::Twice)?;
    for metric in METRICS {
        match metric.kind {
            MetricKind::Counter => metrics::describe_counter!(metric.name, metric.help),
            MetricKind::Gauge => metrics::describe_gauge!(metric.name, metric.help),
            MetricKind::Histogram => metrics::describe_histogram!(metric.name, metric.help),
        }
    }
    process::started();
    let upkeep = handle.clone();
    // what was measured and never read would pile up; a thread, because nothing here may wait for a runtime
    let thread = std::thread::Builder::new().name("metrics-upkeep".to_owned());
    let started: io::Result<_> = thread.spawn(move || {
        loop {
            std::thread::sleep(UPKEEP_EVERY);
            upkeep.run_upkeep();
        }
    });
    if let Err(error) = started {
        tracing::warn!(%error, "measurements are folded together only when they are read");
    }
    Ok(Measured(Arc::new(move || {
        process::measure();
        handle.render()
    })))
}
