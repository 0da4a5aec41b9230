use std::{
    collections::BTreeMap,
    fmt,
    net::{IpAddr, Ipv4Addr},
    path::Path,
    str::FromStr,
    time::Duration,
};

use kernel::Secret;
use url::Url;

use crate::{
    CallrailSettings, DatabasePool, DevMode, Environment, HttpSettings, RateLimits, S3Settings, Settings,
    ShunyaSettings, VARIABLES, accepted, background,
    variables::{self as v, Variable},
    vendors,
};

/// What is wrong with one variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Its name.
    pub name: String,
    /// What is wrong; never its value.
    pub what: String,
}

/// Everything that is wrong, in order of name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} of the settings cannot be used:", self.0.len())?;
        for Problem { name, what } in &self.0 {
            writeln!(f, "  {name}  {what}")?;
        }
        write!(f, "see `otto config check --help` and .env.example")
    }
}

impl std::error::Error for Problems {}

/// A variable in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// Its name.
    pub name: &'static str,
    /// Its value, or how it is hidden.
    pub shown: String,
    /// Where it comes from: environment, default, unset, or another variable's name.
    pub from: &'static str,
}

pub(crate) struct Reader<'a> {
    pub(crate) given: &'a BTreeMap<String, String>,
    pub(crate) environment: Environment,
    pub(crate) problems: Vec<Problem>,
}

impl Reader<'_> {
    pub(crate) fn wrong(&mut self, variable: &Variable, what: impl Into<String>) {
        self.problems.push(Problem { name: variable.name.to_owned(), what: what.into() });
    }

    pub(crate) fn given(&self, variable: &Variable) -> Option<&str> {
        std::iter::once(&variable.name)
            .chain(variable.aliases)
            .find_map(|name| self.given.get(*name))
            .map(|text| text.trim())
            .filter(|text| !text.is_empty())
    }

    pub(crate) fn text(&mut self, variable: &Variable) -> Option<String> {
        let text = self.given(variable).or(variable.default).map(str::to_owned);
        if text.is_none() && variable.required && self.environment != Environment::Development {
            self.wrong(variable, format!("must be set in {}: {}", self.environment.as_str(), variable.help));
        }
        text
    }

    fn secret(&mut self, variable: &Variable) -> Option<Secret> {
        self.text(variable).map(Secret::new)
    }

    pub(crate) fn parse<T: FromStr>(&mut self, variable: &Variable, expected: &str) -> Option<T> {
        let text = self.text(variable)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.wrong(variable, format!("must be {expected}"));
        }
        parsed
    }

    pub(crate) fn url(&mut self, variable: &Variable) -> Option<Url> {
        let text = self.text(variable)?;
        match Url::parse(&text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Some(url),
            _ => {
                self.wrong(variable, "must be an http:// or https:// address");
                None
            }
        }
    }

    pub(crate) fn boolean(&mut self, variable: &Variable) -> bool {
        let text = self.text(variable).unwrap_or_default();
        yes_or_no(&text).unwrap_or_else(|| {
            self.wrong(variable, "must be true or false");
            false
        })
    }
}

pub(crate) fn yes_or_no(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Some(true),
        "false" | "0" | "no" | "off" | "" => Some(false),
        _ => None,
    }
}

/// Reads `.env` in a folder, if there is one. What the environment sets counts more.
pub fn dotenv(folder: &Path) -> Result<BTreeMap<String, String>, Problems> {
    let path = folder.join(".env");
    if !path.exists() {
        return Ok(BTreeMap::new());
    }
    let unreadable = |what: String| {
        Problems(vec![Problem { name: ".env".to_owned(), what: format!("cannot be read: {what}") }])
    };
    let lines = dotenvy::from_path_iter(&path).map_err(|error| unreadable(error.to_string()))?;
    // the crate's messages quote the line, which may hold a secret
    lines.collect::<Result<_, _>>().map_err(|_| unreadable("a line is not NAME=value".to_owned()))
}

fn hidden(variable: &Variable, value: &str) -> String {
    if variable.secret { format!("(set, {} characters)", value.chars().count()) } else { value.to_owned() }
}

/// Reads everything, or says everything that is wrong.
pub fn read(given: &BTreeMap<String, String>) -> Result<Settings, Problems> {
    let mut reader = Reader { given, environment: Environment::Development, problems: Vec::new() };
    if let Some(environment) = reader.parse(&v::ENVIRONMENT, "development, staging or production") {
        reader.environment = environment;
    } else {
        // told already; the strictest reading of the rest tells the most
        reader.environment = Environment::Production;
    }
    for name in given.keys().filter(|name| name.starts_with("OTTO_")) {
        let is_setting = VARIABLES.iter().any(|variable| variable.is_named(name));
        let is_of_a_command =
            [v::TENANT_SIGNING_KEY, v::TENANT_API_KEY, v::IMPORT_FROM].contains(&name.as_str());
        // OTTO_TEST_* belongs to the test runner
        if !is_setting && !is_of_a_command && !name.starts_with("OTTO_TEST_") {
            let what = "is not a setting of this version".to_owned();
            reader.problems.push(Problem { name: name.clone(), what });
        }
    }
    let dev_mode = read_dev_mode(&mut reader);
    let http = read_http(&mut reader);
    let callrail = CallrailSettings {
        base_url: reader.url(&v::CALLRAIL_BASE_URL).unwrap_or_else(placeholder),
        api_key: reader.secret(&v::CALLRAIL_API_KEY),
        account_id: reader.text(&v::CALLRAIL_ACCOUNT_ID),
        signing_key: reader.secret(&v::CALLRAIL_SIGNING_KEY),
        list_every: read_list_every(&mut reader),
    };
    let shunya = ShunyaSettings {
        base_url: vendors::shunya_url(&mut reader),
        api_key: reader.secret(&v::UWC_API_KEY),
        hmac_secret: reader.secret(&v::UWC_HMAC_SECRET),
        jwt_secret: reader.secret(&v::UWC_JWT_SECRET),
        version: reader.text(&v::UWC_VERSION).unwrap_or_default(),
        signature: reader
            .parse(&v::OTTO_SHUNYA_SIGNATURE, "dot, colon or either")
            .unwrap_or(crate::ShunyaSignature::Dot),
        submit: reader.boolean(&v::ENABLE_UWC_ASR),
    };
    accepted::check(&mut reader);
    let background = background::read(&mut reader);
    let rate_limits = read_rate_limits(&mut reader);
    let settings = Settings {
        environment: reader.environment,
        dev_mode,
        http,
        data_dir: reader.text(&v::OTTO_DATA_DIR).unwrap_or_default().into(),
        database_url: read_database_url(&mut reader),
        database_replica_url: read_replica_url(&mut reader),
        pool: read_pool(&mut reader),
        rate_limits,
        redis_url: read_redis_url(&mut reader, background.worker || rate_limits.is_some()),
        encryption_key: reader.secret(&v::OTTO_ENCRYPTION_KEY),
        s3: read_s3(&mut reader),
        callrail,
        shunya,
        care: vendors::care(&mut reader),
        background,
        max_recording_bytes: reader
            .parse(&v::OTTO_MAX_RECORDING_BYTES, "a number of bytes")
            .unwrap_or_default(),
        webhook_days: read_days(&mut reader, &v::IDEMPOTENCY_TTL_DAYS),
        body_days: read_days(&mut reader, &v::OTTO_WEBHOOK_BODY_DAYS),
        job_lease: read_job_lease(&mut reader),
        observe: observe::read(&mut reader),
        effective: effective(&reader),
    };
    if reader.problems.is_empty() {
        return Ok(settings);
    }
    reader.problems.sort_by(|a, b| a.name.cmp(&b.name));
    Err(Problems(reader.problems))
}

/// Stands where a problem was noted; never used.
pub(crate) fn placeholder() -> Url {
    Url::parse("http://unset.invalid").unwrap_or_else(|_| unreachable!("a constant that parses"))
}

fn read_list_every(reader: &mut Reader<'_>) -> Duration {
    let seconds = reader.parse(&v::OTTO_CALLRAIL_LIST_SECONDS, "a number of seconds").unwrap_or(900);
    // an account may make 1,000 requests an hour, and most of them are for recordings
    if seconds < 30 {
        reader.wrong(&v::OTTO_CALLRAIL_LIST_SECONDS, "must be at least 30");
    }
    Duration::from_secs(seconds)
}

fn read_days(reader: &mut Reader<'_>, variable: &Variable) -> u16 {
    let days = reader.parse(variable, "a number of days").unwrap_or(1);
    if !(1..=3650).contains(&days) {
        reader.wrong(variable, "must be from 1 to 3650");
    }
    days
}

fn read_job_lease(reader: &mut Reader<'_>) -> Duration {
    let seconds = reader.parse(&v::OTTO_JOB_LEASE_SECONDS, "a number of seconds").unwrap_or(60);
    // it is renewed three times in its life: a shorter one runs out while a busy database keeps the renewal waiting, a
    // longer one leaves a vanished worker's jobs lying
    if !(5..=600).contains(&seconds) {
        reader.wrong(&v::OTTO_JOB_LEASE_SECONDS, "must be from 5 to 600");
    }
    Duration::from_secs(seconds)
}

fn read_dev_mode(reader: &mut Reader<'_>) -> Option<DevMode> {
    let wanted = reader.boolean(&v::DEV_MODE);
    let company = reader.parse(&v::DEV_TEST_COMPANY_ID, "1 to 64 letters, digits, '_' or '-'");
    let user = reader.parse(&v::DEV_TEST_USER_ID, "1 to 64 letters, digits, '_' or '-'");
    if wanted && reader.environment != Environment::Development {
        reader.wrong(&v::DEV_MODE, format!("must not be on in {}", reader.environment.as_str()));
        return None;
    }
    match (wanted, company, user) {
        (true, Some(company), Some(user)) => Some(DevMode { company, user }),
        _ => None,
    }
}

fn read_http(reader: &mut Reader<'_>) -> HttpSettings {
    let home = match reader.environment {
        Environment::Development => Ipv4Addr::LOCALHOST,
        Environment::Staging | Environment::Production => Ipv4Addr::UNSPECIFIED,
    };
    let allowed_origins: Vec<String> = reader
        .text(&v::ALLOWED_ORIGINS)
        .unwrap_or_default()
        .split(',')
        .map(|origin| origin.trim().trim_end_matches('/').to_owned())
        .filter(|origin| !origin.is_empty())
        .collect();
    if reader.environment != Environment::Development && allowed_origins.iter().any(|origin| origin == "*") {
        reader.wrong(&v::ALLOWED_ORIGINS, "must not be * where people sign in");
    }
    HttpSettings {
        host: reader.parse(&v::HOST, "an IP address").unwrap_or(IpAddr::V4(home)),
        port: reader.parse(&v::PORT, "a port number").unwrap_or_default(),
        backend_url: reader.url(&v::BACKEND_URL),
        allowed_origins,
        max_webhook_bytes: reader.parse(&v::OTTO_MAX_WEBHOOK_BYTES, "a number of bytes").unwrap_or_default(),
        webhook_patience: read_webhook_patience(reader),
        stop_delay: read_stop_delay(reader),
    }
}

fn read_webhook_patience(reader: &mut Reader<'_>) -> Duration {
    let seconds = reader.parse(&v::OTTO_WEBHOOK_PATIENCE_SECONDS, "a number of seconds").unwrap_or(8);
    // no provider waits for an answer much longer
    if seconds > 30 {
        reader.wrong(&v::OTTO_WEBHOOK_PATIENCE_SECONDS, "must be at most 30");
    }
    Duration::from_secs(seconds)
}

fn read_stop_delay(reader: &mut Reader<'_>) -> Duration {
    let usual = if reader.environment == Environment::Development { 0 } else { 5 };
    let seconds = reader.parse(&v::OTTO_STOP_DELAY_SECONDS, "a number of seconds").unwrap_or(usual);
    if seconds > 60 {
        reader.wrong(&v::OTTO_STOP_DELAY_SECONDS, "must be from 0 to 60");
    }
    Duration::from_secs(seconds)
}

fn read_s3(reader: &mut Reader<'_>) -> Option<S3Settings> {
    let (id, secret) = (reader.text(&v::AWS_ACCESS_KEY_ID), reader.secret(&v::AWS_SECRET_ACCESS_KEY));
    let endpoint =
        reader.given(&v::AWS_ENDPOINT_URL_S3).is_some().then(|| reader.url(&v::AWS_ENDPOINT_URL_S3));
    let path_style = match reader.given(&v::OTTO_S3_PATH_STYLE) {
        Some(_) => reader.boolean(&v::OTTO_S3_PATH_STYLE),
        None => endpoint.is_some(),
    };
    let default = match reader.environment {
        Environment::Development => None,
        Environment::Staging => Some("otto-documents-staging"),
        Environment::Production => Some("otto-documents-prod"),
    };
    // other programs' AWS keys may be in a developer's environment; only who has a bucket must have whole ones
    let bucket = reader.text(&v::S3_BUCKET).or(default.map(str::to_owned))?;
    match (&id, &secret) {
        (Some(_), None) => reader.wrong(&v::AWS_SECRET_ACCESS_KEY, "must be set where AWS_ACCESS_KEY_ID is"),
        (None, Some(_)) => reader.wrong(&v::AWS_ACCESS_KEY_ID, "must be set where AWS_SECRET_ACCESS_KEY is"),
        _ => {}
    }
    let plain = endpoint.as_ref().and_then(Option::as_ref).is_some_and(|url| url.scheme() == "http");
    if plain && reader.environment == Environment::Production {
        reader.wrong(
            &v::AWS_ENDPOINT_URL_S3,
            "must be https:// in production: recordings and links to them travel there",
        );
    }
    Some(S3Settings {
        bucket,
        region: reader.text(&v::AWS_REGION).unwrap_or_default(),
        key: id.zip(secret),
        session_token: reader.secret(&v::AWS_SESSION_TOKEN),
        endpoint: endpoint.flatten(),
        path_style,
        kms_key: reader.text(&v::OTTO_S3_KMS_KEY_ID),
    })
}

fn read_database_url(reader: &mut Reader<'_>) -> Option<Secret> {
    let url = reader.text(&v::DATABASE_URL)?;
    let known = ["postgres://", "postgresql://", "sqlite:"];
    if !known.iter().any(|scheme| url.starts_with(scheme)) {
        reader.wrong(&v::DATABASE_URL, "must begin with postgres:// or sqlite:");
    }
    Some(Secret::new(url))
}

fn read_replica_url(reader: &mut Reader<'_>) -> Option<Secret> {
    let url = reader.text(&v::DATABASE_REPLICA_URL)?;
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        reader.wrong(&v::DATABASE_REPLICA_URL, "must begin with postgres://");
    }
    Some(Secret::new(url))
}

fn read_pool(reader: &mut Reader<'_>) -> DatabasePool {
    let mut number = |variable: &Variable, least: u64, most: u64| {
        let given: u64 = reader.parse(variable, "a number").unwrap_or(least);
        if !(least..=most).contains(&given) {
            reader.wrong(variable, format!("must be from {least} to {most}"));
        }
        given.clamp(least, most)
    };
    let count = |number: u64| usize::try_from(number).unwrap_or(1);
    DatabasePool {
        size: count(number(&v::OTTO_DB_POOL_SIZE, 1, 1000)),
        overflow: count(number(&v::OTTO_DB_POOL_OVERFLOW, 0, 1000)),
        wait: Duration::from_secs(number(&v::OTTO_DB_POOL_WAIT_SECONDS, 1, 600)),
        recycle: Duration::from_secs(number(&v::OTTO_DB_POOL_RECYCLE_SECONDS, 10, 86_400)),
        statement_timeout: Duration::from_secs(number(&v::OTTO_DB_STATEMENT_TIMEOUT_SECONDS, 1, 3600)),
        lock_timeout: Duration::from_secs(number(&v::OTTO_DB_LOCK_TIMEOUT_SECONDS, 1, 3600)),
        slow_statement: Duration::from_millis(number(&v::OTTO_DB_SLOW_STATEMENT_MS, 0, 3_600_000)),
        replica_lag: Duration::from_secs(number(&v::OTTO_DB_REPLICA_LAG_SECONDS, 1, 3600)),
    }
}

fn read_rate_limits(reader: &mut Reader<'_>) -> Option<RateLimits> {
    let wanted = reader.boolean(&v::ENABLE_RATE_LIMITING);
    let user = reader.parse(&v::RATE_LIMIT_USER, "like 60/minute");
    let tenant = reader.parse(&v::RATE_LIMIT_TENANT, "like 600/minute");
    if wanted { Some(RateLimits { user: user?, tenant: tenant? }) } else { None }
}

fn read_redis_url(reader: &mut Reader<'_>, needed: bool) -> Option<Secret> {
    let Some(url) = reader.text(&v::REDIS_URL) else {
        if needed && reader.environment != Environment::Development {
            let place = reader.environment.as_str();
            let while_ = "while ENABLE_WORKER or ENABLE_RATE_LIMITING is true";
            reader.wrong(&v::REDIS_URL, format!("must be set in {place} {while_}"));
        }
        return None;
    };
    let known =
        Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "redis" | "rediss") && url.has_host());
    if !known {
        reader.wrong(&v::REDIS_URL, "must be redis://HOST:PORT or rediss://USER:PASSWORD@HOST:PORT");
    }
    Some(Secret::new(url))
}

fn effective(reader: &Reader<'_>) -> Vec<Effective> {
    VARIABLES
        .iter()
        .map(|variable| {
            let at_staging = variable.name == v::UWC_BASE_URL.name
                && reader.given(&v::USE_UWC_STAGING).and_then(yes_or_no).unwrap_or_default();
            let (shown, from) = match (reader.given(variable), variable.default) {
                (None, _) if at_staging => (vendors::SHUNYA_STAGING.to_owned(), v::USE_UWC_STAGING.name),
                (Some(value), _) => (hidden(variable, value), "environment"),
                (None, Some(default)) => (default.to_owned(), "default"),
                (None, None) => (String::new(), "unset"),
            };
            Effective { name: variable.name, shown, from }
        })
        .collect()
}

#[path = "read_observe.rs"]
mod observe;

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
