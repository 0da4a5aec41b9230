use std::time::Duration;

use settings::{ProviderCare, read};

use crate::{given, names, production};

#[test]
fn shunya_s_staging_system_is_asked_where_no_other_address_is_set_and_never_in_production() {
    let url = |pairs: &[(&str, &str)]| read(&given(pairs)).unwrap().shunya.base_url.to_string();
    assert_eq!(url(&[]), "https://otto.shunyalabs.ai/");
    assert_eq!(url(&[("USE_UWC_STAGING", "false")]), "https://otto.shunyalabs.ai/");
    assert_eq!(url(&[("USE_UWC_STAGING", "true")]), "https://otto-dev.shunyalabs.ai/");
    let own = ("UWC_BASE_URL", "http://127.0.0.1:9/");
    assert_eq!(url(&[("USE_UWC_STAGING", "true"), own]), own.1);
    let staging = production(&[("ENVIRONMENT", "staging"), ("USE_UWC_STAGING", "true")]).unwrap();
    assert_eq!(staging.shunya.base_url.as_str(), "https://otto-dev.shunyalabs.ai/");
    let shown = staging.effective.iter().find(|one| one.name == "UWC_BASE_URL").unwrap();
    assert_eq!((shown.shown.as_str(), shown.from), ("https://otto-dev.shunyalabs.ai", "USE_UWC_STAGING"));
    let problems = production(&[("USE_UWC_STAGING", "true")]).unwrap_err();
    assert_eq!(names(&problems), ["USE_UWC_STAGING"]);
}

#[test]
fn recordings_are_sent_to_shunya_unless_that_is_turned_off() {
    assert!(read(&given(&[])).unwrap().shunya.submit);
    assert!(!read(&given(&[("ENABLE_UWC_ASR", "false")])).unwrap().shunya.submit);
    // what cannot be turned off by itself
    assert!(read(&given(&[("ENABLE_UWC_SUMMARIZATION", "false")])).unwrap().shunya.submit);
}

#[test]
fn providers_are_asked_no_more_often_than_their_contracts_allow() {
    let care = |pairs: &[(&str, &str)]| read(&given(pairs)).map(|settings| settings.care);
    let usual = ProviderCare {
        first_pause: Duration::from_secs(30),
        callrail_per_hour: Some(900),
        callrail_per_day: Some(9000),
        submissions_per_minute: Some(10),
        looks_per_minute: Some(10),
    };
    assert_eq!(care(&[]), Ok(usual));
    let unlimited = care(&[("OTTO_CALLRAIL_REQUESTS_PER_HOUR", "0"), ("OTTO_SHUNYA_LOOKS_PER_MINUTE", "0")]);
    assert_eq!(unlimited, Ok(ProviderCare { callrail_per_hour: None, looks_per_minute: None, ..usual }));
    let quick = care(&[("OTTO_BREAKER_SECONDS", "1")]).unwrap();
    assert_eq!(quick.first_pause, Duration::from_secs(1));
    for (name, wrong) in [
        ("OTTO_BREAKER_SECONDS", "0"),
        ("OTTO_BREAKER_SECONDS", "601"),
        ("OTTO_CALLRAIL_REQUESTS_PER_DAY", "-1"),
        ("OTTO_SHUNYA_SUBMISSIONS_PER_MINUTE", "many"),
    ] {
        assert_eq!(names(&care(&[(name, wrong)]).unwrap_err()), [name], "{wrong}");
    }
}

#[test]
fn what_is_not_used_yet_is_checked_all_the_same() {
    for (name, right, wrong) in [
        ("CLERK_SECRET_KEY", "sk_test_x", "pk_test_x"),
        ("CLERK_PUBLISHABLE_KEY", "pk_test_x", "pk_"),
        ("CLERK_API_URL", "https://api.clerk.com/v1", "api.clerk.com"),
        ("CLERK_ISSUER", "https://x.clerk.accounts.dev", "x.clerk.accounts.dev"),
        ("CLERK_FRONTEND_ORIGIN", "http://localhost:3000", "http://localhost:3000/app"),
        ("CLERK_WEBHOOK_SECRET", "whsec_MDEy", "MDEy"),
        ("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000001", "SK00000000000000000000000000000001"),
        ("TWILIO_AUTH_TOKEN", "t0ken", "two words"),
        ("TWILIO_FROM_NUMBER", "+16025550100", "6025550100"),
        ("TWILIO_CALLBACK_NUMBER", "+16025550100", "+1602555"),
        ("TWILIO_API_BASE_URL", "http://127.0.0.1:9", "ftp://h"),
        ("OPENAI_API_KEY", "sk-x", "sk x"),
        ("OPENAI_API_KEYS", "sk-x, sk-y", "sk-x,,sk-y"),
        ("OPENAI_KEY_ROTATION_STRATEGY", "least_used", "best"),
        ("DEEPGRAM_API_KEY", "x", "x y"),
        ("DEEPGRAM_API_BASE_URL", "https://api.eu.deepgram.com", "api.eu.deepgram.com"),
        ("BLAND_API_KEY", "x", "x y"),
        ("GOOGLE_MAPS_API_KEY", "x", "x y"),
        ("AI_INTERNAL_TOKEN", "x", "x y"),
        ("ENABLE_UWC_SUMMARIZATION", "false", "maybe"),
        ("ENABLE_UWC_RAG", "no", "maybe"),
        ("ENABLE_UWC_FOLLOWUPS", "0", "maybe"),
        ("ENABLE_UWC_TRAINING", "off", "maybe"),
        ("ENABLE_PERSONAL_OTTO", "true", "maybe"),
        ("ENABLE_SOP_COMPLIANCE_PIPELINE", "true", "maybe"),
        ("ENABLE_FOLLOWUP_RECOMMENDATIONS", "true", "maybe"),
        ("USE_CANONICAL_ASK_OTTO", "true", "maybe"),
    ] {
        read(&given(&[(name, right)])).expect(name);
        let problems = read(&given(&[(name, wrong)])).expect_err(name);
        assert_eq!(names(&problems), [name]);
    }
    let problems = production(&[("CLERK_ISSUER", "http://clerk.otto.example")]).unwrap_err();
    assert_eq!(names(&problems), ["CLERK_ISSUER"], "whoever answers in its place could sign anybody in");
}
