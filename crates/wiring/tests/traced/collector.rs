//! A collector: takes what is sent as OTLP over HTTP, and can be away.

use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::{Arc, Mutex, atomic::AtomicU64, atomic::Ordering},
    time::Duration,
};

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span as SentSpan,
};
use prost::Message;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep},
};

/// Far longer than anything here takes.
const GUARD: Duration = Duration::from_mins(2);

/// How it treats who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// It takes what it is sent.
    Taking,
    /// It answers 503.
    Refusing,
    /// It never answers.
    Hanging,
}

/// A span as it arrived.
#[derive(Clone, Debug)]
pub struct Span {
    pub name: String,
    pub trace: String,
    pub id: String,
    /// Empty for the first of a trace.
    pub parent: String,
    /// Spans elsewhere, as trace and span.
    pub links: Vec<(String, String)>,
    pub attributes: BTreeMap<String, String>,
    pub service: String,
}

struct Shared {
    spans: Mutex<Vec<Span>>,
    heads: Mutex<Vec<String>>,
    mood: Mutex<Mood>,
    turned_away: AtomicU64,
}

/// A running collector.
pub struct Collector {
    pub url: String,
    shared: Arc<Shared>,
}

fn text(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let value = |attribute: &KeyValue| match attribute.value.as_ref().and_then(|any| any.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::BoolValue(flag)) => flag.to_string(),
        other => format!("{other:?}"),
    };
    attributes.iter().map(|attribute| (attribute.key.clone(), value(attribute))).collect()
}

fn span_of(span: &SentSpan, service: &str) -> Span {
    Span {
        name: span.name.clone(),
        trace: hex(&span.trace_id),
        id: hex(&span.span_id),
        parent: hex(&span.parent_span_id),
        links: span.links.iter().map(|link| (hex(&link.trace_id), hex(&link.span_id))).collect(),
        attributes: text(&span.attributes),
        service: service.to_owned(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl Collector {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let shared = Arc::new(Shared {
            spans: Mutex::default(),
            heads: Mutex::default(),
            mood: Mutex::new(Mood::Taking),
            turned_away: AtomicU64::new(0),
        });
        let taking = shared.clone();
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(connection, taking.clone()));
            }
        });
        Self { url, shared }
    }

    pub fn set(&self, mood: Mood) {
        *self.shared.mood.lock().unwrap() = mood;
    }

    /// How often it did not take what it was sent.
    pub fn turned_away(&self) -> u64 {
        self.shared.turned_away.load(Ordering::Relaxed)
    }

    /// The spans that arrived so far.
    pub fn spans(&self) -> Vec<Span> {
        self.shared.spans.lock().unwrap().clone()
    }

    /// The beginnings of the requests it got.
    pub fn heads(&self) -> Vec<String> {
        self.shared.heads.lock().unwrap().clone()
    }

    /// Waits until the spans of a trace satisfy.
    pub async fn trace(&self, trace: &str, satisfied: impl Fn(&[Span]) -> bool) -> Vec<Span> {
        let deadline = Instant::now() + GUARD;
        loop {
            let spans: Vec<_> = self.spans().into_iter().filter(|span| span.trace == trace).collect();
            if satisfied(&spans) {
                return spans;
            }
            let names: Vec<_> = spans.iter().map(|span| &span.name).collect();
            assert!(Instant::now() < deadline, "the trace never was complete: {names:?}");
            sleep(Duration::from_millis(50)).await;
        }
    }
}

/// One connection, request by request.
async fn serve(mut connection: TcpStream, shared: Arc<Shared>) {
    let mut bytes = Vec::new();
    loop {
        let head_end = loop {
            if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            if connection.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        };
        let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
        let length: usize = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok())
            .expect("a length");
        while bytes.len() < head_end + length {
            if connection.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let body: Vec<u8> = bytes.drain(..head_end + length).skip(head_end).collect();
        let mood = *shared.mood.lock().unwrap();
        let status = match mood {
            Mood::Taking => {
                shared.heads.lock().unwrap().push(head);
                keep(&shared, &body);
                "200 OK"
            }
            Mood::Refusing => {
                shared.turned_away.fetch_add(1, Ordering::Relaxed);
                "503 Service Unavailable"
            }
            Mood::Hanging => {
                shared.turned_away.fetch_add(1, Ordering::Relaxed);
                std::future::pending::<()>().await;
                return;
            }
        };
        let answer =
            format!("HTTP/1.1 {status}\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n");
        if connection.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn keep(shared: &Shared, body: &[u8]) {
    let request = ExportTraceServiceRequest::decode(body).expect("protobuf");
    let mut spans = shared.spans.lock().unwrap();
    for resource in &request.resource_spans {
        let of = resource.resource.as_ref().map(|resource| text(&resource.attributes)).unwrap_or_default();
        let service = of.get("service.name").cloned().unwrap_or_default();
        for scope in &resource.scope_spans {
            spans.extend(scope.spans.iter().map(|span| span_of(span, &service)));
        }
    }
}
