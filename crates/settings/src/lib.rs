//! Settings from the environment.
//!
//! Every variable is declared once, in [`VARIABLES`], with its help and default: reading, `otto config check`,
//! `.env.example` and the refusal of unknown `OTTO_*` names all come from there. All problems are reported at once, by
//! name, before anything starts; values of secrets are never shown.

mod accepted;
mod background;
mod example;
mod read;
mod variables;
mod vendors;

use std::{net::IpAddr, path::PathBuf, str::FromStr, time::Duration};

use kernel::{CompanyId, Secret, UserId};
use url::Url;

pub use example::example;
pub use read::{Effective, Problem, Problems, dotenv, read};
pub use variables::{IMPORT_FROM, TENANT_API_KEY, TENANT_SIGNING_KEY, VARIABLES, Variable};

/// Where this deployment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// On somebody's machine.
    Development,
    /// Before customers.
    Staging,
    /// For customers.
    Production,
}

impl Environment {
    /// As configured and answered.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

impl FromStr for Environment {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "development" => Ok(Self::Development),
            "staging" => Ok(Self::Staging),
            "production" => Ok(Self::Production),
            _ => Err("must be development, staging or production"),
        }
    }
}

/// Which string Shunya's webhook signature is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShunyaSignature {
    /// `{timestamp}.{body}`.
    Dot,
    /// `{timestamp}:{canonical body}`.
    Colon,
    /// Either.
    Either,
}

impl FromStr for ShunyaSignature {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "dot" => Ok(Self::Dot),
            "colon" => Ok(Self::Colon),
            "either" => Ok(Self::Either),
            _ => Err("must be dot, colon or either"),
        }
    }
}

/// Sign-in without an identity provider.
#[derive(Clone, Debug)]
pub struct DevMode {
    /// The company whoever comes belongs to.
    pub company: CompanyId,
    /// The manager whoever comes is.
    pub user: UserId,
}

/// HTTP.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Where to listen.
    pub host: IpAddr,
    /// Where to listen; 0 takes a free port.
    pub port: u16,
    /// Where providers and clients reach us; unset in development means where we listen.
    pub backend_url: Option<Url>,
    /// Web origins allowed to call us, as configured.
    pub allowed_origins: Vec<String>,
    /// Longer webhooks are refused.
    pub max_webhook_bytes: usize,
    /// A webhook is tried again for so long while the database is away, before its provider is told so.
    pub webhook_patience: Duration,
    /// How long requests are still taken after readiness has turned false.
    pub stop_delay: Duration,
}

/// CallRail.
#[derive(Clone, Debug)]
pub struct CallrailSettings {
    /// Its API.
    pub base_url: Url,
    /// The platform's key.
    pub api_key: Option<Secret>,
    /// The platform's account.
    pub account_id: Option<String>,
    /// What the platform's webhooks are signed with.
    pub signing_key: Option<Secret>,
    /// How often it is asked for calls whose webhooks never came.
    pub list_every: Duration,
}

/// An S3 bucket.
#[derive(Clone, Debug)]
pub struct S3Settings {
    /// Its name.
    pub bucket: String,
    /// Where it is.
    pub region: String,
    /// Key id and secret; unset means what the SDK finds.
    pub key: Option<(String, Secret)>,
    /// Goes with temporary keys.
    pub session_token: Option<Secret>,
    /// A store other than AWS.
    pub endpoint: Option<Url>,
    /// Whether the bucket is named in the path.
    pub path_style: bool,
    /// The KMS key objects are encrypted with.
    pub kms_key: Option<String>,
}

/// Shunya.
#[derive(Clone, Debug)]
pub struct ShunyaSettings {
    /// Its API.
    pub base_url: Url,
    /// Sent as bearer token where there is no JWT secret.
    pub api_key: Option<Secret>,
    /// Signs both directions' bodies.
    pub hmac_secret: Option<Secret>,
    /// Signs our bearer tokens.
    pub jwt_secret: Option<Secret>,
    /// `X-UWC-Version`.
    pub version: String,
    /// Which string its webhooks' signature is over.
    pub signature: ShunyaSignature,
    /// Whether recordings are sent to it.
    pub submit: bool,
}

/// How providers are treated. A limit that is unset is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProviderCare {
    /// How long one that does not answer is left alone at first.
    pub first_pause: Duration,
    /// Requests to CallRail in the name of one account in any hour.
    pub callrail_per_hour: Option<u32>,
    /// And in any day.
    pub callrail_per_day: Option<u32>,
    /// Recordings of one company sent to Shunya in any minute.
    pub submissions_per_minute: Option<u32>,
    /// Looks whether Shunya is done with calls of one company in any minute.
    pub looks_per_minute: Option<u32>,
}

/// Which background work is done in this deployment, in whichever process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Background {
    /// Jobs are run.
    pub worker: bool,
    /// Recurring jobs are enqueued.
    pub scheduler: bool,
}

/// How often something may be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frequency {
    /// So many times.
    pub count: u32,
    /// In this time.
    pub per: Duration,
}

impl FromStr for Frequency {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = "must be like 60/minute";
        let (count, period) = text.split_once('/').ok_or(wrong)?;
        let seconds = match period.trim() {
            "second" => 1,
            "minute" => 60,
            "hour" => 3600,
            _ => return Err(wrong),
        };
        let count = count.trim().parse().ok().filter(|count| *count > 0).ok_or(wrong)?;
        Ok(Self { count, per: Duration::from_secs(seconds) })
    }
}

/// How often the client API may be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits {
    /// By one person.
    pub user: Frequency,
    /// By one company.
    pub tenant: Frequency,
}

/// Connections to PostgreSQL, of each process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DatabasePool {
    /// Kept when nothing happens.
    pub size: usize,
    /// Opened besides under load.
    pub overflow: usize,
    /// Give up waiting for one after this.
    pub wait: Duration,
    /// Replaced when older than this.
    pub recycle: Duration,
    /// Cancelled when a statement takes longer.
    pub statement_timeout: Duration,
    /// Give up waiting for a lock after this.
    pub lock_timeout: Duration,
    /// Logged by name when a statement takes this long.
    pub slow_statement: Duration,
    /// The replica is not read while it lags by more.
    pub replica_lag: Duration,
}

/// A collector of traces.
#[derive(Clone, Debug)]
pub struct OtlpCollector {
    /// Its address; traces go to `v1/traces` below it.
    pub endpoint: Url,
    /// Sent with each request: name and value.
    pub headers: Vec<(String, Secret)>,
}

/// A Sentry project.
#[derive(Clone, Debug)]
pub struct SentryProject {
    /// Its address, with its key.
    pub dsn: Secret,
    /// Which part of all traces it is sent, 0 to 1.
    pub traces_sample_rate: f32,
}

/// Being looked at.
#[derive(Clone, Debug)]
pub struct ObserveSettings {
    /// As `tracing` filters read it.
    pub log_level: String,
    /// Where traces are sent.
    pub otlp: Option<OtlpCollector>,
    /// What a process with a server is called in traces.
    pub service_api: String,
    /// What one without is called.
    pub service_worker: String,
    /// Where errors are reported.
    pub sentry: Option<SentryProject>,
    /// Personal data hides itself.
    pub redact_personal_data: bool,
    /// Where a process without a server answers probes; 0 takes a free port.
    pub probe_port: Option<u16>,
}

/// Everything.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where this deployment stands.
    pub environment: Environment,
    /// Sign-in without an identity provider, where allowed.
    pub dev_mode: Option<DevMode>,
    /// HTTP.
    pub http: HttpSettings,
    /// Where embedded mode keeps its files.
    pub data_dir: PathBuf,
    /// Connections to the database.
    pub pool: DatabasePool,
    /// A replica for people's reads.
    pub database_replica_url: Option<Secret>,
    /// The database's URL; unset means a SQLite file in the data directory.
    pub database_url: Option<Secret>,
    /// Redis; unset means that one process is all there is.
    pub redis_url: Option<Secret>,
    /// How often the client API may be asked; unset means without limit.
    pub rate_limits: Option<RateLimits>,
    /// Seals secrets at rest; unset in development means a key kept in the data directory.
    pub encryption_key: Option<Secret>,
    /// The bucket recordings are kept in; unset means a folder in the data directory.
    pub s3: Option<S3Settings>,
    /// CallRail.
    pub callrail: CallrailSettings,
    /// Shunya.
    pub shunya: ShunyaSettings,
    /// How providers are treated.
    pub care: ProviderCare,
    /// Which background work is done in this deployment.
    pub background: Background,
    /// Longer recordings are refused.
    pub max_recording_bytes: u64,
    /// For so many days a webhook that is sent again is known.
    pub webhook_days: u16,
    /// For so many days the bodies of settled webhooks are kept.
    pub body_days: u16,
    /// How long a worker's claim on a job holds unless renewed.
    pub job_lease: Duration,
    /// Being looked at.
    pub observe: ObserveSettings,
    /// What is in force, for people to look at.
    pub effective: Vec<Effective>,
}
