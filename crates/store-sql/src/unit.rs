//! One transaction of one tenant.

use app::ports::{
    AnalysisRepository, CallRepository, CrmRepository, EventLog, Inbox, Intake, JobOutbox, Store,
    TenantDirectory, UnitOfWork,
};
use async_trait::async_trait;
use diesel_async::{AsyncConnection, SimpleAsyncConnection, TransactionManager as _};
use kernel::{Actor, CompanyId, ContactCardId, JobId, Scope, StoreError};

use crate::{
    SqlStore,
    ahead::Ahead,
    db::{AsyncSqlite, Conn, on_postgres, on_sqlite, write_due},
    error::fail,
    replica::Replica,
    repositories::SubjectNumbers,
    tenant::begin_immediate,
};

/// The transaction itself. Its repositories are the files of `repositories/`, all on this one struct, so that lending one
/// costs nothing. Dropping it drops its connection, which is closed because its transaction is open.
pub struct SqlUnit {
    conn: Conn,
    company: CompanyId,
    /// What is to know that a person wrote something and will look at it.
    to_tell: Option<Replica>,
    /// A customer's card this transaction has locked, whose leads nobody else can make or wake meanwhile.
    pub(crate) locked_card: Option<ContactCardId>,
    /// And made: nothing refers to it yet.
    pub(crate) fresh_card: Option<ContactCardId>,
    /// A job it was to end, which another worker has by now.
    pub(crate) lost: Option<JobId>,
    /// Where numbers of calls come from.
    pub(crate) numbers: SubjectNumbers,
}

#[async_trait]
impl Store for SqlStore {
    async fn begin(&self, scope: &Scope) -> Result<Box<dyn UnitOfWork>, StoreError> {
        let conn = self.db.begin(&scope.company).await?;
        let to_tell = match scope.actor {
            Actor::User(_) => self.db.replica.clone(),
            Actor::System(_) => None,
        };
        Ok(Box::new(SqlUnit {
            conn,
            company: scope.company.clone(),
            to_tell,
            locked_card: None,
            fresh_card: None,
            lost: None,
            numbers: self.numbers.clone(),
        }))
    }
}

/// Begins a transaction across tenants, which ends with its connection unless it is ended properly.
pub(crate) async fn begin(conn: &mut Conn) -> Result<(), StoreError> {
    // set before the first statement, so that a caller who gives up mid-way leaves nothing behind
    conn.fate().in_transaction = true;
    match conn {
        Conn::Postgres(pg) => pg.ahead.begin("BEGIN".to_owned()),
        Conn::Sqlite(lite) => begin_immediate(lite).await.map_err(fail("begin"))?,
    }
    Ok(())
}

type SqliteTransactions = <AsyncSqlite as AsyncConnection>::TransactionManager;

/// Commits, unless a statement failed or was abandoned on the way: what is committed then would not be what its owner
/// thinks. (PostgreSQL answers a commit after a failed statement with a rollback, and calls that a success; SQLite would
/// commit the rest.)
pub(crate) async fn commit(conn: &mut Conn) -> Result<(), StoreError> {
    if !conn.fate().is_sound() {
        let source = "a statement of this transaction failed or was abandoned".into();
        return Err(StoreError::Statement { table: "commit", source });
    }
    match conn {
        // nothing was asked, so there is nothing to make true
        Conn::Postgres(pg) if pg.ahead.is_unbegun() && !pg.ahead.is_due() => {}
        // what is due is done first: if it fails, so does this, and closing the connection rolls back
        Conn::Postgres(pg) => on_postgres!(pg, "transaction.commit", |c| c.batch_execute("COMMIT").await)
            .map_err(fail("commit"))?,
        Conn::Sqlite(lite) => {
            on_sqlite!(lite, "transaction.commit", |c| SqliteTransactions::commit_transaction(c).await)
                .map_err(fail("commit"))?;
        }
    }
    // only now is the connection fit for the pool
    conn.fate().in_transaction = false;
    Ok(())
}

async fn rollback(conn: &mut Conn) -> Result<(), StoreError> {
    // closing it rolls back too, and cannot be overtaken by a statement that is still on its way
    if conn.fate().is_astray() {
        return Ok(());
    }
    match conn {
        Conn::Postgres(pg) => {
            let begun = !pg.ahead.is_unbegun();
            // what is due is not done
            pg.ahead = Ahead::default();
            if begun {
                on_postgres!(pg, "transaction.rollback", |c| c.batch_execute("ROLLBACK").await)
                    .map_err(fail("rollback"))?;
            }
        }
        Conn::Sqlite(lite) => {
            on_sqlite!(lite, "transaction.rollback", |c| SqliteTransactions::rollback_transaction(c).await)
                .map_err(fail("rollback"))?;
        }
    }
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
    fn intake(&mut self) -> &mut dyn Intake {
        self
    }

    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        if let Some(job) = self.lost {
            return Err(StoreError::LeaseLost(job));
        }
        if let Conn::Postgres(pg) = &mut self.conn {
            write_due(pg).await.map_err(fail("commit"))?;
        }
        if self.conn.fate().repeated {
            rollback(&mut self.conn).await?;
            return Err(StoreError::AlreadyExists { table: "webhook_inbox" });
        }
        commit(&mut self.conn).await?;
        if let Some(replica) = self.to_tell {
            replica.wrote(self.company.as_str());
        }
        Ok(())
    }

    async fn rollback(mut self: Box<Self>) -> Result<(), StoreError> {
        rollback(&mut self.conn).await
    }
}
