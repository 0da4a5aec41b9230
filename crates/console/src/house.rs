//! Who does the work and which providers answer: what whoever looks at any page should not overlook.

use app::{
    Ports,
    ports::{Part, PartRole, ProviderSight, Unknowable},
    presence::{self, Expected},
};
use breaker::Standing;
use maud::{Markup, html};

use crate::text::{Wall, words};

/// What is known of it.
#[derive(Clone, Debug)]
pub(crate) struct House {
    parts: Result<Vec<Part>, Unknowable>,
    expected: Expected,
}

impl House {
    /// Looks.
    pub(crate) async fn look(ports: &Ports, expected: Expected) -> Self {
        Self { parts: ports.shared.presence.present().await, expected }
    }

    /// How workers get on with providers, or why nobody can say.
    pub(crate) fn providers(&self) -> Result<Vec<ProviderSight>, Unknowable> {
        self.parts.as_deref().map(presence::providers).map_err(|why| *why)
    }

    /// What is amiss, for the top of every page. Nothing where nobody can say.
    pub(crate) fn alarms(&self, wall: &Wall) -> Markup {
        let Ok(parts) = &self.parts else { return Markup::default() };
        let absent = self.expected.absent(parts);
        let troubles = presence::providers(parts);
        let troubles: Vec<_> = troubles
            .iter()
            .filter(|sight| sight.standing != Standing::Closed)
            .filter_map(|sight| Some((sight, sight.since?)))
            .collect();
        html! {
            @if !absent.is_empty() || !troubles.is_empty() {
                div.alarms role="status" {
                    @for role in absent {
                        p.alarm.red {
                            @match role {
                                PartRole::Worker => {
                                    b { "No worker is running." }
                                    " Calls are stored, and nothing is done with them until one is."
                                }
                                PartRole::Scheduler => {
                                    b { "No scheduler is running." }
                                    " What got lost on the way is not looked for until one is."
                                }
                            }
                        }
                    }
                    @for (sight, since) in troubles {
                        p.alarm.amber {
                            b { (words(sight.provider.as_str())) " does not answer" }
                            " since " (wall.moment(since)) ". What needs it waits, and nothing is lost. "
                            a href="/console/providers" { "Providers" }
                        }
                    }
                }
            }
        }
    }
}
