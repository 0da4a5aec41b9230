//! Everything Otto keeps, in SQL: SQLite and PostgreSQL from one source.
//!
//! - `db`, `types`, `schema`: what makes one query body serve both databases (see `docs/decisions`).
//! - `unit`: one transaction of one tenant; its repositories are in `repositories/`.
//! - `reads/`: one query, one view, for people.
//! - `system/`: what works across tenants: claims, cron, operators. Visibly apart.

mod db;
mod error;
mod literals;
mod migrate;
mod reads;
mod repositories;
mod schema;
mod system;
mod types;
mod unit;

pub use db::PoolSettings;
use kernel::StoreError;
pub use migrate::{MigrateError, Migrated, Target, check_writable, migrate, revert_all};

/// Either database, for tenants' work and reads.
#[derive(Clone)]
pub struct SqlStore {
    db: db::Db,
}

/// Either database, across tenants. A different type, so that nobody gets one by accident.
#[derive(Clone)]
pub struct SqlSystem {
    db: db::Db,
}

/// Prepares both. Connects to nothing yet; run [`migrate`] first.
pub fn open(target: &Target, settings: &PoolSettings) -> Result<(SqlStore, SqlSystem), StoreError> {
    let db = match target {
        Target::Postgres(url) => db::Db::postgres(url, settings)?,
        Target::Sqlite(path) => db::Db::sqlite(path, settings)?,
    };
    Ok((SqlStore { db: db.clone() }, SqlSystem { db }))
}
