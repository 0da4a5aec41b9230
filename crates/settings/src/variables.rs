/// A variable, and everything there is to know of it.
#[derive(Clone, Copy, Debug)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// Older names, still read.
    pub aliases: &'static [&'static str],
    /// One line.
    pub help: &'static str,
    /// What holds where it is not set.
    pub default: Option<&'static str>,
    /// Its value is never shown.
    pub secret: bool,
    /// Must be set outside development.
    pub required: bool,
}

const fn var(name: &'static str, help: &'static str) -> Variable {
    Variable { name, aliases: &[], help, default: None, secret: false, required: false }
}

impl Variable {
    const fn or(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }
    const fn also(self, aliases: &'static [&'static str]) -> Self {
        Self { aliases, ..self }
    }
    const fn secret(self) -> Self {
        Self { secret: true, ..self }
    }
    const fn required(self) -> Self {
        Self { required: true, ..self }
    }
    /// Whether it is ours alone, so that a misspelling can be told.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

macro_rules! variables {
    ($($constant:ident = $variable:expr;)*) => {
        $(pub(crate) const $constant: Variable = $variable;)*
        /// Every variable there is.
        pub const VARIABLES: &[Variable] = &[$($constant),*];
    };
}

/// Where `otto tenants set` reads a company's signing key from: no setting, but no misspelling of one either.
pub const TENANT_SIGNING_KEY: &str = "OTTO_TENANT_SIGNING_KEY";
/// The same for its API key.
pub const TENANT_API_KEY: &str = "OTTO_TENANT_API_KEY";

variables! {
    ENVIRONMENT = var("ENVIRONMENT", "development, staging or production").or("development");
    DEV_MODE = var("DEV_MODE", "sign everybody in as a demo user; refused outside development").or("false");
    DEV_TEST_COMPANY_ID = var("DEV_TEST_COMPANY_ID", "the demo users' company").or("dev-test-company");
    DEV_TEST_USER_ID = var("DEV_TEST_USER_ID", "the demo manager; demo users of other roles are named after them").or("dev-test-user");
    HOST = var("HOST", "address to listen on; 127.0.0.1 in development, 0.0.0.0 otherwise");
    PORT = var("PORT", "port to listen on; 0 takes a free one").or("8080");
    BACKEND_URL = var("BACKEND_URL", "the public address providers and clients reach us by; signatures are checked against it").required();
    ALLOWED_ORIGINS = var("ALLOWED_ORIGINS", "web origins allowed to call us, separated by commas; * matches part of one").or("http://localhost:3000,exp://*");
    OTTO_DATA_DIR = var("OTTO_DATA_DIR", "where embedded mode keeps its database, recordings and keys").or("./otto-data");
    DATABASE_URL = var("DATABASE_URL", "postgres://… or sqlite:///PATH; unset: a SQLite file in the data directory").secret().required();
    DATABASE_REPLICA_URL = var("DATABASE_REPLICA_URL", "a PostgreSQL replica people's reads may use; what it shows may be moments old").secret();
    OTTO_DB_REPLICA_LAG_SECONDS = var("OTTO_DB_REPLICA_LAG_SECONDS", "while the replica lags by more, or nobody knows by how much, the primary is read").or("5");
    OTTO_DB_POOL_SIZE = var("OTTO_DB_POOL_SIZE", "connections to PostgreSQL each process keeps; claims, cron and webhooks' look-ups use up to 8 more").or("20");
    OTTO_DB_POOL_OVERFLOW = var("OTTO_DB_POOL_OVERFLOW", "more connections it may open under load").or("40");
    OTTO_DB_POOL_WAIT_SECONDS = var("OTTO_DB_POOL_WAIT_SECONDS", "waiting longer for a connection is given up").or("30");
    OTTO_DB_POOL_RECYCLE_SECONDS = var("OTTO_DB_POOL_RECYCLE_SECONDS", "connections older than this are replaced").or("1800");
    OTTO_DB_STATEMENT_TIMEOUT_SECONDS = var("OTTO_DB_STATEMENT_TIMEOUT_SECONDS", "statements that take longer are cancelled").or("30");
    OTTO_DB_LOCK_TIMEOUT_SECONDS = var("OTTO_DB_LOCK_TIMEOUT_SECONDS", "waiting longer for a lock is given up").or("10");
    OTTO_DB_SLOW_STATEMENT_MS = var("OTTO_DB_SLOW_STATEMENT_MS", "statements that take this many milliseconds are logged, by name").or("500");
    REDIS_URL = var("REDIS_URL", "redis://… or rediss://…, what processes share besides the database; required outside development while ENABLE_RATE_LIMITING is true; unset: one process alone").also(&["UPSTASH_REDIS_URL"]).secret();
    ENABLE_RATE_LIMITING = var("ENABLE_RATE_LIMITING", "count requests of the client API; provider webhooks are never counted").or("true");
    RATE_LIMIT_USER = var("RATE_LIMIT_USER", "requests of one person: N/second, N/minute or N/hour").or("60/minute");
    RATE_LIMIT_TENANT = var("RATE_LIMIT_TENANT", "requests of one company").or("600/minute");
    OTTO_ENCRYPTION_KEY = var("OTTO_ENCRYPTION_KEY", "seals provider credentials: 32 bytes in base64; several separated by commas, the newest first, to rotate").secret().required();
    S3_BUCKET = var("S3_BUCKET", "the bucket recordings are kept in; unset: otto-documents-prod or otto-documents-staging there, a folder in the data directory in development");
    AWS_ACCESS_KEY_ID = var("AWS_ACCESS_KEY_ID", "our key for the bucket; unset: the AWS SDK looks for credentials (profile, web identity, the machine's role)");
    AWS_SECRET_ACCESS_KEY = var("AWS_SECRET_ACCESS_KEY", "the secret of that key").secret();
    AWS_SESSION_TOKEN = var("AWS_SESSION_TOKEN", "goes with temporary keys; links end with them").secret();
    AWS_REGION = Variable { aliases: &["AWS_DEFAULT_REGION"], ..var("AWS_REGION", "where the bucket is").or("us-east-1") };
    AWS_ENDPOINT_URL_S3 = var("AWS_ENDPOINT_URL_S3", "a store other than AWS; links lead there, so clients and Shunya must reach it");
    OTTO_S3_PATH_STYLE = var("OTTO_S3_PATH_STYLE", "name the bucket in the path, not in the host; unset: true where AWS_ENDPOINT_URL_S3 is set");
    OTTO_S3_KMS_KEY_ID = var("OTTO_S3_KMS_KEY_ID", "the KMS key recordings are encrypted with; unset: AES256 with the store's own key");
    CALLRAIL_BASE_URL = var("CALLRAIL_BASE_URL", "CallRail's API").or("https://api.callrail.com/v3");
    CALLRAIL_API_KEY = var("CALLRAIL_API_KEY", "the platform's CallRail key; a company may bring its own").secret().required();
    CALLRAIL_ACCOUNT_ID = var("CALLRAIL_ACCOUNT_ID", "the platform's CallRail account").required();
    CALLRAIL_SIGNING_KEY = var("CALLRAIL_SIGNING_KEY", "what CallRail signs the platform's webhooks with").secret();
    OTTO_CALLRAIL_LIST_SECONDS = var("OTTO_CALLRAIL_LIST_SECONDS", "how often CallRail is asked for calls whose webhooks never came").or("900");
    UWC_BASE_URL = var("UWC_BASE_URL", "Shunya's API").or("https://otto.shunyalabs.ai");
    UWC_API_KEY = var("UWC_API_KEY", "our key at Shunya").secret().required();
    UWC_HMAC_SECRET = var("UWC_HMAC_SECRET", "signs Shunya's webhooks and our requests").secret().required();
    UWC_JWT_SECRET = var("UWC_JWT_SECRET", "signs our bearer tokens for Shunya; unset: the key itself is sent").secret();
    UWC_VERSION = var("UWC_VERSION", "the X-UWC-Version header").or("v1");
    OTTO_SHUNYA_SIGNATURE = var("OTTO_SHUNYA_SIGNATURE", "which string Shunya signs: dot, colon or either").or("dot");
    OTTO_MAX_WEBHOOK_BYTES = var("OTTO_MAX_WEBHOOK_BYTES", "longer webhooks are refused with 413").or("5242880");
    IDEMPOTENCY_TTL_DAYS = var("IDEMPOTENCY_TTL_DAYS", "webhooks are kept for so many days once they are settled; what is sent again later is taken as new").or("90");
    OTTO_WEBHOOK_BODY_DAYS = var("OTTO_WEBHOOK_BODY_DAYS", "what settled webhooks said is kept for so many days, for people to look at").or("30");
    OTTO_WEBHOOK_PATIENCE_SECONDS = var("OTTO_WEBHOOK_PATIENCE_SECONDS", "while the database is away for a moment, webhooks are tried again for this long before the provider is told").or("8");
    OTTO_MAX_RECORDING_BYTES = var("OTTO_MAX_RECORDING_BYTES", "longer recordings are refused").or("1073741824");
    OTTO_JOB_LEASE_SECONDS = var("OTTO_JOB_LEASE_SECONDS", "how long jobs of a worker that vanished wait before another takes them up").or("60");
    LOG_LEVEL = var("LOG_LEVEL", "error, warn, info, debug, trace, or a tracing filter such as info,app=debug").or("info");
}
