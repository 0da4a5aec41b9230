//! What goes to PostgreSQL along with another statement instead of making a way of its own.
//!
//! A connection may be sent several statements before the first is answered; the server does them in the order in which
//! they were sent. A transaction's beginning goes out just before its first statement. Writes that nobody waits for go out
//! together, before the next statement or the commit.

use diesel::{QueryResult, result::Error};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use futures_util::{
    FutureExt,
    future::{BoxFuture, join_all},
};

/// A write that is due.
type Later = Box<dyn for<'c> FnOnce(&'c AsyncPgConnection) -> BoxFuture<'c, QueryResult<()>> + Send>;

/// What a connection still has to say.
#[derive(Default)]
pub struct Ahead {
    /// Opens the transaction.
    begin: Option<String>,
    /// These may be done in any order.
    later: Vec<Later>,
}

impl Ahead {
    /// A transaction that begins with its first statement.
    pub fn begin(&mut self, sql: String) {
        self.begin = Some(sql);
    }

    /// A write that is done before anything else is asked.
    pub fn add(
        &mut self,
        write: impl for<'c> FnOnce(&'c AsyncPgConnection) -> BoxFuture<'c, QueryResult<()>> + Send + 'static,
    ) {
        self.later.push(Box::new(write));
    }

    /// Whether the transaction has not begun: nobody has asked anything, so there is nothing to end.
    pub fn is_unbegun(&self) -> bool {
        self.begin.is_some()
    }

    /// Whether writes are due.
    pub fn is_due(&self) -> bool {
        !self.later.is_empty()
    }

    /// Sends what there is. A transaction's beginning is on its way when this returns, and its answer is to be asked for
    /// after the next statement was sent; writes are done.
    pub async fn send(self, conn: &AsyncPgConnection) -> QueryResult<Begun<'_>> {
        let begun = self.begin.map_or(Begun(None), |sql| Begun::send(conn, sql));
        if self.later.is_empty() {
            return Ok(begun);
        }
        let done = join_all(self.later.into_iter().map(|write| write(conn))).await;
        let failed = done.into_iter().find_map(Result::err);
        begun.and(failed.map_or(Ok(()), Err)).await?;
        Ok(Begun(None))
    }
}

/// The beginning of a transaction, on its way.
pub struct Begun<'c>(Option<Sent<'c>>);

enum Sent<'c> {
    Waiting(BoxFuture<'c, QueryResult<()>>),
    Failed(Error),
}

impl<'c> Begun<'c> {
    /// Sends it before anything that is sent after this returns: the driver hands a text to its connection when first asked
    /// whether it is done.
    fn send(mut conn: &'c AsyncPgConnection, sql: String) -> Self {
        let mut sending: BoxFuture<'c, QueryResult<()>> =
            async move { conn.batch_execute(&sql).await }.boxed();
        match (&mut sending).now_or_never() {
            None => Self(Some(Sent::Waiting(sending))),
            Some(Ok(())) => Self(None),
            Some(Err(error)) => Self(Some(Sent::Failed(error))),
        }
    }

    /// The first statement's result, or why there is no transaction it could have been in.
    pub async fn and<T>(self, result: QueryResult<T>) -> QueryResult<T> {
        match self.0 {
            None => result,
            Some(Sent::Failed(error)) => Err(error),
            Some(Sent::Waiting(sending)) => sending.await.and(result),
        }
    }
}

/// Does something while what is ahead of it is done.
pub async fn alongside<T>(
    ahead: Ahead,
    conn: &AsyncPgConnection,
    work: impl Future<Output = QueryResult<T>>,
) -> QueryResult<T> {
    let ahead = async { ahead.send(conn).await?.and(Ok(())).await };
    let (done, result) = futures_util::join!(ahead, work);
    done.and(result)
}
