//! What Shunya says of a conversation, in the shapes it is known to say it.

mod moments;
mod quirks;
mod sections;
#[cfg(test)]
mod tests;
mod transcript;

use chrono_tz::Tz;
use kernel::Timestamp;
use serde_json::{Map, Value, json};

pub(crate) use self::transcript::{TranscriptShape, transcript};
use crate::{corpus::Conversation, draw::Draw, sim::Sim};

/// The documents' generations of the analysis payload (contract `shunya.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Generation {
    /// December 15: two-layer compliance, sentiment from −1 to 1, appointment and address details.
    D15,
    /// December 8: flat compliance from 0 to 1, risk from 0 to 100.
    D8,
    /// November 15: everything in `analyses`, compliance in layers from 0 to 100.
    N15,
}

impl Generation {
    pub(crate) const ALL: [Self; 3] = [Self::D15, Self::D8, Self::N15];
}

/// One analysed call.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) talk: &'static Conversation,
    pub(crate) company: String,
    pub(crate) call_id: i64,
    pub(crate) transcript_id: i64,
    /// When the call began.
    pub(crate) started_at: Timestamp,
    /// The zone submitted with it.
    pub(crate) zone: Option<Tz>,
    pub(crate) created_at: Timestamp,
    pub(crate) completed_at: Timestamp,
    /// How often something undocumented is said.
    pub(crate) quirks: f64,
    pub(crate) sim: Sim,
}

impl Subject {
    /// Chance in what concerns this call.
    pub(crate) fn draw(&self, what: &str) -> Draw {
        self.sim.draw(&["shunya", what, &self.company, &self.call_id.to_string()])
    }

    pub(crate) fn generation(&self) -> Generation {
        self.draw("generation").pick(&Generation::ALL).copied().unwrap_or(Generation::D15)
    }

    pub(crate) fn transcript_shape(&self) -> TranscriptShape {
        let labels = self.draw("transcript").chance(0.5);
        if labels { TranscriptShape::Labels } else { TranscriptShape::Segments }
    }
}

/// The whole analysis. The same for the same subject, to the byte.
pub(crate) fn analysis(generation: Generation, subject: &Subject) -> Value {
    let Some(verdicts) = &subject.talk.analysis else { return Value::Null };
    let mut parts = Map::new();
    let mut add = |name: &str, section: Value| parts.insert(name.to_owned(), section);
    add("summary", sections::summary(generation, subject, verdicts));
    add("objections", sections::objections(generation, subject, verdicts));
    add("qualification", sections::qualification(generation, subject, verdicts));
    add("compliance", sections::compliance(generation, verdicts));
    add("opportunity_analysis", sections::opportunities(generation, verdicts));
    add(
        "rep_details",
        json!({ "rep_name": verdicts.rep_name, "rep_name_confidence": verdicts.rep_name_confidence }),
    );
    add("created_at", moments::stamp(generation, subject.created_at));
    add("completed_at", moments::stamp(generation, subject.completed_at));
    quirks::sprinkle(generation, subject, &mut parts);
    match generation {
        Generation::D15 | Generation::D8 => {
            let mut whole = Map::new();
            whole.insert("call_id".to_owned(), json!(subject.call_id));
            whole.insert("status".to_owned(), json!("completed"));
            whole.extend(parts);
            Value::Object(whole)
        }
        Generation::N15 => json!({
            "success": true, "call_id": subject.call_id, "company_id": subject.company, "analyses": parts,
        }),
    }
}

/// One section of the analysis, as its own endpoint answers it.
pub(crate) fn section(generation: Generation, subject: &Subject, name: &str) -> Option<Value> {
    let mut whole = analysis(generation, subject);
    let holder = match generation {
        Generation::N15 => whole.get_mut("analyses")?,
        Generation::D15 | Generation::D8 => &mut whole,
    };
    let section = holder.get_mut(name)?.take();
    let mut out = Map::new();
    out.insert("success".to_owned(), json!(true));
    out.insert("call_id".to_owned(), json!(subject.call_id));
    match section {
        // the section's own fields at the top, as in the documents' examples of each endpoint
        Value::Object(fields) => out.extend(fields),
        other => drop(out.insert(name.to_owned(), other)),
    }
    Some(Value::Object(out))
}
