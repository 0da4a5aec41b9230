use std::time::Duration;

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use app::{
    ports::{LinkState, PartRole},
    reads::ReplicaState,
};
use kernel::rfc3339;
use queue::JobState;
use serde_json::{Map, Value, json};

use super::staff::{Staff, redis_of};
use crate::{ApiError, ApiState};

/// A probe that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(2);
/// Work due this long ago and not begun is not being served.
const LATE: chrono::Duration = chrono::Duration::minutes(5);

async fn database_answers(state: &ApiState) -> bool {
    matches!(tokio::time::timeout(PATIENCE, state.ports.reads.ping()).await, Ok(Ok(())))
}

/// A replica that is not used is no fault of ours: the primary does its work.
fn database_of(ok: bool, replica: Option<ReplicaState>) -> Value {
    match replica {
        None => json!({ "ok": ok }),
        Some(ReplicaState { used, lag }) => json!({
            "ok": ok,
            "replica": { "used": used, "lag_seconds": lag.map(|lag| lag.as_secs_f64()) },
        }),
    }
}

fn probed(ok: bool, body: &Value) -> HttpResponse {
    let status = if ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    HttpResponse::build(status).insert_header(("Cache-Control", "no-store")).json(body)
}

/// The process, its database and what else it has. Without Redis it does its work all the same, only slower; where there
/// is to be none, that counts as well.
pub async fn health(state: Data<ApiState>) -> HttpResponse {
    let database = database_answers(&state).await;
    let redis = !matches!(state.ports.shared.link.state(), LinkState::Down { .. });
    let body = json!({
        "status": match (database, redis) {
            (true, true) => "healthy",
            (true, false) => "degraded",
            (false, _) => "unhealthy",
        },
        "checks": { "database": database, "redis": redis },
        "version": state.settings.version,
        "environment": state.settings.environment,
        "timestamp": rfc3339(state.now()),
    });
    probed(database, &body)
}

/// The process runs.
pub async fn live() -> HttpResponse {
    probed(true, &json!({ "status": "alive" }))
}

/// The process can serve, and is not about to end: whoever spreads requests over several sends none here any more.
pub async fn ready(state: Data<ApiState>) -> HttpResponse {
    let started = tokio::time::Instant::now();
    let database = database_answers(&state).await;
    let stopping = state.stopping.is_cancelled();
    let ready = database && !stopping;
    let body = json!({
        "ready": ready,
        "components": { "database": database },
        "stopping": stopping,
        "timestamp": rfc3339(state.now()),
        "duration_ms": started.elapsed().as_secs_f64() * 1000.0,
        "service": "otto",
    });
    probed(ready, &body)
}

/// Component by component; says that something is wrong, not what an error said.
pub async fn detailed(state: Data<ApiState>) -> HttpResponse {
    let database = database_answers(&state).await;
    let depths = if database { state.ports.job_office.depths().await.ok() } else { None };
    let now = state.now();
    let of = |wanted: JobState| {
        depths.iter().flatten().filter(|depth| depth.state == wanted).map(|depth| depth.count).sum::<i64>()
    };
    let late = depths
        .iter()
        .flatten()
        .filter(|depth| depth.state == JobState::Ready)
        .any(|depth| depth.oldest.is_some_and(|due| now - due > LATE));
    let jobs_ok = depths.is_some() && !late;
    let staff = Staff::of(&state).await;
    let missing = staff.missing(state.settings.expected, depths.as_deref().unwrap_or_default(), now);
    let link = state.ports.shared.link.state();
    let all_well = jobs_ok && missing.is_empty() && !matches!(link, LinkState::Down { .. });
    let status = match (database, all_well) {
        (true, true) => "healthy",
        (true, false) => "degraded",
        (false, _) => "unhealthy",
    };
    let providers = state.settings.stand_ins.as_ref().map(|stand_ins| {
        stand_ins.iter().map(|(name, url)| ((*name).to_owned(), url.as_str().into())).collect::<Map<_, _>>()
    });
    let body = json!({
        "status": status,
        "providers": providers,
        "checks": {
            "database": database_of(database, state.ports.reads.replica()),
            "redis": redis_of(link),
            "workers": staff.told(PartRole::Worker),
            "schedulers": staff.told(PartRole::Scheduler),
            "providers": staff.providers(),
            "jobs": {
                "ok": jobs_ok, "ready": of(JobState::Ready), "running": of(JobState::Running),
                "dead": of(JobState::Dead), "unserved_for_too_long": late,
            },
        },
        "missing": missing,
        "version": state.settings.version,
        "timestamp": rfc3339(now),
    });
    probed(database, &body)
}

/// What Prometheus reads.
pub async fn metrics(state: Data<ApiState>) -> Result<HttpResponse, ApiError> {
    Ok(HttpResponse::Ok().content_type("text/plain; version=0.0.4; charset=utf-8").body((state.metrics)()))
}
