use actix_web::{HttpRequest, HttpResponse, web::Data};
use app::ports::{JobFilter, JobLine};
use kernel::{CompanyId, InboxId, JobId};
use maud::{Markup, html};
use queue::{JobState, Queue};
use serde_json::Value;

use super::{facts, maybe, older};
use crate::{
    ConsoleState,
    answer::{Page, answer},
    ask::{Ask, choice},
    frame::Here,
    parts::pill::{Hue, nothing, pill},
    text::{Wall, cut, plain, words},
};

const PATH: &str = "/console/jobs";
const ON_A_PAGE: usize = 50;
/// Arguments are ids; those of a kind that keeps more in them are cut.
const MOST_OF_ARGS: usize = 400;
/// How much of an id is shown in a list.
const END: usize = 8;

/// `GET /console/jobs`.
pub(crate) async fn get(request: HttpRequest, state: Data<ConsoleState>) -> HttpResponse {
    answer(&request, &state, async |visit| {
        let states = JobState::ALL.map(JobState::as_str);
        let queues = Queue::ALL.map(Queue::as_str);
        let mut ask = Ask::of(&request);
        let (asked_state, asked_queue) = (ask.word("state", &states), ask.word("queue", &queues));
        let before = ask.read("before", |text| text.parse::<JobId>().ok());
        let filter = filter(&visit.viewer.company, asked_state, asked_queue, before);
        let mut lines = state.ports.job_office.list(&filter).await?;
        let is_last = lines.len() <= ON_A_PAGE;
        lines.truncate(ON_A_PAGE);
        let next = lines.last().filter(|_| !is_last).map(|last| last.id.to_string());
        let pairs = [("state", asked_state), ("queue", asked_queue)];
        let body = html! {
            div.title-row { h1 { "Jobs" } }
            p.subtitle { "What is done in the background for this company, newest first." }
            form.filters method="get" action=(PATH) role="search" {
                (choice("state", "State", &states, asked_state))
                (choice("queue", "Queue", &queues, asked_queue))
                div.filter-actions {
                    button.button.primary type="submit" { "Show" }
                    @if pairs.iter().any(|(_, value)| value.is_some()) { a.button href=(PATH) { "Clear" } }
                }
            }
            (ask.notice())
            section.card aria-label="Jobs" { (rows(&lines, &visit.wall)) }
            (older(PATH, &pairs, ("before", next.as_deref()), before.is_none()))
            p.hint {
                "To try a dead one again: " code { "otto jobs retry <id>" } ", to call one off: "
                code { "otto jobs cancel <id>" }
            }
        };
        Ok(Page { title: "Jobs".to_owned(), here: Here::Jobs, body, audio: None })
    })
    .await
}

fn filter(company: &CompanyId, state: Option<&str>, queue: Option<&str>, before: Option<JobId>) -> JobFilter {
    JobFilter {
        queue: queue.and_then(|queue| queue.parse().ok()),
        state: state.and_then(|state| state.parse().ok()),
        kind: None,
        // never without: the office sees every company's
        company: Some(company.clone()),
        before,
        limit: i64::try_from(ON_A_PAGE + 1).unwrap_or(i64::MAX),
    }
}

fn rows(lines: &[JobLine], wall: &Wall) -> Markup {
    html! {
        @if lines.is_empty() {
            p.empty { "No job is like that." }
        } @else {
            table.rows.jobs role="table" {
                thead role="rowgroup" {
                    tr role="row" {
                        th scope="col" role="columnheader" { "Due" }
                        th scope="col" role="columnheader" { "What" }
                        th scope="col" role="columnheader" { "On" }
                        th scope="col" role="columnheader" { "State" }
                        th.number-cell scope="col" role="columnheader" { "Attempts" }
                        th.number-cell scope="col" role="columnheader" { "Took" }
                        th scope="col" role="columnheader" { "What went wrong last" }
                    }
                }
                tbody role="rowgroup" { @for line in lines { (row(line, wall)) } }
            }
        }
    }
}

fn row(line: &JobLine, wall: &Wall) -> Markup {
    html! {
        tr role="row" {
            td.cell-time role="cell" {
                (wall.moment(line.run_at))
                @if line.state == JobState::Ready && line.run_at > wall.now {
                    " " span.sub { "in " (crate::text::age(wall.now, line.run_at)) }
                }
            }
            td.cell-who role="cell" {
                details {
                    summary.job { b { (line.kind) } " " span.sub { (words(&line.queue)) } }
                    (more(line, wall))
                }
            }
            td.cell-works-on role="cell" { (works_on(&line.args)) }
            td.cell-stage role="cell" { (pill(Hue::of_job(line.state), &words(line.state.as_str()))) }
            td.cell-duration.number-cell role="cell" data-label="Attempts" {
                (line.attempts) span.sub { " / " (line.max_attempts) }
            }
            td.cell-took.number-cell role="cell" data-label="Took" { (took(line, wall)) }
            td.cell-why role="cell" {
                @match line.last_error.as_deref() {
                    Some(error) => span.error { (error) },
                    None => (nothing()),
                }
            }
        }
    }
}

/// All there is to know of a job, under its name.
fn more(line: &JobLine, wall: &Wall) -> Markup {
    let at = |at: Option<kernel::Timestamp>| html! { @if let Some(at) = at { (wall.exact(at)) } };
    let gave_way = html! { @if line.snoozes > 0 { (line.snoozes) "×" } };
    facts(&[
        ("Id", html! { span.id { (line.id) } }),
        ("Works on", html! { code { (cut(&line.args.to_string(), MOST_OF_ARGS)) } }),
        ("Added", wall.exact(line.created_at)),
        ("Last begun", at(line.started_at)),
        ("Ended", at(line.finished_at)),
        ("Worker", maybe(line.worker.as_deref())),
        ("Lease until", at(line.lease_until)),
        ("Gave way", gave_way),
    ])
}

/// How long its last attempt took, or takes so far.
fn took(line: &JobLine, wall: &Wall) -> Markup {
    let ended = match line.state {
        JobState::Running => Some(wall.now),
        _ => line.finished_at,
    };
    let took = line.started_at.zip(ended).map(|(began, ended)| (ended - began).num_milliseconds().max(0));
    html! {
        @match took {
            Some(millis) if millis < 10_000 => (format!("{:.2} s", millis as f64 / 1000.0)),
            Some(millis) => (crate::text::duration(millis / 1000)),
            None => (nothing()),
        }
    }
}

/// What it works on: the ids among its arguments, as links where they have a page. All of them are under its name.
fn works_on(args: &Value) -> Markup {
    let fields = args.as_object().into_iter().flatten().filter(|(name, _)| name.as_str() != "v");
    html! {
        @for (name, value) in fields {
            @let value = match value { Value::String(text) => text.clone(), other => other.to_string() };
            span.arg {
                @match (name.as_str(), value.parse::<i64>(), value.parse::<InboxId>()) {
                    ("call", Ok(call), _) => a href={ "/console/calls/" (call) } { "call " (call) },
                    ("inbox", _, Ok(entry)) => a href={ "/console/inbox/" (entry) } { "webhook " (end_of(&value)) },
                    _ => { (plain(name)) " " (end_of(&value)) },
                }
            }
        }
    }
}

/// The end of an id, which is where two made at one time differ.
fn end_of(id: &str) -> Markup {
    let end = id.char_indices().rev().nth(END - 1).filter(|(at, _)| *at > 0);
    html! {
        span.id title=(id) {
            @match end { Some((at, _)) => { "…" (id.get(at..).unwrap_or_default()) }, None => (id) }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_office_is_never_asked_for_everybodys() {
        let company = CompanyId::try_new("org_a").unwrap();
        for state in [None, Some("dead"), Some("nonsense")] {
            assert_eq!(filter(&company, state, Some("asr"), None).company.as_ref(), Some(&company));
        }
    }

    #[test]
    fn arguments_are_text_and_short() {
        let shown = works_on(&json!({ "v": 1, "call": 7, "<x>": "<script>".repeat(100) })).into_string();
        assert!(shown.contains("href=\"/console/calls/7\"") && !shown.contains("<script"), "{shown}");
        assert!(shown.contains(">…&lt;script&gt;<") && !shown.contains("<x>"), "{shown}");
        for nothing in [json!({ "v": 1 }), json!(null), json!([1]), json!("x")] {
            assert!(works_on(&nothing).into_string().is_empty());
        }
    }
}
