//! Lines of the log, for people or for machines.

use std::{error::Error, fmt};

use serde_json::{Map, Value};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{FilterExt, filter_fn},
    fmt::{
        FmtContext, FormatEvent, FormatFields, FormattedFields, MakeWriter,
        format::{JsonFields, Writer},
        time::{FormatTime, SystemTime},
    },
    layer::Filter,
    registry::LookupSpan,
};

use crate::{TelemetryError, traces};

/// How logs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Readable,
    /// For machines: one JSON object a line.
    Json,
}

/// Writes logs of a format to wherever `writer` leads.
pub fn layer<S, W>(format: LogFormat, writer: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    match format {
        LogFormat::Readable => {
            // colours are for eyes: in a file they are noise
            let has_eyes = std::io::IsTerminal::is_terminal(&std::io::stderr());
            tracing_subscriber::fmt::layer()
                .with_writer(writer)
                .with_ansi(has_eyes)
                .with_target(false)
                .boxed()
        }
        LogFormat::Json => tracing_subscriber::fmt::layer()
            .fmt_fields(JsonFields::new())
            .event_format(JsonLine)
            .with_writer(writer)
            .boxed(),
    }
}

/// What is logged: as `LOG_LEVEL` says, and with every line the steps it was written in, whatever their level.
pub fn log_filter<S>(level: &str) -> Result<impl Filter<S> + Send + Sync + use<S>, TelemetryError>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let wanted = EnvFilter::builder().parse(quiet(level)).map_err(|_| TelemetryError::Filter)?;
    let steps = filter_fn(traces::is_step).with_max_level_hint(LevelFilter::DEBUG);
    Ok(FilterExt::<S>::or(wanted, steps))
}

/// The web server calls it an error when a stranger sends what is no HTTP, or hangs up: anybody could fill logs with those.
/// Whoever names it gets it.
fn quiet(level: &str) -> String {
    format!("actix_http=off,{level}")
}

/// Whether an event is one of those.
pub(crate) fn is_strangers(target: &str) -> bool {
    target == "actix_http" || target.starts_with("actix_http::")
}

/// One JSON object a line: what happened, the ids of its trace and request, and the spans around it.
struct JsonLine;

#[derive(Default)]
struct Fields(Map<String, Value>);

impl Fields {
    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }
    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut text = value.to_string();
        let mut source = value.source();
        while let Some(cause) = source {
            text.push_str(": ");
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        self.put(field, text);
    }
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}

impl<S, N> FormatEvent<S, N> for JsonLine
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut at = String::new();
        SystemTime.format_time(&mut Writer::new(&mut at))?;
        let mut line = Map::new();
        line.insert("timestamp".to_owned(), at.into());
        line.insert("level".to_owned(), event.metadata().level().as_str().into());
        let mut fields = Fields::default();
        event.record(&mut fields);
        line.append(&mut fields.0);
        line.insert("target".to_owned(), event.metadata().target().into());
        if let Some(here) = traces::here() {
            line.insert("trace_id".to_owned(), here.trace_id().to_string().into());
            line.insert("span_id".to_owned(), here.span_id().to_string().into());
        }
        let mut spans = Vec::new();
        for span in context.event_scope().into_iter().flat_map(tracing_subscriber::registry::Scope::from_root)
        {
            let mut fields: Map<String, Value> = span
                .extensions()
                .get::<FormattedFields<N>>()
                .and_then(|fields| serde_json::from_str(&fields.fields).ok())
                .unwrap_or_default();
            if let Some(id) = fields.get("request.id") {
                line.insert("request_id".to_owned(), id.clone());
            }
            fields.insert("name".to_owned(), span.name().into());
            spans.push(Value::Object(fields));
        }
        if !spans.is_empty() {
            line.insert("spans".to_owned(), spans.into());
        }
        let text = serde_json::to_string(&line).map_err(|_| fmt::Error)?;
        writeln!(writer, "{text}")
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(level: &str, write: impl FnOnce()) -> Vec<Value> {
        let kept = Kept::default();
        let writer = kept.clone();
        let provider = SdkTracerProvider::builder().with_sampler(Sampler::AlwaysOff).build();
        let subscriber = tracing_subscriber::registry()
            .with(traces::layer(&provider, false))
            .with(layer(LogFormat::Json, move || writer.clone()).with_filter(log_filter(level).unwrap()));
        tracing::subscriber::with_default(subscriber, write);
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
    }

    fn in_a_request(log: impl FnOnce()) {
        let span = tracing::info_span!("http", otel.name = "http.calls_list", request.id = %"req_1");
        span.in_scope(log);
    }

    #[test]
    fn lines_say_what_they_belong_to_at_every_level() {
        let lines = logged("error", || {
            in_a_request(|| {
                tracing::info!("not wanted");
                let cause = io::Error::other(io::Error::other("the disk"));
                tracing::error!(error = &cause as &dyn Error, status = 500_u64, "it \"broke\"");
            });
        });
        let [line] = lines.as_slice() else { panic!("one line, not {lines:?}") };
        assert_eq!(line["message"], "it \"broke\"");
        assert_eq!(line["status"], 500);
        assert_eq!(line["error"], "the disk");
        assert_eq!(line["request_id"], "req_1");
        assert_eq!(line["trace_id"].as_str().map(str::len), Some(32));
        assert_eq!(line["span_id"].as_str().map(str::len), Some(16));
        assert_eq!(line["spans"][0]["otel.name"], "http.calls_list");
    }

    #[test]
    fn a_line_outside_of_any_span_has_no_ids() {
        let lines = logged("info", || tracing::info!("started"));
        assert_eq!(lines[0]["message"], "started");
        assert_eq!(lines[0].get("trace_id"), None);
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        assert!(log_filter::<tracing_subscriber::Registry>("app=loud").is_err());
    }
}
