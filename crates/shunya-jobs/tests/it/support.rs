use std::{fs, path::PathBuf};

use serde_json::{Map, Value};
use shunya_jobs::{AnalysisRecord, Normalised, normalise};

pub fn fixture_path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(format!("{name}.json"))
}

pub fn fixture(name: &str) -> Value {
    serde_json::from_str(&fs::read_to_string(fixture_path(name)).unwrap()).unwrap()
}

/// A payload holding one value, at a dotted path.
pub fn at(path: &str, value: Value) -> Value {
    path.rsplit('.').fold(value, |inner, key| Value::Object(Map::from_iter([(key.to_owned(), inner)])))
}

/// The record of a payload of which nothing may be left over.
pub fn record(payload: &Value) -> AnalysisRecord {
    let Normalised { record, unknown, .. } = normalise(payload);
    assert_eq!(unknown, vec![]);
    record
}

/// What was left over, as `field=value`.
pub fn left(payload: &Value) -> Vec<String> {
    normalise(payload).unknown.into_iter().map(|note| format!("{}={}", note.field, note.value)).collect()
}
