use crate::Frequency;

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
    let mut expected = [required.as_slice(), &["DEV_MODE", "REDIS_URL"]].concat();
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
    read(&env(&[("OTTO_TENANT_SIGNING_KEY", "k"), ("OTTO_TENANT_API_KEY", "k"), ("OTTO_IMPORT_FROM", "k")]))
        .unwrap();
}

#[test]
fn an_empty_value_is_as_good_as_none() {
    assert!(read(&env(&[("PORT", " ")])).unwrap().http.port == 8080);
}

#[test]
fn recordings_are_kept_in_a_bucket_where_there_is_one() {
    let s3 = |pairs: &[(&str, &str)]| read(&env(pairs)).unwrap().s3;
    assert!(s3(&[]).is_none());
    assert!(
        s3(&[("AWS_ACCESS_KEY_ID", "AKIA"), ("AWS_REGION", "eu-west-1")]).is_none(),
        "no bucket, no matter"
    );
    let aws = s3(&[("S3_BUCKET", "b")]).unwrap();
    assert_eq!((aws.bucket.as_str(), aws.region.as_str(), aws.path_style), ("b", "us-east-1", false));
    assert!(aws.key.is_none() && aws.endpoint.is_none() && aws.kms_key.is_none());
    let own = s3(&[
        ("S3_BUCKET", "b"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
        ("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000"),
        ("AWS_ACCESS_KEY_ID", "AKIA"),
        ("AWS_SECRET_ACCESS_KEY", "hunter2"),
        ("OTTO_S3_KMS_KEY_ID", "key-1"),
    ])
    .unwrap();
    assert!(own.path_style && own.endpoint.is_some());
    assert_eq!((own.region.as_str(), own.kms_key.as_deref()), ("eu-west-1", Some("key-1")));
    assert_eq!(
        own.key.as_ref().map(|(id, secret)| (id.as_str(), secret.expose().as_str())),
        Some(("AKIA", "hunter2"))
    );
    assert!(!format!("{own:?}").contains("hunter2"));
    let told =
        s3(&[("S3_BUCKET", "b"), ("AWS_ENDPOINT_URL_S3", "http://h"), ("OTTO_S3_PATH_STYLE", "false")]);
    assert!(!told.unwrap().path_style);
}

#[test]
fn a_bucket_is_expected_where_customers_are() {
    let required: Vec<_> = VARIABLES.iter().filter(|variable| variable.required).collect();
    let bucket = |environment: &str| {
        let mut given = env(&[("ENVIRONMENT", environment), ("REDIS_URL", "rediss://h")]);
        for variable in &required {
            let value = match variable.name {
                "DATABASE_URL" => "postgres://h/d",
                "CLERK_SECRET_KEY" => "sk_x",
                "CLERK_ISSUER" => "https://h",
                "CLERK_WEBHOOK_SECRET" => "whsec_x",
                "TWILIO_ACCOUNT_SID" => "AC00000000000000000000000000000001",
                name if name.ends_with("_NUMBER") => "+16025550100",
                name if name.ends_with("URL") => "https://h",
                _ => "x",
            };
            given.insert(variable.name.to_owned(), value.to_owned());
        }
        read(&given).unwrap().s3.unwrap().bucket
    };
    assert_eq!(bucket("production"), "otto-documents-prod");
    assert_eq!(bucket("staging"), "otto-documents-staging");
}

#[test]
fn half_a_key_and_an_open_road_are_told() {
    let problems = read(&env(&[("S3_BUCKET", "b"), ("AWS_ACCESS_KEY_ID", "AKIA")])).unwrap_err();
    assert_eq!(names(&problems), ["AWS_SECRET_ACCESS_KEY"]);
    let problems = read(&env(&[("S3_BUCKET", "b"), ("AWS_SECRET_ACCESS_KEY", "hunter2")])).unwrap_err();
    assert_eq!(names(&problems), ["AWS_ACCESS_KEY_ID"]);
    let problems =
        read(&env(&[("ENVIRONMENT", "production"), ("AWS_ENDPOINT_URL_S3", "http://h")])).unwrap_err();
    assert!(names(&problems).contains(&"AWS_ENDPOINT_URL_S3"));
}

#[test]
fn the_committed_example_is_what_the_code_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../.env.example");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(committed, crate::example(), "run: cargo run -- config example > .env.example");
}

#[test]
fn redis_is_read_under_both_names_and_told_when_it_is_none() {
    let url = "rediss://default:t0ken@host.upstash.io:6379";
    for name in ["REDIS_URL", "UPSTASH_REDIS_URL"] {
        let settings = read(&env(&[(name, url)])).unwrap();
        assert_eq!(settings.redis_url.unwrap().expose(), url);
    }
    for wrong in ["http://host:6379", "redis://", "host:6379"] {
        let problems = read(&env(&[("REDIS_URL", wrong)])).unwrap_err();
        assert_eq!(names(&problems), ["REDIS_URL"], "{wrong}");
    }
}

#[test]
fn rate_limits_have_the_contract_s_defaults_and_can_be_turned_off() {
    let minute = |count| Frequency { count, per: Duration::from_mins(1) };
    let limits = read(&env(&[])).unwrap().rate_limits;
    assert_eq!(limits, Some(RateLimits { user: minute(60), tenant: minute(600) }));
    assert_eq!(read(&env(&[("ENABLE_RATE_LIMITING", "false")])).unwrap().rate_limits, None);
    let hour = read(&env(&[("RATE_LIMIT_USER", "5/hour")])).unwrap().rate_limits.unwrap().user;
    assert_eq!(hour, Frequency { count: 5, per: Duration::from_hours(1) });
    for wrong in ["60", "0/minute", "x/minute", "1/day", "-1/hour"] {
        let problems = read(&env(&[("RATE_LIMIT_TENANT", wrong)])).unwrap_err();
        assert_eq!(names(&problems), ["RATE_LIMIT_TENANT"], "{wrong}");
    }
}

#[test]
fn patience_with_the_database_is_bounded() {
    let patience = |text: &str| read(&env(&[("OTTO_WEBHOOK_PATIENCE_SECONDS", text)]));
    assert_eq!(read(&env(&[])).unwrap().http.webhook_patience.as_secs(), 8);
    assert_eq!(patience("0").unwrap().http.webhook_patience.as_secs(), 0);
    assert_eq!(names(&patience("31").unwrap_err()), ["OTTO_WEBHOOK_PATIENCE_SECONDS"]);
    let pool = read(&env(&[("OTTO_DB_SLOW_STATEMENT_MS", "20"), ("OTTO_DB_REPLICA_LAG_SECONDS", "2")]))
        .unwrap()
        .pool;
    assert_eq!((pool.slow_statement.as_millis(), pool.replica_lag.as_secs()), (20, 2));
    let problems = read(&env(&[("OTTO_DB_REPLICA_LAG_SECONDS", "0")])).unwrap_err();
    assert_eq!(names(&problems), ["OTTO_DB_REPLICA_LAG_SECONDS"]);
}

#[test]
fn what_nobody_needs_any_more_is_kept_for_some_days() {
    let settings = read(&env(&[])).unwrap();
    assert_eq!((settings.webhook_days, settings.body_days), (90, 30));
    let settings = read(&env(&[("IDEMPOTENCY_TTL_DAYS", "14"), ("OTTO_WEBHOOK_BODY_DAYS", "1")])).unwrap();
    assert_eq!((settings.webhook_days, settings.body_days), (14, 1));
    for wrong in ["0", "3651", "a week"] {
        let problems = read(&env(&[("IDEMPOTENCY_TTL_DAYS", wrong)])).unwrap_err();
        assert_eq!(names(&problems), ["IDEMPOTENCY_TTL_DAYS"], "{wrong}");
    }
}

#[test]
fn nobody_looks_on_unless_told_where() {
    let observe = read(&env(&[])).unwrap().observe;
    assert!(observe.otlp.is_none() && observe.sentry.is_none() && observe.probe_port.is_none());
    assert!(observe.redact_personal_data);
    let given = env(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic aHVudGVyMg==, x-team = otto"),
        ("SENTRY_DSN", "https://hunter2@sentry.example/7"),
        ("OBS_REDACT_PII", "false"),
        ("OTTO_PROBE_PORT", "9090"),
    ]);
    let observe = read(&given).unwrap().observe;
    let headers = observe.otlp.as_ref().unwrap().headers.clone();
    assert_eq!(headers[0].0, "authorization");
    assert_eq!(headers[0].1.expose(), "Basic aHVudGVyMg==");
    assert_eq!(headers[1].1.expose(), "otto");
    assert!((observe.sentry.as_ref().unwrap().traces_sample_rate - 0.1).abs() < f32::EPSILON);
    assert_eq!(observe.probe_port, Some(9090));
    assert!(!observe.redact_personal_data);
    let shown = format!("{observe:?}");
    assert!(!shown.contains("hunter2") && !shown.contains("aHVudGVyMg"), "{shown}");
}

#[test]
fn what_cannot_be_reported_to_is_told() {
    let problems = read(&env(&[
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "s3cret-value"),
        ("SENTRY_DSN", "https://sentry.example/7"),
        ("SENTRY_TRACES_SAMPLE_RATE", "1.5"),
        ("OTTO_PROBE_PORT", "many"),
    ]))
    .unwrap_err();
    let expected = [
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_HEADERS",
        "OTTO_PROBE_PORT",
        "SENTRY_DSN",
        "SENTRY_TRACES_SAMPLE_RATE",
    ];
    assert_eq!(names(&problems), expected);
    assert!(!problems.to_string().contains("s3cret-value"));
}

#[test]
fn personal_data_is_never_shown_in_production() {
    let problems = read(&env(&[("ENVIRONMENT", "production"), ("OBS_REDACT_PII", "false")])).unwrap_err();
    assert!(names(&problems).contains(&"OBS_REDACT_PII"));
    let problems = read(&env(&[("ENVIRONMENT", "production")])).unwrap_err();
    assert!(!names(&problems).contains(&"OBS_REDACT_PII"));
}

#[test]
fn a_server_that_stops_waits_for_balancers_where_there_are_any() {
    let delay = |pairs: &[(&str, &str)]| read(&env(pairs)).map(|settings| settings.http.stop_delay.as_secs());
    assert_eq!(delay(&[]), Ok(0));
    assert_eq!(delay(&[("OTTO_STOP_DELAY_SECONDS", "7")]), Ok(7));
    let problems = delay(&[("OTTO_STOP_DELAY_SECONDS", "600")]).unwrap_err();
    assert_eq!(names(&problems), ["OTTO_STOP_DELAY_SECONDS"]);
}
