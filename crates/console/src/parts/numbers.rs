//! The headline numbers.

use app::reads::{Headline, InboxCount, PipelineCounts};
use maud::{Markup, html};

use crate::text::{count, share};

struct Number {
    name: &'static str,
    value: String,
    hint: &'static str,
    /// Not as it should be.
    wrong: bool,
}

fn plain(name: &'static str, value: i64, hint: &'static str) -> Number {
    Number { name, value: count(value), hint, wrong: false }
}

/// Calls and what became of them, what the pipeline made of them, and what it cost.
pub(crate) fn numbers(counts: &PipelineCounts, headline: &Headline, inbox: &[InboxCount]) -> Markup {
    let refused = inbox.iter().map(|one| one.duplicates).sum();
    let rate = Number {
        name: "Booking rate",
        value: headline.booking_rate.map_or_else(|| "–".to_owned(), share),
        hint: "Booked of qualified calls in the last 30 days",
        wrong: false,
    };
    let dead = plain("Dead jobs", counts.dead_jobs, "Jobs given up on; see the jobs page");
    let groups = [
        (
            "Calls",
            vec![
                plain("Calls", counts.calls, "All calls"),
                plain("Analysed", counts.analysed, "Calls with an analysis"),
                plain("Booked", counts.booked, "Calls that ended in an appointment"),
                rate,
            ],
        ),
        (
            "Customers",
            vec![
                plain("Leads", counts.leads, "Made from calls"),
                plain("Appointments", counts.appointments, "Made from calls"),
                plain("Tasks", counts.tasks, "Promises to keep"),
                plain("Signals", counts.signals, "Things to know"),
            ],
        ),
        (
            "Pipeline",
            vec![
                plain("Retries", counts.retries, "Attempts of jobs beyond the first"),
                plain("Duplicates refused", refused, "Webhooks sent again and not applied again"),
                Number { wrong: counts.dead_jobs > 0, ..dead },
            ],
        ),
    ];
    html! {
        div.numbers {
            @for (name, numbers) in groups {
                dl.number-group aria-label=(name) {
                    @for number in numbers {
                        div.number.wrong[number.wrong] title=(number.hint) {
                            dt { (number.name) }
                            dd data-key={ "number-" (number.name) } data-value=(number.value) { (number.value) }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_over_nothing_is_no_rate() {
        let shown = numbers(&PipelineCounts::default(), &Headline::of(0, 0, 0), &[]).into_string();
        assert!(shown.contains("data-value=\"–\""), "{shown}");
        assert!(!shown.contains("wrong"));
        let counts = PipelineCounts { dead_jobs: 2, ..PipelineCounts::default() };
        let shown = numbers(&counts, &Headline::of(9, 8, 3), &[]).into_string();
        assert!(shown.contains("37.5 %") && shown.contains("number wrong"), "{shown}");
    }
}
