//! How often the client API may be asked (contract `conventions.md` §9).

use std::time::Duration;

use actix_web::{
    HttpResponse,
    http::header::{HeaderMap, HeaderName, HeaderValue},
};
use app::ports::{Budget, Headroom, Ruling, Whose};
use kernel::{ErrorKind, Timestamp};
use rbac::{Access, Permission, Route};

use crate::{ApiError, ApiState, Caller};

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// What is left, as clients are told.
pub(crate) struct Told(Headroom);

impl Told {
    pub(crate) fn tell(&self, headers: &mut HeaderMap, now: Timestamp) {
        let full_in = i64::try_from(self.0.full_in.as_millis().div_ceil(1000)).unwrap_or(i64::MAX);
        headers.insert(LIMIT, HeaderValue::from(self.0.limit));
        headers.insert(REMAINING, HeaderValue::from(self.0.remaining));
        headers.insert(RESET, HeaderValue::from(now.timestamp().saturating_add(full_in)));
    }
}

/// Too often.
pub(crate) struct Refusal {
    headroom: Told,
    retry_after: Duration,
}

impl Refusal {
    pub(crate) fn answer(&self, state: &ApiState, id: &str, path: &str) -> HttpResponse {
        let error = ApiError::new(ErrorKind::Throttled, "Too many requests; please try again in a moment");
        let mut answer = error.after(self.retry_after).answer(id, path);
        self.headroom.tell(answer.headers_mut(), state.now());
        answer
    }
}

/// Counts a request of the client API. While nobody can count, requests go on and that is counted instead.
pub(crate) async fn limit(
    caller: Option<&Caller>,
    state: &ApiState,
    route: &Route,
) -> Result<Option<Told>, Refusal> {
    let (Some(caller), Some(limits)) = (caller, state.settings.limits) else { return Ok(None) };
    // the console is ours, and looks by itself
    if route.access == Access::Permission(Permission::ConsoleRead) {
        return Ok(None);
    }
    let identity = &caller.identity;
    let budgets = [
        Budget { what: "user", who: identity.user.as_str(), rate: limits.user },
        Budget { what: "tenant", who: "", rate: limits.tenant },
    ];
    let ruling = state.ports.shared.limiter.take(Whose::Company(&identity.company), &budgets).await;
    let decision = match ruling {
        Ruling::Allowed(_) => "allowed",
        Ruling::Denied { .. } => "denied",
        Ruling::Undecided => "undecided",
    };
    metrics::counter!("otto_rate_limit_decisions_total", "decision" => decision).increment(1);
    match ruling {
        Ruling::Allowed(headroom) => Ok(Some(Told(headroom))),
        Ruling::Denied { headroom, retry_after } => Err(Refusal { headroom: Told(headroom), retry_after }),
        Ruling::Undecided => Ok(None),
    }
}
