//! Calls as a table. On a narrow screen each row becomes a card, which is why roles are spelled out: some browsers
//! forget that a table is one when it is laid out otherwise.

use app::reads::CallLine;
use maud::{Markup, html};

use super::pill;
use crate::text::{Wall, duration, phone, words};

/// Calls, newest first.
pub(crate) fn call_rows(calls: &[CallLine], wall: &Wall, nobody: &str) -> Markup {
    html! {
        @if calls.is_empty() {
            p.empty { (nobody) }
        } @else {
            table.rows.calls role="table" {
                thead role="rowgroup" {
                    tr role="row" {
                        th scope="col" role="columnheader" { "Time" }
                        th scope="col" role="columnheader" { "Customer" }
                        th scope="col" role="columnheader" { "Call" }
                        th scope="col" role="columnheader" { "Stage" }
                        th scope="col" role="columnheader" { "Quality" }
                        th scope="col" role="columnheader" { "Booking" }
                        th.number-cell scope="col" role="columnheader" { "Duration" }
                    }
                }
                tbody role="rowgroup" { @for call in calls { (row(call, wall)) } }
            }
        }
    }
}

fn row(call: &CallLine, wall: &Wall) -> Markup {
    let number = call.phone_number.as_deref().map(phone);
    let name = call.customer_name.as_deref().filter(|name| !name.trim().is_empty());
    html! {
        tr role="row" data-key={ "call-" (call.call_id) } data-value="row" {
            td.cell-time role="cell" { (wall.moment(call.created_at)) }
            td.cell-who role="cell" {
                a.who href={ "/console/calls/" (call.call_id) } {
                    @match (name, &number) {
                        (Some(name), _) => (name),
                        (None, Some(number)) => (number),
                        (None, None) => { "Call " (call.call_id) },
                    }
                }
                @if let (Some(_), Some(number)) = (name, &number) { " " span.sub { (number) } }
                @if call.problem_count > 0 {
                    " " span.flag title="Its provider said what cannot be true" {
                        span aria-hidden="true" { "!" }
                        span.unseen { " (" (call.problem_count) " to look at)" }
                    }
                }
            }
            td.cell-status role="cell" { (arrow(call.direction.as_deref())) (words(&call.status)) }
            td.cell-stage role="cell" { (pill::stage(call.call_id, &call.stage)) }
            td.cell-quality role="cell" { (pill::quality(call.lead_quality.as_deref())) }
            td.cell-booking role="cell" { (pill::booking(call.booking_status.as_deref())) }
            td.cell-duration.number-cell role="cell" {
                @match call.duration_seconds {
                    Some(seconds) => (duration(seconds.into())),
                    None => (pill::nothing()),
                }
            }
        }
    }
}

/// Who called whom, before what is said of the call.
pub(crate) fn arrow(direction: Option<&str>) -> Markup {
    let sign = match direction {
        Some("inbound") => "↙",
        Some("outbound") => "↗",
        _ => "",
    };
    html! {
        @if let Some(direction) = direction {
            span.arrow title=(words(direction)) aria-hidden="true" { (sign) }
            span.unseen { (words(direction)) ", " }
        }
    }
}

#[cfg(test)]
mod tests {
    use kernel::{Calendar, CallId};

    use super::*;

    #[test]
    fn hostile_names_are_text() {
        let at = "2026-11-22T18:00:00Z".parse().unwrap();
        let call = CallLine {
            call_id: CallId(7),
            phone_number: Some("\"><img src=x onerror=alert(1)>".to_owned()),
            customer_name: Some("</td><script>alert('x')</script>".to_owned()),
            name: None,
            direction: Some("<b>".to_owned()),
            status: "<i>".to_owned(),
            stage: "' onmouseover='x".to_owned(),
            missed_call: false,
            booked: false,
            booking_status: Some("<u>".to_owned()),
            lead_quality: Some("<s>".to_owned()),
            duration_seconds: Some(-3),
            contact_card_id: None,
            lead_id: None,
            owner_id: None,
            assigned_rep_id: None,
            provider_call_id: "x".to_owned(),
            problem_count: 1,
            analyzed_at: None,
            created_at: at,
        };
        let shown = call_rows(&[call], &Wall { calendar: Calendar::UTC, now: at }, "none").into_string();
        for hostile in ["<script", "<img", "<b>", "<i>", "<u>", "<s>"] {
            assert!(!shown.contains(hostile), "{hostile}: {shown}");
        }
        assert!(shown.contains("&lt;/td&gt;&lt;script&gt;"));
        assert!(shown.contains("(1 to look at)"));
    }
}
