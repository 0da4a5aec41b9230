//! JSON as Python writes it: `NaN` and `Infinity`, and halves of surrogate pairs where a text was cut in the middle of an
//! emoji. None of it can be held; a result is not to be lost for it.

use serde_json::Value;

/// Reads JSON; if it is none, once more with null for numbers that are none and U+FFFD for half characters.
pub fn read(bytes: &[u8]) -> Option<Value> {
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Some(value);
    }
    let text = std::str::from_utf8(bytes).ok()?;
    serde_json::from_str(&mended(text.strip_prefix('\u{feff}').unwrap_or(text))).ok()
}

fn mended(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let (taken, written) = match c {
            '"' => string(rest),
            '-' | '0'..='9' | 'N' | 'I' => number(rest),
            _ => (c.len_utf8(), None),
        };
        let (piece, after) = rest.split_at(taken);
        match written {
            Some(written) => out.push_str(&written),
            None => out.push_str(piece),
        }
        rest = after;
    }
    out
}

/// The length of the string a text begins with, and what it is to be instead.
fn string(text: &str) -> (usize, Option<String>) {
    let mut written = String::new();
    let mut at = 1;
    let mut changed = false;
    let escape = |at: usize| -> Option<u32> {
        let hex = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(hex, 16).ok()
    };
    written.push('"');
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let length = match c {
            '"' => {
                written.push('"');
                return (at + 1, changed.then_some(written));
            }
            '\\' => match escape(at) {
                Some(0xd800..=0xdbff) if matches!(escape(at + 6), Some(0xdc00..=0xdfff)) => 12,
                Some(0xd800..=0xdfff) => {
                    written.push('\u{fffd}');
                    changed = true;
                    at += 6;
                    continue;
                }
                // whatever follows the backslash belongs to it
                _ => 1 + text.get(at + 1..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8),
            },
            other => other.len_utf8(),
        };
        written.push_str(text.get(at..at + length).unwrap_or_default());
        at += length;
    }
    // it has no end: nothing is mended by us
    (text.len(), None)
}

/// The length of the number, or what stands for one, a text begins with, and what it is to be instead.
fn number(text: &str) -> (usize, Option<String>) {
    for word in ["NaN", "-NaN", "Infinity", "-Infinity"] {
        if text.starts_with(word) {
            return (word.len(), Some("null".to_owned()));
        }
    }
    let length =
        text.find(|c: char| !matches!(c, '-' | '+' | '.' | 'e' | 'E' | '0'..='9')).unwrap_or(text.len());
    let digits = text.get(..length).unwrap_or_default();
    let is_beyond = digits.parse::<f64>().is_ok_and(f64::is_infinite);
    (length.max(1), is_beyond.then(|| "null".to_owned()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_be_held_is_left_out_and_the_rest_is_read() {
        for (text, value) in [
            (
                r#"{"a": NaN, "b": -Infinity, "c": 1e999, "d": "NaN"}"#,
                json!({"a": null, "b": null, "c": null, "d": "NaN"}),
            ),
            (r#"{"cut \ud83d": "x\udc00\\\ud83d"}"#, json!({"cut \u{fffd}": "x\u{fffd}\\\u{fffd}"})),
            (
                r#"["\ud83c\udfe0 home", "\\ud800", "\"\ud800\""]"#,
                json!(["🏠 home", "\\ud800", "\"\u{fffd}\""]),
            ),
            ("\u{feff}[1, -2.5e3]", json!([1, -2500.0])),
        ] {
            assert_eq!(read(text.as_bytes()), Some(value), "{text}");
        }
    }

    #[test]
    fn what_is_no_json_is_none() {
        for text in
            ["", "{", "[NaN", "{\"a\": \"\\ud800", "nothing", "[1,]", "\"\\ud83", "Nan", "[--1]", "\\"]
        {
            assert_eq!(read(text.as_bytes()), None, "{text}");
        }
        assert_eq!(read(b"[\"\xff\"]"), None);
    }

    proptest! {
        #[test]
        fn json_is_read_as_it_is(text in "\\PC{0,60}", number in any::<f64>()) {
            let json = json!({ "text": text, "number": number }).to_string();
            prop_assert_eq!(mended(&json), json);
        }

        #[test]
        fn no_text_makes_it_panic(text in r#"[\[\]{}":\\u d8fcNaIinfty0-9e.+-]{0,40}"#) {
            let _ = read(text.as_bytes());
        }
    }
}
