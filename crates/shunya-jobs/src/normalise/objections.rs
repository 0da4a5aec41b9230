//! What the customer held against buying.

use super::{
    read::{Entry, MAX_LIST, Node},
    vocabulary,
};
use crate::record::Objection;

pub(super) fn read(payload: &Node<'_>) -> Vec<Objection> {
    // `objections` is the section, or the list itself where there is no section
    payload.entries(
        &["objections.objections", "objections"],
        MAX_LIST,
        serde_json::Value::is_object,
        objection,
    )
}

fn objection(entry: Entry<'_>) -> Option<Objection> {
    let entry = match entry {
        Entry::Text(text) => return Some(Objection { text: Some(text), ..Objection::default() }),
        Entry::Object(entry) => entry,
    };
    let objection = Objection {
        text: entry.text(&["objection_text", "text", "quote"]),
        category_id: entry.whole(&["category_id"]),
        category_text: entry.text(&["category_text", "category", "type"]),
        severity: entry.word(&["severity"], vocabulary::severity),
        overcome: entry.flag(&["overcome"]),
        speaker_id: entry.label(&["speaker_id", "speaker"]),
        at_seconds: entry.seconds(&["timestamp"]),
        confidence: entry.fraction(&["confidence_score", "confidence"]),
        suggestions: entry.texts(&["response_suggestions"]),
    };
    let says_something =
        objection.text.is_some() || objection.category_text.is_some() || objection.category_id.is_some();
    says_something.then_some(objection)
}
