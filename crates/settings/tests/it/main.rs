//! Settings as operators have them.

mod background;
mod names;
mod vendors;

use std::collections::BTreeMap;

use settings::{Problems, Settings, read};

/// What production must have, in the form it must have it.
const PRODUCTION: [(&str, &str); 17] = [
    ("ENVIRONMENT", "production"),
    ("BACKEND_URL", "https://otto.example"),
    ("DATABASE_URL", "postgres://otto@db/otto"),
    ("REDIS_URL", "rediss://redis:6379"),
    ("OTTO_ENCRYPTION_KEY", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
    ("CALLRAIL_API_KEY", "key"),
    ("CALLRAIL_ACCOUNT_ID", "ACC1"),
    ("UWC_API_KEY", "key"),
    ("UWC_HMAC_SECRET", "secret"),
    ("CLERK_SECRET_KEY", "sk_live_1"),
    ("CLERK_ISSUER", "https://clerk.otto.example"),
    ("CLERK_WEBHOOK_SECRET", "whsec_MDEy"),
    ("TWILIO_ACCOUNT_SID", "AC0123456789abcdef0123456789abcdef"),
    ("TWILIO_AUTH_TOKEN", "token"),
    ("TWILIO_FROM_NUMBER", "+16025550100"),
    ("TWILIO_CALLBACK_NUMBER", "+16025550101"),
    ("S3_BUCKET", "recordings"),
];

fn given(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Production, with other values for some.
fn production(but: &[(&str, &str)]) -> Result<Settings, Problems> {
    let mut all = given(&PRODUCTION);
    all.extend(given(but));
    read(&all)
}

fn names(problems: &Problems) -> Vec<&str> {
    problems.0.iter().map(|problem| problem.name.as_str()).collect()
}
