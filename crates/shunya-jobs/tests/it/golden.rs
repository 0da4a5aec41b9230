//! Every documented shape, with its exact record. After a wanted change, `ACCEPT_GOLDEN=1 cargo test -p shunya-jobs`
//! rewrites the expectations; read the difference before keeping it.

use std::fs;

use serde_json::{Value, json};
use shunya_jobs::{normalise, normalise_transcript};

use crate::support::{fixture, fixture_path};

fn check(name: &str) {
    let read = normalise(&fixture(name));
    let unknown: Vec<String> =
        read.unknown.iter().map(|note| format!("{}={}", note.field, note.value)).collect();
    compare(name, &json!({ "record": read.record, "transcript": read.transcript, "unknown": unknown }));
}

fn compare(name: &str, read: &Value) {
    let path = fixture_path(&format!("{name}.expected"));
    if std::env::var_os("ACCEPT_GOLDEN").is_some() {
        fs::write(&path, format!("{read:#}\n")).unwrap();
    }
    let expected: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(&expected, read, "{name}: expected on the left, read on the right");
}

#[test]
fn d15() {
    check("d15");
}

#[test]
fn d8() {
    check("d8");
}

#[test]
fn n15() {
    check("n15");
}

#[test]
fn predecessors_record() {
    check("predecessor");
}

#[test]
fn webhook_with_result_reads_as_what_it_carries() {
    assert_eq!(normalise(&fixture("webhook_result")), normalise(&fixture("d15")));
}

#[test]
fn webhook_with_data_reads_as_what_it_carries() {
    assert_eq!(normalise(&fixture("webhook_data")), normalise(&fixture("n15")));
}

#[test]
fn transcripts() {
    for name in ["transcript_labels", "transcript_segments"] {
        let payload = fixture(name);
        let transcript = normalise_transcript(&payload);
        compare(name, &json!(transcript));
        let read = normalise(&payload);
        assert_eq!(read.transcript, transcript, "{name}");
        assert_eq!(read.record, shunya_jobs::AnalysisRecord::default(), "{name}");
        assert_eq!(read.unknown, vec![], "{name}");
    }
}
