//! From bytes to fields: JSON or a form, of which only the fields anything is read from are kept.
//!
//! This happens before anything is proven, so it costs little whatever is sent: what is not asked for is passed over
//! without being built.

use std::fmt;

use app::ports::{Delivery, Unreadable};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::{Map, Value, value::RawValue};

/// Every field anything is read from.
const FIELDS: [&str; 36] = [
    "resource_id",
    "call_resource_id",
    "id",
    "call_id",
    "company_resource_id",
    "company_id",
    "tracking_phone_number",
    "tracking_number",
    "trackingnum",
    "customer_phone_number",
    "caller_number",
    "callernum",
    "caller_phone_number",
    "direction",
    "answered",
    "voicemail",
    "customer_name",
    "callername",
    "caller_name",
    "customer_city",
    "callercity",
    "customer_state",
    "callerstate",
    "source_name",
    "source",
    "utm_campaign",
    "campaign",
    "csr_id",
    "start_time",
    "timestamp",
    "created_at",
    "datetime",
    "duration",
    "recording_duration",
    "recording",
    "recording_url",
];

fn known(name: &str) -> Option<&'static str> {
    FIELDS.into_iter().find(|known| *known == name)
}

/// A payload that can be read.
#[derive(Debug)]
pub struct Parsed {
    /// Its fields. Of several with one name, the last.
    pub fields: Map<String, Value>,
    /// Whether the signature covers them.
    pub signed: bool,
    /// Fields whose values cannot be held though where they end can be told: half of a surrogate pair, a number out of
    /// every range, a thousand brackets. Each costs its field, not the call.
    pub unreadable: Vec<String>,
}

/// Reads a payload. A body counts alone; only when there is none do the parameters of the address count (the oldest hooks
/// send nothing else).
pub fn parse(delivery: &Delivery) -> Result<Parsed, Unreadable> {
    if delivery.body.is_empty() {
        return if delivery.query.is_empty() {
            Err(Unreadable::Malformed)
        } else {
            form(delivery.query.as_bytes(), false)
        };
    }
    let essence = delivery.content_type.as_deref().unwrap_or("application/json");
    let essence = essence.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/json" | "text/json" => json(&delivery.body),
        _ if essence.starts_with("application/") && essence.ends_with("+json") => json(&delivery.body),
        "application/x-www-form-urlencoded" => form(&delivery.body, true),
        _ => Err(Unreadable::MediaType),
    }
}

fn json(body: &[u8]) -> Result<Parsed, Unreadable> {
    // a mark of the byte order says nothing in UTF-8
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    let mut reader = serde_json::Deserializer::from_slice(body);
    let parsed = reader.deserialize_map(Object).and_then(|parsed| reader.end().map(|()| parsed));
    parsed.map_err(|_| Unreadable::Malformed)
}

/// An object's known fields.
struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Parsed;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Parsed, A::Error> {
        let mut parsed = Parsed { fields: Map::new(), signed: true, unreadable: Vec::new() };
        while let Some(name) = object.next_key_seed(Name)? {
            let Some(name) = name else {
                object.next_value::<IgnoredAny>()?;
                continue;
            };
            let raw: &RawValue = object.next_value()?;
            parsed.fields.remove(name);
            parsed.unreadable.retain(|unreadable| unreadable != name);
            match serde_json::from_str(raw.get()) {
                Ok(value) => drop(parsed.fields.insert(name.to_owned(), value)),
                Err(_) => parsed.unreadable.push(name.to_owned()),
            }
        }
        Ok(parsed)
    }
}

/// A field's name, if it is a known one.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, name: D) -> Result<Self::Value, D::Error> {
        name.deserialize_str(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<&'static str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        Ok(known(name))
    }
}

fn form(bytes: &[u8], signed: bool) -> Result<Parsed, Unreadable> {
    if std::str::from_utf8(bytes).is_err() {
        return Err(Unreadable::Malformed);
    }
    let mut fields = Map::new();
    for (name, value) in url::form_urlencoded::parse(bytes) {
        // JSON sent as a form parses as one nonsensical name
        if signed && name.contains(['{', '"', '<']) {
            return Err(Unreadable::Malformed);
        }
        if let Some(name) = known(&name) {
            fields.insert(name.to_owned(), Value::String(value.into_owned()));
        }
    }
    Ok(Parsed { fields, signed, unreadable: Vec::new() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, Vec<String>)> {
        let parsed = json(text.as_bytes()).ok()?;
        Some((Value::Object(parsed.fields).to_string(), parsed.unreadable))
    }

    #[expect(clippy::unnecessary_wraps, reason = "what it is compared with is optional")]
    fn fields(json: &str) -> Option<(String, Vec<String>)> {
        Some((json.to_owned(), Vec::new()))
    }

    #[test]
    fn only_what_is_asked_for_is_kept_and_the_last_of_a_name_counts() {
        assert_eq!(read(r#"{"note":[[1e999]],"id":1,"x":"\ud800","id":2}"#), fields(r#"{"id":2}"#));
        assert_eq!(read(r#"{"id":1e999,"id":2}"#), fields(r#"{"id":2}"#));
        assert_eq!(read(r#"{"id":2,"id":1e999}"#), Some(("{}".to_owned(), vec!["id".to_owned()])));
        assert_eq!(read(r#"{"\u0069d":1}"#), fields(r#"{"id":1}"#), "a name in another spelling");
        assert_eq!(read("\u{feff}{\"id\":1} \n"), fields(r#"{"id":1}"#));
    }

    #[test]
    fn what_has_no_end_or_a_second_beginning_is_nothing() {
        for torn in [
            "{",
            "{}{}",
            "{}x",
            "[]",
            "[{\"id\":1}]",
            "null",
            "1",
            "\"id\"",
            "{\"id\":}",
            "{\"id\":01}",
            "{\"x\":tru}",
        ] {
            assert_eq!(read(torn), None, "{torn}");
        }
        let deep = format!("{{\"x\":{}", "[".repeat(200_000));
        assert_eq!(read(&deep), None);
        let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
        assert_eq!(read(&format!("{{\"x\":{deep},\"id\":1}}")), fields(r#"{"id":1}"#));
        assert_eq!(read(&format!("{{\"id\":{deep}}}")), Some(("{}".to_owned(), vec!["id".to_owned()])));
    }
}
