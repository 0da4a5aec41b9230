//! What a driver's error means to a use case.

use diesel::result::{DatabaseErrorKind, Error};
use kernel::{BoxError, StoreError};

/// Makes the error of a statement on `table` what the use cases understand.
pub fn fail(table: &'static str) -> impl FnOnce(Error) -> StoreError {
    move |error| match &error {
        Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => StoreError::AlreadyExists { table },
        Error::DatabaseError(
            DatabaseErrorKind::SerializationFailure
            | DatabaseErrorKind::UnableToSendCommand
            | DatabaseErrorKind::ClosedConnection,
            _,
        )
        | Error::BrokenTransactionManager
        | Error::RollbackErrorOnCommit { .. } => StoreError::Unavailable(Box::new(error)),
        Error::DatabaseError(DatabaseErrorKind::ReadOnlyTransaction, _) => {
            StoreError::CannotWrite(Box::new(error))
        }
        Error::DatabaseError(_, info) => match class_of(info.message()) {
            Class::Transient => StoreError::Unavailable(Box::new(error)),
            Class::CannotWrite => StoreError::CannotWrite(Box::new(error)),
            Class::Other => StoreError::Statement { table, source: Box::new(error) },
        },
        _ => StoreError::Statement { table, source: Box::new(error) },
    }
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
    Transient,
    CannotWrite,
    Other,
}

/// The drivers report most conditions only as text. These are the databases' own messages, which both have kept for
/// decades; a test provokes those that can be provoked.
fn class_of(message: &str) -> Class {
    const TRANSIENT: [&str; 8] = [
        "deadlock detected",
        "canceling statement due to lock timeout",
        "canceling statement due to statement timeout",
        "terminating connection",
        "the database system is",
        "too many clients already",
        "database is locked",
        "database table is locked",
    ];
    const CANNOT_WRITE: [&str; 5] = [
        "database or disk is full",
        "attempt to write a readonly database",
        "disk I/O error",
        "No space left on device",
        "unable to open database file",
    ];
    if TRANSIENT.iter().any(|known| message.contains(known)) {
        Class::Transient
    } else if CANNOT_WRITE.iter().any(|known| message.contains(known)) {
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

    #[test]
    fn a_lock_that_took_too_long_is_unavailable() {
        // PostgreSQL's own words; the tests of this crate that have a server provoke its others
        let words = "canceling statement due to lock timeout".to_owned();
        let error = fail("t")(Error::DatabaseError(DatabaseErrorKind::Unknown, Box::new(words)));
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    }
}
