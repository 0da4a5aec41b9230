//! One transaction of one tenant.

use app::ports::{
    AnalysisRepository, CallRepository, CrmRepository, EventLog, Inbox, JobOutbox, Store, TenantDirectory,
    UnitOfWork,
};
use async_trait::async_trait;
use diesel_async::{AsyncConnection, AsyncPgConnection, TransactionManager as _};
use kernel::{Actor, CompanyId, JobId, Scope, StoreError};

use crate::{
    SqlStore,
    db::{AsyncSqlite, Conn, statement},
    error::fail,
    replica::Replica,
    tenant::begin_immediate,
};

/// The transaction itself. Its repositories are the files of `repositories/`, all on this one struct, so that lending one
/// costs nothing. Dropping it drops its connection, which is closed because its transaction is open.
pub struct SqlUnit {
    conn: Conn,
    company: CompanyId,
    /// What is to know that a person wrote something and will look at it.
    to_tell: Option<Replica>,
    /// A job it was to end, which another worker has by now.
    pub(crate) lost: Option<JobId>,
}

#[async_trait]
impl Store for SqlStore {
    async fn begin(&self, scope: &Scope) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let conn = self.db.begin(&scope.company).await?;
        let to_tell = match scope.actor {
            Actor::User(_) => self.db.replica.clone(),
            Actor::System(_) => None,
        };
        Ok(Box::new(SqlUnit { conn, company: scope.company.clone(), to_tell, lost: None }))
    }
}

/// Begins a transaction across tenants, which ends with its connection unless it is ended properly.
pub(crate) async fn begin(conn: &mut Conn) -> Result<(), StoreError> {
    // set before the first statement, so that a caller who gives up mid-way leaves nothing behind
    conn.fate().in_transaction = true;
    let begun = match conn {
        Conn::Postgres(pg) => {
            statement!(pg, "transaction.begin_system", |c| PgTransactions::begin_transaction(c).await)
        }
        Conn::Sqlite(lite) => statement!(lite, "transaction.begin_system", |c| begin_immediate(c).await),
    };
    begun.map_err(fail("begin"))
}

type PgTransactions = <AsyncPgConnection as AsyncConnection>::TransactionManager;
type SqliteTransactions = <AsyncSqlite as AsyncConnection>::TransactionManager;

/// Commits, unless a statement failed or was abandoned on the way: what is committed then would not be what its owner
/// thinks. (PostgreSQL answers a commit after a failed statement with a rollback, and calls that a success; SQLite would
/// commit the rest.)
pub(crate) async fn commit(conn: &mut Conn) -> Result<(), StoreError> {
    if !conn.fate().is_sound() {
        let source = "a statement of this transaction failed or was abandoned".into();
        return Err(StoreError::Statement { table: "commit", source });
    }
    let done = match conn {
        Conn::Postgres(pg) => {
            statement!(pg, "transaction.commit", |c| PgTransactions::commit_transaction(c).await)
        }
        Conn::Sqlite(lite) => {
            statement!(lite, "transaction.commit", |c| SqliteTransactions::commit_transaction(c).await)
        }
    };
    done.map_err(fail("commit"))?;
    // only now is the connection fit for the pool
    conn.fate().in_transaction = false;
    Ok(())
}

async fn rollback(conn: &mut Conn) -> Result<(), StoreError> {
    // closing it rolls back too, and cannot be overtaken by a statement that is still on its way
    if conn.fate().is_astray() {
        return Ok(());
    }
    let done = match conn {
        Conn::Postgres(pg) => {
            statement!(pg, "transaction.rollback", |c| PgTransactions::rollback_transaction(c).await)
        }
        Conn::Sqlite(lite) => {
            statement!(lite, "transaction.rollback", |c| SqliteTransactions::rollback_transaction(c).await)
        }
    };
    done.map_err(fail("rollback"))?;
    conn.fate().in_transaction = false;
    Ok(())
}

impl SqlUnit {
    /// The connection and the tenant.
    pub(crate) fn parts(&mut self) -> (&mut Conn, &str) {
        (&mut self.conn, self.company.as_str())
    }
}

#[async_trait]
impl UnitOfWork for SqlUnit {
    fn inbox(&mut self) -> &mut dyn Inbox {
        self
    }
    fn calls(&mut self) -> &mut dyn CallRepository {
        self
    }
    fn analyses(&mut self) -> &mut dyn AnalysisRepository {
        self
    }
    fn crm(&mut self) -> &mut dyn CrmRepository {
        self
    }
    fn jobs(&mut self) -> &mut dyn JobOutbox {
        self
    }
    fn events(&mut self) -> &mut dyn EventLog {
        self
    }
    fn directory(&mut self) -> &mut dyn TenantDirectory {
        self
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        match self.lost {
            Some(job) => return Err(StoreError::LeaseLost(job)),
            None => commit(&mut self.conn).await?,
        }
        if let Some(replica) = self.to_tell {
            replica.wrote(self.company.as_str());
        }
        Ok(())
    }

    async fn rollback(mut self: Box<Self>) -> Result<(), StoreError> {
        rollback(&mut self.conn).await
    }
}
