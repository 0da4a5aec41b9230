use actix_web::{HttpRequest, HttpResponse, web::Data};
use app::{
    Ports,
    reads::{CallFilter, CallPage, DashboardMetrics, PipelineSnapshot, Viewer},
};
use chrono::Days;
use insights::{DayRange, Window};
use kernel::StoreError;
use maud::{Markup, html};

use crate::{
    ConsoleState,
    answer::{Page, answer},
    ask::Ask,
    frame::Here,
    parts::{
        bars,
        call_rows::call_rows,
        depths,
        numbers::numbers,
        plot::{self, Point},
        strip::strip,
    },
    text::Wall,
};

/// How many calls the overview shows.
const CALLS: i64 = 25;
/// How many objections.
const OBJECTIONS: i64 = 6;
/// How many days the plot may show.
const SPANS: [u64; 2] = [14, 31];

/// What changes by the second.
pub(crate) struct Glance {
    pipeline: PipelineSnapshot,
    calls: CallPage,
    metrics: DashboardMetrics,
}

impl Glance {
    /// Looks.
    pub(crate) async fn take(ports: &Ports, viewer: &Viewer) -> Result<Self, StoreError> {
        let newest = CallFilter { limit: CALLS, ..CallFilter::default() };
        let window = Window::last_30_days(ports.clock.now());
        let (pipeline, calls, metrics) = tokio::try_join!(
            ports.reads.pipeline(viewer),
            ports.reads.calls(viewer, &newest),
            ports.reads.headline(viewer, window),
        )?;
        Ok(Self { pipeline, calls, metrics })
    }

    /// What it shows, each with the id of the element it is in.
    pub(crate) fn fragments(&self, wall: &Wall) -> [(&'static str, Markup); 5] {
        let Self { pipeline, calls, metrics } = self;
        [
            ("live-strip", strip(&pipeline.stages)),
            ("live-numbers", numbers(&pipeline.counts, &metrics.company, &pipeline.inbox)),
            (
                "live-calls",
                call_rows(&calls.calls, wall, "No call has come yet. The first one appears here by itself."),
            ),
            ("live-queues", depths::queues(&pipeline.queues, wall)),
            ("live-inbox", depths::inbox(&pipeline.inbox)),
        ]
    }
}

/// `GET /console`.
pub(crate) async fn get(request: HttpRequest, state: Data<ConsoleState>) -> HttpResponse {
    let ports = &state.ports;
    answer(&request, &state, async |visit| {
        let wall = &visit.wall;
        let mut ask = Ask::of(&request);
        let span = ask
            .read("days", |text| text.parse().ok().filter(|days| SPANS.contains(days)))
            .unwrap_or(SPANS[1]);
        let last = wall.calendar.day_of(wall.now);
        let days = DayRange { first: last.checked_sub_days(Days::new(span - 1)).unwrap_or(last), last };
        let (glance, rates, objections) = tokio::try_join!(
            Glance::take(ports, &visit.viewer),
            ports.reads.booking_rates(&visit.viewer, days, wall.calendar),
            ports.reads.top_objections(&visit.viewer, days.window(wall.calendar), OBJECTIONS),
        )?;
        let points: Vec<Point> = rates.iter().map(Point::from).collect();
        let [strip, numbers, calls, queues, inbox] =
            glance.fragments(wall).map(|(id, shown)| html! { div id=(id) { (shown) } });
        let body = html! {
            div.title-row {
                h1 { "Overview" }
                p.live #live-state data-live="/console/live" data-company=(visit.viewer.company) {
                    span.live-word #live-word role="status" { noscript { "Reload for newer numbers" } }
                    button.quiet #live-pause type="button" hidden { "Pause" }
                }
            }
            (ask.notice())
            section.card aria-label="Pipeline" { (strip) }
            section.card aria-label="Numbers" { (numbers) }
            div.columns {
                div.wide {
                    section.card.table-place {
                        h2 { "Newest calls" a.more href="/console/calls" { "All calls" } }
                        (calls)
                    }
                    div.pair {
                        section.card {
                            h2 { "Queues" a.more href="/console/jobs" { "Jobs" } }
                            (queues)
                        }
                        section.card {
                            h2 { "Webhooks" a.more href="/console/inbox" { "Inbox" } }
                            (inbox)
                        }
                    }
                }
                div.side {
                    section.card {
                        h2 { "Booking rate" (spans(span)) }
                        (plot::rates(&points, "Booking rate"))
                    }
                    section.card {
                        h2 { "Happening now" }
                        ol.ticker #ticker role="log" aria-live="off" aria-label="Newest events" {}
                        p.empty #ticker-empty { "Events appear here as they happen." }
                    }
                    section.card {
                        h2 { "Top objections" span.aside-note { "last " (span) " days" } }
                        (bars::objections(&objections))
                    }
                }
            }
        };
        Ok(Page { title: "Overview".to_owned(), here: Here::Overview, body, audio: None })
    })
    .await
}

/// The choice of how many days the plot shows.
fn spans(chosen: u64) -> Markup {
    html! {
        span.spans {
            @for span in SPANS {
                a href={ "/console?days=" (span) } aria-current=[(span == chosen).then_some("true")] {
                    (span) " days"
                }
            }
        }
    }
}
