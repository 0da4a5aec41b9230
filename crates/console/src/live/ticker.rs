//! One line of what happens.

use app::ports::Event;
use maud::{Markup, html};
use serde_json::Value;

use crate::text::{Wall, cut, duration, plain};

/// Said beside another event of the same moment, in the words of older clients.
const SAID_TWICE: [&str; 4] =
    ["telephony.call.received", "telephony.call.completed", "ai.analysis.complete", "shunya.job.succeeded"];

/// The line of an event; none for one that only repeats another.
pub(super) fn line(event: &Event, wall: &Wall) -> Option<Markup> {
    if SAID_TWICE.contains(&event.event.as_ref()) {
        return None;
    }
    let what = what(event);
    Some(html! {
        li.(family(&event.event)) {
            span.ticker-at { (wall.second(event.at)) }
            " "
            span.ticker-what {
                (event.event)
                @if let Some(call) = event.call {
                    span.between { " · " }
                    a href={ "/console/calls/" (call) } { "call " (call) }
                }
                @if let Some(what) = what { span.between { " · " } (what) }
            }
        }
    })
}

/// What it is about, for its colour.
fn family(event: &str) -> &'static str {
    match event {
        "call.analysis.completed" => "green",
        "call.missed" => "amber",
        _ if event.ends_with(".failed") || event.ends_with(".timeout") => "red",
        _ if event.starts_with("call.") => "blue",
        _ if event.starts_with("shunya.") => "violet",
        _ => "teal",
    }
}

/// The one thing worth saying of it.
fn what(event: &Event) -> Option<String> {
    let data = &event.data;
    let word = |value: Option<&Value>| value.and_then(Value::as_str).map(|text| plain(&cut(text, 60)));
    match event.event.as_ref() {
        "call.analysis.completed" => {
            let verdict = data.get("analysis_result");
            let of = |name: &str| word(verdict.and_then(|verdict| verdict.get(name)));
            of("booking_status").or_else(|| of("lead_quality"))
        }
        "call.completed" | "call.answered" => {
            data.get("duration").and_then(Value::as_i64).filter(|seconds| *seconds > 0).map(duration)
        }
        "task.created" => data.get("description").and_then(Value::as_str).map(|text| cut(text, 60)),
        // "missed" of a call that was missed
        name => word(data.get("error"))
            .or_else(|| word(data.get("status")))
            .filter(|word| !name.ends_with(word.as_str())),
    }
}

#[cfg(test)]
mod tests {
    use kernel::{Calendar, CallId, EventId};
    use serde_json::json;

    use super::*;

    fn shown(name: &'static str, data: Value) -> Option<String> {
        let at = "2026-11-22T18:00:00Z".parse().unwrap();
        let event = Event {
            id: EventId("01900000-0000-7000-8000-000000000001".parse().unwrap()),
            event: name.into(),
            key: "k".to_owned(),
            lead: None,
            user: None,
            call: Some(CallId(123)),
            data,
            at,
        };
        line(&event, &Wall { calendar: Calendar::UTC, now: at }).map(Markup::into_string)
    }

    #[test]
    fn an_analysis_says_its_verdict() {
        let data = json!({ "analysis_result": { "booking_status": "not_booked" } });
        let shown = shown("call.analysis.completed", data).unwrap();
        assert!(
            shown.contains("href=\"/console/calls/123\">call 123<") && shown.contains("not booked"),
            "{shown}"
        );
    }

    #[test]
    fn what_was_said_is_not_said_twice() {
        assert_eq!(shown("ai.analysis.complete", json!({})), None);
    }

    #[test]
    fn texts_are_text_and_short_and_of_any_shape() {
        let task = shown("task.created", json!({ "description": "<script>".repeat(50) })).unwrap();
        assert!(!task.contains("<script") && task.len() < 700, "{task}");
        for odd in [json!(null), json!([1]), json!({ "status": { "a": 1 }, "analysis_result": 3 })] {
            for name in ["call.analysis.completed", "call.completed", "task.created", "lead.updated"] {
                assert!(shown(name, odd.clone()).is_some());
            }
        }
    }
}
