use actix_web::{HttpRequest, HttpResponse, web::Data};
use app::reads::{AnalysisState, CallDetail, call_detail};
use kernel::CallId;
use maud::{Markup, html};
use serde_json::Value;

use super::{analysis, facts, maybe, section, transcript};
use crate::{
    ConsoleState,
    answer::{Page, answer},
    frame::Here,
    parts::{pill, strip},
    text::{Wall, duration, person, phone, words},
    visit::{PageError, Visit},
};

/// `GET /console/calls/{id}`.
pub(crate) async fn get(request: HttpRequest, state: Data<ConsoleState>) -> HttpResponse {
    answer(&request, &state, async |visit| {
        let id = request.match_info().get("id").unwrap_or_default();
        let id = id.parse().map(CallId).map_err(|_| PageError::Missing)?;
        let call = call_detail(&state.ports, &visit.viewer, id).await?.ok_or(PageError::Missing)?;
        let audio = call.recording_url.clone().filter(|link| playable(link));
        let body = body(&call, audio.as_deref(), visit);
        Ok(Page { title: format!("Call {id}"), here: Here::Calls, body, audio })
    })
    .await
}

/// Our storages answer links to themselves; anything else is not put where a browser would follow it.
fn playable(link: &str) -> bool {
    let local = link.starts_with('/') && !link.starts_with("//");
    local || link.starts_with("https://") || link.starts_with("http://")
}

fn body(call: &CallDetail, audio: Option<&str>, visit: &Visit) -> Markup {
    let wall = &visit.wall;
    let number = call.phone_number.as_deref().map(phone);
    let name = call.customer_name.as_deref().filter(|name| !name.trim().is_empty());
    let who = name.map(str::to_owned).or_else(|| number.clone());
    html! {
        nav.trail aria-label="Where this is" { a href="/console/calls" { "Calls" } " / " (call.call_id) }
        div.title-row {
            h1 { (who.unwrap_or_else(|| "Unknown caller".to_owned())) }
            p.pills {
                (pill::stage(call.call_id, &call.stage))
                @if let Some(booking) = call.booking_status.as_deref() { " " (pill::booking(Some(booking))) }
            }
        }
        p.subtitle {
            "Call " (call.call_id) " · " (wall.moment(call.created_at))
            @if let Some(seconds) = call.duration_seconds { " · " (duration(seconds.into())) }
            @if name.is_some() { @if let Some(number) = &number { " · " (number) } }
        }
        section.card aria-label="Progress" { (strip::progress(&call.stage)) }
        div.columns {
            div.wide {
                (verdict(call, wall))
                (section("Recording", &recording(call, audio)))
                (transcript::transcript(call))
            }
            div.side {
                @if let Some(found) = &call.analysis { (analysis::details(found, wall)) }
                (section("Facts", &facts_of(call, visit)))
                (section("Problems", &problems(&call.problems)))
            }
        }
    }
}

fn recording(call: &CallDetail, audio: Option<&str>) -> Markup {
    html! {
        @if let Some(link) = audio {
            audio #audio controls preload="metadata" src=(link) { "This browser plays no audio." }
        } @else {
            p.empty {
                @match call.stage.as_str() {
                    "fetching_recording" => "The recording is being copied.",
                    "awaiting_recording" => "The provider has not said yet whether there is a recording.",
                    "ringing" | "in_progress" => "The call is not over yet.",
                    _ => "There is no recording.",
                }
            }
        }
    }
}

/// What the AI made of it, or why it has not.
fn verdict(call: &CallDetail, wall: &Wall) -> Markup {
    html! {
        @match &call.analysis {
            Some(found) => (analysis::summary(found, wall)),
            None => section.card {
                h2 { "Analysis" }
                p.empty {
                    @match AnalysisState::without_analysis(&call.stage) {
                        AnalysisState::Processing => "Under way.",
                        AnalysisState::Failed => (failed(call)),
                        AnalysisState::Complete | AnalysisState::NotAnalyzed => "There is nothing to analyse.",
                    }
                }
            },
        }
    }
}

/// Why it will not be analysed.
fn failed(call: &CallDetail) -> Markup {
    html! {
        @match &call.failure {
            Some(failure) if failure.code == "cancelled" => "Called off.",
            Some(failure) => {
                "Given up on: " (words(&failure.code))
                @if let Some(message) = &failure.message { " (" (message) ")" }
                "."
            }
            None => "Given up on. The jobs page says why.",
        }
    }
}

fn facts_of(call: &CallDetail, visit: &Visit) -> Markup {
    let wall = &visit.wall;
    let someone = |id: Option<&str>| html! { @if let Some(id) = id { (person(id, &visit.viewer)) } };
    let end = call
        .duration_seconds
        .map(|seconds| call.created_at + chrono::Duration::seconds(seconds.max(0).into()));
    let number = call.phone_number.as_deref().map(phone);
    let customer = html! {
        @if let Some(contact) = call.contact_card_id {
            a href={ "/console/contacts/" (contact) } { "Contact card" }
        }
    };
    let lead = html! {
        @if let (Some(contact), Some(lead)) = (call.contact_card_id, call.lead_id) {
            a href={ "/console/contacts/" (contact) "#lead-" (lead) } { "Lead " span.id { (lead) } }
        }
    };
    facts(&[
        ("Customer", maybe(call.customer_name.as_deref())),
        ("Phone", maybe(number.as_deref())),
        ("Address", maybe(call.address.as_deref())),
        ("Contact", customer),
        ("Lead", lead),
        ("Direction", maybe(call.direction.as_deref().map(words).as_deref())),
        ("Status", html! { (words(&call.status)) @if call.missed_call { " · nobody took it" } }),
        ("Sort", maybe(call.call_type.as_deref().map(words).as_deref())),
        ("Began", wall.exact(call.created_at)),
        ("Ended", html! { @if let Some(end) = end { (wall.exact(end)) } }),
        ("Duration", html! { @if let Some(seconds) = call.duration_seconds { (duration(seconds.into())) } }),
        ("Taken by", someone(call.owner_id.as_deref())),
        ("Assigned to", someone(call.assigned_rep_id.as_deref())),
        ("Reported by", html! { (words(&call.provider)) " " span.id { (call.provider_call_id) } }),
        ("Last changed", wall.exact(call.updated_at)),
    ])
}

/// What its provider said that cannot be true.
fn problems(problems: &Value) -> Markup {
    let problems = problems.as_array().map(Vec::as_slice).unwrap_or_default();
    let text = |problem: &Value, name: &str| {
        problem.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    html! {
        @if !problems.is_empty() {
            p.hint { "Its provider said what cannot be true. The call is kept, these fields are left empty." }
            ul.plain {
                @for problem in problems {
                    li { code { (text(problem, "field")) } " " (words(&text(problem, "code"))) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_links_a_browser_may_follow_are_played() {
        assert!(playable("/media/x") && playable("https://s3/x") && playable("http://localhost:1/x"));
        for link in ["//evil/x", "javascript:alert(1)", "data:audio/wav;base64,", "ftp://x", ""] {
            assert!(!playable(link), "{link}");
        }
    }

    #[test]
    fn problems_of_any_shape_are_survived() {
        for odd in [json!(null), json!({}), json!([]), json!("x")] {
            assert!(problems(&odd).into_string().is_empty());
        }
        let shown = problems(&json!([{ "field": "<b>", "code": "negative_duration" }, 3])).into_string();
        assert!(shown.contains("&lt;b&gt;") && shown.contains("Negative duration"), "{shown}");
    }
}
