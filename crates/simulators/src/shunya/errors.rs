//! Shunya's error answers (contract `shunya.md` §7).

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
};
use serde_json::{Value, json};

use crate::{server::ErrorAnswers, sim::Sim};

/// How long callers are asked to wait, at Shunya's own pace.
const RETRY_AFTER: Duration = Duration::from_secs(10);

/// What is wrong with a request.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ApiError {
    status: StatusCode,
    code: &'static str,
    kind: &'static str,
    message: String,
    retryable: bool,
    details: Box<Value>,
}

impl ApiError {
    fn new(status: StatusCode, code: &'static str, kind: &'static str, message: &str) -> Self {
        let retryable = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        Self { status, code, kind, message: message.to_owned(), retryable, details: Box::new(json!({})) }
    }

    pub(super) fn bad_request(message: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", "client_error", message)
    }

    pub(super) fn invalid(field: &str, message: &str) -> Self {
        let error = Self::new(StatusCode::BAD_REQUEST, "VALIDATION_ERROR", "validation_error", message);
        Self { details: Box::new(json!({ "field": field })), ..error }
    }

    pub(super) fn unauthorized(message: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", "authentication_error", message)
    }

    pub(super) fn forbidden(message: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "FORBIDDEN", "authorization_error", message)
    }

    pub(super) fn no_such_call(call_id: i64) -> Self {
        let error = Self::new(StatusCode::NOT_FOUND, "CALL_NOT_FOUND", "not_found_error", "no such call");
        Self { details: Box::new(json!({ "call_id": call_id })), ..error }
    }

    pub(super) fn not_found(message: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "NOT_FOUND", "not_found_error", message)
    }

    pub(super) fn not_available(message: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "ANALYSIS_NOT_AVAILABLE", "not_found_error", message)
    }

    pub(super) fn failed(code: &str, message: &str) -> Self {
        let code = if code == "TRANSCRIPTION_FAILED" { "TRANSCRIPTION_FAILED" } else { "ANALYSIS_FAILED" };
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, code, "processing_error", message)
    }

    /// The answer, with the request's id, or one made up where it had none.
    pub(super) fn answer(&self, sim: &Sim, request: &HttpRequest) -> HttpResponse {
        let now = kernel::rfc3339(sim.now());
        let id = request.headers().get("X-Request-ID").and_then(|id| id.to_str().ok());
        let id = id.map_or_else(|| sim.draw(&["request", &now, request.path()]).uuid(), str::to_owned);
        let body = json!({
            "success": false,
            "error": {
                "error_code": self.code, "error_type": self.kind, "message": self.message,
                "retryable": self.retryable, "details": self.details, "timestamp": now, "request_id": id,
            },
            "timestamp": now,
        });
        let mut response = HttpResponse::build(self.status);
        if let Some(seconds) = self.details.get("retry_after") {
            response.insert_header(("Retry-After", seconds.to_string()));
        }
        response.json(body)
    }
}

/// Errors that have nothing to do with what was asked.
pub(super) struct Outages<'a> {
    pub(super) sim: &'a Sim,
    pub(super) request: &'a HttpRequest,
}

impl ErrorAnswers for Outages<'_> {
    fn throttled(&self) -> HttpResponse {
        // whole seconds are all the header can say
        let seconds = self.sim.scaled(RETRY_AFTER).as_secs_f64().ceil().max(1.0);
        let error = ApiError::new(
            StatusCode::TOO_MANY_REQUESTS,
            "RATE_LIMIT_EXCEEDED",
            "rate_limit_error",
            "too many requests",
        );
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 10, and whole")]
        let seconds = seconds as u64;
        let error = ApiError { details: Box::new(json!({ "retry_after": seconds })), ..error };
        let mut response = error.answer(self.sim, self.request);
        let reset = self.sim.now().timestamp().saturating_add_unsigned(seconds);
        for (name, value) in
            [("x-ratelimit-limit", 10), ("x-ratelimit-remaining", 0), ("x-ratelimit-reset", reset)]
        {
            let name = header::HeaderName::from_static(name);
            response.headers_mut().insert(name, header::HeaderValue::from(value));
        }
        response
    }

    fn failed(&self, status: u16) -> HttpResponse {
        let error = match status {
            503 => ApiError::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "SERVICE_UNAVAILABLE",
                "service_error",
                "the service is temporarily unavailable",
            ),
            // a proxy speaks for the service, and not in its words
            502 => {
                return HttpResponse::BadGateway()
                    .content_type("text/html")
                    .body("<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>");
            }
            _ => ApiError::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "INTERNAL_SERVER_ERROR",
                "server_error",
                "an unexpected error occurred",
            ),
        };
        error.answer(self.sim, self.request)
    }
}
