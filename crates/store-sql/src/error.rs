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
        | Error::BrokenTransactionManager => StoreError::Unavailable(Box::new(error)),
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
