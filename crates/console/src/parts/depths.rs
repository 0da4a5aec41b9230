//! What waits: queues and the webhook inbox.

use std::collections::BTreeMap;

use app::{ports::QueueDepth, reads::InboxCount};
use idempotency::InboxState;
use maud::{Markup, html};
use queue::JobState;

use super::pill::{Hue, nothing};
use crate::{
    ask::address,
    text::{Wall, count, words},
};

const INBOX: &str = "/console/inbox";
const STATES: [JobState; 3] = [JobState::Ready, JobState::Running, JobState::Dead];

/// How full each queue is, and how old its oldest waiting job is.
pub(crate) fn queues(depths: &[QueueDepth], wall: &Wall) -> Markup {
    let mut queues: BTreeMap<&str, Vec<&QueueDepth>> = BTreeMap::new();
    for depth in depths.iter().filter(|depth| STATES.contains(&depth.state)) {
        queues.entry(&depth.queue).or_default().push(depth);
    }
    html! {
        @if queues.is_empty() {
            p.empty { "No job waits." }
        } @else {
            table.counts {
                thead {
                    tr {
                        th scope="col" { "Queue" }
                        @for state in STATES { th.number-cell scope="col" { (words(state.as_str())) } }
                        th.number-cell scope="col" { "Oldest due" }
                    }
                }
                tbody {
                    @for (queue, depths) in queues {
                        tr {
                            th scope="row" {
                                a href=(address("/console/jobs", &[("queue", Some(queue))])) {
                                    (words(queue))
                                }
                            }
                            @for state in STATES {
                                @let depth = depths.iter().find(|depth| depth.state == state);
                                (amount(depth.map_or(0, |depth| depth.count), Hue::of_job(state)))
                            }
                            td.number-cell { (oldest(&depths, wall)) }
                        }
                    }
                }
            }
        }
    }
}

/// The age of the oldest job that could run. One due later waits for its time, not for a worker.
fn oldest(depths: &[&QueueDepth], wall: &Wall) -> Markup {
    let waiting = depths.iter().filter(|depth| depth.state != JobState::Dead);
    let oldest = waiting.filter_map(|depth| depth.oldest).filter(|at| *at <= wall.now).min();
    html! { @match oldest { Some(at) => (wall.age(at)), None => (nothing()) } }
}

fn amount(number: i64, hue: Hue) -> Markup {
    html! {
        td.number-cell {
            @if number == 0 { span.zero { "0" } } @else { b.(hue.class()) { (count(number)) } }
        }
    }
}

/// How many webhooks of each provider are in each state. Only what there is, so that it reads as a sentence.
pub(crate) fn inbox(counts: &[InboxCount]) -> Markup {
    let mut providers: BTreeMap<&str, Vec<&InboxCount>> = BTreeMap::new();
    for one in counts {
        providers.entry(&one.provider).or_default().push(one);
    }
    html! {
        @if providers.is_empty() {
            p.empty { "No webhook has come yet." }
        } @else {
            dl.tallies {
                @for (provider, counts) in providers {
                    div {
                        dt { a href=(address(INBOX, &[("provider", Some(provider))])) { (words(provider)) } }
                        dd { (tallies(provider, &counts)) }
                    }
                }
            }
        }
    }
}

fn tallies(provider: &str, counts: &[&InboxCount]) -> Markup {
    let again: i64 = counts.iter().map(|one| one.duplicates).sum();
    html! {
        @for state in InboxState::ALL {
            @let number: i64 = counts.iter().filter(|one| one.state == state.as_str()).map(|one| one.count).sum();
            @if number > 0 {
                @let pairs = [("state", Some(state.as_str())), ("provider", Some(provider))];
                a.tally.(Hue::of_inbox(state).class()) href=(address(INBOX, &pairs)) {
                    b { (count(number)) } " " (state.as_str())
                }
                " "
            }
        }
        @if again > 0 { span.tally.grey { b { (count(again)) } " sent again" } }
    }
}

#[cfg(test)]
mod tests {
    use kernel::{Calendar, Timestamp};

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn a_job_of_tomorrow_keeps_nobody_waiting() {
        let wall = Wall { calendar: Calendar::UTC, now: at("2026-11-22T18:00:00Z") };
        let depth = |state, oldest: &str| QueueDepth {
            queue: "shunya".to_owned(),
            state,
            count: 1,
            oldest: Some(at(oldest)),
        };
        let tomorrow = queues(&[depth(JobState::Ready, "2026-11-23T18:00:00Z")], &wall).into_string();
        assert!(tomorrow.contains("class=\"nothing\""), "{tomorrow}");
        let depths =
            [depth(JobState::Dead, "2026-11-01T18:00:00Z"), depth(JobState::Running, "2026-11-22T17:59:30Z")];
        let late = queues(&depths, &wall).into_string();
        assert!(late.contains(">30 s<"), "{late}");
    }
}
