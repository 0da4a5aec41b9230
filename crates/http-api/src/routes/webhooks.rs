//! Providers' webhooks. Stored before they are answered; never refused for a limit on how often.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{Data, Payload},
};
use app::{
    Patience, again,
    ingest::{
        AcceptError, CallWebhookAck, EngineWebhookAck, EngineWebhookError, accept_call_webhook,
        accept_engine_webhook,
    },
    ports::{Delivery, ProofError},
};
use kernel::{ErrorKind, Provider, Secret, rfc3339};
use serde_json::json;
use tokio::time::Instant;
use tracing::Instrument;

use crate::{
    ApiError, ApiState, ErrorCode,
    body::{Room, read_body},
    envelope::enveloped,
    error::internal,
};

/// The kind each path stands for, as the inbox keeps it.
fn kind_of(pattern: &str) -> &'static str {
    const KINDS: [(&str, &str); 8] = [
        ("call.incoming", "call.incoming"),
        ("call.answered", "call.answered"),
        ("call.missed", "call.missed"),
        ("call.completed", "call.completed"),
        ("call.modified", "call.modified"),
        ("pre-call", "call.incoming"),
        ("call-complete", "call.completed"),
        ("call-modified", "call.modified"),
    ];
    let last = pattern.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    // the one URL for every event: the body tells whether it was taken
    KINDS.iter().find(|(name, _)| *name == last).map_or("call", |(_, kind)| kind)
}

/// `pattern` is the one the request matched: asking for it goes through the routes once more.
async fn delivery(
    request: &HttpRequest,
    state: &ApiState,
    payload: Payload,
    pattern: &str,
    kind: &'static str,
    proof: &[&str],
) -> Result<(Delivery, Room), ApiError> {
    let (body, room) = read_body(request, payload, state.settings.max_webhook_bytes).await?;
    // said twice over, a header says nothing: which of both is meant would be for whoever reads it to choose
    let value = |name: &str| {
        let mut said = request.headers().get_all(name);
        let only = said.next().filter(|_| said.next().is_none());
        only.and_then(|value| value.to_str().ok()).map(str::to_owned)
    };
    let tenant_key = request.match_info().get("tenant_key").map(|key| Secret::new(key.to_owned()));
    // the segment is as good as a password, in whatever spelling; what is kept is the path after it
    let path = match pattern.strip_prefix("/t/{tenant_key}") {
        Some(rest) => rest.to_owned(),
        None => request.path().to_owned(),
    };
    let delivery = Delivery {
        kind,
        tenant_key,
        path,
        query: request.query_string().to_owned(),
        content_type: value(header::CONTENT_TYPE.as_str()),
        proof: proof.iter().filter_map(|name| value(name).map(|value| ((*name).to_owned(), value))).collect(),
        body,
        received_at: state.now(),
        trace: state.ports.traces.current(),
    };
    Ok((delivery, room))
}

/// What became of a webhook, and how long its sender waited to hear it.
struct Seen {
    provider: &'static str,
    started: Instant,
}

impl Seen {
    fn begin(provider: Provider) -> Self {
        Self { provider: provider.as_str(), started: Instant::now() }
    }

    fn end(&self, outcome: &'static str) {
        let labels = [("provider", self.provider), ("outcome", outcome)];
        metrics::counter!("otto_webhooks_total", &labels).increment(1);
        let took = self.started.elapsed().as_secs_f64();
        metrics::histogram!("otto_webhook_duration_seconds", &labels).record(took);
    }

    /// It is not believed.
    fn refuse(&self, reason: &'static str) {
        let labels = [("provider", self.provider), ("reason", reason)];
        metrics::counter!("otto_webhooks_refused_total", &labels).increment(1);
        self.end("refused");
    }
}

/// Counts none: what begins at something else than 0 has not grown, as far as anybody can see.
pub(crate) fn begin_counting() {
    for provider in [Provider::Callrail, Provider::Shunya] {
        let labels = [("provider", provider.as_str()), ("outcome", "failed")];
        metrics::counter!("otto_webhooks_total", &labels).increment(0);
    }
}

/// `POST /callrail/call.*` and its older and newer spellings.
pub async fn callrail(
    request: HttpRequest,
    state: Data<ApiState>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let seen = Seen::begin(Provider::Callrail);
    let pattern = request.match_pattern().unwrap_or_default();
    let (delivery, room) = delivery(&request, &state, payload, &pattern, kind_of(&pattern), &["signature"])
        .await
        .inspect_err(|_| seen.end("unread"))?;
    let is_signed = delivery.proof("signature").is_some();
    let (ports, patience) = (state.ports.clone(), Patience::webhook(state.settings.webhook_patience));
    // on a task of its own: a provider that hangs up must not tear a transaction in the middle
    let accepting = async move {
        let _until_done = room;
        let webhooks = ports.callrail_webhooks.clone();
        again(&ports, patience, || accept_call_webhook(&ports, &webhooks, &delivery)).await
    };
    let accepted = state.home.spawn(accepting.in_current_span()).await;
    let ack = match accepted {
        Ok(Ok(ack)) => ack,
        Ok(Err(error)) => return Err(refused_call(error, &seen, is_signed)),
        Err(error) => {
            seen.end("failed");
            return Err(internal(ErrorKind::Internal, &error));
        }
    };
    let outcome = match ack {
        CallWebhookAck::Applied { .. } => "applied",
        CallWebhookAck::Duplicate { .. } => "duplicate",
        CallWebhookAck::Quarantined => "quarantined",
    };
    seen.end(outcome);
    Ok(match ack {
        CallWebhookAck::Applied { call } => {
            HttpResponse::Ok().json(json!({ "status": "success", "call_id": call }))
        }
        CallWebhookAck::Duplicate { first_received_at } => HttpResponse::Ok().json(json!({
            "status": "duplicate_ignored", "provider": "callrail",
            "first_processed_at": rfc3339(first_received_at),
        })),
        CallWebhookAck::Quarantined => HttpResponse::Accepted().json(json!({ "status": "quarantined" })),
    })
}

fn refused_call(error: AcceptError, seen: &Seen, is_signed: bool) -> ApiError {
    match error {
        AcceptError::BadSignature => {
            let why = if is_signed { ProofError::Mismatch } else { ProofError::Missing };
            seen.refuse(why.as_str());
            bad_signature()
        }
        AcceptError::OthersSignature => {
            seen.end("mismatch");
            bad_signature()
        }
        AcceptError::Busy => {
            seen.end("busy");
            ApiError::new(ErrorKind::Unavailable, "The service is busy; please try again in a few seconds")
        }
        AcceptError::MediaType => {
            seen.end("quarantined");
            ApiError::new(ErrorKind::UnsupportedMedia, "Send JSON or a form")
        }
        AcceptError::Store(error) => {
            seen.end("failed");
            error.into()
        }
        AcceptError::Secret(error) => {
            seen.end("failed");
            internal(ErrorKind::Internal, &error)
        }
    }
}

fn bad_signature() -> ApiError {
    ApiError::new(ErrorKind::Unauthenticated, "The signature is missing or wrong")
        .coded(ErrorCode::Unauthorized)
}

/// `POST /api/v1/shunya/webhook`.
pub async fn shunya(
    request: HttpRequest,
    state: Data<ApiState>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let seen = Seen::begin(Provider::Shunya);
    let proof = ["x-shunya-signature", "x-shunya-timestamp", "x-shunya-task-id"];
    let pattern = request.match_pattern().unwrap_or_default();
    let (delivery, room) = delivery(&request, &state, payload, &pattern, "shunya.webhook", &proof)
        .await
        .inspect_err(|_| seen.end("unread"))?;
    let (ports, patience) = (state.ports.clone(), Patience::webhook(state.settings.webhook_patience));
    let accepting = async move {
        let _until_done = room;
        again(&ports, patience, || accept_engine_webhook(&ports, &delivery)).await
    };
    let accepted = state.home.spawn(accepting.in_current_span()).await;
    let ack = match accepted {
        Ok(Ok(ack)) => ack,
        Ok(Err(error)) => return Err(refused_engine(error, &seen)),
        Err(error) => {
            seen.end("failed");
            return Err(internal(ErrorKind::Internal, &error));
        }
    };
    let word = match ack {
        EngineWebhookAck::Accepted => "accepted",
        EngineWebhookAck::AlreadyProcessed => "already_processed",
        EngineWebhookAck::Ignored => "ignored",
        EngineWebhookAck::Received => "received",
        EngineWebhookAck::Quarantined => "quarantined",
    };
    seen.end(word);
    let mut answer = enveloped(&request, json!({ "status": word }), state.now());
    if ack == EngineWebhookAck::Quarantined {
        *answer.status_mut() = StatusCode::ACCEPTED;
    }
    Ok(answer)
}

fn refused_engine(error: EngineWebhookError, seen: &Seen) -> ApiError {
    match &error {
        EngineWebhookError::BadSignature(why) => seen.refuse(why.as_str()),
        EngineWebhookError::MissingIds | EngineWebhookError::MediaType | EngineWebhookError::WrongTenant => {
            seen.end("quarantined");
        }
        EngineWebhookError::Store(_) => seen.end("failed"),
    }
    match error {
        EngineWebhookError::BadSignature(_) => bad_signature(),
        EngineWebhookError::MissingIds => {
            ApiError::new(ErrorKind::Invalid, "shunya_job_id or company_id is missing")
                .coded(ErrorCode::MissingRequiredField)
        }
        EngineWebhookError::MediaType => ApiError::new(ErrorKind::UnsupportedMedia, "Send JSON"),
        EngineWebhookError::WrongTenant => {
            ApiError::new(ErrorKind::Forbidden, "The job belongs to another company")
        }
        EngineWebhookError::Store(error) => error.into(),
    }
}
