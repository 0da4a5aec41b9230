//! What Sentry is told, by a stand-in that reads its envelopes. In a program of its own: telemetry is set up once.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking, and their words are plain; one of them is about a panic"
)]

use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use app::ports::Traces;
use kernel::{PhoneNumber, Secret};
use serde_json::Value;
use telemetry::{LogFormat, SentrySettings, SpanTraces, TelemetrySettings};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep},
};

/// Far longer than anything here takes.
const GUARD: Duration = Duration::from_mins(1);

/// What a stand-in for Sentry was sent: heads of requests, and items by type.
#[derive(Default)]
struct Told {
    heads: Vec<String>,
    items: Vec<(String, Value)>,
    whole: String,
}

type Project = Arc<Mutex<Told>>;

async fn project() -> (String, Project) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let dsn = format!("http://public-key@{}/7", listener.local_addr().unwrap());
    let told = Project::default();
    let taking = told.clone();
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(take(connection, taking.clone()));
        }
    });
    (dsn, told)
}

/// Requests of one connection, one after the other.
async fn take(mut connection: TcpStream, told: Project) {
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
            .unwrap();
        while bytes.len() < head_end + length {
            if connection.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let body: Vec<u8> = bytes.drain(..head_end + length).skip(head_end).collect();
        keep(&told, head, &String::from_utf8(body).expect("an envelope is text here"));
        let answer = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
        if connection.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// An envelope: a line about all of it, then for each item a line about it and the item.
fn keep(told: &Project, head: String, envelope: &str) {
    let mut told = told.lock().unwrap();
    told.heads.push(head);
    told.whole.push_str(envelope);
    let lines: Vec<Value> =
        envelope.lines().skip(1).filter_map(|line| serde_json::from_str(line).ok()).collect();
    for pair in lines.chunks(2) {
        if let [header, item] = pair {
            let kind = header["type"].as_str().unwrap_or_default().to_owned();
            told.items.push((kind, item.clone()));
        }
    }
}

/// An item that satisfies, once there is one.
async fn item(told: &Project, of_type: &str, satisfies: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + GUARD;
    loop {
        let found = {
            let told = told.lock().unwrap();
            let mut items = told.items.iter();
            items.find(|(kind, item)| kind == of_type && satisfies(item)).map(|(_, item)| item.clone())
        };
        if let Some(found) = found {
            return found;
        }
        assert!(Instant::now() < deadline, "no such {of_type}: {}", told.lock().unwrap().whole);
        sleep(Duration::from_millis(20)).await;
    }
}

/// A customer as code of ours might hold them.
struct Customer {
    phone: PhoneNumber,
    name: String,
}

kernel::hides_personal!(Customer { phone; name });

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_panics_and_traces_arrive_and_nobody_is_in_them() {
    let (dsn, told) = project().await;
    let observing = telemetry::start(&TelemetrySettings {
        log_level: "off".to_owned(),
        log_format: LogFormat::Json,
        service: "otto-test".to_owned(),
        version: "1.2.3",
        environment: "staging",
        otlp: None,
        sentry: Some(SentrySettings { dsn: Secret::new(dsn), traces_sample_rate: 1.0 }),
        show_personal_data: false,
    })
    .expect("it can be observed");

    let phone = PhoneNumber::parse("+12148654559").unwrap();
    let customer = Customer { phone, name: "Quincy Oddfellow".to_owned() };
    let span = tracing::info_span!("http", otel.name = "http.calls_list", request.id = "req_1");
    let trace = span.in_scope(|| {
        let cause = io::Error::other(io::Error::other("the disk is full"));
        let error = &cause as &dyn std::error::Error;
        let key = Secret::new("hunter2".to_owned());
        tracing::error!(error, ?customer, %key, "the store failed");
        tracing::warn!("nobody is told of warnings");
        SpanTraces.current().expect("spans have ids")
    });
    drop(span);
    let trace = trace[3..35].to_owned();

    let event = item(&told, "event", |event| event.to_string().contains("the store failed")).await;
    assert_eq!(event["release"], "otto@1.2.3");
    assert_eq!(event["environment"], "staging");
    assert_eq!(event["contexts"]["trace"]["trace_id"], trace);
    assert!(event.to_string().contains("the disk is full"), "{event}");
    assert_eq!(event.get("user"), None);
    assert_eq!(event.get("request"), None);

    // what a panic says is told only where it is constant
    let name = customer.name.clone();
    for panicking in [
        tokio::spawn(async { panic!("a constant of ours") }),
        tokio::spawn(async move { panic!("cannot slice {name}") }),
    ] {
        let ended: Result<(), _> = panicking.await;
        assert!(ended.unwrap_err().is_panic());
    }
    let constant = item(&told, "event", |event| event.to_string().contains("a constant of ours")).await;
    assert_eq!(constant["level"], "fatal");
    let exception = &constant["exception"]["values"][0];
    assert_eq!(exception["type"], "panic");
    assert_eq!(exception["mechanism"]["handled"], false);
    assert!(exception["value"].as_str().unwrap().contains("tests/reports.rs:"), "{exception}");
    item(&told, "event", |event| event.to_string().contains("may hold personal data")).await;

    let transaction = item(&told, "transaction", |item| item["transaction"] == "http.calls_list").await;
    assert_eq!(transaction["contexts"]["trace"]["trace_id"], trace);

    let metrics = observing.measured().writer()();
    assert!(metrics.contains("otto_panics_total 2"), "{metrics}");
    observing.stop().await;
    let told = told.lock().unwrap();
    for never in ["Oddfellow", "8654559", "hunter2", "nobody is told"] {
        assert!(!told.whole.contains(never), "{never} in {}", told.whole);
    }
    assert!(told.heads[0].starts_with("POST /api/7/envelope/ HTTP/1.1"), "{}", told.heads[0]);
}
