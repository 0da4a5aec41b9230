//! JSON as Python's `json.dumps(value, sort_keys=True)` writes it, which is what one of the vendor's signing schemes is
//! over: sorted keys, `", "` and `": "`, everything outside ASCII escaped, floats as `repr`.

use std::fmt::Write;

use serde_json::{Number, Value};

/// Writes a value as Python would.
pub fn python_json(value: &Value) -> String {
    let mut text = String::new();
    write(&mut text, value);
    text
}

fn write(text: &mut String, value: &Value) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(true) => text.push_str("true"),
        Value::Bool(false) => text.push_str("false"),
        Value::Number(number) => text.push_str(&number_repr(number)),
        Value::String(string) => write_string(text, string),
        Value::Array(items) => {
            text.push('[');
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    text.push_str(", ");
                }
                write(text, item);
            }
            text.push(']');
        }
        Value::Object(fields) => {
            // Python sorts by code point, which is what comparing UTF-8 bytes does
            let mut names: Vec<_> = fields.iter().collect();
            names.sort_by(|a, b| a.0.cmp(b.0));
            text.push('{');
            for (at, (name, item)) in names.into_iter().enumerate() {
                if at > 0 {
                    text.push_str(", ");
                }
                write_string(text, name);
                text.push_str(": ");
                write(text, item);
            }
            text.push('}');
        }
    }
}

fn write_string(text: &mut String, string: &str) {
    text.push('"');
    for c in string.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            ' '..='~' => text.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    // writing to a String cannot fail
                    let _ = write!(text, "\\u{unit:04x}");
                }
            }
        }
    }
    text.push('"');
}

/// Integers as they are; floats in the shortest form that reads back, with an exponent below 1e-4 and from 1e16 on.
fn number_repr(number: &Number) -> String {
    if !number.is_f64() {
        return number.to_string();
    }
    let value = number.as_f64().unwrap_or_default();
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if value != 0.0 && !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{digits}e{sign}{:02}", exponent.unsigned_abs());
    }
    let plain = value.to_string();
    if plain.contains('.') { plain } else { format!("{plain}.0") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn writes_what_python_writes() {
        // each right side was printed by CPython 3.11
        let cases = [
            (
                json!({"b": 1, "a": [true, null, "é😀\n\"\\\u{7f}"]}),
                r#"{"a": [true, null, "\u00e9\ud83d\ude00\n\"\\\u007f"], "b": 1}"#,
            ),
            (
                json!([0.1, 1.0, -0.0, 1e16, 1.5e300, 1e-5, 0.0001, 123_456_789_012_345.0]),
                "[0.1, 1.0, -0.0, 1e+16, 1.5e+300, 1e-05, 0.0001, 123456789012345.0]",
            ),
            (json!([]), "[]"),
            (json!({}), "{}"),
        ];
        for (value, expected) in cases {
            assert_eq!(python_json(&value), expected);
        }
    }
}
