use actix_web::{HttpRequest, HttpResponse, web::Data};
use app::ports::{InboxEntry, InboxFilter, InboxLine};
use idempotency::InboxState;
use kernel::Provider;
use maud::{Markup, html};

use super::{facts, maybe, older};
use crate::{
    ConsoleState,
    answer::{Page, answer},
    ask::{Ask, choice},
    frame::Here,
    parts::{
        json,
        pill::{Hue, nothing, pill},
    },
    text::{Wall, bytes, count, words},
    visit::{PageError, Visit},
};

const PATH: &str = "/console/inbox";
const ON_A_PAGE: usize = 50;
const PROVIDERS: [&str; 2] = ["callrail", "shunya"];
/// More of a body than this is not shown.
const MOST_SHOWN: usize = 256 * 1024;

/// `GET /console/inbox`.
pub(crate) async fn list(request: HttpRequest, state: Data<ConsoleState>) -> HttpResponse {
    answer(&request, &state, async |visit| {
        let states = InboxState::ALL.map(InboxState::as_str);
        let mut ask = Ask::of(&request);
        let asked_state = ask.word("state", &states);
        let asked_provider = ask.word("provider", &PROVIDERS);
        let before = ask.read("before", |text| text.parse().ok());
        let filter = InboxFilter {
            provider: asked_provider.and_then(|provider| provider.parse::<Provider>().ok()),
            state: asked_state.and_then(|state| state.parse().ok()),
            // never without: the office sees every company's
            company: Some(visit.viewer.company.clone()),
            before,
            limit: i64::try_from(ON_A_PAGE + 1).unwrap_or(i64::MAX),
        };
        let mut lines = state.ports.inbox_office.list(&filter).await?;
        let is_last = lines.len() <= ON_A_PAGE;
        lines.truncate(ON_A_PAGE);
        let next = lines.last().filter(|_| !is_last).map(|last| last.id.to_string());
        let pairs = [("state", asked_state), ("provider", asked_provider)];
        let body = html! {
            div.title-row { h1 { "Inbox" } }
            p.subtitle { "Webhooks as they came, newest first. Each was stored before it was answered." }
            form.filters method="get" action=(PATH) role="search" {
                (choice("state", "State", &states, asked_state))
                (choice("provider", "Provider", &PROVIDERS, asked_provider))
                div.filter-actions {
                    button.button.primary type="submit" { "Show" }
                    @if pairs.iter().any(|(_, value)| value.is_some()) { a.button href=(PATH) { "Clear" } }
                }
            }
            (ask.notice())
            section.card aria-label="Webhooks" { (rows(&lines, &visit.wall)) }
            (older(PATH, &pairs, ("before", next.as_deref()), before.is_none()))
            p.hint { "To apply one again: " code { "otto webhooks replay <id>" } }
        };
        Ok(Page { title: "Inbox".to_owned(), here: Here::Inbox, body, audio: None })
    })
    .await
}

fn rows(lines: &[InboxLine], wall: &Wall) -> Markup {
    html! {
        @if lines.is_empty() {
            p.empty { "No webhook is like that." }
        } @else {
            table.rows.inbox role="table" {
                thead role="rowgroup" {
                    tr role="row" {
                        th scope="col" role="columnheader" { "Arrived" }
                        th scope="col" role="columnheader" { "What" }
                        th scope="col" role="columnheader" { "State" }
                        th scope="col" role="columnheader" { "Why" }
                        th scope="col" role="columnheader" { "Call" }
                        th.number-cell scope="col" role="columnheader" { "Sent again" }
                    }
                }
                tbody role="rowgroup" {
                    @for line in lines {
                        tr role="row" {
                            td.cell-time role="cell" { (wall.moment(line.received_at)) }
                            td.cell-who role="cell" {
                                a.who href={ (PATH) "/" (line.id) } { (line.kind) }
                                " " span.sub { (words(line.provider.as_str())) }
                            }
                            td.cell-stage role="cell" { (state_pill(line.state)) }
                            td.cell-why role="cell" { @match line.reason.as_deref() { Some(reason) => (words(reason)), None => (nothing()) } }
                            td.cell-call role="cell" data-label="Call" { @match line.call { Some(call) => a href={ "/console/calls/" (call) } { (call) }, None => (nothing()) } }
                            td.cell-duration.number-cell role="cell" data-label="Sent again" {
                                @if line.duplicates == 0 { span.zero { "0" } } @else { (count(line.duplicates.into())) "×" }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn state_pill(state: InboxState) -> Markup {
    pill(Hue::of_inbox(state), &words(state.as_str()))
}

/// `GET /console/inbox/{id}`.
pub(crate) async fn entry(request: HttpRequest, state: Data<ConsoleState>) -> HttpResponse {
    answer(&request, &state, async |visit| {
        let id = request.match_info().get("id").unwrap_or_default();
        let id = id.parse().map_err(|_| PageError::Missing)?;
        let found = state.ports.inbox_office.find(id).await?;
        // the office finds every company's, and those of none
        let found = found.filter(|found| found.company.as_ref() == Some(&visit.viewer.company));
        let found = found.ok_or(PageError::Missing)?;
        Ok(Page { title: format!("Webhook {id}"), here: Here::Inbox, body: one(&found, visit), audio: None })
    })
    .await
}

fn one(found: &InboxEntry, visit: &Visit) -> Markup {
    let (entry, wall) = (&found.entry, &visit.wall);
    let call = html! {
        @if let Some(call) = found.entry.call { a href={ "/console/calls/" (call) } { "Call " (call) } }
    };
    html! {
        nav.trail aria-label="Where this is" { a href=(PATH) { "Inbox" } " / " (entry.kind) }
        div.title-row {
            h1 { (entry.kind) }
            p.pills { (state_pill(entry.state)) }
        }
        p.subtitle { (words(entry.provider.as_str())) " · " (wall.exact(entry.received_at)) }
        div.columns {
            div.wide {
                section.card {
                    h2 { "Body" span.aside-note { (bytes(entry.body.len())) } }
                    (body(&entry.body))
                }
            }
            div.side {
                section.card {
                    h2 { "Facts" }
                    (facts(&[
                        ("State", html! { (words(entry.state.as_str())) }),
                        ("Why", maybe(entry.reason.as_deref().map(words).as_deref())),
                        ("About", call),
                        ("Sent again", html! { @if found.duplicates > 0 { (count(found.duplicates.into())) "×" } @else { "never" } }),
                        ("Applied or set aside", html! { @if let Some(at) = found.processed_at { (wall.exact(at)) } }),
                        ("Path", html! { code { (entry.path) } }),
                        ("Query", query(&entry.query)),
                        ("Content type", html! { @if let Some(sort) = entry.content_type.as_deref() { code { (sort) } } }),
                        ("Stored under", html! { code { (entry.event_key) } }),
                        ("Waits for", html! { @if let Some(key) = entry.match_key.as_deref() { code { (key) } } }),
                        ("Id", html! { span.id { (entry.id) } }),
                    ]))
                }
                section.card {
                    h2 { "Proof" }
                    (proof(&entry.proof))
                    p.hint { "Signatures are kept for replays and not shown." }
                }
            }
        }
    }
}

/// The headers that proved who sent it. When it was signed may be seen; with what may not.
fn proof(headers: &[(String, String)]) -> Markup {
    let shown = |name: &str| name.to_ascii_lowercase().ends_with("timestamp");
    html! {
        @if headers.is_empty() { p.empty { "None was kept." } }
        dl.facts {
            @for (name, value) in headers {
                div {
                    dt { code { (name) } }
                    dd { @if shown(name) { code { (value) } } @else { (hidden(value)) } }
                }
            }
        }
    }
}

fn hidden(value: &str) -> Markup {
    html! { span.hidden-value { "hidden, " (value.chars().count()) " characters" } }
}

/// The query string, without what may be a secret in it.
fn query(query: &str) -> Markup {
    let secret = |name: &str| {
        let name = name.to_ascii_lowercase();
        ["sig", "token", "key", "secret", "password", "auth"].iter().any(|word| name.contains(word))
    };
    html! {
        @if !query.is_empty() {
            code {
                @for (at, pair) in query.split('&').enumerate() {
                    @if at > 0 { "&" }
                    @match pair.split_once('=') {
                        Some((name, value)) if secret(name) => { (name) "=" (hidden(value)) },
                        _ => (pair),
                    }
                }
            }
        }
    }
}

/// The bytes: JSON laid out, other text as it is, anything else not at all.
fn body(body: &[u8]) -> Markup {
    if body.is_empty() {
        return html! { p.empty { "It was empty." } };
    }
    if body.len() > MOST_SHOWN {
        return html! { p.empty { "It is too long to be shown." } };
    }
    let Ok(text) = std::str::from_utf8(body) else {
        return html! { p.empty { "It is not text." } };
    };
    html! {
        pre.body tabindex="0" aria-label="Body" {
            @match json::laid_out(text) { Some(laid_out) => (laid_out), None => (text) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_are_not_shown() {
        let headers = [
            ("signature".to_owned(), "c2VjcmV0".to_owned()),
            ("x-shunya-timestamp".to_owned(), "1795000000000".to_owned()),
            ("<b>".to_owned(), "s3cr3t".to_owned()),
        ];
        let shown = proof(&headers).into_string();
        assert!(
            !shown.contains("c2VjcmV0") && !shown.contains("s3cr3t") && !shown.contains("<b>"),
            "{shown}"
        );
        assert!(shown.contains("hidden, 8 characters") && shown.contains("1795000000000"), "{shown}");
    }

    #[test]
    fn secrets_in_a_query_are_not_shown() {
        let shown = query("page=2&Token=abc&x-signature=def&<i>&api_key=ghi").into_string();
        assert!(shown.contains("page=2") && shown.contains("&lt;i&gt;"), "{shown}");
        assert!(!shown.contains("abc") && !shown.contains("def") && !shown.contains("ghi"), "{shown}");
    }

    #[test]
    fn bodies_of_any_sort_are_survived() {
        assert!(body(b"").into_string().contains("empty"));
        assert!(body(&[0xff, 0xfe]).into_string().contains("not text"));
        assert!(body(&vec![b'a'; MOST_SHOWN + 1]).into_string().contains("too long"));
        assert!(body(b"a=<script>").into_string().contains("a=&lt;script&gt;"));
        assert!(body(b"{\"a\":1}").into_string().contains("class=\"key\""));
    }
}
