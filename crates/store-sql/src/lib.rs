//! Everything Otto keeps, in SQL: SQLite and PostgreSQL from one source.
//!
//! - `db`, `types`, `schema`: what makes one query body serve both databases (see `docs/decisions`).
//! - `unit`: one transaction of one tenant; its repositories are in `repositories/`.
//! - `reads/`: one query, one view, for people.
//! - `system/`: what works across tenants: claims, cron, operators. Visibly apart.
//! - [`backup`]: all of it at once, out and in.

pub mod backup;
mod db;
mod error;
mod literals;
mod migrate;
mod pools;
mod reads;
mod repositories;
mod schema;
mod system;
mod tenant;
mod types;
mod unit;

use kernel::StoreError;
pub use migrate::{MigrateError, Migrated, Target, check, check_writable, migrate, revert_all};
use pools::{Db, Role};
pub use pools::{PoolSettings, PoolUse};
use tenant::TenantDb;

/// Either database, for tenants' work and reads.
#[derive(Clone)]
pub struct SqlStore {
    db: tenant::TenantDb,
}

/// Either database, across tenants. A different type, so that nobody gets one by accident.
#[derive(Clone)]
pub struct SqlSystem {
    db: pools::Db,
}

/// Prepares both. Connects to nothing yet; run [`migrate`] first. People's reads go to the replica, if there is one.
pub fn open(
    target: &Target,
    replica: Option<&Target>,
    settings: &PoolSettings,
) -> Result<(SqlStore, SqlSystem), StoreError> {
    let (primary, system) = match target {
        Target::Postgres(url) => (
            Db::postgres("app", url, Role::App, settings)?,
            Db::postgres("system", url, Role::System, settings)?,
        ),
        Target::Sqlite(path) => {
            let db = Db::sqlite(path, settings)?;
            (db.clone(), db)
        }
    };
    let replica = match replica {
        Some(Target::Postgres(url)) => Some(Db::postgres("replica", url, Role::App, settings)?),
        Some(Target::Sqlite(_)) | None => None,
    };
    Ok((SqlStore { db: TenantDb { primary, replica } }, SqlSystem { db: system }))
}

impl SqlStore {
    /// Closes what a burst has opened and nobody has used since. To be called now and then.
    pub fn close_idle(&self) {
        self.db.close_idle();
    }

    /// How much of each pool is in use.
    pub fn pool_use(&self) -> Vec<PoolUse> {
        self.db.use_of()
    }
}

impl SqlSystem {
    /// Closes what a burst has opened and nobody has used since. To be called now and then.
    pub fn close_idle(&self) {
        self.db.close_idle();
    }

    /// How much of its pool is in use.
    pub fn pool_use(&self) -> Vec<PoolUse> {
        self.db.use_of()
    }
}
