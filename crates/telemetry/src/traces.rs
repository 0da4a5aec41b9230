//! Spans with ids, and what leaves the process of them.

use std::time::Duration;

use app::ports::Traces;
use opentelemetry::{
    Context, KeyValue, SpanId, TraceFlags, TraceId,
    trace::{SpanContext, TraceContextExt, TraceState, TracerProvider},
};
use opentelemetry_sdk::{
    Resource,
    trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider},
};
use tracing::{Metadata, Span, Subscriber, level_filters::LevelFilter};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

use crate::{TelemetryError, TelemetrySettings, failures::SentrySpans, otlp::Exporter};

/// Spans that wait to be sent; more are dropped.
const QUEUE: usize = 4096;
/// Spans sent at once.
const BATCH: usize = 512;
/// Spans are sent this often.
const EVERY: Duration = Duration::from_secs(2);

pub(crate) fn provider(settings: &TelemetrySettings) -> Result<SdkTracerProvider, TelemetryError> {
    let resource = Resource::builder_empty().with_service_name(settings.service.clone()).with_attributes([
        KeyValue::new("service.version", settings.version),
        KeyValue::new("service.instance.id", format!("{}-{}", settings.service, std::process::id())),
        KeyValue::new("deployment.environment.name", settings.environment),
    ]);
    let sentry_rate = settings.sentry.as_ref().map(|sentry| f64::from(sentry.traces_sample_rate));
    // which traces are kept is ours to say, whatever a caller's traceparent says of it
    let sampler = match (&settings.otlp, sentry_rate) {
        (Some(_), _) => Sampler::AlwaysOn,
        (None, Some(rate)) if rate > 0.0 => Sampler::TraceIdRatioBased(rate),
        _ => Sampler::AlwaysOff,
    };
    let mut builder = SdkTracerProvider::builder().with_resource(resource.build()).with_sampler(sampler);
    if let Some(otlp) = &settings.otlp {
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE)
            .with_max_export_batch_size(BATCH)
            .with_scheduled_delay(EVERY)
            .build();
        let exporter = Exporter::new(otlp)?;
        builder = builder
            .with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(batches).build());
    }
    if let Some(rate) = sentry_rate.filter(|rate| *rate > 0.0) {
        builder = builder.with_span_processor(SentrySpans::new(rate));
    }
    Ok(builder.build())
}

/// Whether a span is a step of our own work, as opposed to a library's or a statement's.
pub(crate) fn is_step(metadata: &Metadata<'_>) -> bool {
    metadata.is_span()
        && (*metadata.level() <= tracing::Level::INFO || metadata.fields().field("otel.name").is_some())
}

/// Whether a span belongs in a trace: steps, and the statements they make.
fn is_traced(metadata: &Metadata<'_>) -> bool {
    is_step(metadata) || (metadata.is_span() && metadata.name().starts_with("store."))
}

/// Gives spans their ids, and where they are recorded, what happens in them.
pub(crate) fn layer<S>(provider: &SdkTracerProvider, records: bool) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let wanted = move |metadata: &Metadata<'_>| {
        is_traced(metadata) || (records && metadata.is_event() && *metadata.level() <= tracing::Level::INFO)
    };
    tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("otto"))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(filter_fn(wanted).with_max_level_hint(LevelFilter::DEBUG))
}

/// Where the current span stands, if spans have ids.
pub(crate) fn here() -> Option<SpanContext> {
    let found = Context::map_current(|context| context.span().span_context().clone());
    Some(found).filter(SpanContext::is_valid)
}

/// Reads a W3C `traceparent` of version 00. Nothing but its two ids is taken from it.
pub(crate) fn read(traceparent: &str) -> Option<SpanContext> {
    let lower_hex = |text: &str, length: usize| {
        text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let mut parts = traceparent.split('-');
    let (version, trace, span, flags) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let well_formed = version == "00"
        && parts.next().is_none()
        && lower_hex(trace, 32)
        && lower_hex(span, 16)
        && lower_hex(flags, 2);
    if !well_formed {
        return None;
    }
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    Some(SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::NONE))
        .filter(SpanContext::is_valid)
}

fn write(context: &SpanContext) -> String {
    format!(
        "00-{}-{}-{:02x}",
        context.trace_id(),
        context.span_id(),
        context.trace_flags() & TraceFlags::SAMPLED
    )
}

/// The traces of this process' spans.
#[derive(Clone, Copy, Debug, Default)]
pub struct SpanTraces;

impl Traces for SpanTraces {
    fn current(&self) -> Option<String> {
        here().as_ref().map(write)
    }

    fn resume(&self, span: &Span, traceparent: &str) {
        if let Some(from) = read(traceparent) {
            // fails where spans have no ids, and then there is nothing to be continued
            let _ = span.set_parent(Context::new().with_remote_span_context(from));
        }
    }

    fn link(&self, span: &Span, traceparent: &str) {
        if let Some(to) = read(traceparent) {
            span.add_link(to);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

    #[test]
    fn a_traceparent_is_read_strictly() {
        let read_back = read(GIVEN).map(|context| write(&context));
        // whether it is recorded is not the sender's to say
        assert_eq!(read_back.as_deref(), Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
        for wrong in [
            "",
            "00",
            "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "00-4bf92f3577b34da6a3ce929d0e0e473-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-zz",
            "00-+bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        ] {
            assert!(read(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn spans_go_on_where_others_left_off() {
        use tracing_subscriber::layer::SubscriberExt;
        let provider = SdkTracerProvider::builder().with_sampler(Sampler::AlwaysOff).build();
        let subscriber = tracing_subscriber::registry().with(layer(&provider, false));
        tracing::subscriber::with_default(subscriber, || {
            assert_eq!(SpanTraces.current(), None, "there is no span");
            let span = tracing::info_span!("job");
            SpanTraces.resume(&span, GIVEN);
            let within = span.in_scope(|| SpanTraces.current()).expect("it has ids");
            assert!(within.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"), "{within}");
            assert!(!within.contains("00f067aa0ba902b7"), "a span of its own: {within}");
            assert!(within.ends_with("-00"), "nothing records it: {within}");
            let other = tracing::info_span!("job");
            SpanTraces.resume(&other, "nonsense");
            let elsewhere = other.in_scope(|| SpanTraces.current()).expect("it has ids");
            assert!(!elsewhere.contains("4bf92f35"), "{elsewhere}");
        });
    }
}
