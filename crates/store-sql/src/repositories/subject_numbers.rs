//! The numbers Shunya knows everything by, from one sequence for all tenants.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use diesel::{
    QueryableByName,
    sql_types::{BigInt, Integer},
};
use diesel_async::RunQueryDsl;
use kernel::StoreError;

use crate::{
    db::{Conn, at_once, on_sqlite},
    error::{corrupt, fail},
    kept::kept,
    schema::subject_numbers,
};

const TABLE: &str = "subject_numbers";

/// How many are taken at a time.
const AT_ONCE: i32 = 32;

/// Numbers taken from PostgreSQL's sequence, several at a time, so that a row can be spoken of before it is written. What a
/// process has not used when it ends is never used.
#[derive(Clone, Debug, Default)]
pub(crate) struct SubjectNumbers(Arc<Mutex<Vec<i64>>>);

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

impl SubjectNumbers {
    fn lock(&self) -> MutexGuard<'_, Vec<i64>> {
        // nothing that can panic is done while it is held
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next number. It stays used whatever becomes of the transaction.
    pub(crate) async fn next(&self, conn: &mut Conn) -> Result<i64, StoreError> {
        let pg = match conn {
            Conn::Postgres(pg) => pg,
            // where the sequence is a table
            Conn::Sqlite(lite) => {
                return on_sqlite!(lite, "subject_numbers.next", |c| {
                    let insert = diesel::insert_into(subject_numbers::table).default_values();
                    insert.returning(subject_numbers::id).get_result(c).await
                })
                .map_err(fail(TABLE));
            }
        };
        let left = self.lock().pop();
        if let Some(number) = left {
            return Ok(number);
        }
        let mut taken: Vec<Taken> = at_once!(pg, "subject_numbers.take", |c| {
            let series = "SELECT nextval('subject_numbers') AS id FROM generate_series(1, $1)";
            kept(diesel::sql_query(series).bind::<Integer, _>(AT_ONCE)).load(c).await
        })
        .map_err(fail(TABLE))?;
        // the smallest is the next
        taken.sort_unstable_by_key(|one| std::cmp::Reverse(one.id));
        let next = taken.pop().ok_or_else(|| corrupt(TABLE, "id", 0, "no number came"))?;
        self.lock().extend(taken.into_iter().map(|one| one.id));
        Ok(next.id)
    }
}
