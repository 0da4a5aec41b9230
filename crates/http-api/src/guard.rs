//! What every request passes: an id, a span, the route table, and the check of who is calling. Default-deny: a request
//! whose path and method are not in the table never reaches a handler.

use std::{panic::AssertUnwindSafe, sync::Arc};

use actix_web::{
    Error, HttpMessage, HttpRequest, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::InternalError,
    http::{
        ConnectionType,
        header::{self, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use app::ports::Presented;
use futures_util::FutureExt;
use kernel::ErrorKind;
use rbac::{Access, Permission, Role, Route, grant};
use tokio::time::Instant;
use tracing::Instrument;

use crate::{ApiError, ApiState, Caller, ErrorCode, cors::Cors, limit::limit, table::Lookup};

/// The cookie the console keeps the chosen role in; read in development only.
pub(crate) const DEV_ROLE_COOKIE: &str = "otto_dev_role";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

#[derive(Clone)]
struct RequestId(Arc<str>);

/// The id of a request.
pub(crate) fn request_id(request: &HttpRequest) -> String {
    request.extensions().get::<RequestId>().map(|id| id.0.to_string()).unwrap_or_default()
}

/// The client's own id if it is usable, else a fresh one.
fn id_of(request: &ServiceRequest, state: &ApiState) -> Arc<str> {
    let usable = |text: &&str| {
        (1..=128).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
    };
    let given = request.headers().get(&REQUEST_ID).and_then(|value| value.to_str().ok()).filter(usable);
    given.map_or_else(|| format!("req_{}", state.ports.ids.next().simple()).into(), Into::into)
}

/// The guard.
pub(crate) async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(state) = request.app_data::<Data<ApiState>>().cloned() else {
        return Err(ApiError::new(ErrorKind::Internal, "Something went wrong on our side").into());
    };
    let id = id_of(&request, &state);
    request.extensions_mut().insert(RequestId(id.clone()));
    let pattern = request.match_pattern();
    let cors = Cors::of(&request, &state.settings.allowed_origins);
    let found = state.table.look_up(pattern.as_deref(), request.method().as_str());
    let operation = match found {
        _ if cors.preflight().is_some() => "preflight",
        Lookup::Found(route) => route.operation,
        Lookup::OtherMethod => "method_not_allowed",
        Lookup::Unknown => "unknown",
    };
    // the pattern, never the path or the query: those may hold numbers, names and tenant keys
    let span = tracing::info_span!(
        parent: None,
        "http",
        otel.name = format!("http.{operation}"),
        otel.kind = "server",
        otel.status_code = tracing::field::Empty,
        http.response.status_code = tracing::field::Empty,
        request.id = %id,
    );
    // whoever sends one names a trace; nothing else of what they send about it is read
    if let Some(trace) = request.headers().get(&TRACEPARENT).and_then(|value| value.to_str().ok()) {
        state.ports.traces.resume(&span, trace);
    }
    let started = Instant::now();
    let method = request.method().clone();
    let mut answer = match cors.preflight() {
        Some(allowed) => Ok(request.into_response(allowed)),
        None => pass(request, next, &state, found, &id).instrument(span.clone()).await,
    };

    let status = answer.as_ref().map_or_else(HttpResponse::status, ServiceResponse::status);
    let elapsed = started.elapsed();
    let class = status.as_u16() / 100;
    metrics::histogram!("otto_http_request_duration_seconds", "operation" => operation, "status" => format!("{class}xx"))
        .record(elapsed.as_secs_f64());
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
    span.in_scope(|| {
        let (status, ms) = (status.as_u16(), elapsed.as_millis());
        if status >= 500 {
            tracing::error!(%method, operation, status, ms, "answered");
        } else {
            tracing::debug!(%method, operation, status, ms, "answered");
        }
    });
    let headers = answer.as_mut().map_or_else(HttpResponse::headers_mut, ServiceResponse::headers_mut);
    if let Ok(value) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, value);
    }
    cors.mark(headers);
    if state.stopping.is_cancelled() {
        // the next request on this connection would find nobody: let it go to another server
        let head = match &mut answer {
            Ok(answer) => answer.response_mut().head_mut(),
            Err(answer) => answer.head_mut(),
        };
        head.set_connection_type(ConnectionType::Close);
    }
    answer.map_err(|answer| InternalError::from_response("the request failed", answer).into())
}

async fn pass(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
    state: &ApiState,
    found: Lookup,
    id: &str,
) -> Result<ServiceResponse<BoxBody>, HttpResponse> {
    let path = request.path().to_owned();
    let route = match found {
        Lookup::Found(route) => route,
        Lookup::OtherMethod => return Ok(refuse(request, &ApiError::method_not_allowed(), id, &path)),
        Lookup::Unknown => return Ok(refuse(request, &ApiError::not_found("Path"), id, &path)),
    };
    let signed_in = match admit(&request, state, &route).await {
        Ok(caller) => caller,
        Err(error) => return Ok(refuse(request, &error, id, &path)),
    };
    let headroom = match limit(signed_in.as_ref(), state, &route).await {
        Ok(headroom) => headroom,
        Err(refusal) => return Ok(request.into_response(refusal.answer(state, id, &path))),
    };
    let private = signed_in.is_some();
    if let Some(caller) = signed_in {
        // whoever is mounted beside us knows a viewer, not our caller
        request.extensions_mut().insert(caller.viewer());
        request.extensions_mut().insert(caller);
    }
    // nobody may hold the request while it is routed, so an answer to it cannot be made once that failed: such a failure
    // travels as an error that carries its answer
    let answered = AssertUnwindSafe(next.call(request)).catch_unwind().await;
    let mut answer = match answered {
        Ok(Ok(answer)) => match answer.response().error().map(|error| in_full(error, id, &path)) {
            Some(full) => answer.into_response(full),
            None => answer.map_into_boxed_body(),
        },
        Ok(Err(error)) => return Err(in_full(&error, id, &path)),
        Err(_) => {
            tracing::error!(operation = route.operation, "a handler panicked");
            let error = ApiError::new(ErrorKind::Internal, "Something went wrong on our side");
            return Err(error.answer(id, &path));
        }
    };
    if let Some(headroom) = headroom {
        headroom.tell(answer.headers_mut(), state.now());
    }
    if private && !answer.headers().contains_key(header::CACHE_CONTROL) {
        answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    Ok(answer)
}

/// An error in the one shape, whoever made it.
fn in_full(error: &Error, id: &str, path: &str) -> HttpResponse {
    if let Some(ours) = error.as_error::<ApiError>() {
        return ours.answer(id, path);
    }
    // the framework's own: a body it could not read, a path it could not decode
    let status = error.as_response_error().status_code();
    let kind = if status.is_client_error() { ErrorKind::Invalid } else { ErrorKind::Internal };
    let message = if status.is_client_error() {
        "The request cannot be read"
    } else {
        "Something went wrong on our side"
    };
    tracing::warn!(%error, "the framework refused a request");
    ApiError::new(kind, message).answer(id, path)
}

fn refuse(request: ServiceRequest, error: &ApiError, id: &str, path: &str) -> ServiceResponse<BoxBody> {
    request.into_response(error.answer(id, path))
}

/// Checks who is calling against what the route asks.
async fn admit(
    request: &ServiceRequest,
    state: &ApiState,
    route: &Route,
) -> Result<Option<Caller>, ApiError> {
    let permission = match route.access {
        Access::Public | Access::Signature | Access::SignedLink => return Ok(None),
        Access::Permission(permission) => permission,
    };
    let mut said = request.headers().get_all(header::AUTHORIZATION);
    // said twice over, it says nothing: which of both is meant would be for whoever reads it to choose
    let only =
        said.next().map(|first| if said.next().is_none() { first.to_str().unwrap_or_default() } else { "" });
    let bearer = only.map(|text| {
        let (scheme, token) = text.split_once(' ').unwrap_or_default();
        if scheme.eq_ignore_ascii_case("bearer") { token.trim_start() } else { "" }
    });
    // in development the console offers a choice of role, which counts for everything but the console itself: whoever
    // chose a role that may not see it must be able to choose again
    let choosable = state.authenticator.is_development() && permission != Permission::ConsoleRead;
    let cookie = request.cookie(DEV_ROLE_COOKIE).filter(|_| choosable);
    let dev_role = cookie.as_ref().map(actix_web::cookie::Cookie::value);
    let identity = state.authenticator.authenticate(Presented { bearer, dev_role }).await?;
    let mut named = request.headers().get_all("x-company-id").map(|value| value.to_str().map(str::trim));
    if !named.all(|named| named.is_ok_and(|named| named.is_empty() || named == identity.company.as_str())) {
        let message = "X-Company-Id is not the company you are signed in to";
        return Err(ApiError::new(ErrorKind::Forbidden, message));
    }
    match grant(identity.role, permission) {
        Some(reach) => Ok(Some(Caller { identity, reach })),
        None => Err(not_for(identity.role)),
    }
}

fn not_for(role: Role) -> ApiError {
    let message = match role {
        Role::Manager => "Managers may not do this",
        Role::Csr => "Customer service representatives may not do this",
        Role::SalesRep => "Sales representatives may not do this",
    };
    ApiError::new(ErrorKind::Forbidden, message).coded(ErrorCode::InsufficientPermissions)
}
