//! One transaction of one tenant.

use app::ports::{
    AnalysisRepository, CallRepository, CrmRepository, EventLog, Inbox, JobOutbox, Store, TenantDirectory,
    UnitOfWork,
};
use async_trait::async_trait;
use diesel_async::{AsyncConnection, TransactionManager as _, pooled_connection::deadpool::Object};
use kernel::{CompanyId, Scope, StoreError};

use crate::{
    SqlStore,
    db::{AsyncSqlite, Conn},
    error::fail,
};

/// The transaction itself. Its repositories are the files of `repositories/`, all on this one struct, so that lending one
/// costs nothing.
pub struct SqlUnit {
    conn: Option<Conn>,
    pub(crate) company: CompanyId,
}

#[async_trait]
impl Store for SqlStore {
    async fn begin(&self, scope: &Scope) -> Result<Box<dyn UnitOfWork>, StoreError> {
        Ok(Box::new(SqlUnit::begin(self, scope.company.clone()).await?))
    }
}

pub(crate) async fn begin(conn: &mut Conn) -> Result<(), StoreError> {
    let begun = match conn {
        Conn::Postgres(pg) => {
            <diesel_async::AsyncPgConnection as AsyncConnection>::TransactionManager::begin_transaction(
                &mut **pg,
            )
            .await
        }
        // a transaction that first reads and then writes would be refused at once if another writes meanwhile
        Conn::Sqlite(lite) => begin_immediate(lite).await,
    };
    begun.map_err(fail("begin"))
}

async fn begin_immediate(lite: &mut Object<AsyncSqlite>) -> diesel::QueryResult<()> {
    lite.spawn_blocking(|conn| {
        diesel::connection::AnsiTransactionManager::begin_transaction_sql(conn, "BEGIN IMMEDIATE")
    })
    .await
}

pub(crate) async fn commit(conn: &mut Conn) -> Result<(), StoreError> {
    let done = match conn {
        Conn::Postgres(pg) => {
            <diesel_async::AsyncPgConnection as AsyncConnection>::TransactionManager::commit_transaction(
                &mut **pg,
            )
            .await
        }
        Conn::Sqlite(lite) => {
            <AsyncSqlite as AsyncConnection>::TransactionManager::commit_transaction(&mut **lite).await
        }
    };
    done.map_err(fail("commit"))
}

async fn rollback(conn: &mut Conn) -> Result<(), StoreError> {
    let done = match conn {
        Conn::Postgres(pg) => {
            <diesel_async::AsyncPgConnection as AsyncConnection>::TransactionManager::rollback_transaction(
                &mut **pg,
            )
            .await
        }
        Conn::Sqlite(lite) => {
            <AsyncSqlite as AsyncConnection>::TransactionManager::rollback_transaction(&mut **lite).await
        }
    };
    done.map_err(fail("rollback"))
}

/// Closes a connection whose transaction is still open, instead of leaving it in the pool with its locks held until
/// somebody takes it out again.
pub(crate) fn discard(conn: Conn) {
    match conn {
        Conn::Postgres(pooled) => drop(Object::take(pooled)),
        Conn::Sqlite(pooled) => drop(Object::take(pooled)),
    }
}

impl SqlUnit {
    pub(crate) async fn begin(store: &SqlStore, company: CompanyId) -> Result<Self, StoreError> {
        let conn = store.db.writer().await?;
        // owned by the unit before the first statement, so that a caller who gives up mid-way leaves nothing behind
        let mut unit = Self { conn: Some(conn), company };
        begin(unit.conn()?).await?;
        Ok(unit)
    }

    /// The connection. Gone only after commit or rollback, which consume the unit.
    pub(crate) fn conn(&mut self) -> Result<&mut Conn, StoreError> {
        self.conn.as_mut().ok_or_else(|| StoreError::Unavailable("the unit of work has ended".into()))
    }

    /// The connection and the tenant.
    pub(crate) fn parts(&mut self) -> Result<(&mut Conn, &str), StoreError> {
        let Self { conn, company } = self;
        let conn =
            conn.as_mut().ok_or_else(|| StoreError::Unavailable("the unit of work has ended".into()))?;
        Ok((conn, company.as_str()))
    }
}

impl Drop for SqlUnit {
    fn drop(&mut self) {
        if let Some(conn) = self.conn.take() {
            discard(conn);
        }
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
        commit(self.conn()?).await?;
        // only now is the connection fit for the pool
        drop(self.conn.take());
        Ok(())
    }

    async fn rollback(mut self: Box<Self>) -> Result<(), StoreError> {
        rollback(self.conn()?).await?;
        drop(self.conn.take());
        Ok(())
    }
}
