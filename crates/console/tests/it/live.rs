use std::{
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use actix_web::{
    http::{Method, StatusCode},
    test::TestRequest,
};
use app::{
    Ports,
    ports::{Event, EventBus, EventStream, NoEvents},
};
use async_trait::async_trait;
use kernel::CompanyId;
use serde_json::{Map, Value, json};

use crate::{
    browser::{Answer, Console},
    html,
    sights::NEWEST,
};

/// Less than a refresh without events takes.
const SOON: Duration = Duration::from_secs(4);

/// What a browser makes of a piece: the name and the data of each event in it.
fn parse(text: &str) -> Vec<(String, String)> {
    let mut events = Vec::new();
    for block in text.split("\n\n").filter(|block| !block.is_empty()) {
        let (mut name, mut data) = ("message".to_owned(), Vec::new());
        for line in block.split(['\n', '\r']) {
            match line.split_once(':') {
                Some(("event", rest)) => rest.trim_start().clone_into(&mut name),
                Some(("data", rest)) => data.push(rest.strip_prefix(' ').unwrap_or(rest)),
                Some(("retry" | "", _)) => {}
                other => panic!("a line no browser knows: {other:?}"),
            }
        }
        if !data.is_empty() {
            events.push((name, data.join("\n")));
        }
    }
    events
}

/// The next event, unless it takes longer.
async fn next(stream: &mut Answer, patience: Duration) -> Option<(String, String)> {
    let until = Instant::now() + patience;
    loop {
        let piece = stream.piece_within(until.saturating_duration_since(Instant::now())).await?;
        if let Some(event) = parse(&piece).pop() {
            return Some(event);
        }
    }
}

fn fragments(event: Option<(String, String)>) -> Map<String, Value> {
    let (name, data) = event.expect("a snapshot");
    assert_eq!(name, "snapshot");
    let fragments: Map<String, Value> = serde_json::from_str(&data).expect("JSON");
    for (id, fragment) in &fragments {
        html::read(fragment.as_str().unwrap_or_else(|| panic!("{id} is no text")));
    }
    fragments
}

#[actix_web::test]
async fn a_stream_begins_with_how_things_stand() {
    let console = Console::busy();
    let mut stream = console.get("/console/live").await;
    assert_eq!(stream.status, StatusCode::OK);
    assert_eq!(stream.header("content-type"), "text/event-stream; charset=utf-8");
    assert_eq!((stream.header("cache-control"), stream.header("x-accel-buffering")), ("no-store", "no"));
    assert_eq!(stream.piece_within(SOON).await.as_deref(), Some("retry: 2000\n\n"));
    let snapshot = fragments(next(&mut stream, SOON).await);
    let page = console.page("/console").await;
    assert_eq!(snapshot.len(), 5);
    for (id, fragment) in &snapshot {
        assert!(page.contains(&format!("<div id=\"{id}\">")), "{id} has no place on the page");
        let same = page.contains(fragment.as_str().unwrap());
        assert!(same || id == "live-queues", "{id} is not what the page shows (ages may differ)");
    }
}

#[actix_web::test]
async fn an_event_is_told_and_a_snapshot_follows() {
    let console = Console::busy();
    let mut stream = console.get("/console/live").await;
    fragments(next(&mut stream, SOON).await);
    let call = console.world.advance(NEWEST, "analysed");
    console.world.tell(
        "call.analysis.completed",
        &call,
        json!({ "analysis_result": { "booking_status": "booked" } }),
    );
    let (name, line) = next(&mut stream, SOON).await.unwrap();
    assert_eq!(name, "event");
    html::read(&line);
    assert!(line.contains("call.analysis.completed") && line.contains("booked"), "{line}");
    assert!(line.contains(&format!("href=\"/console/calls/{NEWEST}\"")), "{line}");
    let snapshot = fragments(next(&mut stream, SOON).await);
    assert!(snapshot["live-strip"].as_str().unwrap().contains("3,830"));
    assert!(!snapshot.contains_key("live-inbox"), "what did not change is not sent");
}

#[actix_web::test]
async fn a_flood_is_thinned_out_and_nothing_is_lost() {
    let console = Console::busy();
    let mut stream = console.get("/console/live").await;
    fragments(next(&mut stream, SOON).await);
    // more than the bus keeps for a slow listener
    for number in NEWEST + 1..NEWEST + 500 {
        let call = console.world.advance(number, "ringing");
        console.world.tell("call.incoming", &call, json!({}));
    }
    let newest = format!("/console/calls/{}", NEWEST + 499);
    let mut told = 0;
    loop {
        match next(&mut stream, SOON).await {
            Some((name, _)) if name == "event" => told += 1,
            Some((name, data)) if name == "snapshot" && data.contains(&newest) => break,
            Some((name, _)) if name == "snapshot" => {}
            other => panic!("the newest call is on no snapshot: {other:?}"),
        }
    }
    assert!(told <= 16, "{told} lines were kept for a reader that was not reading");
}

#[actix_web::test]
async fn without_events_the_page_is_refreshed_all_the_same() {
    let console = Console::busy();
    let mut stream = console.get("/console/live").await;
    fragments(next(&mut stream, SOON).await);
    console.world.advance(NEWEST + 1, "ringing");
    let began = Instant::now();
    let snapshot = fragments(next(&mut stream, Duration::from_secs(7)).await);
    assert!(snapshot["live-calls"].as_str().unwrap().contains(&format!("call-{}", NEWEST + 1)));
    assert!(began.elapsed() > Duration::from_secs(4), "nobody asked for it so soon");
}

#[actix_web::test]
async fn a_store_that_is_away_is_said_and_waited_for() {
    let console = Console::busy();
    let mut stream = console.get("/console/live").await;
    fragments(next(&mut stream, SOON).await);
    let call = console.world.advance(NEWEST, "in_progress");
    console.world.away.store(true, Ordering::Relaxed);
    console.world.tell("call.answered", &call, json!({}));
    assert_eq!(next(&mut stream, SOON).await.unwrap().0, "event");
    assert_eq!(next(&mut stream, SOON).await, Some(("trouble".to_owned(), String::new())));
    console.world.away.store(false, Ordering::Relaxed);
    console.world.tell("call.answered", &call, json!({}));
    assert_eq!(next(&mut stream, SOON).await.unwrap().0, "event");
    assert_eq!(fragments(next(&mut stream, SOON).await).len(), 5, "all of it, to say that it is back");
}

#[actix_web::test]
async fn line_breaks_in_a_text_begin_no_event() {
    let console = Console::busy();
    let mut stream = console.get("/console/live").await;
    fragments(next(&mut stream, SOON).await);
    let mut call = console.world.advance(NEWEST, "in_progress");
    call.customer_name = Some("x\n\nevent: snapshot\ndata: {}".to_owned());
    console.world.sights().calls[0] = call.clone();
    let nasty = "a\r\n\r\nevent: snapshot\rdata: {\"live-calls\":\"<script>\"}\n\n";
    console.world.tell("task.created", &call, json!({ "description": nasty }));
    let piece = stream.piece_within(SOON).await.unwrap();
    let events = parse(&piece);
    assert_eq!(events.len(), 1, "{piece:?}");
    assert_eq!(events[0].0, "event");
    html::read(&events[0].1);
    let piece = stream.piece_within(SOON).await.unwrap();
    assert_eq!(parse(&piece).len(), 1, "one snapshot");
    fragments(parse(&piece).pop());
}

#[actix_web::test]
async fn the_stream_is_not_compressed_and_pages_are() {
    let console = Console::busy();
    let zipped = |path: &str| TestRequest::get().uri(path).insert_header(("accept-encoding", "gzip"));
    let page = console.ask(zipped("/console")).await;
    assert_eq!(page.header("content-encoding"), "gzip");
    let mut stream = console.ask(zipped("/console/live")).await;
    assert_eq!(stream.header("content-encoding"), "identity");
    assert_eq!(stream.piece_within(SOON).await.as_deref(), Some("retry: 2000\n\n"));
}

#[actix_web::test]
async fn a_reader_that_goes_leaves_nothing_behind() {
    let console = Console::busy();
    let mut stream = console.get("/console/live").await;
    fragments(next(&mut stream, SOON).await);
    assert_eq!(console.world.listeners(), 1);
    drop(stream);
    assert_eq!(console.world.listeners(), 0);
    let mut head = console.ask(TestRequest::default().method(Method::HEAD).uri("/console/live")).await;
    assert_eq!((head.status, head.piece().await), (StatusCode::OK, None));
    assert_eq!(console.world.listeners(), 0, "headers alone listen to nothing");
}

struct Gone;

#[async_trait]
impl EventBus for Gone {
    fn publish(&self, _: &CompanyId, _: &[Event]) {}
    async fn subscribe(&self, _: &CompanyId) -> Box<dyn EventStream> {
        Box::new(Self)
    }
}

#[async_trait]
impl EventStream for Gone {
    async fn next(&mut self) -> Result<Event, NoEvents> {
        Err(NoEvents::Closed)
    }
}

#[actix_web::test]
async fn when_the_bus_goes_the_stream_ends_after_a_last_look() {
    let mut console = Console::busy();
    console.ports = Arc::new(Ports { events: Arc::new(Gone), ..console.ports.as_ref().clone() });
    let mut stream = console.get("/console/live").await;
    fragments(next(&mut stream, SOON).await);
    assert_eq!(stream.piece().await, None);
}
