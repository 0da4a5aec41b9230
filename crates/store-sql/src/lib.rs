//! Everything Otto keeps, in SQL: SQLite and PostgreSQL from one source.
//!
//! - `db`, `types`, `schema`: what makes one query body serve both databases (see `docs/decisions`).
//! - `unit`: one transaction of one tenant; its repositories are in `repositories/`.
//! - `reads/`: one query, one view, for people.
//! - `system/`: what works across tenants: claims, cron, operators. Visibly apart.
//! - [`backup`]: all of it at once, out and in.

mod address;
mod ahead;
pub mod backup;
mod connect;
mod db;
mod error;
mod kept;
mod literals;
mod migrate;
mod pools;
mod predecessor;
mod reads;
mod replica;
mod repositories;
mod schema;
mod system;
mod tenant;
mod timing;
mod tls;
mod types;
mod unit;

use std::sync::Arc;

use connect::Connector;
use kernel::{Dice, StoreError};
pub use migrate::{
    MigrateError, Migrated, Target, check, check_writable, encryption, may_be_unencrypted, migrate,
    revert_all,
};
use pools::{Db, Role};
pub use pools::{PoolSettings, PoolUse};
pub use predecessor::OldDatabase;
use replica::Replica;
use repositories::SubjectNumbers;
pub use system::RememberedTenants;
use system::Walks;
use tenant::TenantDb;
pub use tls::{Encryption, TlsError};

/// Either database, for tenants' work and reads.
#[derive(Clone)]
pub struct SqlStore {
    db: tenant::TenantDb,
    dice: Arc<dyn Dice>,
    numbers: SubjectNumbers,
}

/// Either database, across tenants. A different type, so that nobody gets one by accident.
#[derive(Clone)]
pub struct SqlSystem {
    db: pools::Db,
    walks: Arc<Walks>,
}

/// Prepares both. Connects to nothing yet; run [`migrate`] first. People's reads go to the replica, if there is one. `dice`
/// spread out what is tried again.
pub fn open(
    target: &Target,
    replica: Option<&Target>,
    settings: &PoolSettings,
    dice: Arc<dyn Dice>,
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
    let replica = match (target, replica) {
        (Target::Postgres(url), Some(Target::Postgres(replica))) => {
            let db = Db::postgres("replica", replica, Role::App, settings)?;
            let to = |url| Connector::new(url, Role::App, settings);
            Some(Replica::new(db, to(url), to(replica), settings.replica_lag))
        }
        _ => None,
    };
    Ok((
        SqlStore { db: TenantDb { primary, replica }, dice, numbers: SubjectNumbers::default() },
        SqlSystem { db: system, walks: Arc::default() },
    ))
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

    /// Measures how far the replica lags, again and again, until dropped; ends at once where there is none. Nothing is read
    /// from a replica that nobody follows.
    pub async fn follow_replica(&self) {
        if let Some(replica) = &self.db.replica {
            replica.follow(self.dice.as_ref()).await;
        }
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
