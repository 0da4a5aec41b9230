//! Reading every known payload generation.
//!
//! Every reader asks several places for a value, the most likely first, and takes the first it can use. Places are
//! paths from the object that holds the sections; `unwrap` finds that object.
//!
//! | | envelope | compliance | sentiment | risk |
//! |---|---|---|---|---|
//! | D15 | – | `sop_compliance` 0–1 and 0–100, `outcome_score` | −1 to 1 | 0–1 |
//! | D8 | – | flat, 0–1 | 0–1 | 0–100 |
//! | N15 | `analyses` | `overall_score`, `layer_1`, `layer_2`, 0–100 | 0–1 | – |
//! | predecessor's record | – | flat, 0–1 | 0–1, top level | – |
//! | webhook | `result` or `data` | any of these | | |

mod actions;
mod appointment;
mod compliance;
mod leftovers;
mod moments;
mod objections;
mod opportunity;
mod qualification;
mod read;
mod scale;
mod transcript;
mod vocabulary;

use serde_json::{Map, Value};

use self::{
    leftovers::Leftovers,
    read::{MAX_TEXT, Node, Read},
};
use crate::record::{AnalysisRecord, Transcript, UnknownValue};

/// What a payload may be wrapped in, the most trusted first. Envelopes nest: a webhook may carry an N15 answer.
const ENVELOPES: [&str; 4] = ["result", "data", "analyses", "analysis"];

/// As many objects as are looked into for sections; documented payloads have at most three.
const MAX_LAYERS: usize = 64;

/// A payload, read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Normalised {
    /// What it says.
    pub record: AnalysisRecord,
    /// The transcript, where the payload carried one.
    pub transcript: Option<Transcript>,
    /// Values outside the enumerations and ranges we know, of the wrong type, or too long to keep whole.
    pub unknown: Vec<UnknownValue>,
}

/// Reads an analysis payload of any generation. Never fails.
pub fn normalise(payload: &Value) -> Normalised {
    let left = Leftovers::default();
    let payload = sections(payload, &left);
    note_misshapen(&payload);

    let mut record = AnalysisRecord::default();
    summary(&payload, &mut record);
    qualification::read(&payload, &mut record);
    record.appointment = appointment::facts(&payload);
    record.address = appointment::address(&payload);
    record.objections = objections::read(&payload);
    compliance::read(&payload, &mut record);
    record.pending_actions = actions::read(&payload);
    opportunity::read(&payload, &mut record);
    people(&payload, &mut record);
    let transcript = transcript::read(&payload, false);
    Normalised { record, transcript, unknown: left.into_list() }
}

/// Reads a transcript payload of either shape; `None` where it holds no words.
pub fn normalise_transcript(payload: &Value) -> Option<Transcript> {
    let left = Leftovers::default();
    transcript::read(&sections(payload, &left), true)
}

fn sections<'a>(payload: &'a Value, left: &'a Leftovers) -> Node<'a> {
    if !matches!(payload, Value::Object(_) | Value::Null) {
        left.note("payload", payload);
    }
    Node::new(unwrap(payload), String::new(), left)
}

/// The objects in which sections may stand, innermost first: what is wrapped is the vendor's result, what is around
/// it is about the delivery.
fn unwrap(payload: &Value) -> Vec<&Map<String, Value>> {
    let mut layers: Vec<_> = payload.as_object().into_iter().collect();
    let mut next = 0;
    while let Some(layer) = layers.get(next).copied() {
        // backwards, since all is turned round below
        let inner = ENVELOPES.iter().rev().filter_map(|key| layer.get(*key)?.as_object());
        let room = MAX_LAYERS.saturating_sub(layers.len());
        layers.extend(inner.take(room));
        next += 1;
    }
    layers.reverse();
    layers
}

/// Notes sections that are no sections, of which the readers would see nothing at all.
fn note_misshapen(payload: &Node<'_>) {
    let nothing = |value: &Value| match value {
        Value::Null | Value::Object(_) => true,
        Value::String(said) => said.trim().is_empty(),
        Value::Array(items) => items.is_empty(),
        _ => false,
    };
    let objects = [
        "result",
        "data",
        "analyses",
        "analysis",
        "qualification",
        "qualification.bant_scores",
        "compliance",
        "compliance.sop_compliance",
        "compliance.outcome_score",
        "compliance.layer_1",
        "compliance.layer_2",
        "opportunity_analysis",
        "opportunity_analysis.risk_assessment",
        "rep_details",
        "entities",
    ];
    let look = |path: &str, fits: &dyn Fn(&Value) -> bool| {
        for value in payload.at(path).filter(|value| !nothing(value) && !fits(value)) {
            payload.left().note(path, value);
        }
    };
    for path in objects {
        look(path, &|_| false);
    }
    look("summary", &Value::is_string);
    look("objections", &|value| value.is_array() || value.is_string());
    for path in ["transcript", "transcription"] {
        look(path, &|value| value.is_array() || value.is_string());
    }
}

fn summary(payload: &Node<'_>, record: &mut AnalysisRecord) {
    record.summary = payload.text(&["summary.summary"]).or_else(|| {
        // the name of the section, and of its text where there is no section
        payload.first(&["summary"], |value| match value {
            Value::String(_) => read::text(value, MAX_TEXT),
            _ => Read::Absent,
        })
    });
    record.key_points = payload.texts(&["summary.key_points", "key_points"]);
    record.action_items = payload.texts(&["summary.action_items", "action_items"]);
    record.next_steps = payload.texts(&["summary.next_steps", "next_steps"]);
    let signed = scale::sentiment_is_signed(payload);
    record.sentiment_score = payload
        .number(&["summary.sentiment_score", "sentiment_score"], |sent| scale::sentiment(sent, signed));
}

fn people(payload: &Node<'_>, record: &mut AnalysisRecord) {
    record.rep_name = payload.text(&["rep_details.rep_name"]);
    record.rep_name_confidence = payload.fraction(&["rep_details.rep_name_confidence"]);
    record.customer_name = payload.text(&["entities.name"]);
    record.customer_email = payload.text(&["entities.email"]);
    record.completed_at = payload.first(&["completed_at"], moment);
}

/// An instant; what was sent without an offset is UTC.
fn moment(value: &Value) -> Read<kernel::Timestamp> {
    match read::text(value, MAX_TEXT) {
        Read::Is(said) => moments::instant(&said).map_or(Read::Wrong, Read::Is),
        Read::Absent => Read::Absent,
        Read::Cut(_) | Read::Wrong => Read::Wrong,
    }
}
