//! The console over samples, to look at while working on it: no database, no sign-in, and calls that come by themselves.
//!
//! `cargo run -p console --example gallery [port]`, then open the address it prints.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::wildcard_imports,
    reason = "a program for whoever works on the console"
)]

mod customers;
mod reads;
mod samples;
mod sights;
mod unused;
mod world;

use std::{env, sync::Arc, time::Duration};

use actix_web::{
    App, Error, HttpMessage, HttpRequest, HttpResponse, HttpServer,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header,
    middleware::{Compress, Next, from_fn},
    web,
};
use app::presence::Expected;
use console::ConsoleState;
use serde_json::json;

use crate::world::World;

/// Stands in for the guard: everybody is the same manager.
async fn everybody_is_a_manager(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    request.extensions_mut().insert(world::viewer());
    next.call(request).await
}

/// A minute and a half of a quiet tone, as a WAV file, from wherever a player asks for it.
async fn tone(request: HttpRequest) -> HttpResponse {
    const RATE: u32 = 8000;
    let samples = RATE * 90;
    let mut wav = Vec::new();
    wav.extend(b"RIFF");
    wav.extend((36 + samples).to_le_bytes());
    wav.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    wav.extend(RATE.to_le_bytes());
    wav.extend(RATE.to_le_bytes());
    wav.extend(b"\x01\0\x08\0data");
    wav.extend(samples.to_le_bytes());
    wav.extend((0..samples).map(|at| if at / 20 % 2 == 0 { 126_u8 } else { 130 }));
    let range = request.headers().get(header::RANGE).and_then(|range| range.to_str().ok());
    let from =
        range.and_then(|range| range.strip_prefix("bytes=")?.split('-').next()?.parse().ok()).unwrap_or(0);
    let span = format!("bytes {from}-{}/{}", wav.len() - 1, wav.len());
    HttpResponse::PartialContent()
        .insert_header((header::CONTENT_TYPE, "audio/wav"))
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::CONTENT_ENCODING, header::HeaderValue::from_static("identity")))
        .insert_header((header::CONTENT_RANGE, span))
        .body(wav.split_off(from))
}

/// Calls come and go on, one step at a time.
async fn traffic(world: Arc<World>) {
    let mut number = sights::NEWEST;
    loop {
        while world.listeners() == 0 {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        number += 1;
        let call = world.advance(number, "ringing");
        world.tell("call.incoming", &call, json!({}));
        tokio::time::sleep(Duration::from_millis(900)).await;
        if samples::draw(number, 61, 6) == 0 {
            let call = world.advance(number, "missed");
            world.tell("call.missed", &call, json!({ "status": "missed" }));
            continue;
        }
        for (stage, event) in [
            ("in_progress", "call.answered"),
            ("fetching_recording", "call.completed"),
            ("recorded", "recording.stored"),
            ("analysing", "call.transcribed"),
            ("analysed", "call.analysis.completed"),
        ] {
            tokio::time::sleep(Duration::from_millis(1100)).await;
            let call = world.advance(number, stage);
            let data = json!({ "duration": call.duration_seconds,
                "analysis_result": { "booking_status": call.booking_status, "lead_quality": call.lead_quality } });
            world.tell(event, &call, data);
        }
    }
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port = env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(8099);
    let quiet = env::args().any(|arg| arg == "quiet");
    let world = World::new("2026-11-22T21:35:00Z", if quiet { sights::quiet } else { sights::busy });
    let ports = world.ports();
    if !env::args().any(|arg| arg == "still" || arg == "quiet") {
        tokio::spawn(traffic(world.clone()));
    }
    // as if they were there, and stayed
    for part in sights::parts(world.now(), quiet) {
        ports.shared.presence.announce(&part, Duration::from_hours(24)).await;
    }
    let development = !env::args().any(|arg| arg == "production");
    let mount = Arc::new(console::mount(ConsoleState {
        ports,
        expected: Expected { worker: true, scheduler: true },
        development,
        version: env!("CARGO_PKG_VERSION"),
        stopping: tokio_util::sync::CancellationToken::new(),
    }));
    println!("http://127.0.0.1:{port}/console");
    HttpServer::new(move || {
        let mount = mount.clone();
        App::new()
            .wrap(from_fn(everybody_is_a_manager))
            .wrap(Compress::default())
            .configure(move |config| mount(config))
            .route("/media/{key:.*}", web::get().to(tone))
    })
    .workers(1)
    .bind(("127.0.0.1", port))?
    .run()
    .await
}
