use actix_web::{HttpRequest, HttpResponse, web::Data};
use app::ports::{ProviderSight, Unknowable};
use breaker::Standing;
use kernel::Provider;
use maud::{Markup, html};

use crate::{
    ConsoleState,
    answer::{Page, answer},
    frame::Here,
    parts::pill::{Hue, nothing, pill},
    text::{Wall, count, words},
};

/// `GET /console/providers`.
pub(crate) async fn get(request: HttpRequest, state: Data<ConsoleState>) -> HttpResponse {
    answer(&request, &state, async |visit| {
        let body = html! {
            div.title-row { h1 { "Providers" } }
            p.subtitle { "How the workers get on with those they ask, over all companies." }
            section.card aria-label="Providers" { (table(visit.house.providers(), &visit.wall)) }
            p.hint {
                "One that does not answer is left alone for a while, then one call finds out whether it is back. Jobs that "
                "need it wait meanwhile; they lose no attempt, and go on by themselves."
            }
        };
        Ok(Page { title: "Providers".to_owned(), here: Here::Providers, body, audio: None })
    })
    .await
}

fn table(sights: Result<Vec<ProviderSight>, Unknowable>, wall: &Wall) -> Markup {
    let unknown = match &sights {
        Err(Unknowable::Unreachable) => {
            "Nobody can say: Redis, through which workers say so, is out of reach."
        }
        Err(Unknowable::Settling) => "Nobody can say yet: Redis has just been started or emptied.",
        Err(Unknowable::OnlyThisProcess) => {
            "Nobody can say: no worker runs in this process, and there is no Redis."
        }
        Ok(sights) if sights.is_empty() => "Nobody can say: no worker is running.",
        Ok(_) => "",
    };
    let sights = sights.unwrap_or_default();
    html! {
        @if !unknown.is_empty() {
            p.empty { (unknown) }
        } @else {
            table.counts.providers {
                thead {
                    tr {
                        @for name in ["Provider", "State", "For", "Since", "Next look"] { th scope="col" { (name) } }
                        th.number-cell scope="col" { "Budget left" }
                    }
                }
                tbody { @for sight in &sights { (row(sight, wall)) } }
            }
        }
    }
}

fn row(sight: &ProviderSight, wall: &Wall) -> Markup {
    let (hue, state) = match sight.standing {
        Standing::Closed => (Hue::Green, "Answers"),
        Standing::HalfOpen => (Hue::Amber, "Being tried"),
        Standing::Open => (Hue::Red, "Left alone"),
    };
    html! {
        tr {
            th scope="row" { (words(sight.provider.as_str())) }
            td { (pill(hue, state)) }
            td { (affected(sight)) }
            td { @if let Some(since) = sight.since { (wall.moment(since)) } @else { (nothing()) } }
            td {
                @match sight.next_probe {
                    Some(at) if at <= wall.now => "now",
                    Some(at) => (wall.second(at)),
                    None => (nothing()),
                }
            }
            td.number-cell {
                @if let Some(left) = sight.budget {
                    (count(left.remaining.into())) " of " (count(left.limit.into()))
                } @else {
                    (nothing())
                }
            }
        }
    }
}

/// For whom it is not as it should be.
fn affected(sight: &ProviderSight) -> Markup {
    let (one, many) = match sight.provider {
        Provider::Callrail | Provider::Twilio => ("account", "accounts"),
        Provider::Shunya => ("company", "companies"),
    };
    let so_many =
        |number: u32| html! { (count(number.into())) " " @if number == 1 { (one) } @else { (many) } };
    html! {
        @if sight.everybody {
            "everybody"
        } @else if sight.accounts > 0 {
            (so_many(sight.accounts))
        }
        @if sight.slowed > 0 {
            @if sight.everybody || sight.accounts > 0 { ", and " }
            (so_many(sight.slowed)) " asked to slow down"
        }
        @if !sight.everybody && sight.accounts == 0 && sight.slowed == 0 { (nothing()) }
    }
}
