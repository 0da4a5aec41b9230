use super::*;

fn env(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn names(problems: &Problems) -> Vec<&str> {
    problems.0.iter().map(|problem| problem.name.as_str()).collect()
}

#[test]
fn development_needs_nothing() {
    let settings = read(&env(&[])).unwrap();
    assert_eq!(settings.environment, Environment::Development);
    assert_eq!(settings.http.host.to_string(), "127.0.0.1");
    assert_eq!(settings.http.port, 8080);
    assert!(settings.dev_mode.is_none());
}

#[test]
fn production_says_everything_that_is_missing_at_once() {
    let problems = read(&env(&[("ENVIRONMENT", "production"), ("DEV_MODE", "true")])).unwrap_err();
    let required: Vec<_> = VARIABLES.iter().filter(|v| v.required).map(|v| v.name).collect();
    let mut expected = [required.as_slice(), &["DEV_MODE"]].concat();
    expected.sort_unstable();
    assert_eq!(names(&problems), expected);
}

#[test]
fn malformed_values_and_unknown_names_are_told_by_name_and_never_by_value() {
    let problems = read(&env(&[
        ("PORT", "eighty"),
        ("UWC_BASE_URL", "otto.shunyalabs.ai"),
        ("DEV_MODE", "perhaps"),
        ("OTTO_DATA_DIRR", "s3cret-value"),
        ("DATABASE_URL", "mysql://s3cret-value"),
        ("HOST", "localhost"),
    ]))
    .unwrap_err();
    assert_eq!(
        names(&problems),
        ["DATABASE_URL", "DEV_MODE", "HOST", "OTTO_DATA_DIRR", "PORT", "UWC_BASE_URL"]
    );
    assert!(!problems.to_string().contains("s3cret-value"));
}

#[test]
fn secrets_are_hidden_in_what_is_shown() {
    let settings =
        read(&env(&[("UWC_HMAC_SECRET", "hunter2"), ("DATABASE_URL", "postgres://u:hunter2@h/d")])).unwrap();
    let shown = format!("{settings:?}");
    assert!(!shown.contains("hunter2"), "{shown}");
    let secret = settings.effective.iter().find(|one| one.name == "UWC_HMAC_SECRET").unwrap();
    assert_eq!((secret.shown.as_str(), secret.from), ("(set, 7 characters)", "environment"));
}

#[test]
fn a_lease_can_be_renewed_in_time_and_runs_out_in_time() {
    let lease = |text: &str| read(&env(&[("OTTO_JOB_LEASE_SECONDS", text)]));
    assert_eq!(read(&env(&[])).unwrap().job_lease.as_secs(), 60);
    assert_eq!(lease("5").unwrap().job_lease.as_secs(), 5);
    for wrong in ["4", "601", "a minute"] {
        assert_eq!(names(&lease(wrong).unwrap_err()), ["OTTO_JOB_LEASE_SECONDS"], "{wrong}");
    }
}

#[test]
fn what_only_commands_read_is_no_misspelling() {
    read(&env(&[("OTTO_TENANT_SIGNING_KEY", "k"), ("OTTO_TENANT_API_KEY", "k")])).unwrap();
}

#[test]
fn an_empty_value_is_as_good_as_none() {
    assert!(read(&env(&[("PORT", " ")])).unwrap().http.port == 8080);
}

#[test]
fn the_committed_example_is_what_the_code_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.env.example");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(committed, crate::example(), "run: cargo run -- config example > .env.example");
}
