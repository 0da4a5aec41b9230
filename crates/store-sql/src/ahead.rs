//! What goes to PostgreSQL along with something else instead of making a way of its own.
//!
//! A connection may be sent several statements before the first is answered; the server does them in the order in which
//! they were sent. A transaction's beginning goes out just before its first statement. Writes that nobody waits for go out
//! as one statement, before the next one or the commit: most of what a row costs is the statement it comes in.

use diesel::{
    QueryResult,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    result::Error,
    sql_types::{Array, Bool},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::{FutureExt, future::BoxFuture};

use crate::types::{DbId, Id};

/// A write, as one of several in a statement.
type Write = Box<dyn QueryFragment<Pg> + Send>;

/// What a connection still has to say.
#[derive(Default)]
pub struct Ahead {
    /// Opens the transaction.
    begin: Option<String>,
    /// These may be done in any order, and none sees what another does.
    due: Due,
}

/// Writes that are due.
#[derive(Default)]
pub struct Due {
    writes: Vec<Write>,
    /// The place of the write that adds a row unless it is there, and answers its id if it was not.
    arrival: Option<usize>,
    /// The place of the write that adds what happened, and answers the ids of what was not told before.
    told: Option<usize>,
    /// There are so many rows that this set of them will hardly come again.
    is_rare: bool,
}

/// Sets of up to so many writes come again and again.
const USUAL_WRITES: usize = 12;
/// As do those with as many events.
const USUAL_EVENTS: usize = 4;

/// What became of writes that were due.
#[derive(Debug, Default)]
pub struct Written {
    /// The row that had to be new was there already.
    pub is_repeated: bool,
    /// What was told for the first time.
    pub told: Vec<DbId>,
}

impl Ahead {
    /// A transaction that begins with its first statement.
    pub fn begin(&mut self, sql: String) {
        self.begin = Some(sql);
    }

    /// Whether the transaction has not begun: nobody has asked anything, so there is nothing to end.
    pub fn is_unbegun(&self) -> bool {
        self.begin.is_some()
    }

    /// Whether writes are due.
    pub fn is_due(&self) -> bool {
        !self.due.writes.is_empty()
    }

    /// A write that is done before anything else is asked.
    pub fn add(&mut self, write: impl QueryFragment<Pg> + Send + 'static) {
        self.due.writes.push(Box::new(write));
    }

    /// The same for a row that has to be new: `RETURNING id` tells whether it was.
    pub fn add_arrival(&mut self, write: impl QueryFragment<Pg> + Send + 'static) {
        self.due.arrival = Some(self.due.writes.len());
        self.add(write);
    }

    /// The same for what happened, in so many rows: `RETURNING id` tells what is new of it.
    pub fn add_told(&mut self, rows: usize, write: impl QueryFragment<Pg> + Send + 'static) {
        self.due.told = Some(self.due.writes.len());
        self.due.is_rare = rows > USUAL_EVENTS;
        self.add(write);
    }

    /// The writes that are due, which are not any more.
    pub fn take_due(&mut self) -> Due {
        std::mem::take(&mut self.due)
    }

    /// The transaction's beginning, if it has not been sent.
    pub fn take_begin(&mut self) -> Option<String> {
        self.begin.take()
    }
}

impl Due {
    /// Does all of it.
    pub async fn write(self, mut conn: &AsyncPgConnection) -> QueryResult<Written> {
        let must_be_new = self.arrival.is_some();
        let (is_new, told): (bool, Vec<DbId>) = self.get_result(&mut conn).await?;
        Ok(Written { is_repeated: must_be_new && !is_new, told })
    }
}

impl Query for Due {
    type SqlType = (Bool, Array<Id>);
}

impl QueryId for Due {
    type QueryId = ();
    // what is due differs from time to time
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Due {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        for (place, write) in self.writes.iter().enumerate() {
            out.push_sql(if place == 0 { "WITH " } else { ", " });
            out.push_sql(&format!("w{place} AS ("));
            write.walk_ast(out.reborrow())?;
            out.push_sql(")");
        }
        match self.arrival {
            Some(place) => out.push_sql(&format!(" SELECT EXISTS (SELECT FROM w{place})")),
            None => out.push_sql(" SELECT true"),
        }
        match self.told {
            Some(place) => out.push_sql(&format!(", ARRAY (SELECT id FROM w{place})")),
            None => out.push_sql(", ARRAY[]::uuid[]"),
        }
        Ok(())
    }

    fn is_safe_to_cache_prepared(&self, _backend: &Pg) -> QueryResult<bool> {
        // under its text: use cases write the same few sets of rows again and again
        Ok(!self.is_rare && self.writes.len() <= USUAL_WRITES)
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
    /// whether it is done. Its answer is to be asked for after the next statement was sent.
    pub fn send(sql: Option<String>, mut conn: &'c AsyncPgConnection) -> Self {
        let Some(sql) = sql else { return Self(None) };
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
