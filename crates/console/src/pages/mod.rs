//! One file for each page.

pub(crate) mod analysis;
pub(crate) mod call;
pub(crate) mod calls;
pub(crate) mod contact;
pub(crate) mod contact_parts;
pub(crate) mod inbox;
pub(crate) mod jobs;
pub(crate) mod overview;
pub(crate) mod providers;
pub(crate) mod role;
pub(crate) mod transcript;

use actix_web::{HttpRequest, HttpResponse, web::Data};
use maud::{Markup, html};

use crate::{ConsoleState, answer::answer, ask::address, visit::PageError};

/// An address of the console that leads nowhere.
pub(crate) async fn nowhere(request: HttpRequest, state: Data<ConsoleState>) -> HttpResponse {
    answer(&request, &state, async |_| Err(PageError::Missing)).await
}

/// A piece of a page with a heading. Nothing is shown of an empty one.
fn section(heading: &str, body: &Markup) -> Markup {
    html! {
        @if !body.0.is_empty() {
            section.card { h2 { (heading) } (body) }
        }
    }
}

/// Names and values; a value that is empty is left out with its name.
fn facts(facts: &[(&str, Markup)]) -> Markup {
    html! {
        dl.facts {
            @for (name, value) in facts {
                @if !value.0.is_empty() { div { dt { (name) } dd { (value) } } }
            }
        }
    }
}

/// Text, or nothing at all.
fn maybe(text: Option<&str>) -> Markup {
    html! { @if let Some(text) = text.filter(|text| !text.trim().is_empty()) { (text) } }
}

/// Where a list goes on. Keyset pages know what comes after them, not how many there are.
fn older(path: &str, pairs: &[(&str, Option<&str>)], cursor: (&str, Option<&str>), is_first: bool) -> Markup {
    html! {
        nav.pages aria-label="Pages" {
            @if !is_first { a.button href=(address(path, pairs)) { "Newest" } }
            @if cursor.1.is_some() {
                @let pairs: Vec<_> = pairs.iter().copied().chain([cursor]).collect();
                a.button rel="next" href=(address(path, &pairs)) { "Older" }
            }
        }
    }
}
