//! The numbers Shunya knows everything by, from one sequence for all tenants.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

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

/// So many are taken at a time, at most.
const AT_ONCE: i32 = 32;
/// Numbers that are used up within this were too few.
const BUSY: Duration = Duration::from_secs(1);
/// Numbers taken longer ago than this are not used any more: meanwhile another server may have become the primary, or an
/// operator may have moved the sequence on.
const FRESH: Duration = Duration::from_secs(10);

/// Numbers taken from PostgreSQL's sequence, so that a row can be spoken of before it is written: one at a time where little
/// happens, several where much does. What is not used soon is never used.
#[derive(Clone, Debug, Default)]
pub(crate) struct SubjectNumbers(Arc<Mutex<Block>>);

#[derive(Debug, Default)]
struct Block {
    /// The next is the last.
    numbers: Vec<i64>,
    /// When these were taken, and how many.
    taken: Option<(Instant, i32)>,
}

impl Block {
    /// The next number, or how many to take.
    fn next(&mut self, now: Instant) -> Result<i64, i32> {
        let since = |at: Instant| now.saturating_duration_since(at);
        if self.taken.is_some_and(|(at, _)| since(at) > FRESH) {
            self.numbers.clear();
        }
        self.numbers.pop().ok_or(match self.taken {
            Some((at, count)) if since(at) < BUSY => (count * 2).min(AT_ONCE),
            _ => 1,
        })
    }

    /// These were taken.
    fn add(&mut self, numbers: impl IntoIterator<Item = i64>, count: i32, now: Instant) {
        self.numbers.extend(numbers);
        self.numbers.sort_unstable_by(|one, other| other.cmp(one));
        self.taken = Some((now, count));
    }
}

#[derive(QueryableByName)]
struct Taken {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

impl SubjectNumbers {
    fn lock(&self) -> MutexGuard<'_, Block> {
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
        let left = self.lock().next(Instant::now());
        let count = match left {
            Ok(number) => return Ok(number),
            Err(count) => count,
        };
        let taken: Vec<Taken> = at_once!(pg, "subject_numbers.take", |c| {
            let series = "SELECT nextval('subject_numbers') AS id FROM generate_series(1, $1)";
            kept(diesel::sql_query(series).bind::<Integer, _>(count)).load(c).await
        })
        .map_err(fail(TABLE))?;
        // the one that is used here is nobody else's, however many take some at the same moment
        let mut taken = taken.into_iter().map(|one| one.id);
        let next = taken.next().ok_or_else(|| corrupt(TABLE, "id", 0, "no number came"))?;
        self.lock().add(taken, count, Instant::now());
        Ok(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOMENT: Duration = Duration::from_millis(1);

    #[test]
    fn where_much_happens_more_are_taken_at_a_time_and_where_little_does_one() {
        let (mut block, mut now) = (Block::default(), Instant::now());
        for count in [1, 2, 4, 8, 16, 32, 32] {
            assert_eq!(block.next(now), Err(count));
            block.add([], count, now);
            now += MOMENT;
        }
        now += BUSY;
        assert_eq!(block.next(now), Err(1));
    }

    #[test]
    fn numbers_are_used_in_their_order_and_not_when_they_are_old() {
        let (mut block, now) = (Block::default(), Instant::now());
        block.add([8, 9], 2, now);
        block.add([5], 1, now);
        assert_eq!((block.next(now), block.next(now + FRESH)), (Ok(5), Ok(8)));
        assert_eq!(block.next(now + FRESH + MOMENT), Err(1), "9 is never used");
    }
}
