//! What a program says of itself when it has started: one line, for whoever wonders later what ran where. Hosts, never
//! credentials.

use std::time::Duration;

use settings::{Environment, Settings};
use store_sql::{Encryption, Target};
use url::Url;

use crate::{
    Parts, Running,
    build::{replica_of, target_of},
    error::chain,
};

/// A server that does not let us in within this is told of as one that did not.
const PATIENCE: Duration = Duration::from_secs(3);

/// Where the program's things are.
#[derive(Debug, PartialEq, Eq)]
struct Places {
    database: String,
    replica: Option<String>,
    redis: String,
    recordings: String,
}

/// Host and port of an address, and nothing else of it.
fn host_of(url: &str) -> String {
    let Ok(url) = Url::parse(url) else { return "an address that cannot be read".to_owned() };
    match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => "an address without a host".to_owned(),
    }
}

impl Places {
    fn of(settings: &Settings) -> Self {
        let database = match &settings.database_url {
            Some(url) if url.expose().starts_with("postgres") => {
                format!("postgres at {}", host_of(url.expose()))
            }
            Some(_) => "sqlite file".to_owned(),
            None => "sqlite file in OTTO_DATA_DIR".to_owned(),
        };
        let recordings = match &settings.s3 {
            Some(s3) => {
                let endpoint = s3.endpoint.as_ref().map_or("AWS".to_owned(), |url| host_of(url.as_str()));
                format!("bucket {} at {endpoint}", s3.bucket)
            }
            None => "folder in OTTO_DATA_DIR".to_owned(),
        };
        Self {
            database,
            replica: settings.database_replica_url.as_ref().map(|url| host_of(url.expose())),
            redis: settings
                .redis_url
                .as_ref()
                .map_or("none: this process is all there is".to_owned(), |url| host_of(url.expose())),
            recordings,
        }
    }
}

/// How well what goes to a database is kept from others, as a connection tells that is made to find out.
async fn encryption_of(target: &Target) -> Option<Result<Encryption, &'static str>> {
    match tokio::time::timeout(PATIENCE, store_sql::encryption(target)).await {
        Ok(Ok(encryption)) => encryption.map(Ok),
        Ok(Err(error)) => {
            tracing::debug!(error = chain(&error), "no connection to tell of");
            Some(Err("unknown: cannot connect"))
        }
        Err(_) => Some(Err("unknown: does not answer")),
    }
}

/// The same in words, and said once more where somebody ought to do something about it.
async fn protection_of(name: &'static str, target: Option<Target>, settings: &Settings) -> Option<String> {
    let target = target?;
    let found = encryption_of(&target).await?;
    if found == Ok(Encryption::None)
        && settings.environment != Environment::Development
        && !store_sql::may_be_unencrypted(&target)
    {
        tracing::warn!(
            setting = name,
            "what goes to PostgreSQL and back is not encrypted: turn TLS on at the server and set sslmode=verify-full in \
             the URL, or sslmode=disable if nobody can listen on the way"
        );
    }
    Some(found.map_or_else(str::to_owned, |encryption| encryption.to_string()))
}

/// Says what runs here, with what, and where the rest is.
pub(crate) async fn report(running: &Running, parts: &Parts) {
    let settings = &running.otto.settings;
    let places = Places::of(settings);
    let (database_protection, replica_protection) = tokio::join!(
        protection_of("DATABASE_URL", target_of(settings).ok(), settings),
        protection_of("DATABASE_REPLICA_URL", replica_of(settings).ok().flatten(), settings),
    );
    let runs: Vec<_> = [("server", parts.server), ("worker", parts.worker.is_some()), ("cron", parts.cron)]
        .into_iter()
        .filter_map(|(name, runs)| runs.then_some(name))
        .collect();
    let queues: Vec<_> = parts.worker.iter().flatten().map(|queue| queue.as_str()).collect();
    tracing::info!(
        runs = runs.join(","),
        version = env!("CARGO_PKG_VERSION"),
        environment = settings.environment.as_str(),
        address = running.address.map(|address| address.to_string()),
        probes = running.probes.map(|address| address.to_string()),
        public = %host_of(running.public_url.as_str()),
        queues = (!queues.is_empty()).then(|| queues.join(",")),
        database = places.database,
        database_connection = database_protection,
        replica = places.replica,
        replica_connection = replica_protection,
        pool_size = settings.pool.size,
        pool_overflow = settings.pool.overflow,
        redis = places.redis,
        recordings = places.recordings,
        callrail = %host_of(settings.callrail.base_url.as_str()),
        shunya = %host_of(settings.shunya.base_url.as_str()),
        "started"
    );
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn places(pairs: &[(&str, &str)]) -> Places {
        let given: BTreeMap<_, _> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Places::of(&settings::read(&given).unwrap())
    }

    #[test]
    fn hosts_are_told_and_nothing_that_opens_them() {
        let told = places(&[
            ("DATABASE_URL", "postgres://otto:hunter2@db.internal:5432/otto?sslmode=require"),
            ("DATABASE_REPLICA_URL", "postgresql://otto:hunter2@replica.internal/otto"),
            ("REDIS_URL", "rediss://default:hunter2@cache.internal:6380/1"),
            ("S3_BUCKET", "recordings"),
            ("AWS_ENDPOINT_URL_S3", "https://hunter2@objects.internal"),
        ]);
        assert_eq!(
            told,
            Places {
                database: "postgres at db.internal:5432".to_owned(),
                replica: Some("replica.internal".to_owned()),
                redis: "cache.internal:6380".to_owned(),
                recordings: "bucket recordings at objects.internal".to_owned(),
            }
        );
        assert!(!format!("{told:?}").contains("hunter2"));
    }

    #[test]
    fn what_is_not_there_is_told_as_well() {
        let told = places(&[]);
        assert_eq!(told.database, "sqlite file in OTTO_DATA_DIR");
        assert_eq!((told.replica, told.recordings.as_str()), (None, "folder in OTTO_DATA_DIR"));
        assert!(told.redis.starts_with("none"));
    }
}
