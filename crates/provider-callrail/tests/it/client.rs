//! What a CallRail that answers strangely may not do to us.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use app::ports::{CallsSince, Credentials, RecordingSource, Untraced};
use kernel::{Clock, ProviderError, Secret, Timestamp};
use provider_callrail::{CallrailClient, CallrailSettings};

struct Now;

impl Clock for Now {
    fn now(&self) -> Timestamp {
        "2026-11-27T18:00:00Z".parse().unwrap()
    }
}

/// A server that answers each path as told, and counts what it was asked.
fn server(answer: impl Fn(&str) -> Vec<u8> + Send + 'static) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let first = lines.next().unwrap().unwrap();
            // the rest of the head
            while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
            count.fetch_add(1, Ordering::SeqCst);
            // whoever has heard enough hangs up
            drop(stream.write_all(&answer(first.split(' ').nth(1).unwrap())));
        }
    });
    (origin, asked)
}

fn ok(body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}").into_bytes()
}

fn moved_to(url: &str) -> Vec<u8> {
    let head =
        format!("HTTP/1.1 302 Found\r\nLocation: {url}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    head.into_bytes()
}

fn client(origin: &str) -> CallrailClient {
    let settings = CallrailSettings {
        base_url: origin.parse().unwrap(),
        connect_timeout: Duration::from_secs(10),
        read_timeout: Duration::from_secs(30),
    };
    CallrailClient::new(&settings, Arc::new(Now), Arc::new(Untraced)).unwrap()
}

fn credentials() -> Credentials {
    Credentials { account_id: "ACC1".to_owned(), api_key: Secret::new("key".to_owned()) }
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let (origin, _) = server(|_| ok(&format!("{{\"calls\":[]{}}}", " ".repeat(9 << 20))));
    let client = client(&origin);
    let since = CallsSince { since: Now.now(), page: None };
    for error in [
        client.list_calls(&credentials(), &since).await.unwrap_err(),
        client.whose(&credentials(), "CAL1").await.unwrap_err(),
    ] {
        assert!(
            matches!(&error, ProviderError::Unavailable { reason, .. } if reason == "an answer without end"),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_recording_that_moved_is_followed_but_to_nobody_unknown() {
    let (elsewhere, met) = server(|_| ok("our own"));
    let (media, _) = server(move |path| match path {
        "/first" => moved_to("/second"),
        "/second" => ok("audio"),
        "/away" => moved_to(&format!("{elsewhere}/latest/meta-data")),
        _ => moved_to("/nowhere"),
    });
    // a link has to name the server, whose port was not known before
    let (api, _) = server(move |path| {
        let there = if path.contains("REC1") { "first" } else { "away" };
        ok(&format!("{{\"url\":\"{media}/{there}\"}}"))
    });
    let client = client(&api);
    client.download(&credentials(), "REC1").await.unwrap();
    let error = client.download(&credentials(), "REC2").await.err().unwrap();
    assert!(matches!(&error, ProviderError::Rejected { code } if code == "302"), "{error:?}");
    assert_eq!(met.load(Ordering::SeqCst), 0, "nobody unencrypted is asked but whom the vendor named");
}

#[tokio::test]
async fn what_is_asked_with_our_key_is_answered_where_it_was_asked() {
    let (elsewhere, met) = server(|_| ok("{\"calls\":[]}"));
    let (origin, _) = server(move |_| moved_to(&elsewhere));
    let since = CallsSince { since: Now.now(), page: None };
    client(&origin).list_calls(&credentials(), &since).await.unwrap_err();
    assert_eq!(met.load(Ordering::SeqCst), 0);
}
