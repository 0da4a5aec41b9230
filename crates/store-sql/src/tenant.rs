//! Connections that see one tenant. There is no other way to one for tenants' work.

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use kernel::{CompanyId, StoreError};

use crate::{
    db::{AsyncSqlite, Conn, statement},
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
        let begun = match &mut conn {
            Conn::Postgres(pg) => {
                let sql = naming("BEGIN", company);
                statement!(pg, "transaction.begin", |c| PgTransactions::begin_transaction_sql(c, &sql).await)
            }
            Conn::Sqlite(lite) => statement!(lite, "transaction.begin", |c| begin_immediate(c).await),
        };
        begun.map_err(fail("begin"))?;
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
            let sql = naming("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", company);
            // before the first statement, for the same reason
            pg.fate.reading = true;
            statement!(pg, "transaction.begin_reading", |c| c.batch_execute(&sql).await)
                .map_err(fail("begin"))?;
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

type PgTransactions = <AsyncPgConnection as AsyncConnection>::TransactionManager;

/// A transaction that first reads and then writes would be refused at once if another writes meanwhile.
pub async fn begin_immediate(lite: &mut AsyncSqlite) -> diesel::QueryResult<()> {
    lite.spawn_blocking(|conn| {
        diesel::connection::AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE")
    })
    .await
}
