//! The pieces of a contact card. Each shows nothing where there is nothing.

use app::reads::{ContactCardDetail, StatusHistoryLine, TimelineLine};
use maud::{Markup, html};

use crate::{
    parts::{
        call_rows::arrow,
        pill::{self, Hue, pill},
    },
    text::{Wall, duration, plain, position, words},
};

/// Calls with recordings first-hand: newest first.
pub(super) fn calls(card: &ContactCardDetail, wall: &Wall) -> Markup {
    html! {
        @if !card.call_recordings.is_empty() {
            ul.entries {
                @for call in &card.call_recordings {
                    li {
                        p.entry-head {
                            a.who href={ "/console/calls/" (call.call_id) } { (wall.moment(call.started_at)) }
                            " " span.sub { (arrow(call.direction.as_deref())) (call.direction.as_deref().map(plain).unwrap_or_default()) }
                            @if let Some(seconds) = call.duration_seconds {
                                " " span.sub { (duration(seconds.into())) }
                            }
                            @if call.missed_call { " " (pill(Hue::Amber, "Missed")) }
                            @if let Some(status) = call.booking_status.as_deref() {
                                " " (pill::booking(Some(status)))
                            }
                        }
                        @if let Some(text) = call.transcript.as_deref().filter(|text| !text.trim().is_empty()) {
                            p.sub.excerpt { (crate::text::cut(text, 220)) }
                        }
                    }
                }
            }
        }
    }
}

/// Everything that happened, newest first: people ask what came last.
pub(super) fn timeline(card: &ContactCardDetail, wall: &Wall) -> Markup {
    html! {
        @if !card.booking_timeline.is_empty() {
            ol.timeline {
                @for line in card.booking_timeline.iter().rev() {
                    li.(line.kind) {
                        span.timeline-at { (wall.moment(line.timestamp)) }
                        span.timeline-what { (happening(line)) }
                    }
                }
            }
        }
    }
}

fn happening(line: &TimelineLine) -> Markup {
    let what = line.description.clone().unwrap_or_else(|| words(line.kind));
    // of all that happens only calls have a page of their own
    let call = (line.kind == "call").then(|| line.id.parse::<i64>().ok()).flatten();
    html! {
        @match call {
            Some(call) => a href={ "/console/calls/" (call) } { (what) },
            None => (what),
        }
    }
}

/// Leads, and how the newest came where it is.
pub(super) fn leads(card: &ContactCardDetail, wall: &Wall) -> Markup {
    html! {
        @if !card.leads.is_empty() {
            ul.entries {
                @for lead in &card.leads {
                    li id={ "lead-" (lead.id) } {
                        p.entry-head {
                            (pill(Hue::of_status(&lead.status), &words(&lead.status)))
                            " " span.sub { "from " (plain(&lead.source)) }
                            @if let Some(priority) = lead.priority.as_deref() {
                                " " span.sub { (words(priority)) " priority" }
                            }
                        }
                        p.sub { "Since " (wall.moment(lead.created_at)) " · " span.id { (lead.id) } }
                    }
                }
            }
        }
        @if !card.lead_status_history.is_empty() {
            h3 { "How it came there" }
            ol.moves { @for line in card.lead_status_history.iter().rev() { (step(line, wall)) } }
        }
    }
}

fn step(line: &StatusHistoryLine, wall: &Wall) -> Markup {
    html! {
        li {
            @if let Some(from) = line.from_status.as_deref() { (words(from)) " → " }
            b { (words(&line.to_status)) }
            p.sub {
                (wall.moment(line.created_at))
                @if let Some(who) = line.triggered_by.as_deref() { " · by " (who) }
                @if let Some(reason) = line.reason.as_deref() { " · " (plain(reason)) }
            }
        }
    }
}

/// Appointments, newest first.
pub(super) fn appointments(card: &ContactCardDetail, wall: &Wall) -> Markup {
    html! {
        @if !card.appointments.is_empty() {
            ul.entries {
                @for one in &card.appointments {
                    li {
                        p.entry-head {
                            b { (wall.moment(one.scheduled_start)) } " "
                            (pill(Hue::of_status(&one.status), &words(&one.status)))
                        }
                        p.sub {
                            @if let Some(service) = one.service_type.as_deref() { (service) " · " }
                            @if let Some(location) = one.location.as_deref() { (location) " · " }
                            "outcome " (plain(&one.outcome))
                        }
                    }
                }
            }
        }
    }
}

/// What is to be done.
pub(super) fn tasks(card: &ContactCardDetail, wall: &Wall) -> Markup {
    html! {
        @if !card.open_tasks.is_empty() {
            ul.entries {
                @for task in &card.open_tasks {
                    li {
                        p.entry-head {
                            (task.description)
                            @if task.overdue { " " (pill(Hue::Red, "Overdue")) }
                        }
                        p.sub {
                            "For " (plain(&task.assigned_to))
                            @if let Some(due) = task.due_at { " · due " (wall.moment(due)) }
                            @if let Some(call) = task.call_id {
                                " · " a href={ "/console/calls/" (call) } { "call " (call) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What to know.
pub(super) fn signals(card: &ContactCardDetail, wall: &Wall) -> Markup {
    html! {
        @if !card.key_signals.is_empty() {
            ul.entries {
                @for signal in &card.key_signals {
                    li {
                        p.entry-head {
                            b { (signal.title) } " "
                            (pill(Hue::of_severity(&signal.severity), &words(&signal.severity)))
                        }
                        @if let Some(text) = signal.description.as_deref() { p { (text) } }
                        p.sub {
                            (words(&signal.signal_type)) " · " (wall.moment(signal.created_at))
                            @if signal.acknowledged { " · seen" } @else { " · not seen yet" }
                        }
                    }
                }
            }
        }
    }
}

/// What they objected to.
pub(super) fn objections(card: &ContactCardDetail) -> Markup {
    html! {
        @if !card.objections.is_empty() {
            ul.plain {
                @for one in &card.objections {
                    li {
                        "“" (one.objection_text) "”"
                        @if let Some(call) = one.call_id {
                            " " a.sub href={ "/console/calls/" (call) } {
                                "call " (call)
                                @if let Some(at) = one.timestamp { ", " (position(at)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// What could have been sold.
pub(super) fn missed_opportunities(card: &ContactCardDetail) -> Markup {
    html! {
        @if !card.missed_opportunities.is_empty() {
            ul.plain { @for one in &card.missed_opportunities { li { (one.description) } } }
        }
    }
}
