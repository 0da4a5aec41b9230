use actix_web::{HttpRequest, HttpResponse, web::Data};
use app::reads::{CallCursor, CallFilter};
use calls::CallStage;
use chrono::Datelike;
use insights::Window;
use kernel::PhoneNumber;
use maud::{Markup, html};

use super::older;
use crate::{
    ConsoleState,
    answer::{Page, answer},
    ask::{Ask, choice},
    frame::Here,
    parts::call_rows::call_rows,
};

const PATH: &str = "/console/calls";
const ON_A_PAGE: i64 = 50;
const STATUSES: [&str; 4] = ["incoming", "answered", "missed", "completed"];
const BOOKINGS: [&str; 3] = ["booked", "not_booked", "service_not_offered"];
const QUALITIES: [&str; 5] = ["hot", "warm", "cold", "qualified", "unqualified"];
const MISSED: [&str; 2] = ["yes", "no"];

/// The filters as they stand in the address and in the form.
#[derive(Default)]
struct Asked {
    status: Option<&'static str>,
    stage: Option<&'static str>,
    booking: Option<&'static str>,
    quality: Option<&'static str>,
    missed: Option<&'static str>,
    from: Option<String>,
    until: Option<String>,
    phone: Option<PhoneNumber>,
}

impl Asked {
    fn pairs(&self) -> [(&'static str, Option<&str>); 8] {
        [
            ("stage", self.stage),
            ("status", self.status),
            ("booking", self.booking),
            ("quality", self.quality),
            ("missed", self.missed),
            ("from", self.from.as_deref()),
            ("until", self.until.as_deref()),
            ("phone", self.phone.as_ref().map(PhoneNumber::as_str)),
        ]
    }

    fn is_any(&self) -> bool {
        self.pairs().iter().any(|(_, value)| value.is_some())
    }
}

/// A whole day, as a date field sends it.
fn day(text: &str) -> Option<String> {
    let day: chrono::NaiveDate = text.parse().ok()?;
    let text = day.to_string();
    // years a date field can hold and a database can compare
    Window::lower(&text, kernel::Calendar::UTC).is_ok().then_some(text)
}

/// A number; a `+` in an address reaches us as a blank unless it was escaped.
fn number(text: &str) -> Option<PhoneNumber> {
    PhoneNumber::parse(text).or_else(|_| PhoneNumber::parse(&format!("+{text}"))).ok()
}

/// Where a page begins, if it is a time a database can compare: nobody but us writes cursors, but anybody may send one.
fn place(text: &str) -> Option<CallCursor> {
    CallCursor::decode(text).filter(|cursor| (1900..=2200).contains(&cursor.created_at.year()))
}

/// `GET /console/calls`.
pub(crate) async fn get(request: HttpRequest, state: Data<ConsoleState>) -> HttpResponse {
    answer(&request, &state, async |visit| {
        let calendar = visit.wall.calendar;
        let stages = CallStage::ALL.map(CallStage::as_str);
        let mut ask = Ask::of(&request);
        let asked = Asked {
            status: ask.word("status", &STATUSES),
            stage: ask.word("stage", &stages),
            booking: ask.word("booking", &BOOKINGS),
            quality: ask.word("quality", &QUALITIES),
            missed: ask.word("missed", &MISSED),
            from: ask.read("from", day),
            until: ask.read("until", day),
            phone: ask.read("phone", number),
        };
        let after = ask.read("cursor", place);
        let filter = CallFilter {
            after,
            limit: ON_A_PAGE,
            status: asked.status.map(str::to_owned),
            stage: asked.stage.map(str::to_owned),
            booking_status: asked.booking.map(str::to_owned),
            lead_quality: asked.quality.map(str::to_owned),
            missed: asked.missed.map(|missed| missed == "yes"),
            phone: asked.phone.as_ref().map(ToString::to_string),
            from: asked.from.as_deref().and_then(|day| Window::lower(day, calendar).ok()),
            until: asked.until.as_deref().and_then(|day| Window::upper(day, calendar).ok()),
            ..CallFilter::default()
        };
        let page = state.ports.reads.calls(&visit.viewer, &filter).await?;
        let nobody = if asked.is_any() { "No call is like that." } else { "No call has come yet." };
        let body = html! {
            div.title-row { h1 { "Calls" } }
            (form(&asked, &stages))
            (ask.notice())
            section.card.table-place aria-label="Calls" { (call_rows(&page.calls, &visit.wall, nobody)) }
            (older(PATH, &asked.pairs(), ("cursor", page.next_cursor.as_deref()), after.is_none()))
        };
        Ok(Page { title: "Calls".to_owned(), here: Here::Calls, body, audio: None })
    })
    .await
}

fn form(asked: &Asked, stages: &[&str]) -> Markup {
    html! {
        form.filters method="get" action=(PATH) role="search" {
            (choice("stage", "Stage", stages, asked.stage))
            (choice("status", "Status", &STATUSES, asked.status))
            (choice("booking", "Booking", &BOOKINGS, asked.booking))
            (choice("quality", "Quality", &QUALITIES, asked.quality))
            (choice("missed", "Missed", &MISSED, asked.missed))
            label.field { span { "From" } input type="date" name="from" value=[asked.from.as_deref()]; }
            label.field { span { "Until" } input type="date" name="until" value=[asked.until.as_deref()]; }
            label.field {
                span { "Phone" }
                input type="tel" name="phone" autocomplete="off" placeholder="(602) 555-0123"
                    value=[asked.phone.as_ref().map(PhoneNumber::as_str)];
            }
            div.filter-actions {
                button.button.primary type="submit" { "Show" }
                @if asked.is_any() { a.button href=(PATH) { "Clear" } }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_days() {
        assert_eq!(day("2026-11-22").as_deref(), Some("2026-11-22"));
        for text in ["", "22.11.2026", "99999-01-01", "+262142-12-31", "1066-10-14"] {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn places_are_times_a_database_knows() {
        assert!(place("1795383300000000_4330").is_some());
        for text in ["-8000000000000000000_1", "9000000000000000000_1", "1795383300000000", "_", "x_1"] {
            assert_eq!(place(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for text in ["(214) 865-4559", "+12148654559", " 12148654559"] {
            assert_eq!(number(text.trim()).unwrap().as_str(), "+12148654559");
        }
        assert_eq!(number("nobody"), None);
    }
}
