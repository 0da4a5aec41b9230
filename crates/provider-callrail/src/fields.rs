//! Reading single fields. CallRail sends numbers as text and text as numbers, and `""` as often as null.

use calls::Problem;
use chrono::{DateTime, Datelike, NaiveDateTime};
use kernel::{PhoneError, PhoneNumber, Timestamp, truncate_to_micros};
use serde_json::{Map, Value};

/// Longer texts than this are not what they claim to be.
const LONGEST_TEXT: usize = 255;
/// Longer calls than this did not happen.
const LONGEST_CALL_SECONDS: i64 = 86_400;

/// A payload's fields, and what was found wrong with them.
pub struct Fields<'a> {
    fields: &'a Map<String, Value>,
    /// What was found wrong.
    pub problems: Vec<Problem>,
}

impl<'a> Fields<'a> {
    pub fn new(fields: &'a Map<String, Value>) -> Self {
        Self { fields, problems: Vec::new() }
    }

    fn wrong(&mut self, field: &str, code: &str) {
        self.problems.push(Problem::new(field, code));
    }

    /// The first of these spellings that holds anything.
    fn present(&self, spellings: &[&'a str]) -> Option<(&'a str, &'a Value)> {
        spellings.iter().filter_map(|name| self.fields.get(*name).map(|value| (*name, value))).find(
            |(_, value)| {
                !matches!(value, Value::Null) && value.as_str().is_none_or(|text| !text.trim().is_empty())
            },
        )
    }

    /// An id: text or whole number above 0, as text. A 0 is what a program says that knows none: calls of such an id would
    /// be taken for one.
    pub fn id(&mut self, spellings: &[&'a str]) -> Option<String> {
        let (name, value) = self.present(spellings)?;
        let text = match value {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.as_u64().map(|number| number.to_string()).unwrap_or_default(),
            _ => String::new(),
        };
        let names_nothing = text.chars().all(|c| matches!(c, '0' | '-' | '.'));
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if names_nothing || text.starts_with('-') || text.len() > 64 || !text.chars().all(allowed) {
            self.wrong(name, "not_an_id");
            return None;
        }
        Some(text)
    }

    pub fn text(&mut self, spellings: &[&'a str]) -> Option<String> {
        let (name, value) = self.present(spellings)?;
        let text = match value {
            Value::String(text) => text.replace('\0', ""),
            Value::Number(number) => number.to_string(),
            _ => {
                self.wrong(name, "not_text");
                return None;
            }
        };
        let text = text.trim();
        if text.len() > LONGEST_TEXT {
            self.wrong(name, "too_long");
            return None;
        }
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// A person's name: text with at least one letter in it.
    pub fn name(&mut self, spellings: &[&'a str]) -> Option<String> {
        let text = self.text(spellings)?;
        if !text.chars().any(char::is_alphabetic) {
            let name = self.present(spellings).map_or("name", |(name, _)| name);
            self.wrong(name, "not_a_name");
            return None;
        }
        Some(text)
    }

    pub fn bool(&mut self, spellings: &[&'a str]) -> Option<bool> {
        let (name, value) = self.present(spellings)?;
        let word = match value {
            Value::Bool(value) => return Some(*value),
            Value::String(text) => text.trim().to_ascii_lowercase(),
            Value::Number(number) => number.to_string(),
            _ => String::new(),
        };
        match word.as_str() {
            "true" | "1" | "yes" => Some(true),
            "false" | "0" | "no" => Some(false),
            _ => {
                self.wrong(name, "not_a_boolean");
                None
            }
        }
    }

    pub fn phone(&mut self, spellings: &[&'a str]) -> Option<PhoneNumber> {
        let (name, value) = self.present(spellings)?;
        let text = match value {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            _ => String::from("?"),
        };
        match PhoneNumber::parse(&text) {
            Ok(number) => Some(number),
            Err(PhoneError::Empty) => None,
            Err(PhoneError::NotANumber) => {
                self.wrong(name, "not_a_phone_number");
                None
            }
            Err(PhoneError::Impossible) => {
                self.wrong(name, "impossible_phone_number");
                None
            }
        }
    }

    pub fn seconds(&mut self, spellings: &[&'a str]) -> Option<i32> {
        let (name, value) = self.present(spellings)?;
        let number = match value {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse::<f64>().ok(),
            _ => None,
        };
        let Some(number) = number.filter(|number| number.is_finite()) else {
            self.wrong(name, "not_a_number");
            return None;
        };
        if number < 0.0 {
            self.wrong(name, "negative_duration");
            return None;
        }
        // whole seconds; the cast saturates and the range is checked right after
        #[expect(clippy::cast_possible_truncation, reason = "a float cast to an integer saturates")]
        let seconds = number.floor() as i64;
        match i32::try_from(seconds) {
            Ok(whole) if seconds <= LONGEST_CALL_SECONDS => Some(whole),
            _ => {
                self.wrong(name, "impossible_duration");
                None
            }
        }
    }

    /// An instant: ISO 8601 with an offset; without one (`datetime`, `2018-02-19 18:41:00`) it is UTC.
    pub fn instant(&mut self, spellings: &[&'a str], received_at: Timestamp) -> Option<Timestamp> {
        let (name, value) = self.present(spellings)?;
        let text = value.as_str().unwrap_or_default().trim();
        let instant = DateTime::parse_from_rfc3339(text)
            .map(|at| at.to_utc())
            .or_else(|_| text.replacen(' ', "T", 1).parse::<NaiveDateTime>().map(|at| at.and_utc()));
        let Ok(instant) = instant else {
            self.wrong(name, "not_a_timestamp");
            return None;
        };
        // before call tracking existed, or a day ahead of us: a clock gone wrong
        if instant.year() < 2000 || instant > received_at + chrono::Duration::days(1) {
            self.wrong(name, "impossible_time");
            return None;
        }
        Some(truncate_to_micros(instant))
    }
}
