//! Saying, and saying again, that nobody does the work.

use std::collections::HashMap;

use app::{ports::PartRole, presence::consequence};
use kernel::Timestamp;

/// Processes do not start in the same moment.
const PATIENCE: chrono::Duration = chrono::Duration::seconds(30);
/// How often it is said while it lasts.
const AGAIN: chrono::Duration = chrono::Duration::minutes(1);

/// Remembers who has been absent, and since when.
#[derive(Default)]
pub(crate) struct Vigil(HashMap<PartRole, Absence>);

struct Absence {
    since: Timestamp,
    said: Option<Timestamp>,
}

impl Vigil {
    /// Looks who is absent now, and says so at level error once it has lasted, and every minute from then on.
    pub(crate) fn look(&mut self, absent: &[PartRole], now: Timestamp) {
        for role in self.due(absent, now) {
            let seconds = self.0.get(&role).map_or(0, |absence| (now - absence.since).num_seconds());
            tracing::error!(role = role.as_str(), seconds, "{}", consequence(role));
        }
    }

    fn due(&mut self, absent: &[PartRole], now: Timestamp) -> Vec<PartRole> {
        self.0.retain(|role, absence| {
            let lasts = absent.contains(role);
            if !lasts && absence.said.is_some() {
                tracing::info!(role = role.as_str(), "somebody is there again");
            }
            lasts
        });
        let mut roles = Vec::new();
        for role in absent {
            let absence = self.0.entry(*role).or_insert(Absence { since: now, said: None });
            let next = absence.said.map_or(absence.since + PATIENCE, |said| said + AGAIN);
            if now >= next {
                absence.said = Some(now);
                roles.push(*role);
            }
        }
        roles
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_timestamp(second, 0).unwrap()
    }

    #[test]
    fn it_is_said_once_it_lasts_and_again_every_minute_until_it_is_over() {
        let mut vigil = Vigil::default();
        let mut said = Vec::new();
        for second in (0..300).step_by(10) {
            // a worker that was there for a moment begins it anew
            let absent = if second == 200 { Vec::new() } else { vec![PartRole::Worker] };
            if !vigil.due(&absent, at(second)).is_empty() {
                said.push(second);
            }
        }
        assert_eq!(said, [30, 90, 150, 240]);
        assert_eq!(vigil.due(&[PartRole::Scheduler], at(300)), []);
        assert_eq!(vigil.due(&[PartRole::Scheduler], at(330)), [PartRole::Scheduler]);
    }
}
