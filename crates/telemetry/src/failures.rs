//! Errors and panics, and part of the traces, told to Sentry.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use opentelemetry::{
    Context as OtelContext, SpanId, TraceId, Value as OtelValue,
    trace::{SpanKind, Status},
};
use opentelemetry_sdk::{
    error::OTelSdkResult,
    trace::{Sampler, SamplingDecision, ShouldSample, Span, SpanData, SpanProcessor},
};
use sentry::{
    ClientInitGuard, ClientOptions, Level, TransactionContext, TransactionOrSpan, Transport,
    TransportFactory, TransportOptions,
    integrations::{backtrace::current_stacktrace, tracing::ErrorLayer},
    protocol::{self, Context, Event, Exception, Mechanism, SpanStatus, TraceContext},
    transports::ReqwestHttpTransportOptions,
};
use tracing::Subscriber;
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

use crate::{SentrySettings, TelemetryError, TelemetrySettings, logs::is_strangers, panics::PANIC, traces};

/// Sentry must have taken something within this time.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Spans that have begun and not ended. More, and the newest are not told.
const MOST_OPEN: usize = 10_000;

pub(crate) fn start(
    sentry: &SentrySettings,
    settings: &TelemetrySettings,
) -> Result<ClientInitGuard, TelemetryError> {
    let dsn: sentry::types::Dsn = sentry.dsn.expose().parse().map_err(|_| TelemetryError::Dsn)?;
    let client = reqwest::Client::builder()
        .connect_timeout(TIMEOUT)
        .timeout(TIMEOUT)
        .build()
        .map_err(|_| TelemetryError::Dsn)?;
    // which traces are sent was decided before, by their ids
    let mut options = ClientOptions::new().traces_sample_rate(1.0).transport(Sending(client));
    options.dsn = Some(dsn);
    options.release = Some(format!("otto@{}", settings.version).into());
    options.environment = Some(settings.environment.into());
    options.send_default_pii = false;
    options.attach_stacktrace = true;
    options.max_breadcrumbs = 0;
    options.shutdown_timeout = Duration::from_secs(2);
    options.before_send = Some(Arc::new(|event| Some(placed(event))));
    Ok(sentry::init(options))
}

/// Sends by a client that does not wait for ever.
struct Sending(reqwest::Client);

impl TransportFactory for Sending {
    fn create_transport_with_options(&self, options: TransportOptions) -> Arc<dyn Transport> {
        Arc::new(ReqwestHttpTransportOptions::from(options).with_client(self.0.clone()).build())
    }
}

/// With the ids of the trace it happened in, and with nobody's name or address.
fn placed(mut event: Event<'static>) -> Event<'static> {
    event.user = None;
    event.request = None;
    if let Some(here) = traces::here() {
        let trace = TraceContext {
            trace_id: trace_id(here.trace_id()),
            span_id: span_id(here.span_id()),
            ..TraceContext::default()
        };
        event.contexts.insert("trace".to_owned(), Context::Trace(Box::new(trace)));
    }
    event
}

/// Tells of what is logged as an error.
pub(crate) fn layer<S>() -> impl Layer<S> + Send + Sync + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let wanted = |metadata: &tracing::Metadata<'_>| {
        let is_error = metadata.is_event() && *metadata.level() == tracing::Level::ERROR;
        is_error && metadata.target() != PANIC && !is_strangers(metadata.target())
    };
    ErrorLayer::new().with_filter(filter_fn(wanted))
}

/// Tells of a panic. Nothing waits until it is told.
pub(crate) fn report_panic(place: &str, said: &str) {
    let hub = sentry::Hub::current();
    if hub.client().is_none() {
        return;
    }
    let exception = Exception {
        ty: "panic".to_owned(),
        value: Some(format!("{said} ({place})")),
        stacktrace: current_stacktrace(),
        mechanism: Some(Mechanism { ty: "panic".to_owned(), handled: Some(false), ..Mechanism::default() }),
        ..Exception::default()
    };
    hub.capture_event(Event { level: Level::Fatal, exception: vec![exception].into(), ..Event::default() });
}

fn trace_id(id: TraceId) -> protocol::TraceId {
    id.to_bytes().into()
}

fn span_id(id: SpanId) -> protocol::SpanId {
    id.to_bytes().into()
}

/// Spans as Sentry's transactions, under the ids they have everywhere else. A trace is sent whole or not at all, over all
/// processes, because its id decides.
#[derive(Debug)]
pub(crate) struct SentrySpans {
    kept: Sampler,
    open: Mutex<HashMap<SpanId, TransactionOrSpan>>,
}

impl SentrySpans {
    pub(crate) fn new(rate: f64) -> Self {
        Self { kept: Sampler::TraceIdRatioBased(rate), open: Mutex::default() }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<SpanId, TransactionOrSpan>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_kept(&self, trace: TraceId) -> bool {
        let sampled = self.kept.should_sample(None, trace, "", &SpanKind::Internal, &[], &[]);
        sampled.decision == SamplingDecision::RecordAndSample
    }
}

impl SpanProcessor for SentrySpans {
    fn on_start(&self, span: &mut Span, _: &OtelContext) {
        let context = opentelemetry::trace::Span::span_context(span).clone();
        if !self.is_kept(context.trace_id()) {
            return;
        }
        let Some(data) = span.exported_data() else { return };
        let (id, name) = (context.span_id(), data.name.to_string());
        let operation = name.split('.').next().unwrap_or_default().to_owned();
        let mut open = self.open();
        if open.len() >= MOST_OPEN {
            return;
        }
        let parent = open.get(&data.parent_span_id).filter(|_| !data.parent_span_is_remote);
        let begun: TransactionOrSpan = if let Some(parent) = parent {
            parent.start_child_with_details(&operation, &name, span_id(id), data.start_time).into()
        } else {
            let parent = Some(data.parent_span_id).filter(|parent| *parent != SpanId::INVALID);
            let transaction = TransactionContext::new_with_details(
                &name,
                &operation,
                trace_id(context.trace_id()),
                Some(span_id(id)),
                parent.map(span_id),
            );
            sentry::start_transaction_with_timestamp(transaction, data.start_time).into()
        };
        open.insert(id, begun);
    }

    fn on_end(&self, data: SpanData) {
        let Some(begun) = self.open().remove(&data.span_context.span_id()) else { return };
        for attribute in data.attributes {
            begun.set_data(attribute.key.as_str(), json_of(&attribute.value));
        }
        begun.set_status(match data.status {
            Status::Error { .. } => SpanStatus::InternalError,
            _ => SpanStatus::Ok,
        });
        begun.finish_with_timestamp(data.end_time);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

fn json_of(value: &OtelValue) -> serde_json::Value {
    match value {
        OtelValue::Bool(value) => (*value).into(),
        OtelValue::I64(value) => (*value).into(),
        OtelValue::F64(value) => (*value).into(),
        other => other.as_str().into_owned().into(),
    }
}
