//! What a driver's error means to a use case.

use std::time::Duration;

use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error};
use kernel::{BoxError, StoreError};

/// Makes the error of a statement on `table` what the use cases understand.
pub fn fail(table: &'static str) -> impl FnOnce(Error) -> StoreError {
    move |error| match class_of(&error) {
        Class::Taken => StoreError::AlreadyExists { table },
        Class::Overtaken => StoreError::Overtaken { table },
        Class::Lost | Class::TryAgain => StoreError::Unavailable(Box::new(error)),
        Class::TimedOut => StoreError::TimedOut(Box::new(error)),
        Class::CannotWrite => StoreError::CannotWrite(Box::new(error)),
        Class::Other => StoreError::Statement { table, source: Box::new(error) },
    }
}

/// Whether whoever tries again must do so on another connection.
pub fn is_of_no_more_use(error: &Error) -> bool {
    matches!(class_of(error), Class::Lost)
}

/// No connection of a pool came free in time.
#[derive(Debug, thiserror::Error)]
#[error(
    "no connection of the pool `{pool}` came free within {waited:?}: all {limit} are in use, and {waiting} more callers wait"
)]
pub struct PoolExhausted {
    /// Which.
    pub pool: &'static str,
    /// How many connections it may have.
    pub limit: usize,
    /// How long the caller waited.
    pub waited: Duration,
    /// How many others wait.
    pub waiting: usize,
}

/// A stored value this program cannot read.
#[expect(
    clippy::needless_pass_by_value,
    reason = "ids are small, and callers have no use for them afterwards"
)]
pub fn corrupt(
    table: &'static str,
    column: &'static str,
    id: impl ToString,
    source: impl Into<BoxError>,
) -> StoreError {
    StoreError::Corrupt { table, column, id: id.to_string(), source: source.into() }
}

enum Class {
    /// A key is taken.
    Taken,
    /// A key is taken that was free a moment ago.
    Overtaken,
    /// The connection is gone, or the server takes no writes any more because it has become a replica.
    Lost,
    /// The same again may succeed at once.
    TryAgain,
    /// It took too long.
    TimedOut,
    /// The disk is full, or the file may only be read.
    CannotWrite,
    /// A bug.
    Other,
}

fn class_of(error: &Error) -> Class {
    match error {
        Error::DatabaseError(kind, info) => match kind {
            DatabaseErrorKind::UniqueViolation => Class::Taken,
            // not the server's word: see `as_overtaken`
            DatabaseErrorKind::SerializationFailure if table_of_taken_key(info.as_ref()).is_some() => {
                Class::Overtaken
            }
            DatabaseErrorKind::SerializationFailure => Class::TryAgain,
            DatabaseErrorKind::ReadOnlyTransaction | DatabaseErrorKind::ClosedConnection => Class::Lost,
            // the driver's word for everything the server did not say itself
            DatabaseErrorKind::UnableToSendCommand if is_of_our_making(info.message()) => Class::Other,
            DatabaseErrorKind::UnableToSendCommand => Class::Lost,
            _ => said(info.message()),
        },
        Error::BrokenTransactionManager | Error::RollbackErrorOnCommit { .. } => Class::Lost,
        _ => Class::Other,
    }
}

/// Tables in which use cases look for a row before they leave one to be added later.
const LOOKED_FOR: [&str; 2] = ["calls", "leads"];

/// If the key of a row that was left for later is taken although it was looked for, somebody was faster, and the same again
/// finds what they wrote. Drivers have no word for this, so it goes by that of a serialisation failure, which it is.
pub fn as_overtaken(error: Error) -> Error {
    match error {
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, info)
            if table_of_taken_key(info.as_ref()).is_some_and(|table| LOOKED_FOR.contains(&table)) =>
        {
            Error::DatabaseError(DatabaseErrorKind::SerializationFailure, info)
        }
        other => other,
    }
}

/// The table of a key that is taken: PostgreSQL names it, SQLite says it.
fn table_of_taken_key(info: &(dyn DatabaseErrorInformation + Send + Sync)) -> Option<&str> {
    let message = info.message();
    if message.starts_with("duplicate key value") {
        return info.table_name();
    }
    let columns = message.strip_prefix("UNIQUE constraint failed: ")?;
    columns.split_once('.').map(|(table, _)| table)
}

/// What never reached the server, or came back from it well and was not understood.
fn is_of_our_making(message: &str) -> bool {
    ["error serializing", "error deserializing", "error encoding", "error parsing"]
        .iter()
        .any(|known| message.starts_with(known))
}

/// The drivers report most conditions only as text. These are the databases' own messages, which both have kept for
/// decades; a test provokes those that can be provoked.
fn said(message: &str) -> Class {
    const LOST: [&str; 2] = ["terminating connection", "the database system is"];
    const TRY_AGAIN: [&str; 5] = [
        "deadlock detected",
        "too many clients already",
        "remaining connection slots are reserved",
        "database is locked",
        "database table is locked",
    ];
    const TIMED_OUT: [&str; 2] =
        ["canceling statement due to lock timeout", "canceling statement due to statement timeout"];
    const CANNOT_WRITE: [&str; 5] = [
        "database or disk is full",
        "attempt to write a readonly database",
        "disk I/O error",
        "No space left on device",
        "unable to open database file",
    ];
    let is_one_of = |known: &[&str]| known.iter().any(|known| message.contains(known));
    if is_one_of(&LOST) {
        Class::Lost
    } else if is_one_of(&TRY_AGAIN) {
        Class::TryAgain
    } else if is_one_of(&TIMED_OUT) {
        Class::TimedOut
    } else if is_one_of(&CANNOT_WRITE) {
        Class::CannotWrite
    } else {
        Class::Other
    }
}

#[cfg(test)]
mod tests {
    use diesel::{Connection, SqliteConnection, connection::SimpleConnection};

    use super::*;

    fn open(path: &str) -> SqliteConnection {
        let mut conn = SqliteConnection::establish(path).expect("it opens");
        conn.batch_execute("CREATE TABLE IF NOT EXISTS t (x TEXT UNIQUE)").expect("it can be written");
        conn
    }

    fn failure(conn: &mut SqliteConnection, statement: &str) -> StoreError {
        fail("t")(conn.batch_execute(statement).expect_err("it fails"))
    }

    #[test]
    fn a_full_disk_cannot_be_written() {
        let mut conn = open(":memory:");
        conn.batch_execute("PRAGMA max_page_count = 10").unwrap();
        let fill = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) \
                    INSERT INTO t SELECT hex(randomblob(500)) FROM n";
        let error = failure(&mut conn, fill);
        assert!(matches!(error, StoreError::CannotWrite(_)), "{error:?}");
        assert!(!error.is_transient());
    }

    #[test]
    fn a_file_that_may_only_be_read_cannot_be_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let path = path.to_str().unwrap();
        drop(open(path));
        let mut conn = SqliteConnection::establish(&format!("file:{path}?mode=ro")).unwrap();
        let error = failure(&mut conn, "INSERT INTO t VALUES ('a')");
        assert!(matches!(error, StoreError::CannotWrite(_)), "{error:?}");
    }

    #[test]
    fn a_file_another_process_writes_is_unavailable() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.db");
        let path = path.to_str().unwrap();
        let (mut first, mut second) = (open(path), open(path));
        first.batch_execute("BEGIN IMMEDIATE").unwrap();
        let error = failure(&mut second, "BEGIN IMMEDIATE");
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        assert!(error.is_transient());
    }

    #[test]
    fn a_key_that_is_taken_is_told_from_a_bug() {
        let mut conn = open(":memory:");
        conn.batch_execute("INSERT INTO t VALUES ('a')").unwrap();
        let error = failure(&mut conn, "INSERT INTO t VALUES ('a')");
        assert!(matches!(error, StoreError::AlreadyExists { table: "t" }), "{error:?}");
        let error = failure(&mut conn, "INSERT INTO nowhere VALUES ('a')");
        assert!(matches!(error, StoreError::Statement { table: "t", .. }), "{error:?}");
    }

    fn said(kind: DatabaseErrorKind, words: &str) -> StoreError {
        fail("t")(Error::DatabaseError(kind, Box::new(words.to_owned())))
    }

    #[test]
    fn what_took_too_long_is_not_tried_again_at_once() {
        // PostgreSQL's own words; the tests of this crate that have a server provoke its others
        let error = said(DatabaseErrorKind::Unknown, "canceling statement due to lock timeout");
        assert!(matches!(error, StoreError::TimedOut(_)), "{error:?}");
        assert!(error.is_transient() && !error.is_momentary());
    }

    #[test]
    fn a_bug_in_a_parameter_is_no_lost_connection() {
        for words in ["error serializing parameter 0", "error encoding message to server"] {
            let error = said(DatabaseErrorKind::UnableToSendCommand, words);
            assert!(matches!(error, StoreError::Statement { .. }), "{error:?}");
        }
        let error = said(DatabaseErrorKind::UnableToSendCommand, "connection closed");
        assert!(error.is_momentary(), "{error:?}");
    }
}
