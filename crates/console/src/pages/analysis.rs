//! What the AI made of a call. What it did not say is not shown: nothing here is a guess of ours.

use app::reads::{CallAnalysisView, ObjectionDetail, SopStage};
use maud::{Markup, html};
use serde_json::Value;

use super::section;
use crate::{
    parts::pill::{self, Hue},
    text::{Wall, position, share, words},
};

/// What it comes to.
pub(super) fn summary(found: &CallAnalysisView, wall: &Wall) -> Markup {
    html! {
        section.card {
            h2 { "Analysis" @if let Some(at) = found.analyzed_at { span.aside-note { (wall.moment(at)) } } }
            @if let Some(summary) = &found.summary { p.prose.lead { (summary) } }
            (verdicts(found))
        }
    }
}

/// What it rests on.
pub(super) fn details(found: &CallAnalysisView, wall: &Wall) -> Markup {
    html! {
        (section("Objections", &objections(&found.objection_details)))
        (section("Script", &script(found)))
        (section("Coaching", &coaching(found)))
        (section("Promised", &promised(&found.pending_actions, wall)))
        (section("Not understood", &unknown(&found.unknown_values)))
    }
}

fn verdicts(found: &CallAnalysisView) -> Markup {
    let outcome = found.call_outcome_category.as_deref().map(words);
    html! {
        dl.verdicts {
            div { dt { "Booking" } dd { (pill::booking(found.booking_status.as_deref())) } }
            div { dt { "Quality" } dd { (pill::quality(found.lead_quality.as_deref())) } }
            div { dt { "Mood" } dd { (scale(found.sentiment_score, 1.0)) } }
            div { dt { "Script" } dd { (scale(found.sop_compliance_score, 10.0)) } }
            @if let Some(outcome) = outcome { div { dt { "Outcome" } dd { (outcome) } } }
        }
    }
}

/// A number on a scale, as a number and as a bar.
fn scale(value: Option<f64>, top: f64) -> Markup {
    let value = value.filter(|value| value.is_finite());
    html! {
        @if let Some(value) = value {
            @let part = (value / top).clamp(0.0, 1.0);
            @if top > 1.0 { (format!("{value:.1}")) span.sub { " / 10" } } @else { (share(part)) }
            svg.bar.small aria-hidden="true" {
                rect.bar-track width="100%" height="100%" rx="2" {}
                rect.bar-fill width={ (format!("{:.0}", part * 100.0)) "%" } height="100%" rx="2" {}
            }
        } @else {
            (pill::nothing())
        }
    }
}

fn objections(objections: &[ObjectionDetail]) -> Markup {
    html! {
        @if !objections.is_empty() {
            ul.entries {
                @for objection in objections {
                    @let text = objection.objection_text.as_deref();
                    @let category = objection.category.as_deref();
                    li {
                        p.entry-head {
                            b { (category.or(text).map_or_else(|| "Objection".to_owned(), words)) }
                            @if let Some(severity) = objection.severity.as_deref() {
                                " " (pill::pill(Hue::of_severity(severity), &words(severity)))
                            }
                            @match objection.overcome {
                                Some(true) => { " " (pill::pill(Hue::Green, "Overcome")) },
                                Some(false) => { " " (pill::pill(Hue::Grey, "Not overcome")) },
                                None => {},
                            }
                            @if let Some(at) = objection.timestamp { " " span.sub { "at " (position(at)) } }
                        }
                        @if let (Some(text), Some(_)) = (text, category) { p { "“" (text) "”" } }
                        @if !objection.response_suggestions.is_empty() {
                            details {
                                summary { "What to answer next time" }
                                ul.plain { @for one in &objection.response_suggestions { li { (one) } } }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The script's stages as a checklist.
fn script(found: &CallAnalysisView) -> Markup {
    html! {
        @if !found.sop_compliance.is_empty() {
            ul.checklist { @for stage in &found.sop_compliance { (check(stage)) } }
        }
        (list("Violations", &found.compliance_violations))
        (list("Done well", &found.compliance_positive_behaviors))
    }
}

fn check(stage: &SopStage) -> Markup {
    let done = stage.status == "completed";
    html! {
        li.checked[done] {
            span { (words(&stage.stage)) }
            span.unseen { @if done { " (followed)" } @else { " (missed)" } }
            @if let Some(score) = stage.score { span.sub { (format!("{score:.1}")) } }
        }
    }
}

fn coaching(found: &CallAnalysisView) -> Markup {
    html! {
        @if !found.coaching_tips.is_empty() {
            ul.plain { @for tip in &found.coaching_tips { li { (tip.tip) } } }
        }
        (list("Recommended", &found.compliance_recommendations))
    }
}

fn list(name: &str, lines: &[String]) -> Markup {
    html! {
        @if !lines.is_empty() {
            h3 { (name) }
            ul.plain { @for line in lines { li { (line) } } }
        }
    }
}

/// What somebody promised to do.
fn promised(actions: &[Value], wall: &Wall) -> Markup {
    let text = |action: &Value, name: &str| action.get(name).and_then(Value::as_str).map(str::to_owned);
    html! {
        @if !actions.is_empty() {
            ul.entries {
                @for action in actions {
                    li {
                        p { (text(action, "description").unwrap_or_else(|| "Something".to_owned())) }
                        p.sub {
                            @if let Some(sort) = text(action, "action_type") { (words(&sort)) }
                            @if let Some(due) = text(action, "due_at").and_then(|due| due.parse().ok()) {
                                " · due " (wall.moment(due))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What the vendor sent that we do not know.
fn unknown(values: &Value) -> Markup {
    let values = values.as_array().map(Vec::as_slice).unwrap_or_default();
    let text =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    html! {
        @if !values.is_empty() {
            p.hint { "The vendor sent these values; Otto does not know them and left the fields empty." }
            ul.plain {
                @for value in values {
                    li { code { (text(value, "field")) } ": " code { (text(value, "value")) } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use app::reads::AnalysisState;
    use kernel::{Calendar, CallId};
    use serde_json::json;

    use super::*;

    fn wall() -> Wall {
        Wall { calendar: Calendar::UTC, now: "2026-11-22T18:00:00Z".parse().unwrap() }
    }

    #[test]
    fn what_was_not_said_is_not_shown() {
        let empty = CallAnalysisView::none(CallId(1), AnalysisState::Complete, None);
        let shown = summary(&empty, &wall()).into_string() + &details(&empty, &wall()).into_string();
        for heading in ["Objections", "Coaching", "Promised", "Not understood"] {
            assert!(!shown.contains(heading), "{heading}: {shown}");
        }
        assert!(!shown.contains('0'), "a number nobody said: {shown}");
    }

    #[test]
    fn the_vendors_words_are_text() {
        let hostile = "</p><script>alert(1)</script>";
        let mut found = CallAnalysisView::none(CallId(1), AnalysisState::Complete, None);
        found.summary = Some(hostile.to_owned());
        found.sentiment_score = Some(f64::INFINITY);
        found.sop_compliance_score = Some(1e300);
        found.compliance_violations = vec![hostile.to_owned()];
        found.pending_actions = vec![json!({ "description": hostile, "due_at": "never" }), json!(7)];
        found.unknown_values = json!([{ "field": hostile, "value": hostile }, null]);
        found.sop_compliance = vec![SopStage { stage: hostile.to_owned(), status: "missed", score: None }];
        let shown = summary(&found, &wall()).into_string() + &details(&found, &wall()).into_string();
        assert!(!shown.contains("<script"), "{shown}");
        assert!(
            shown.contains("width=\"100%\" height=\"100%\" rx=\"2\"") && !shown.contains("inf"),
            "{shown}"
        );
    }
}
