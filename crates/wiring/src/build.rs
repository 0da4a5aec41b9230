use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use app::{
    Ports,
    guarded::ProviderGuard,
    ports::{BlobStore, Inspector, PlatformSecrets, Retention},
};
use blob_fs::FsBlobs;
use blob_s3::{S3Blobs, S3Credentials, S3Patience};
use engine_shunya::{Scheme, ShunyaClient, ShunyaWebhooks};
use kernel::{Clock, IdSource, Secret};
use provider_callrail::{CallrailClient, CallrailWebhooks};
use settings::{Environment, Settings, ShunyaSignature};
use store_sql::{PoolSettings, RememberedTenants, SqlStore, SqlSystem, Target};
use telemetry::SpanTraces;
use url::Url;

use crate::{
    StartError,
    between::Between,
    counted::CountedCache,
    guards::Guards,
    keys::{check_key, check_key_is_not_lost, encryption_key, link_key, vault_of},
    world::{RandomDice, SystemClock, UuidSource},
};

/// Give up connecting to a provider after this.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Give up waiting for a provider's answer after this (contract `shunya.md` §2).
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// Everything put together, not running yet.
#[derive(Clone)]
pub struct Otto {
    /// The world, as use cases see it.
    pub ports: Arc<Ports>,
    /// What it was made from.
    pub settings: Arc<Settings>,
    /// Whose connections are tended while it runs.
    pub(crate) pools: Pools,
    /// What stands before each provider.
    pub(crate) guards: Vec<Arc<ProviderGuard>>,
}

/// The connections to the database.
#[derive(Clone)]
pub(crate) struct Pools {
    pub(crate) store: Arc<SqlStore>,
    pub(crate) system: Arc<SqlSystem>,
}

/// Where the database is: as configured, else a file in the data directory.
pub(crate) fn target_of(settings: &Settings) -> Result<Target, StartError> {
    if let Some(url) = &settings.database_url {
        Target::parse(url.expose()).map_err(|what| StartError::Setting { name: "DATABASE_URL", what })
    } else {
        let path = settings.data_dir.join("otto.db");
        let path = path.to_str().map(str::to_owned);
        path.map(Target::Sqlite)
            .ok_or(StartError::Setting { name: "OTTO_DATA_DIR", what: "must be a path in UTF-8".to_owned() })
    }
}

/// Where people's reads may go, if anywhere else.
pub(crate) fn replica_of(settings: &Settings) -> Result<Option<Target>, StartError> {
    let read = |url: &Secret| {
        Target::parse(url.expose()).map_err(|what| StartError::Setting { name: "DATABASE_REPLICA_URL", what })
    };
    settings.database_replica_url.as_ref().map(read).transpose()
}

/// Brings the database up to date; answers what was done.
pub async fn update_store(settings: &Settings) -> Result<Vec<String>, StartError> {
    let target = writable_target(settings)?;
    let migrated = store_sql::migrate(&target).await.map_err(|source| StartError::Database { source })?;
    Ok(migrated.applied)
}

fn writable_target(settings: &Settings) -> Result<Target, StartError> {
    let target = target_of(settings)?;
    if let Target::Sqlite(path) = &target {
        let path = Path::new(path);
        let folder = path.parent().unwrap_or(path).to_owned();
        store_sql::check_writable(path).map_err(|source| StartError::DataDir { path: folder, source })?;
    }
    Ok(target)
}

/// Makes the data directory, for its owner alone: what customers said is in it. One that is there stays as it is.
pub fn make_data_dir(path: &Path) -> Result<(), StartError> {
    create_data_dir(path).map_err(|source| StartError::DataDir { path: path.to_owned(), source })
}

pub(crate) fn create_data_dir(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// The database file that is to be and is not there yet. Whoever only looks must not make one.
pub fn missing_database(settings: &Settings) -> Result<Option<PathBuf>, StartError> {
    Ok(match target_of(settings)? {
        Target::Sqlite(path) if !Path::new(&path).exists() => Some(path.into()),
        _ => None,
    })
}

/// Opens the database. In production its schema is changed by `otto migrate` alone, which is run once, before the rest.
pub async fn open_store(settings: &Settings) -> Result<(SqlStore, SqlSystem), StartError> {
    if settings.environment == Environment::Development {
        let applied = update_store(settings).await?;
        if !applied.is_empty() {
            tracing::info!(migrations = applied.len(), "database brought up to date");
        }
    }
    let target = writable_target(settings)?;
    if settings.environment != Environment::Development {
        store_sql::check(&target).await.map_err(|source| StartError::Database { source })?;
    }
    let replica = replica_of(settings)?;
    let pool = &settings.pool;
    let pool = PoolSettings {
        size: pool.size,
        overflow: pool.overflow,
        wait: pool.wait,
        recycle: pool.recycle,
        statement_timeout: pool.statement_timeout,
        lock_timeout: pool.lock_timeout,
        slow_statement: pool.slow_statement,
        replica_lag: pool.replica_lag,
    };
    Ok(store_sql::open(&target, replica.as_ref(), &pool, Arc::new(RandomDice))?)
}

impl Otto {
    /// Puts everything together. `public_url` is where providers and clients reach us.
    pub async fn build(settings: Settings, public_url: Url) -> Result<Self, StartError> {
        make_data_dir(&settings.data_dir)?;
        let (store, system) = open_store(&settings).await?;
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids: Arc<dyn IdSource> = Arc::new(UuidSource);
        check_key_is_not_lost(&settings, &system).await?;
        let key = encryption_key(settings.encryption_key.as_ref(), &settings.data_dir)?;
        let secrets = vault_of(&key)?;
        let blobs: Arc<dyn BlobStore> = if let Some(bucket) = s3(&settings) {
            Arc::new(S3Blobs::new(bucket).await)
        } else {
            let folder = settings.data_dir.join(crate::backup::BLOBS);
            Arc::new(FsBlobs::new(folder, public_url, link_key(&key), ids.clone()))
        };
        let (store, system) = (Arc::new(store), Arc::new(system));
        let pools = Pools { store: store.clone(), system: system.clone() };
        let mut between = Between::of(&settings, &clock, &ids).await?;
        between.shared.cache = Arc::new(CountedCache(between.shared.cache));
        let guards = Guards::of(&settings, &between.shared, &clock);
        let callrail = guards.callrail(&settings, Arc::new(callrail(&settings, clock.clone())?));
        let engine = guards.shunya(&settings, Arc::new(shunya(&settings, clock.clone(), ids.clone())?));
        let ports = Ports {
            reads: store.clone(),
            store,
            tenants: Arc::new(RememberedTenants::new(system.clone())),
            inbox_office: system.clone(),
            claims: system.clone(),
            job_office: system.clone(),
            sweeps: system.clone(),
            listings: system.clone(),
            tallies: system,
            secrets: Arc::new(secrets),
            blobs,
            doorbell: between.doorbell,
            events: between.events,
            shared: between.shared,
            callrail_webhooks: Arc::new(CallrailWebhooks),
            sender_search: Arc::default(),
            callrail,
            engine,
            engine_webhooks: Arc::new(ShunyaWebhooks::new(
                settings.shunya.hmac_secret.clone(),
                match settings.shunya.signature {
                    ShunyaSignature::Dot => Scheme::Dot,
                    ShunyaSignature::Colon => Scheme::Colon,
                    ShunyaSignature::Either => Scheme::Either,
                },
            )),
            traces: Arc::new(SpanTraces),
            clock,
            ids,
            dice: Arc::new(RandomDice),
            platform: PlatformSecrets {
                callrail_signing_key: settings.callrail.signing_key.clone(),
                callrail_api_key: settings.callrail.api_key.clone(),
                callrail_account_id: settings.callrail.account_id.clone(),
            },
            submit: settings.shunya.submit,
            max_recording_bytes: settings.max_recording_bytes,
            retention: Retention { webhooks: days(settings.webhook_days), bodies: days(settings.body_days) },
        };
        check_key(&ports).await?;
        Ok(Self { ports: Arc::new(ports), settings: Arc::new(settings), pools, guards: guards.all() })
    }

    /// Reads everything there is, for checks.
    pub fn inspector(&self) -> Arc<dyn Inspector> {
        self.pools.system.clone()
    }
}

fn days(count: u16) -> chrono::Duration {
    chrono::Duration::days(count.into())
}

fn s3(settings: &Settings) -> Option<blob_s3::S3Settings> {
    let s3 = settings.s3.clone()?;
    let session_token = s3.session_token;
    Some(blob_s3::S3Settings {
        bucket: s3.bucket,
        region: s3.region,
        credentials: s3.key.map(|(access_key_id, secret_access_key)| S3Credentials {
            access_key_id,
            secret_access_key,
            session_token,
        }),
        endpoint: s3.endpoint,
        path_style: s3.path_style,
        kms_key: s3.kms_key,
        patience: S3Patience::default(),
    })
}

fn callrail(settings: &Settings, clock: Arc<dyn Clock>) -> Result<CallrailClient, StartError> {
    let client = provider_callrail::CallrailSettings {
        base_url: settings.callrail.base_url.clone(),
        connect_timeout: CONNECT_TIMEOUT,
        read_timeout: ANSWER_TIMEOUT,
    };
    CallrailClient::new(&client, clock, Arc::new(SpanTraces))
        .map_err(|error| StartError::Client { provider: "CallRail", reason: error.to_string() })
}

fn shunya(
    settings: &Settings,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
) -> Result<ShunyaClient, StartError> {
    let vendor = &settings.shunya;
    let client = engine_shunya::ShunyaSettings {
        base_url: vendor.base_url.clone(),
        api_key: vendor.api_key.clone().unwrap_or_else(|| Secret::new(String::new())),
        jwt_secret: vendor.jwt_secret.clone(),
        hmac_secret: vendor.hmac_secret.clone(),
        version: vendor.version.clone(),
        connect_timeout: CONNECT_TIMEOUT,
        timeout: ANSWER_TIMEOUT,
    };
    ShunyaClient::new(client, clock, ids, Arc::new(SpanTraces))
        .map_err(|error| StartError::Client { provider: "Shunya", reason: error.to_string() })
}
