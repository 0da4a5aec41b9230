//! What a process without a server answers: whether it lives, whether it can work, and what it measured. Nothing of
//! anybody is to be had here, and nothing can be asked for.

use std::{sync::Arc, time::Duration};

use actix_web::{
    App, HttpResponse, HttpServer,
    http::StatusCode,
    web::{self, Data},
};
use app::Ports;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::{BoundServer, RunningServer, ServerError};

/// A database that takes longer to answer does not answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Probes are short.
const GRACE: Duration = Duration::from_secs(1);

/// What probes are answered from.
pub struct ProbeState {
    /// The world.
    pub ports: Arc<Ports>,
    /// Writes what Prometheus reads.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// The process was asked to stop: it is not ready from then on, while what it has begun comes to an end.
    pub stopping: CancellationToken,
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(json!({ "status": "alive" }))
}

async fn ready(state: Data<ProbeState>) -> HttpResponse {
    let stopping = state.stopping.is_cancelled();
    let database = matches!(tokio::time::timeout(PATIENCE, state.ports.reads.ping()).await, Ok(Ok(())));
    let is_ready = database && !stopping;
    let status = if is_ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let body = json!({ "ready": is_ready, "components": { "database": database }, "stopping": stopping });
    HttpResponse::build(status).insert_header(("Cache-Control", "no-store")).json(body)
}

async fn measured(state: Data<ProbeState>) -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body((state.metrics)())
}

/// Answers probes until it is stopped.
pub fn run_probes(bound: BoundServer, state: ProbeState) -> Result<RunningServer, ServerError> {
    let state = Data::new(state);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(state.clone())
            .route("/health/live", web::get().to(live))
            .route("/health/ready", web::get().to(ready))
            .route("/metrics", web::get().to(measured))
    })
    .workers(1)
    .shutdown_timeout(GRACE.as_secs())
    .client_request_timeout(Duration::from_secs(5))
    .disable_signals()
    .listen(bound.listener)?
    .run();
    let handle = server.handle();
    Ok(RunningServer { ended: Box::pin(server), handle })
}
