//! Requests to providers, each seen by itself: a span, how long it took, and how it ended.

use std::{future::Future, time::Duration};

use kernel::{Provider, ProviderError};
use tokio::time::Instant;
use tracing::Instrument;

/// How a request ended, in a word.
fn outcome_of<T>(result: &Result<T, ProviderError>) -> &'static str {
    match result {
        Ok(_) => "ok",
        Err(ProviderError::Rejected { .. }) => "rejected",
        Err(ProviderError::NotFound { .. }) => "not_found",
        Err(ProviderError::Throttled { .. }) => "throttled",
        Err(ProviderError::Unavailable { .. }) => "unavailable",
        Err(ProviderError::KeyRefused { .. }) => "key_refused",
        Err(ProviderError::Timeout) => "timeout",
        Err(ProviderError::Held { .. }) => "held",
    }
}

/// Makes one request to a provider, in a span of its own, so that the request can carry it.
pub async fn provider_call<T>(
    provider: Provider,
    operation: &'static str,
    request: impl Future<Output = Result<T, ProviderError>>,
) -> Result<T, ProviderError> {
    let span = tracing::info_span!(
        "provider",
        otel.name = format!("provider.{provider}.{operation}"),
        otel.kind = "client",
        otel.status_code = tracing::field::Empty,
        provider.outcome = tracing::field::Empty,
    );
    let mut told = Told { provider, operation, started: Instant::now(), outcome: "abandoned" };
    let result = request.instrument(span.clone()).await;
    told.outcome = outcome_of(&result);
    span.record("provider.outcome", told.outcome);
    if result.as_ref().is_err_and(|error| !matches!(error, ProviderError::NotFound { .. })) {
        span.record("otel.status_code", "ERROR");
    }
    result
}

/// Measures what became of a request, even if whoever made it stopped waiting.
struct Told {
    provider: Provider,
    operation: &'static str,
    started: Instant,
    outcome: &'static str,
}

impl Drop for Told {
    fn drop(&mut self) {
        let took: Duration = self.started.elapsed();
        metrics::histogram!(
            "otto_provider_request_duration_seconds",
            "provider" => self.provider.as_str(),
            "operation" => self.operation,
            "outcome" => self.outcome,
        )
        .record(took.as_secs_f64());
    }
}
