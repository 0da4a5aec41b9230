//! Things somebody promised to do.

use super::{
    moment,
    read::{Entry, MAX_LIST, Node},
    vocabulary::{self, Said},
};
use crate::record::PendingAction;

pub(super) fn read(payload: &Node<'_>) -> Vec<PendingAction> {
    let places = ["summary.pending_actions", "pending_actions", "qualification.pending_actions"];
    payload.entries(&places, MAX_LIST, |_| false, action)
}

fn action(entry: Entry<'_>) -> Option<PendingAction> {
    let entry = match entry {
        Entry::Text(said) => {
            let named = named(&said);
            let description = if named.is_some() { vocabulary::in_words(&said) } else { said };
            return Some(PendingAction { description, action_type: named, ..PendingAction::default() });
        }
        Entry::Object(entry) => entry,
    };
    // the vendor's name for the type, else the predecessor's; `action` was words there and is a type elsewhere
    let kind = entry.said(&["type", "action_type"], vocabulary::action_type);
    let action = entry.text(&["action"]);
    let action_named = action.as_deref().and_then(named);
    let spoken = action.as_ref().filter(|_| action_named.is_none());
    let description = entry
        .text(&["raw_text"])
        .or_else(|| spoken.cloned())
        .or_else(|| entry.text(&["text", "description", "title"]))
        .or_else(|| kind.as_ref().map(|(sent, _)| vocabulary::in_words(sent)))
        .or_else(|| action.as_deref().map(vocabulary::in_words))?;
    let action_type = match kind {
        Some((_, Some(ours))) => Some(ours.to_owned()),
        Some((_, None)) => Some("custom".to_owned()),
        None => action_named,
    };
    Some(PendingAction {
        description,
        action_type,
        due_at: entry.first(&["due_at"], moment),
        contact_method: entry.word(&["contact_method"], vocabulary::contact_method),
        confidence: entry.fraction(&["confidence", "confidence_score"]),
        priority: entry.word(&["priority"], vocabulary::priority),
        assignee: entry.word(&["assignee", "assigned_to"], vocabulary::assignee),
    })
}

fn named(said: &str) -> Option<String> {
    match vocabulary::action_type(said) {
        Said::Known(ours) => Some(ours.to_owned()),
        Said::NoVerdict | Said::Unknown => None,
    }
}
