use std::{
    fs::{self, File},
    io::Read,
    path::Path,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use servers::{PostgresServer, RedisServer, S3Server};
use simulators::Simulators;
use tempfile::TempDir;

use crate::{FleetError, FleetSettings};

/// The bucket recordings are kept in.
const BUCKET: &str = "otto-fleet";
/// Otto's login and its database.
const OTTO: &str = "otto";
/// PostgreSQL lets everybody of this machine in and asks for none; logs and reports must not show it all the same.
const PASSWORD: &str = "in-no-log";
/// Connections each program keeps, and opens besides under load: a development machine's PostgreSQL is shared by all.
const POOL: (usize, usize) = (4, 8);
/// Connections of a program besides its pool.
const BESIDES: usize = 8;
/// So many programs may come later.
const MORE_PROGRAMS: usize = 8;

/// Everything Otto's programs need around them, each to be broken and mended.
pub struct Surroundings {
    /// The database, of which Otto is no superuser.
    pub postgres: PostgresServer,
    /// What processes share.
    pub redis: RedisServer,
    /// Where recordings are.
    pub s3: S3Server,
    /// The providers.
    pub simulators: Simulators,
    /// Where the programs run: nothing of it is kept.
    folder: TempDir,
    encryption_key: String,
}

impl Surroundings {
    pub(crate) async fn start(settings: &FleetSettings) -> Result<Self, FleetError> {
        let folder = tempfile::tempdir().map_err(FleetError::when("make a folder"))?;
        fs::create_dir(folder.path().join("data")).map_err(FleetError::when("make a folder"))?;
        let programs = settings.servers + settings.workers + settings.crons + MORE_PROGRAMS;
        let postgres = PostgresServer::started(programs * (POOL.0 + POOL.1 + BESIDES) + BESIDES).await?;
        let roles = format!(
            "CREATE ROLE {OTTO} LOGIN; CREATE ROLE otto_app NOLOGIN; CREATE ROLE otto_system NOLOGIN; \
             GRANT otto_app, otto_system TO {OTTO}"
        );
        postgres.run("postgres", &roles).await?;
        postgres.run("postgres", &format!("CREATE DATABASE {OTTO} OWNER {OTTO}")).await?;
        let mut redis = RedisServer::prepared()?;
        if settings.redis_is_there {
            redis.start().await?;
        }
        let s3 = S3Server::started(BUCKET).await?;
        let simulators = simulators::start(settings.stand_ins.clone())?;
        Ok(Self { postgres, redis, s3, simulators, folder, encryption_key: encryption_key()? })
    }

    /// The database as Otto connects to it.
    pub fn database_url(&self) -> String {
        self.postgres.url(&format!("{OTTO}:{PASSWORD}"), OTTO)
    }

    /// The database for whoever looks behind Otto's back.
    pub fn superusers_database_url(&self) -> String {
        self.postgres.superusers_url(OTTO)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The settings all programs have in common.
    pub(crate) fn environment(&self, public_url: &str) -> Vec<(String, String)> {
        let first = demo::companies().into_iter().next().map(|tenant| tenant.company_id).unwrap_or_default();
        let mut all: Vec<(&str, String)> = vec![
            ("ENVIRONMENT", "development".to_owned()),
            ("DEV_MODE", "true".to_owned()),
            ("DEV_TEST_COMPANY_ID", first),
            ("BACKEND_URL", public_url.to_owned()),
            ("DATABASE_URL", self.database_url()),
            ("OTTO_DB_POOL_SIZE", POOL.0.to_string()),
            ("OTTO_DB_POOL_OVERFLOW", POOL.1.to_string()),
            ("REDIS_URL", self.redis.url()),
            ("S3_BUCKET", BUCKET.to_owned()),
            ("AWS_ENDPOINT_URL_S3", format!("http://{}", self.s3.address())),
            ("AWS_ACCESS_KEY_ID", S3Server::ACCESS_KEY.to_owned()),
            ("AWS_SECRET_ACCESS_KEY", S3Server::SECRET.to_owned()),
            ("OTTO_ENCRYPTION_KEY", self.encryption_key.clone()),
            ("OTTO_DATA_DIR", self.folder().join("data").display().to_string()),
            // calls whose webhooks met nobody are found within a minute
            ("OTTO_CALLRAIL_LIST_SECONDS", "60".to_owned()),
            // everybody who comes is the same person here
            ("ENABLE_RATE_LIMITING", "false".to_owned()),
            ("LOG_LEVEL", "info".to_owned()),
            ("NO_COLOR", "1".to_owned()),
        ];
        // Otto has no settings for texts and voice yet
        let providers = self.simulators.environment().into_iter();
        all.extend(providers.filter(|(name, _)| !name.starts_with("TWILIO_")));
        all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    pub(crate) async fn stop(mut self) -> Result<(), FleetError> {
        self.simulators.stop().await;
        self.s3.stop().await;
        self.redis.kill().await?;
        self.postgres.stop(servers::PostgresStop::Fast).await?;
        Ok(())
    }
}

/// A key for this one fleet.
fn encryption_key() -> Result<String, FleetError> {
    let mut bytes = [0; 32];
    let read = File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut bytes));
    read.map_err(FleetError::when("make a key"))?;
    Ok(BASE64_STANDARD.encode(bytes))
}
