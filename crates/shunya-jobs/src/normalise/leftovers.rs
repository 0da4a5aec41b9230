//! What could not be read, kept for people to see.

use std::cell::RefCell;

use serde_json::Value;

use crate::record::UnknownValue;

/// As many characters of a value as are kept.
const MAX_VALUE: usize = 200;

/// As many different values as are kept: a payload of pure noise must not become a record of pure noise.
const MAX_NOTES: usize = 500;

/// What an answer held besides the record.
///
/// Shared by every reader of one payload, hence the cell: readers lend each other nodes, not this list.
#[derive(Debug, Default)]
pub(super) struct Leftovers(RefCell<Vec<UnknownValue>>);

impl Leftovers {
    /// Keeps a value that has the wrong type, is out of its range, or is a word we do not know.
    pub(super) fn note(&self, field: &str, value: &Value) {
        let mut text = String::new();
        match value {
            Value::String(said) => text.extend(said.chars().take(MAX_VALUE + 1)),
            other => write_sorted(other, &mut text),
        }
        self.say(field, &text);
    }

    /// Keeps a remark of ours about a field, such as that it was cut.
    pub(super) fn say(&self, field: &str, text: &str) {
        let mut notes = self.0.borrow_mut();
        if notes.len() > MAX_NOTES {
            return;
        }
        let mut note = UnknownValue {
            field: field.to_owned(),
            value: text.chars().filter(|c| *c != '\0').take(MAX_VALUE).collect(),
        };
        // the same word in the same field of fifty list entries is one thing to look at
        if notes.contains(&note) {
            return;
        }
        if notes.len() == MAX_NOTES {
            note = UnknownValue { field: "unknown".to_owned(), value: format!("more than {MAX_NOTES}") };
        }
        notes.push(note);
    }

    pub(super) fn into_list(self) -> Vec<UnknownValue> {
        self.0.into_inner()
    }
}

/// Writes JSON with sorted keys, so that two payloads differing only in the order of keys leave the same notes; stops
/// soon after enough is written, which also bounds how deep it goes.
fn write_sorted(value: &Value, out: &mut String) {
    if out.len() > 4 * MAX_VALUE {
        return;
    }
    match value {
        Value::Array(items) => {
            out.push('[');
            for (at, item) in items.iter().take(MAX_VALUE).enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_sorted(item, out);
            }
            out.push(']');
        }
        Value::Object(map) => {
            let mut fields: Vec<_> = map.iter().collect();
            fields.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (at, (key, field)) in fields.into_iter().take(MAX_VALUE).enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_sorted(&Value::String(key.clone()), out);
                out.push(':');
                write_sorted(field, out);
            }
            out.push('}');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn noted(value: &Value) -> String {
        let left = Leftovers::default();
        left.note("f", value);
        left.into_list().remove(0).value
    }

    #[test]
    fn a_note_does_not_depend_on_the_order_of_keys() {
        let forth: Value = serde_json::from_str(r#"{"a":[1,{"x":null,"y":true}],"b":"c\"d"}"#).unwrap();
        let back: Value = serde_json::from_str(r#"{"b":"c\"d","a":[1,{"y":true,"x":null}]}"#).unwrap();
        assert_eq!(noted(&forth), r#"{"a":[1,{"x":null,"y":true}],"b":"c\"d"}"#);
        assert_eq!(noted(&forth), noted(&back));
    }

    #[test]
    fn a_note_is_cut_by_characters_and_free_of_nul() {
        assert_eq!(noted(&json!("ä".repeat(300))), "ä".repeat(200));
        assert_eq!(noted(&json!("a\0b")), "ab");
    }

    #[test]
    fn depth_is_no_danger() {
        let mut deep = json!(1);
        for _ in 0..3_000 {
            deep = Value::Array(vec![deep]);
        }
        assert_eq!(noted(&deep), "[".repeat(200));
    }

    #[test]
    fn the_same_value_is_noted_once_and_noise_is_bounded() {
        let left = Leftovers::default();
        left.note("f", &json!("x"));
        left.note("f", &json!("x"));
        left.note("g", &json!("x"));
        for n in 0..2_000 {
            left.note("f", &json!(n));
        }
        let list = left.into_list();
        assert_eq!(list.len(), MAX_NOTES + 1);
        assert_eq!(list.last().unwrap().field, "unknown");
    }
}
