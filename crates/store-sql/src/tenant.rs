//! Connections that see one tenant. There is no other way to one for tenants' work.

use diesel::SqliteConnection;
use kernel::{CompanyId, StoreError};

use crate::{
    db::{AsyncSqlite, Conn, Pooled, on_sqlite},
    error::fail,
    pools::{Db, PoolUse},
    replica::Replica,
};

/// Either database, for one tenant at a time: on PostgreSQL every transaction names the tenant, and policies hide every
/// other's rows, whatever a query forgets (SQLite has no such thing, and no second tenant to hide in practice).
#[derive(Clone)]
pub struct TenantDb {
    /// Where everything is written, and read where there is no replica.
    pub primary: Db,
    /// Where people's reads go while it keeps up, if there is one.
    pub replica: Option<Replica>,
}

/// The tenant, as a literal. Its type allows no quote; doubling one costs nothing and leaves nothing to trust.
fn naming(begin: &str, company: &CompanyId) -> String {
    format!("{begin}; SET LOCAL otto.company_id = '{}'", company.as_str().replace('\'', "''"))
}

impl TenantDb {
    /// A connection in a transaction that writes.
    pub async fn begin(&self, company: &CompanyId) -> Result<Conn, StoreError> {
        let mut conn = self.primary.writer().await?;
        // set before the first statement, so that a caller who gives up mid-way leaves nothing behind
        conn.fate().in_transaction = true;
        match &mut conn {
            Conn::Postgres(pg) => pg.ahead.begin(naming("BEGIN", company)),
            Conn::Sqlite(lite) => begin_immediate(lite).await.map_err(fail("begin"))?,
        }
        Ok(conn)
    }

    /// A connection that reads: on PostgreSQL in a transaction that sees one moment of one tenant, and ends when the
    /// connection is dropped.
    pub async fn reader(&self, company: &CompanyId) -> Result<Conn, StoreError> {
        if let Some(replica) = self.replica.as_ref().filter(|replica| replica.serves(company)) {
            let read = Self::reading(&replica.db, company).await;
            match read {
                Err(error) if error.is_momentary() => replica.doubt(),
                Ok(mut conn) => {
                    conn.fate().on_replica = true;
                    return Ok(conn);
                }
                Err(error) => return Err(error),
            }
        }
        Self::reading(&self.primary, company).await
    }

    /// A read failed. If that was on a replica, the next is not.
    pub fn failed(&self, conn: &mut Conn) {
        if let Some(replica) = self.replica.as_ref().filter(|_| conn.fate().on_replica) {
            replica.doubt();
        }
    }

    async fn reading(db: &Db, company: &CompanyId) -> Result<Conn, StoreError> {
        let mut conn = db.reader().await?;
        if let Conn::Postgres(pg) = &mut conn {
            // before the first statement, for the same reason
            pg.fate.reading = true;
            pg.ahead.begin(naming("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", company));
        }
        Ok(conn)
    }

    /// Closes what a burst has opened and nobody has used since.
    pub fn close_idle(&self) {
        self.primary.close_idle();
        if let Some(replica) = &self.replica {
            replica.db.close_idle();
        }
    }

    /// How much of each pool is in use.
    pub fn use_of(&self) -> Vec<PoolUse> {
        let mut all = self.primary.use_of();
        all.extend(self.replica.iter().flat_map(|replica| replica.db.use_of()));
        all
    }
}

/// A transaction that first reads and then writes would be refused at once if another writes meanwhile.
pub async fn begin_immediate(lite: &mut Pooled<AsyncSqlite>) -> diesel::QueryResult<()> {
    on_sqlite!(lite, "transaction.begin", |c| {
        let begin = |conn: &mut SqliteConnection| {
            diesel::connection::AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE")
        };
        c.spawn_blocking(begin).await
    })
}
