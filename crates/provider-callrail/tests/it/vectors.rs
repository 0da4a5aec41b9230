use provider_callrail::is_signed;
use serde_json::Value;

fn check(file: &str) -> usize {
    let vectors: Value = serde_json::from_str(file).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    for case in cases {
        let body = case["body"].as_str().unwrap().as_bytes();
        let signature = case["headers"]["Signature"].as_str().unwrap_or_default();
        let valid = is_signed(case["signing_key"].as_str().unwrap(), body, signature);
        let expected = case["expect"].as_str().unwrap() == "valid";
        assert_eq!(valid, expected, "{}: {}", case["id"], case["description"]);
    }
    cases.len()
}

#[test]
fn every_shared_vector_comes_out_as_expected() {
    assert!(check(include_str!("../fixtures/callrail_signature.json")) >= 20);
}

#[test]
fn the_vendors_published_example_is_authentic_and_no_change_of_it_is() {
    assert!(check(include_str!("../fixtures/callrail_published_vector.json")) >= 2);
}

#[test]
fn an_empty_key_signs_nothing() {
    use base64::{Engine, engine::general_purpose::STANDARD};
    use hmac::{Hmac, KeyInit, Mac};
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(b"").unwrap();
    mac.update(b"{}");
    assert!(!is_signed("", b"{}", &STANDARD.encode(mac.finalize().into_bytes())));
}
