use actix_web::{HttpRequest, HttpResponse, web::Data};
use app::reads::{ContactBase, ContactCardDetail, ContactQuery, contact_card};
use maud::{Markup, html};

use super::{contact_parts as parts, facts, maybe, section};
use crate::{
    ConsoleState,
    answer::{Page, answer},
    frame::Here,
    parts::pill::{Hue, pill},
    text::{phone, words},
    visit::{PageError, Visit},
};

/// `GET /console/contacts/{id}`.
pub(crate) async fn get(request: HttpRequest, state: Data<ConsoleState>) -> HttpResponse {
    answer(&request, &state, async |visit| {
        let id = request.match_info().get("id").unwrap_or_default();
        let id = id.parse().map_err(|_| PageError::Missing)?;
        let card = contact_card(&state.ports, &visit.viewer, &ContactQuery::Id(id)).await?;
        let card = card.ok_or(PageError::Missing)?;
        Ok(Page { title: name(&card.contact), here: Here::Calls, body: body(&card, visit), audio: None })
    })
    .await
}

fn name(contact: &ContactBase) -> String {
    let named = contact.full_name.clone().filter(|name| !name.trim().is_empty());
    named
        .or_else(|| contact.primary_phone.as_deref().map(phone))
        .unwrap_or_else(|| "Unknown customer".to_owned())
}

/// House, street, city, state and postal code as on an envelope.
fn place(contact: &ContactBase) -> Option<String> {
    let state = [contact.state.as_deref(), contact.postal_code.as_deref()];
    let state = state.into_iter().flatten().collect::<Vec<_>>().join(" ");
    let parts = [contact.address.as_deref(), contact.city.as_deref(), Some(state.as_str())];
    let place =
        parts.into_iter().flatten().filter(|part| !part.trim().is_empty()).collect::<Vec<_>>().join(", ");
    (!place.is_empty()).then_some(place)
}

fn body(card: &ContactCardDetail, visit: &Visit) -> Markup {
    let (contact, wall) = (&card.contact, &visit.wall);
    html! {
        nav.trail aria-label="Where this is" { a href="/console/calls" { "Calls" } " / Contact" }
        div.title-row {
            h1 { (name(contact)) }
            @if let Some(status) = card.lead_status.as_deref() {
                p.pills { (pill(Hue::of_status(status), &words(status))) }
            }
        }
        p.subtitle {
            @if let Some(number) = contact.primary_phone.as_deref() { (phone(number)) }
            @if let Some(place) = place(contact) { " · " (place) }
        }
        @if let Some(summary) = card.ai_summary.as_deref() {
            section.card { h2 { "Newest call, in short" } p.prose.lead { (summary) } }
        }
        div.columns {
            div.wide {
                div.pair {
                    (section("To do", &parts::tasks(card, wall)))
                    (section("Signals", &parts::signals(card, wall)))
                }
                (section("Calls", &parts::calls(card, wall)))
                (section("What happened", &parts::timeline(card, wall)))
            }
            div.side {
                (section("Card", &card_facts(contact, visit)))
                (section("Leads", &parts::leads(card, wall)))
                (section("Appointments", &parts::appointments(card, wall)))
                (section("Objections", &parts::objections(card)))
                (section("Let pass", &parts::missed_opportunities(card)))
            }
        }
    }
}

fn card_facts(contact: &ContactBase, visit: &Visit) -> Markup {
    let number = |number: Option<&str>| number.map(phone);
    facts(&[
        ("Phone", maybe(number(contact.primary_phone.as_deref()).as_deref())),
        ("Other phone", maybe(number(contact.secondary_phone.as_deref()).as_deref())),
        ("Email", maybe(contact.email.as_deref())),
        ("Address", maybe(place(contact).as_deref())),
        ("Known since", visit.wall.exact(contact.created_at)),
        ("Last changed", visit.wall.exact(contact.updated_at)),
        ("Id", html! { span.id { (contact.id) } }),
    ])
}
