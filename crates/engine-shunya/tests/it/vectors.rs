use app::ports::ProofError;
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::DateTime;
use engine_shunya::{Scheme, python_json, sign, verify};
use serde_json::Value;

fn cases() -> Vec<Value> {
    let vectors: Value = serde_json::from_str(include_str!("../fixtures/shunya_signature.json")).unwrap();
    vectors["cases"].as_array().unwrap().clone()
}

fn outcome(case: &Value, scheme: Scheme) -> Result<(), ProofError> {
    let header = |name: &str| case["headers"][name].as_str();
    let body = STANDARD.decode(case["body_base64"].as_str().unwrap()).unwrap();
    let now = DateTime::from_timestamp_millis(case["now_ms"].as_i64().unwrap()).unwrap();
    let secret = case["secret"].as_str().unwrap();
    verify(secret, scheme, header("X-Shunya-Signature"), header("X-Shunya-Timestamp"), &body, now)
}

#[test]
fn every_shared_vector_comes_out_as_expected() {
    let cases = cases();
    assert!(cases.len() >= 30);
    for case in cases {
        let expected = case["expect"].as_str().unwrap();
        let valid = outcome(&case, Scheme::Dot).is_ok();
        match expected {
            "valid" => assert!(valid, "{}: {}", case["id"], case["description"]),
            "invalid" => assert!(!valid, "{}: {}", case["id"], case["description"]),
            other => assert_eq!(other, "either", "{}", case["id"]),
        }
    }
}

#[test]
fn the_vendors_other_scheme_is_accepted_only_where_it_is_set() {
    let colon = cases().into_iter().find(|case| case["id"] == "i10-colon-sorted").unwrap();
    assert_eq!(outcome(&colon, Scheme::Dot), Err(ProofError::Mismatch));
    assert_eq!(outcome(&colon, Scheme::Colon), Ok(()));
    assert_eq!(outcome(&colon, Scheme::Either), Ok(()));
}

#[test]
fn without_a_secret_nothing_is_believed() {
    let now = DateTime::from_timestamp_millis(1_795_000_000_000).unwrap();
    let signature = sign("", "1795000000000", b"{}").unwrap();
    let outcome = verify("", Scheme::Either, Some(&signature), Some("1795000000000"), b"{}", now);
    assert_eq!(outcome, Err(ProofError::NoSecret));
}

#[test]
fn the_canonical_form_is_stable() {
    let value: Value = serde_json::from_str(r#"{"b":[1,2.50],"a":{"y":"ü","x":null}}"#).unwrap();
    let once = python_json(&value);
    assert_eq!(python_json(&serde_json::from_str(&once).unwrap()), once);
}
