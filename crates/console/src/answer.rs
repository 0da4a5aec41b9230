//! How pages are answered: their headers, and what people are told of failures.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, Uri, header},
};
use kernel::ErrorKind;
use maud::{Markup, html};

use crate::{
    ConsoleState,
    frame::{Here, framed},
    visit::{PageError, Visit},
};

/// A page, without what is around every page.
pub(crate) struct Page {
    /// For the window's title.
    pub(crate) title: String,
    /// Which part of the console it belongs to.
    pub(crate) here: Here,
    /// What is on it.
    pub(crate) body: Markup,
    /// A link to audio it plays.
    pub(crate) audio: Option<String>,
}

/// Answers a page, or a page that says why not.
pub(crate) async fn answer(
    request: &HttpRequest,
    state: &ConsoleState,
    page: impl AsyncFnOnce(&Visit) -> Result<Page, PageError>,
) -> HttpResponse {
    let (visit, shown) = match Visit::begin(request, state).await {
        Ok(visit) => {
            let shown = page(&visit).await;
            (Some(visit), shown)
        }
        Err(error) => (None, Err(error)),
    };
    match shown {
        Ok(page) => respond(request, state, visit.as_ref(), StatusCode::OK, &page),
        Err(error) => {
            error.log();
            let (status, page) = apology(error.kind());
            respond(request, state, visit.as_ref(), status, &page)
        }
    }
}

/// A page that says no to somebody who may be nobody.
pub(crate) fn refusal(request: &HttpRequest, state: &ConsoleState, kind: ErrorKind) -> HttpResponse {
    let (status, page) = apology(kind);
    respond(request, state, None, status, &page)
}

fn respond(
    request: &HttpRequest,
    state: &ConsoleState,
    visit: Option<&Visit>,
    status: StatusCode,
    page: &Page,
) -> HttpResponse {
    let mut answer = HttpResponse::build(status);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        answer.insert_header((header::RETRY_AFTER, "5"));
    }
    answer
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_SECURITY_POLICY, policy(page.audio.as_deref())))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::X_FRAME_OPTIONS, "DENY"))
        .insert_header((header::REFERRER_POLICY, "same-origin"))
        .insert_header(("Cross-Origin-Opener-Policy", "same-origin"))
        .body(framed(request, state, visit, page).into_string())
}

/// Nothing from elsewhere and nothing inline, so that a text that got through unescaped still could do nothing. Only
/// audio may lie at the storage's own address, on the one page that plays it.
fn policy(audio: Option<&str>) -> String {
    let media = match audio {
        None => "'self'".to_owned(),
        Some(link) => match origin(link) {
            Some(origin) => format!("'self' https: {origin}"),
            None => "'self' https:".to_owned(),
        },
    };
    format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
         media-src {media}; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )
}

/// Where a link leads, if it is a plain one: our own server may be known by another name than the browser uses, and a
/// storage on the local network speaks no TLS.
fn origin(link: &str) -> Option<String> {
    let uri: Uri = link.parse().ok()?;
    let scheme = uri.scheme_str().filter(|scheme| matches!(*scheme, "http" | "https"))?;
    let host = uri.host().filter(|host| {
        !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-.[]:".contains(&byte))
    })?;
    Some(match uri.port_u16() {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    })
}

/// What people are told of a failure; the rest is in the log.
fn apology(kind: ErrorKind) -> (StatusCode, Page) {
    let (status, title, words) = match kind {
        ErrorKind::Invalid => (
            StatusCode::BAD_REQUEST,
            "That cannot be read",
            "Something in the address is not as it should be.",
        ),
        ErrorKind::Unauthenticated => {
            (StatusCode::UNAUTHORIZED, "Sign in first", "The console shows itself to whoever is signed in.")
        }
        ErrorKind::Forbidden => {
            (StatusCode::FORBIDDEN, "Not for you", "Your role may not look at this page.")
        }
        ErrorKind::NotFound => (StatusCode::NOT_FOUND, "Nothing here", "There is no such page."),
        ErrorKind::Conflict => {
            (StatusCode::CONFLICT, "Changed meanwhile", "Somebody else changed this. Look again.")
        }
        ErrorKind::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Too much", "That is more than we take."),
        ErrorKind::UnsupportedMedia => (
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "That cannot be read",
            "We do not read this sort of content.",
        ),
        ErrorKind::Throttled => {
            (StatusCode::TOO_MANY_REQUESTS, "Slow down a little", "Try again in a few seconds.")
        }
        ErrorKind::Unavailable => (
            StatusCode::SERVICE_UNAVAILABLE,
            "Not answering right now",
            "Something the console reads from is busy or away. Nothing is lost; try again in a few seconds.",
        ),
        ErrorKind::Upstream => (
            StatusCode::BAD_GATEWAY,
            "A provider stumbled",
            "It did not answer as expected. Try again later.",
        ),
        ErrorKind::Internal => (
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong",
            "That is on our side. The log says what happened.",
        ),
    };
    let body = html! {
        section.apology {
            p.apology-status aria-hidden="true" { (status.as_u16()) }
            h1 { (title) }
            p { (words) }
            p { a.button href="/console" { "Back to the overview" } }
        }
    };
    (status, Page { title: title.to_owned(), here: Here::Nowhere, body, audio: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_origins_reach_the_policy() {
        assert_eq!(origin("http://127.0.0.1:8080/media/x?y=z").unwrap(), "http://127.0.0.1:8080");
        assert_eq!(origin("https://bucket.s3.amazonaws.com/a").unwrap(), "https://bucket.s3.amazonaws.com");
        for link in ["/media/x", "javascript:alert(1)", "http://a;script-src *", "data:audio/wav,x", ""] {
            assert_eq!(origin(link), None, "{link}");
        }
    }

    #[test]
    fn pages_without_audio_play_none_from_elsewhere() {
        assert!(policy(None).contains("media-src 'self';"));
        assert!(
            policy(Some("http://10.0.0.1:9000/x")).contains("media-src 'self' https: http://10.0.0.1:9000;")
        );
        assert!(policy(Some("/media/x")).contains("media-src 'self' https:;"));
        assert!(!policy(None).contains("unsafe"));
    }
}
