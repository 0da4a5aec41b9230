//! The conversations the stand-ins know: what was said, and what a perfect listener would make of it.

mod index;

use std::{sync::LazyLock, time::Duration};

use serde::Deserialize;

use crate::draw::Draw;

/// Words per second of ordinary speech.
const WORDS_PER_SECOND: f64 = 2.5;
/// Silence between two turns, in seconds.
const PAUSE: f64 = 0.4;

/// One conversation.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conversation {
    /// Its name, which is also its file's.
    pub id: String,
    /// hvac, plumbing or roofing.
    pub trade: String,
    /// What it is an example of, such as `booked`.
    pub scenario: String,
    /// More words for the same.
    pub tags: Vec<String>,
    /// As in `en-US`.
    pub language: String,
    /// Who called whom.
    pub direction: Direction,
    /// Did a person of the company take it?
    pub answered: bool,
    /// Did the caller leave a message instead?
    pub voicemail: bool,
    /// Who called.
    pub caller: Caller,
    /// What was said; nothing in a missed call.
    pub turns: Vec<Turn>,
    /// What came of it; nothing in a missed call.
    pub analysis: Option<Verdicts>,
}

/// Who called whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The customer called.
    Inbound,
    /// The company called.
    Outbound,
}

/// The customer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Caller {
    pub first_name: String,
    pub last_name: String,
    pub city: String,
    pub state: String,
}

/// One speaker's turn.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// Who.
    pub speaker: Speaker,
    /// What.
    pub text: String,
}

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speaker {
    /// The company's.
    Csr,
    /// The other.
    Customer,
}

/// What a perfect listener would make of a conversation. Scores run from 0 to 1, the sentiment from −1 to 1.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the vendor's, described in its contract")]
pub struct Verdicts {
    pub summary: String,
    pub key_points: Vec<String>,
    pub action_items: Vec<String>,
    pub next_steps: Vec<String>,
    pub qualification_status: String,
    pub booking_status: Option<String>,
    pub bant: Bant,
    pub overall_score: f64,
    pub confidence: f64,
    pub decision_makers: Vec<String>,
    pub urgency_signals: Vec<String>,
    pub budget_indicators: Vec<String>,
    pub service_requested: Option<String>,
    pub service_not_offered_reason: Option<String>,
    pub follow_up_required: bool,
    pub follow_up_reason: Option<String>,
    pub appointment: Option<Appointment>,
    pub address: Option<Address>,
    pub pending_actions: Vec<PendingAction>,
    pub objections: Vec<Objection>,
    pub stages_followed: Vec<String>,
    pub stages_missed: Vec<String>,
    pub compliance_score: Option<f64>,
    pub violations: Vec<String>,
    pub positive_behaviors: Vec<String>,
    pub recommendations: Vec<String>,
    pub coaching: Vec<String>,
    pub sentiment: f64,
    pub risk: Risk,
    pub missed_opportunities: Vec<MissedOpportunity>,
    pub upgrade_opportunities: Vec<UpgradeOpportunity>,
    pub rep_name: Option<String>,
    pub rep_name_confidence: Option<f64>,
}

/// Budget, authority, need and timeline.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Bant {
    pub budget: f64,
    pub authority: f64,
    pub need: f64,
    pub timeline: f64,
}

/// What was said about an appointment, relative to the day of the call.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the vendor's, described in its contract")]
pub struct Appointment {
    pub confirmed: bool,
    pub days_ahead: Option<u64>,
    pub local_time: Option<String>,
    #[serde(rename = "type")]
    pub kind: String,
    pub time_confidence: Option<f64>,
    pub window: Option<String>,
    pub intent: String,
}

/// Where the work is.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Address {
    pub raw: String,
    pub street: String,
    pub city: String,
    pub state: String,
    pub zip: Option<String>,
    pub confidence: f64,
}

/// Something somebody promised to do, due some time after the call.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the vendor's, described in its contract")]
pub struct PendingAction {
    #[serde(rename = "type")]
    pub kind: String,
    pub raw_text: String,
    pub due_in_hours: Option<f64>,
    pub contact_method: Option<String>,
    pub confidence: f64,
}

/// Something the customer held against buying.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the vendor's, described in its contract")]
pub struct Objection {
    pub category_id: i64,
    pub category_text: String,
    pub text: String,
    pub severity: String,
    pub overcome: bool,
    /// In which turn, counted from 0.
    pub turn: usize,
    pub confidence: f64,
    pub suggestions: Vec<String>,
}

/// How likely the deal is lost.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the vendor's, described in its contract")]
pub struct Risk {
    pub level: String,
    pub score: f64,
    pub risk_factors: Vec<String>,
    pub positive_factors: Vec<String>,
    pub mitigation_strategies: Vec<String>,
}

/// Something the company let pass.
#[derive(Clone, Debug, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the vendor's, described in its contract")]
pub struct MissedOpportunity {
    #[serde(rename = "type")]
    pub kind: String,
    pub description: String,
    pub impact: String,
    pub reasoning: String,
    pub suggestion: String,
}

/// Something more the customer might buy.
#[derive(Clone, Debug, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the fields are the vendor's, described in its contract")]
pub struct UpgradeOpportunity {
    #[serde(rename = "type")]
    pub kind: String,
    pub description: String,
    pub confidence: f64,
}

impl Turn {
    /// How many words it has.
    pub fn words(&self) -> usize {
        self.text.split_whitespace().count()
    }
}

impl Caller {
    /// First and last name.
    pub fn full_name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name)
    }
}

impl Conversation {
    /// Whether nobody took it and no message was left.
    pub fn is_missed(&self) -> bool {
        !self.answered && !self.voicemail
    }

    /// Whether a perfect listener says that an appointment was made.
    pub fn is_booked(&self) -> bool {
        let said = self.analysis.as_ref().and_then(|verdicts| verdicts.booking_status.as_deref());
        said == Some("booked")
    }

    /// Start and end of each turn, in seconds from the first word.
    pub fn timeline(&self) -> Vec<(f64, f64)> {
        let mut at = 0.0;
        let mut out = Vec::with_capacity(self.turns.len());
        for turn in &self.turns {
            let end = at + (turn.words().max(1) as f64) / WORDS_PER_SECOND;
            out.push((rounded(at), rounded(end)));
            at = end + PAUSE;
        }
        out
    }

    /// How long the talk is, in seconds.
    pub fn talk_seconds(&self) -> f64 {
        self.timeline().last().map_or(0.0, |(_, end)| *end)
    }

    /// The same, in whole seconds begun.
    pub fn whole_seconds(&self) -> u64 {
        Duration::try_from_secs_f64(self.talk_seconds().ceil()).unwrap_or_default().as_secs()
    }
}

fn rounded(seconds: f64) -> f64 {
    (seconds * 100.0).round() / 100.0
}

static ALL: LazyLock<Vec<Conversation>> = LazyLock::new(|| {
    let read = |(name, text): &(&str, &str)| match serde_json::from_str::<Conversation>(text) {
        Ok(conversation) => Some(conversation),
        Err(error) => {
            // compiled in and tested to parse: cannot be
            tracing::error!(file = name, %error, "a conversation cannot be read");
            None
        }
    };
    index::FILES.iter().filter_map(read).collect()
});

/// Every conversation, in order of id.
pub fn all() -> &'static [Conversation] {
    &ALL
}

/// The conversation of that id.
pub fn find(id: &str) -> Option<&'static Conversation> {
    ALL.iter().find(|conversation| conversation.id == id)
}

/// One of them, drawn.
pub(crate) fn pick(draw: &mut Draw) -> Option<&'static Conversation> {
    draw.pick(all())
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use super::*;

    #[test]
    fn every_file_is_listed_and_every_listed_file_reads() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
        let files: BTreeSet<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        let listed: BTreeSet<_> = index::FILES.iter().map(|(name, _)| format!("{name}.json")).collect();
        assert_eq!(files, listed);
        for (name, text) in index::FILES {
            let read: Conversation =
                serde_json::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(read.id, name);
        }
        assert_eq!(all().len(), index::FILES.len());
    }

    #[test]
    fn conversations_hold_together() {
        for talk in all() {
            assert_eq!(talk.is_missed(), talk.turns.is_empty(), "{}", talk.id);
            assert_eq!(talk.is_missed(), talk.analysis.is_none(), "{}", talk.id);
            let Some(verdicts) = &talk.analysis else { continue };
            for objection in &verdicts.objections {
                assert!(objection.turn < talk.turns.len(), "{}", talk.id);
            }
            assert!((-1.0..=1.0).contains(&verdicts.sentiment), "{}", talk.id);
            let seconds = talk.talk_seconds();
            assert!((10.0..300.0).contains(&seconds), "{}: {seconds}", talk.id);
        }
    }

    #[test]
    fn found_by_id_and_drawn_by_seed() {
        assert!(find("roofing-storm-leak-booked").unwrap().is_booked());
        assert!(find("nothing").is_none());
        let drawn = |seed| pick(&mut Draw::new(seed, &["talk"])).unwrap().id.clone();
        assert_eq!(drawn(5), drawn(5));
        assert!((0..50).map(drawn).collect::<BTreeSet<_>>().len() > 20);
    }
}
