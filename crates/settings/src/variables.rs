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
/// Where `otto import` reads the address of the predecessor's database from.
pub const IMPORT_FROM: &str = "OTTO_IMPORT_FROM";

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
    DATABASE_URL = var("DATABASE_URL", "postgres://…, with ?sslmode=verify-full where others could listen, or sqlite:///PATH; unset: a SQLite file in the data directory").secret().required();
    DATABASE_REPLICA_URL = var("DATABASE_REPLICA_URL", "a PostgreSQL replica people's reads may use, with an sslmode of its own; what it shows may be moments old").secret();
    OTTO_DB_REPLICA_LAG_SECONDS = var("OTTO_DB_REPLICA_LAG_SECONDS", "while the replica lags by more, or nobody knows by how much, the primary is read").or("5");
    OTTO_DB_POOL_SIZE = var("OTTO_DB_POOL_SIZE", "connections to PostgreSQL each process keeps; claims, cron and webhooks' look-ups use up to 8 more").or("20");
    OTTO_DB_POOL_OVERFLOW = var("OTTO_DB_POOL_OVERFLOW", "more connections it may open under load").or("40");
    OTTO_DB_POOL_WAIT_SECONDS = var("OTTO_DB_POOL_WAIT_SECONDS", "waiting longer for a connection is given up").or("30");
    OTTO_DB_POOL_RECYCLE_SECONDS = var("OTTO_DB_POOL_RECYCLE_SECONDS", "connections older than this are replaced").or("1800");
    OTTO_DB_STATEMENT_TIMEOUT_SECONDS = var("OTTO_DB_STATEMENT_TIMEOUT_SECONDS", "statements that take longer are cancelled").or("30");
    OTTO_DB_LOCK_TIMEOUT_SECONDS = var("OTTO_DB_LOCK_TIMEOUT_SECONDS", "waiting longer for a lock is given up").or("10");
    OTTO_DB_SLOW_STATEMENT_MS = var("OTTO_DB_SLOW_STATEMENT_MS", "statements that take this many milliseconds are logged, by name").or("500");
    REDIS_URL = var("REDIS_URL", "redis://… or rediss://…, what processes share besides the database; required outside development while ENABLE_WORKER or ENABLE_RATE_LIMITING is true; unset: one process alone").also(&["UPSTASH_REDIS_URL"]).secret();
    ENABLE_WORKER = var("ENABLE_WORKER", "jobs are run in this deployment, and health complains while no worker is seen; false: `otto serve` runs none, which staging and production refuse").or("true").also(&["ENABLE_CELERY"]);
    ENABLE_SCHEDULER = var("ENABLE_SCHEDULER", "recurring jobs are enqueued in this deployment; the same for the cron driver").or("true").also(&["ENABLE_CELERY_BEAT"]);
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
    OTTO_CALLRAIL_REQUESTS_PER_HOUR = var("OTTO_CALLRAIL_REQUESTS_PER_HOUR", "CallRail is asked no more often in any hour in the name of one account, which may ask 1,000 times; 0: as often as there is need").or("900");
    OTTO_CALLRAIL_REQUESTS_PER_DAY = var("OTTO_CALLRAIL_REQUESTS_PER_DAY", "the same for any day, in which an account may ask 10,000 times").or("9000");
    UWC_BASE_URL = var("UWC_BASE_URL", "Shunya's API").or("https://otto.shunyalabs.ai");
    USE_UWC_STAGING = var("USE_UWC_STAGING", "where UWC_BASE_URL is not set, ask Shunya's staging system, https://otto-dev.shunyalabs.ai; production refuses it").or("false");
    UWC_API_KEY = var("UWC_API_KEY", "our key at Shunya").secret().required();
    UWC_HMAC_SECRET = var("UWC_HMAC_SECRET", "signs Shunya's webhooks and our requests").secret().required();
    UWC_JWT_SECRET = var("UWC_JWT_SECRET", "signs our bearer tokens for Shunya; unset: the key itself is sent").secret();
    UWC_VERSION = var("UWC_VERSION", "the X-UWC-Version header").or("v1");
    ENABLE_UWC_ASR = var("ENABLE_UWC_ASR", "send recordings to Shunya, which transcribes and analyses them; false: they are kept, and sent once this is true again").or("true");
    OTTO_SHUNYA_SUBMISSIONS_PER_MINUTE = var("OTTO_SHUNYA_SUBMISSIONS_PER_MINUTE", "no more recordings of one company are sent to Shunya in any minute; 0: as many as there are").or("10");
    OTTO_SHUNYA_LOOKS_PER_MINUTE = var("OTTO_SHUNYA_LOOKS_PER_MINUTE", "Shunya is asked no more often in any minute whether a call of one company is done, each time with up to three requests; 0: as often as there is need").or("10");
    OTTO_BREAKER_SECONDS = var("OTTO_BREAKER_SECONDS", "how long a provider that does not answer is left alone at first; each look that finds it still away doubles that, up to ten times this").or("30");
    OTTO_SHUNYA_SIGNATURE = var("OTTO_SHUNYA_SIGNATURE", "which string Shunya signs: dot, colon or either").or("dot");
    OTTO_MAX_WEBHOOK_BYTES = var("OTTO_MAX_WEBHOOK_BYTES", "longer webhooks are refused with 413").or("5242880");
    IDEMPOTENCY_TTL_DAYS = var("IDEMPOTENCY_TTL_DAYS", "webhooks are kept for so many days once they are settled; what is sent again later is taken as new").or("90");
    OTTO_WEBHOOK_BODY_DAYS = var("OTTO_WEBHOOK_BODY_DAYS", "what settled webhooks said is kept for so many days, for people to look at").or("30");
    OTTO_WEBHOOK_PATIENCE_SECONDS = var("OTTO_WEBHOOK_PATIENCE_SECONDS", "while the database is away for a moment, webhooks are tried again for this long before the provider is told").or("8");
    OTTO_STOP_DELAY_SECONDS = var("OTTO_STOP_DELAY_SECONDS", "how long a server that was asked to stop, and says so at /health/ready, still takes requests: until balancers have noticed; unset: 0 in development, 5 otherwise");
    OTTO_MAX_RECORDING_BYTES = var("OTTO_MAX_RECORDING_BYTES", "longer recordings are refused").or("1073741824");
    OTTO_JOB_LEASE_SECONDS = var("OTTO_JOB_LEASE_SECONDS", "how long jobs of a worker that vanished wait before another takes them up").or("60");
    OTTO_PROBE_PORT = var("OTTO_PROBE_PORT", "where a worker or cron driver without a server answers /metrics, /health/live and /health/ready; 0 takes a free one; unset: nowhere");
    OTEL_EXPORTER_OTLP_ENDPOINT = var("OTEL_EXPORTER_OTLP_ENDPOINT", "a collector traces are sent to, as OTLP over HTTP to v1/traces below it; unset: nowhere");
    OTEL_EXPORTER_OTLP_HEADERS = var("OTEL_EXPORTER_OTLP_HEADERS", "sent to the collector with each request: name=value, separated by commas").secret();
    OTEL_SERVICE_NAME_API = var("OTEL_SERVICE_NAME_API", "what a process with a server is called in traces").or("otto-api");
    OTEL_SERVICE_NAME_WORKER = var("OTEL_SERVICE_NAME_WORKER", "what a worker or cron driver is called in traces").or("otto-worker");
    SENTRY_DSN = var("SENTRY_DSN", "the Sentry project errors and panics are reported to; unset: nowhere").secret();
    SENTRY_TRACES_SAMPLE_RATE = var("SENTRY_TRACES_SAMPLE_RATE", "which part of all traces goes to Sentry as well, 0 to 1").or("0.1");
    OBS_REDACT_PII = var("OBS_REDACT_PII", "numbers, names and what was said hide themselves in logs, traces and error reports; refused false in production").or("true");
    CLERK_SECRET_KEY = var("CLERK_SECRET_KEY", "our key at Clerk, where people sign in: sk_…; not used by this version").secret().required();
    CLERK_PUBLISHABLE_KEY = var("CLERK_PUBLISHABLE_KEY", "the apps' key at Clerk: pk_…; not used by this version");
    CLERK_API_URL = var("CLERK_API_URL", "Clerk's API; not used by this version").or("https://api.clerk.dev/v1");
    CLERK_ISSUER = var("CLERK_ISSUER", "who issues people's tokens: Clerk's address of this deployment; not used by this version").required();
    CLERK_FRONTEND_ORIGIN = var("CLERK_FRONTEND_ORIGIN", "where people sign in: an origin; not used by this version");
    CLERK_WEBHOOK_SECRET = var("CLERK_WEBHOOK_SECRET", "what Clerk signs its webhooks with: whsec_…; not used by this version").secret().required();
    TWILIO_ACCOUNT_SID = var("TWILIO_ACCOUNT_SID", "the platform's account at Twilio, for texts: AC and 32 hexadecimal digits; not used by this version").required();
    TWILIO_AUTH_TOKEN = var("TWILIO_AUTH_TOKEN", "its token; not used by this version").secret().required();
    TWILIO_FROM_NUMBER = var("TWILIO_FROM_NUMBER", "where its texts come from: +12125550123; not used by this version").required();
    TWILIO_CALLBACK_NUMBER = var("TWILIO_CALLBACK_NUMBER", "where customers are asked to call back: +12125550123; not used by this version").required();
    TWILIO_API_BASE_URL = var("TWILIO_API_BASE_URL", "Twilio's API, where it is not the usual one; not used by this version");
    OPENAI_API_KEY = var("OPENAI_API_KEY", "our key at OpenAI, for property intelligence; not used by this version").secret();
    OPENAI_API_KEYS = var("OPENAI_API_KEYS", "several of these, separated by commas; not used by this version").secret();
    OPENAI_KEY_ROTATION_STRATEGY = var("OPENAI_KEY_ROTATION_STRATEGY", "which of them is used: round_robin, random or least_used; not used by this version").or("round_robin");
    DEEPGRAM_API_KEY = var("DEEPGRAM_API_KEY", "our key at Deepgram, for transcripts while Shunya is away; not used by this version").secret();
    DEEPGRAM_API_BASE_URL = var("DEEPGRAM_API_BASE_URL", "Deepgram's API, where it is not the usual one; not used by this version");
    BLAND_API_KEY = var("BLAND_API_KEY", "our key at Bland, for voice calls; not used by this version").secret();
    GOOGLE_MAPS_API_KEY = var("GOOGLE_MAPS_API_KEY", "our key at Google, for geocoding; not used by this version").secret();
    AI_INTERNAL_TOKEN = var("AI_INTERNAL_TOKEN", "proves that it is Shunya who asks us about a company; not used by this version").secret();
    ENABLE_UWC_SUMMARIZATION = var("ENABLE_UWC_SUMMARIZATION", "without effect: Shunya analyses whatever it transcribes; ENABLE_UWC_ASR turns off both").or("true");
    ENABLE_UWC_RAG = var("ENABLE_UWC_RAG", "Ask Otto; without effect: this version has none").or("true");
    ENABLE_UWC_FOLLOWUPS = var("ENABLE_UWC_FOLLOWUPS", "follow-up drafts; without effect: this version has none").or("true");
    ENABLE_UWC_TRAINING = var("ENABLE_UWC_TRAINING", "training on documents; without effect: this version has none").or("true");
    ENABLE_PERSONAL_OTTO = var("ENABLE_PERSONAL_OTTO", "Personal Otto; without effect: this version has none").or("true");
    ENABLE_SOP_COMPLIANCE_PIPELINE = var("ENABLE_SOP_COMPLIANCE_PIPELINE", "a compliance check of its own; without effect: this version has none").or("true");
    ENABLE_FOLLOWUP_RECOMMENDATIONS = var("ENABLE_FOLLOWUP_RECOMMENDATIONS", "follow-up recommendations; without effect: this version has none").or("true");
    USE_CANONICAL_ASK_OTTO = var("USE_CANONICAL_ASK_OTTO", "the newer Ask Otto; without effect: this version has none").or("true");
    LOG_LEVEL = var("LOG_LEVEL", "error, warn, info, debug, trace, or a tracing filter such as info,app=debug").or("info");
}
