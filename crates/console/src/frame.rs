//! What is around every page.

use actix_web::{HttpRequest, cookie::Cookie};
use maud::{DOCTYPE, Markup, html};
use rbac::Role;

use crate::{ConsoleState, answer::Page, assets, pages::role::ROLE_COOKIE, text::words, visit::Visit};

/// Which part of the console a page belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Here {
    /// The overview.
    Overview,
    /// Calls and customers.
    Calls,
    /// Webhooks.
    Inbox,
    /// Jobs.
    Jobs,
    /// Providers.
    Providers,
    /// None.
    Nowhere,
}

const PLACES: [(Here, &str, &str); 5] = [
    (Here::Overview, "/console", "Overview"),
    (Here::Calls, "/console/calls", "Calls"),
    (Here::Inbox, "/console/inbox", "Inbox"),
    (Here::Jobs, "/console/jobs", "Jobs"),
    (Here::Providers, "/console/providers", "Providers"),
];

/// A whole document.
pub(crate) fn framed(
    request: &HttpRequest,
    state: &ConsoleState,
    visit: Option<&Visit>,
    page: &Page,
) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (page.title) " · Otto" }
                link rel="icon" type="image/svg+xml" href=(assets::ICON.href());
                link rel="stylesheet" href=(assets::STYLE.href());
                script defer src=(assets::SCRIPT.href()) {}
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                (header(visit, page.here))
                @if state.development { (role_switch(request)) }
                main #main tabindex="-1" {
                    @if let Some(visit) = visit { (visit.house.alarms(&visit.wall)) }
                    (page.body)
                }
                (footer(state, visit))
            }
        }
    }
}

fn header(visit: Option<&Visit>, here: Here) -> Markup {
    html! {
        header.top {
            a.brand href="/console" {
                svg.brand-mark viewBox="0 0 24 24" aria-hidden="true" {
                    circle cx="12" cy="12" r="8.5" {}
                    path d="M8 12h1.6l1.5-3.6 2.2 7.2L14.9 12H16" {}
                }
                "Otto"
            }
            nav.places aria-label="Console" {
                ul {
                    @for (place, href, name) in PLACES {
                        li {
                            a href=(href) aria-current=[(place == here).then_some("page")] { (name) }
                        }
                    }
                    li { a href="/docs" { "API" } }
                }
            }
            @if let Some(visit) = visit {
                p.company {
                    @if !visit.company.is_empty() { b { (visit.company) } " " }
                    span.id { (visit.viewer.company) }
                }
            }
        }
    }
}

/// In development: who the API takes this browser for. Plain buttons of a form, so that it needs no script.
fn role_switch(request: &HttpRequest) -> Markup {
    let cookie = request.cookie(ROLE_COOKIE);
    let chosen = Role::from_claim(cookie.as_ref().map(Cookie::value)).unwrap_or(Role::Manager);
    html! {
        form.roles method="post" action="/console/role" {
            span.roles-what #role-what { "Development: " code { "/api/v1" } " and " code { "/docs" } " take you for a" }
            span.roles-choice role="group" aria-labelledby="role-what" {
                @for role in Role::ALL {
                    button type="submit" name="role" value=(role) aria-pressed=(role == chosen) {
                        (words(role.as_str()))
                    }
                }
            }
            span.roles-hint { "The console itself always takes you for a manager." }
        }
    }
}

fn footer(state: &ConsoleState, visit: Option<&Visit>) -> Markup {
    html! {
        footer.bottom {
            p {
                "Otto " (state.version)
                @if let Some(visit) = visit { " · times in " (visit.wall.zone()) }
            }
            p { a href="/docs" { "API documentation" } " · " a href="/health/detailed" { "Health" } }
        }
    }
}
