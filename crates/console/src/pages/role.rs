use actix_web::{
    HttpRequest, HttpResponse,
    cookie::{Cookie, SameSite},
    http::header,
    web::{Data, Form},
};
use kernel::ErrorKind;
use rbac::Role;
use serde::Deserialize;

use crate::{ConsoleState, answer::refusal};

/// What the chosen role is kept in. Whoever checks requests reads it, in development only.
pub(crate) const ROLE_COOKIE: &str = "otto_dev_role";

/// The form of the switch.
#[derive(Deserialize)]
pub(crate) struct Choice {
    role: String,
}

/// `POST /console/role`: in development, who the API takes this browser for. There is no such page anywhere else.
pub(crate) async fn post(
    request: HttpRequest,
    state: Data<ConsoleState>,
    // an error of its own would be answered by whoever mounted us
    form: Option<Form<Choice>>,
) -> HttpResponse {
    if !state.development {
        return refusal(&request, &state, ErrorKind::NotFound);
    }
    // a page from elsewhere must not choose for the developer who happens to look at it
    let site = request.headers().get("sec-fetch-site").and_then(|site| site.to_str().ok());
    if site.is_some_and(|site| !matches!(site, "same-origin" | "none")) {
        return refusal(&request, &state, ErrorKind::Forbidden);
    }
    // older browsers say only where the page was from
    let said = |name: header::HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
    let elsewhere = |origin: &str| {
        let host = said(header::HOST).unwrap_or_default();
        origin.split_once("://").is_none_or(|(_, from)| !from.eq_ignore_ascii_case(host))
    };
    if said(header::ORIGIN).is_some_and(elsewhere) {
        return refusal(&request, &state, ErrorKind::Forbidden);
    }
    let role = form.and_then(|form| Role::ALL.into_iter().find(|role| role.as_str() == form.role));
    let Some(role) = role else { return refusal(&request, &state, ErrorKind::Invalid) };
    let cookie =
        Cookie::build(ROLE_COOKIE, role.as_str()).path("/").http_only(true).same_site(SameSite::Lax).finish();
    HttpResponse::SeeOther()
        .insert_header((header::LOCATION, "/console"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .cookie(cookie)
        .finish()
}
