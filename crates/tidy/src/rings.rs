//! The dependency rule: imports point inward only, and each driver is named by its owners alone.

use std::fmt;

/// A crate of the workspace and what it is built with (tests excepted).
#[derive(Clone, Debug)]
pub struct Crate {
    /// Its name.
    pub name: String,
    /// What it names in `[dependencies]` and `[build-dependencies]`.
    pub dependencies: Vec<String>,
}

/// How far inside a crate is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ring {
    /// The words everybody speaks.
    Kernel,
    /// Rules of the product; know nothing of the world or of each other.
    Domain,
    /// Use cases and ports; the only place where domains meet.
    App,
    /// The world; do not know each other.
    Adapter,
    /// Settings, telemetry.
    Setup,
    /// Puts adapters together.
    Wiring,
    /// For development: stand-ins, throw-away servers, the demonstration, and all of it together.
    Development,
    /// Programs.
    Bin,
    /// For tests alone.
    Test,
}

/// Every crate has its place; a new one must be given one here.
const PLACES: &[(Ring, &[&str])] = &[
    (Ring::Kernel, &["kernel"]),
    (
        Ring::Domain,
        &["tenancy", "rbac", "idempotency", "breaker", "calls", "shunya-jobs", "crm", "insights", "queue"],
    ),
    (Ring::App, &["app"]),
    (
        Ring::Adapter,
        &[
            "auth-dev",
            "blob-fs",
            "blob-s3",
            "cache-memory",
            "cache-redis",
            "console",
            "engine-shunya",
            "http-api",
            "provider-callrail",
            "store-sql",
            "vault",
        ],
    ),
    (Ring::Setup, &["settings", "telemetry"]),
    (Ring::Wiring, &["wiring"]),
    (Ring::Development, &["simulators", "demo", "servers", "fleet"]),
    (Ring::Bin, &["otto", "otto-server", "otto-worker", "otto-cron"]),
    (Ring::Test, &["testkit", "tidy"]),
];

/// What domains may use of others' work: values and derives, nothing that waits, reads or rolls dice.
const PURE: &[&str] = &["chrono", "chrono-tz", "serde", "serde_json", "sha2", "thiserror", "uuid"];

/// Who may name each driver.
const DRIVERS: &[(&str, &[&str])] = &[
    ("actix-web", &["http-api", "console", "simulators"]),
    ("aes-gcm", &["vault"]),
    ("aws-config", &["blob-s3"]),
    ("aws-sdk-s3", &["blob-s3"]),
    ("clap", &["otto", "otto-server", "otto-worker", "otto-cron", "fleet"]),
    ("diesel", &["store-sql"]),
    ("diesel-async", &["store-sql"]),
    ("diesel_migrations", &["store-sql"]),
    ("deadpool", &["store-sql"]),
    ("deadpool-redis", &["cache-redis"]),
    ("dotenvy", &["settings"]),
    ("fred", &["cache-redis"]),
    ("indicatif", &["demo", "otto"]),
    ("libsqlite3-sys", &["store-sql"]),
    ("maud", &["console"]),
    ("metrics-exporter-prometheus", &["telemetry"]),
    ("hyper", &["servers"]),
    ("opentelemetry", &["telemetry"]),
    ("opentelemetry-http", &["telemetry"]),
    ("opentelemetry-otlp", &["telemetry"]),
    ("opentelemetry_sdk", &["telemetry"]),
    ("reqwest", &["provider-callrail", "engine-shunya", "simulators", "demo", "telemetry"]),
    ("rustix", &["servers"]),
    ("rustls", &["store-sql"]),
    ("rustls-native-certs", &["store-sql"]),
    ("s3s", &["servers"]),
    ("s3s-fs", &["servers"]),
    ("sentry", &["telemetry"]),
    ("tokio-postgres", &["store-sql", "testkit"]),
    ("tokio-rustls", &["store-sql"]),
    ("tracing-opentelemetry", &["telemetry"]),
    ("tracing-subscriber", &["telemetry"]),
];

/// Where a crate belongs.
pub fn ring_of(name: &str) -> Option<Ring> {
    PLACES.iter().find(|(_, names)| names.contains(&name)).map(|(ring, _)| *ring)
}

/// Whether a crate of one ring may use one of another.
fn may_use(from: Ring, to: Ring) -> bool {
    match from {
        Ring::Kernel => false,
        Ring::Domain => to == Ring::Kernel,
        Ring::App => to <= Ring::Domain,
        Ring::Adapter => to <= Ring::App,
        // what observes implements a port
        Ring::Setup => matches!(to, Ring::Kernel | Ring::App),
        Ring::Wiring => to <= Ring::Setup,
        // the stand-ins must not know what they stand in for; the demonstration drives them
        Ring::Development => to == Ring::Kernel || to == Ring::Development,
        Ring::Bin => matches!(
            to,
            Ring::Kernel | Ring::Domain | Ring::App | Ring::Setup | Ring::Wiring | Ring::Development
        ),
        Ring::Test => true,
    }
}

/// A rule broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation(String);

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Everything that breaks the rule, internal and external.
pub fn violations(workspace: &[Crate]) -> Vec<Violation> {
    let mut found = Vec::new();
    for one in workspace {
        let Some(ring) = ring_of(&one.name) else {
            found.push(Violation(format!("{} has no place in crates/tidy/src/rings.rs", one.name)));
            continue;
        };
        for dependency in &one.dependencies {
            match ring_of(dependency) {
                Some(inner) if !may_use(ring, inner) => found.push(Violation(format!(
                    "{} ({ring:?}) must not use {dependency} ({inner:?}): imports point inward only",
                    one.name
                ))),
                Some(_) => {}
                None => found.extend(external(one, ring, dependency)),
            }
        }
    }
    found
}

fn external(one: &Crate, ring: Ring, dependency: &str) -> Option<Violation> {
    if ring <= Ring::Domain && !PURE.contains(&dependency) {
        return Some(Violation(format!("{} is pure and must not use {dependency}", one.name)));
    }
    let (_, owners) = DRIVERS.iter().find(|(driver, _)| *driver == dependency)?;
    let owned = owners.contains(&one.name.as_str()) || ring == Ring::Test;
    (!owned).then(|| {
        Violation(format!("{dependency} is named by {} alone, not by {}", owners.join(", "), one.name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(name: &str, dependencies: &[&str]) -> Vec<String> {
        let dependencies = dependencies.iter().map(|name| (*name).to_owned()).collect();
        violations(&[Crate { name: name.to_owned(), dependencies }]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn inward_is_fine() {
        assert!(found("crm", &["kernel", "serde", "thiserror"]).is_empty());
        assert!(found("app", &["crm", "calls", "tokio", "async-trait"]).is_empty());
        assert!(found("store-sql", &["app", "crm", "diesel"]).is_empty());
    }

    #[test]
    fn outward_and_sideways_are_told() {
        assert_eq!(found("kernel", &["crm"]).len(), 1);
        assert_eq!(found("crm", &["calls"]).len(), 1);
        assert_eq!(found("app", &["store-sql"]).len(), 1);
        assert_eq!(found("http-api", &["store-sql"]).len(), 1);
        assert_eq!(found("simulators", &["app"]).len(), 1);
        assert_eq!(found("otto", &["store-sql"]).len(), 1);
    }

    #[test]
    fn drivers_are_their_owners_alone() {
        assert_eq!(found("app", &["diesel"]).len(), 1);
        assert_eq!(found("http-api", &["reqwest"]).len(), 1);
        assert_eq!(found("wiring", &["actix-web"]).len(), 1);
    }

    #[test]
    fn domains_stay_pure() {
        for dependency in ["tokio", "diesel", "reqwest", "async-trait", "rand", "tracing"] {
            assert_eq!(found("crm", &[dependency]).len(), 1, "{dependency}");
        }
    }

    #[test]
    fn a_crate_without_a_place_is_told() {
        assert_eq!(found("helpers", &[]).len(), 1);
    }
}
