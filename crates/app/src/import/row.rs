//! Reading the predecessor's columns, whatever type a deployment has given them.

use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime};
use kernel::{PhoneNumber, Timestamp, UserId, fingerprint, truncate_to_micros};
use serde_json::Value;
use uuid::{Builder, Uuid};

use crate::ports::{OldRow, OldTable};

impl OldRow {
    /// A row within a row.
    pub(super) fn rows(&self, name: &str) -> Vec<Self> {
        let Some(Value::Array(items)) = self.columns.get(name) else { return Vec::new() };
        let row = |item: &Value| Some(Self { key: String::new(), columns: item.as_object()?.clone() });
        items.iter().filter_map(row).collect()
    }

    /// A text that says something.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        let text = match self.columns.get(name)? {
            Value::String(text) => text.replace('\0', ""),
            Value::Number(number) => number.to_string(),
            _ => return None,
        };
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    pub(super) fn flag(&self, name: &str) -> bool {
        match self.columns.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::Number(number)) => number.as_i64() == Some(1),
            Some(Value::String(text)) => matches!(text.to_ascii_lowercase().as_str(), "t" | "true" | "1"),
            _ => false,
        }
    }

    pub(super) fn whole(&self, name: &str) -> Option<i64> {
        match self.columns.get(name)? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// Money kept as a fraction, in cents.
    pub(super) fn cents(&self, name: &str) -> Option<i64> {
        let amount = match self.columns.get(name)? {
            Value::Number(number) => number.as_f64()?,
            Value::String(text) => text.trim().parse().ok()?,
            _ => return None,
        };
        let cents = (amount * 100.0).round();
        // beyond this a fraction holds no cents any more
        (0.0..=9.0e15).contains(&cents).then(|| {
            #[expect(clippy::cast_possible_truncation, reason = "its range was just looked at")]
            let cents = cents as i64;
            cents
        })
    }

    /// An instant; without an offset it is in UTC.
    pub(super) fn instant(&self, name: &str) -> Option<Timestamp> {
        let text = self.text(name)?;
        let naive = |format| NaiveDateTime::parse_from_str(&text, format).ok().map(|at| at.and_utc());
        let at = DateTime::parse_from_rfc3339(&text)
            .ok()
            .map(|at| at.to_utc())
            .or_else(|| naive("%Y-%m-%dT%H:%M:%S%.f"))
            .or_else(|| naive("%Y-%m-%d %H:%M:%S%.f"))?;
        Some(truncate_to_micros(at))
    }

    /// When the row was made, and when it was changed.
    pub(super) fn times(&self) -> (Timestamp, Timestamp) {
        let (made, changed) = (self.instant("created_at"), self.instant("updated_at"));
        let made = made.or(changed).unwrap_or(DateTime::UNIX_EPOCH);
        (made, changed.unwrap_or(made).max(made))
    }

    /// A document, kept as one or as text.
    pub(super) fn document(&self, name: &str) -> Option<Value> {
        let value = match self.columns.get(name)? {
            Value::String(text) => serde_json::from_str(text).ok()?,
            other => other.clone(),
        };
        match &value {
            Value::Null => None,
            Value::Array(items) if items.is_empty() => None,
            Value::Object(fields) if fields.is_empty() => None,
            _ => Some(value),
        }
    }

    /// A word of an enumeration: its value, or the name it has in the predecessor's program, in either case.
    pub(super) fn word<T: FromStr>(&self, name: &str) -> Result<Option<T>, ()> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let word = text.rsplit('.').next().unwrap_or_default().to_ascii_lowercase().replace(['-', ' '], "_");
        word.parse().map(Some).map_err(|_| ())
    }

    pub(super) fn user(&self, name: &str) -> Option<UserId> {
        UserId::try_new(self.text(name)?).ok()
    }

    pub(super) fn phone(&self, name: &str) -> Option<PhoneNumber> {
        PhoneNumber::parse(&self.text(name)?).ok()
    }

    /// The number a card is known by: its first, or its second where the first is none.
    pub(super) fn card_phone(&self) -> Option<PhoneNumber> {
        self.phone("_phone").or_else(|| self.phone("_phone2"))
    }
}

/// A row's id here: its own where that is a UUID, else one that follows from it.
pub(super) fn id_of(table: OldTable, company: &str, id: &str) -> Uuid {
    Uuid::try_parse(id).unwrap_or_else(|_| derived(&[table.as_str(), company, id]))
}

/// An id that follows from what it is of.
pub(super) fn derived(parts: &[&str]) -> Uuid {
    Builder::from_custom_bytes(bits(parts).to_be_bytes()).into_uuid()
}

/// An id that follows from what it is of, and stands among others where its time is.
pub(super) fn derived_at(at: Timestamp, parts: &[&str]) -> Uuid {
    let millis = u128::try_from(at.timestamp_millis().max(0)).unwrap_or_default();
    let below = bits(parts) & ((1 << 80) - 1);
    let versioned = (below & !(0xf << 76) & !(0x3 << 62)) | (0x7 << 76) | (0x2 << 62);
    Uuid::from_u128((millis << 80) | versioned)
}

fn bits(parts: &[&str]) -> u128 {
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    let print = fingerprint(&parts);
    print.get(..32).and_then(|hex| u128::from_str_radix(hex, 16).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crm::{AppointmentStatus, LeadStatus};
    use serde_json::json;

    use super::*;

    fn row(columns: &Value) -> OldRow {
        OldRow { key: String::new(), columns: columns.as_object().unwrap().clone() }
    }

    #[test]
    fn an_enumeration_is_read_by_name_and_by_value_in_either_case() {
        let said = row(&json!({ "a": "QUALIFIED_BOOKED", "b": "qualified_booked", "c": "LeadStatus.NEW",
            "d": "no-show", "e": "sold", "f": "" }));
        for name in ["a", "b"] {
            assert_eq!(said.word::<LeadStatus>(name), Ok(Some(LeadStatus::QualifiedBooked)));
        }
        assert_eq!(said.word::<LeadStatus>("c"), Ok(Some(LeadStatus::New)));
        assert_eq!(said.word::<AppointmentStatus>("d"), Ok(Some(AppointmentStatus::NoShow)));
        assert_eq!(said.word::<LeadStatus>("e"), Err(()));
        assert_eq!(said.word::<LeadStatus>("f"), Ok(None));
        assert_eq!(said.word::<LeadStatus>("g"), Ok(None));
    }

    #[test]
    fn times_without_an_offset_are_utc() {
        let said = row(&json!({ "a": "2025-03-01T12:00:00.123456", "b": "2025-03-01 12:00:00",
            "c": "2025-03-01T05:00:00-07:00", "d": "yesterday" }));
        let read = |name| said.instant(name).map(kernel::rfc3339);
        assert_eq!(read("a").unwrap(), "2025-03-01T12:00:00.123456Z");
        assert_eq!(read("b").unwrap(), "2025-03-01T12:00:00Z");
        assert_eq!(read("b"), read("c"));
        assert_eq!(read("d"), None);
    }

    #[test]
    fn money_and_documents_are_read_from_either_type() {
        let said =
            row(&json!({ "a": 19.99, "b": "1e300", "c": "{\"x\": 1}", "d": { "x": 1 }, "e": "{", "f": [] }));
        assert_eq!((said.cents("a"), said.cents("b"), said.cents("z")), (Some(1999), None, None));
        assert_eq!(said.document("c"), Some(json!({ "x": 1 })));
        assert_eq!(said.document("c"), said.document("d"));
        assert_eq!((said.document("e"), said.document("f")), (None, None));
    }

    #[test]
    fn ids_are_kept_where_they_are_uuids_and_follow_from_the_row_where_not() {
        let kept = "0190b0e0-0000-7000-8000-000000000001";
        assert_eq!(id_of(OldTable::Leads, "a", kept).to_string(), kept);
        let made = id_of(OldTable::Leads, "a", "17");
        assert_eq!(made, id_of(OldTable::Leads, "a", "17"));
        assert_ne!(made, id_of(OldTable::Leads, "b", "17"));
        assert_ne!(made, id_of(OldTable::Tasks, "a", "17"));
    }

    #[test]
    fn an_id_made_for_a_time_stands_where_the_time_is() {
        let at = |text: &str| derived_at(text.parse().unwrap(), &["lead.created", "1"]);
        let (early, late) = (at("2025-03-01T12:00:00Z"), at("2025-03-01T12:00:01Z"));
        assert!(early < late);
        assert_eq!((early.get_version_num(), late.get_version_num()), (7, 7));
    }
}
