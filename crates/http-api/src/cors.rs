//! What browsers are told of other origins (contract `conventions.md` §10): an allowed one is echoed with credentials, on
//! every answer, errors included, for a browser hides those that lack it; any other is told nothing.

use actix_web::{
    HttpResponse,
    dev::ServiceRequest,
    http::{
        Method,
        header::{self, HeaderMap, HeaderValue},
    },
};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
const HEADERS: HeaderValue = HeaderValue::from_static(
    "authorization, content-type, x-company-id, x-request-id, idempotency-key, if-match, traceparent",
);
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "x-request-id, retry-after, etag, x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset",
);
const HOUR: HeaderValue = HeaderValue::from_static("3600");
const YES: HeaderValue = HeaderValue::from_static("true");

/// What the answer to one request says of its origin.
pub(crate) struct Cors {
    /// The origin, if it is allowed.
    origin: Option<HeaderValue>,
    /// What a preflight asks to send.
    asked: Option<HeaderValue>,
    is_preflight: bool,
}

impl Cors {
    /// Looks at a request.
    pub(crate) fn of(request: &ServiceRequest, allowed: &[String]) -> Self {
        let headers = request.headers();
        let origin = headers.get(header::ORIGIN);
        let is_allowed = |origin: &&HeaderValue| {
            origin.to_str().is_ok_and(|origin| allowed.iter().any(|allowed| matches(allowed, origin)))
        };
        let is_preflight = *request.method() == Method::OPTIONS
            && origin.is_some()
            && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
        Self {
            origin: origin.filter(is_allowed).cloned(),
            asked: headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned(),
            is_preflight,
        }
    }

    /// The answer to a preflight, which needs no token and no known path.
    pub(crate) fn preflight(&self) -> Option<HttpResponse> {
        if !self.is_preflight {
            return None;
        }
        let mut answer = HttpResponse::NoContent();
        if self.origin.is_some() {
            answer.insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, METHODS));
            let headers = self.asked.clone().unwrap_or(HEADERS);
            answer.insert_header((header::ACCESS_CONTROL_ALLOW_HEADERS, headers));
            answer.insert_header((header::ACCESS_CONTROL_MAX_AGE, HOUR));
        }
        Some(answer.finish())
    }

    /// Marks an answer.
    pub(crate) fn mark(&self, headers: &mut HeaderMap) {
        // a shared cache must not hand one origin's answer to another
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        let Some(origin) = &self.origin else { return };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, YES);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    }
}

/// Whether an origin is one allowed; one `*` stands for anything but a slash.
fn matches(allowed: &str, origin: &str) -> bool {
    match allowed.split_once('*') {
        None => allowed == origin,
        Some((head, tail)) => {
            let middle = origin.strip_prefix(head).and_then(|rest| rest.strip_suffix(tail));
            middle.is_some_and(|middle| !middle.is_empty() && !middle.contains('/'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_match_exactly_or_by_one_star() {
        assert!(matches("https://app.otto.ai", "https://app.otto.ai"));
        assert!(!matches("https://app.otto.ai", "https://app.otto.ai.evil.com"));
        assert!(matches("exp://*", "exp://192.168.1.4:8081"));
        assert!(matches("https://*.otto.ai", "https://staging.otto.ai"));
        assert!(!matches("https://*.otto.ai", "https://otto.ai"));
        assert!(!matches("https://*.otto.ai", "https://evil.com/.otto.ai"));
    }
}
