use std::{fmt, time::Duration};

/// A source error whose concrete type the receiver does not need.
pub type BoxError = Box<dyn std::error::Error + Send + Sync + 'static>;

/// The closed set of reasons a use case can fail for.
///
/// The HTTP adapter maps each to one status, the worker to retry, give up or dead-letter; both matches are
/// exhaustive, so a new kind cannot be forgotten in either.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The caller sent something that can never be accepted as it is.
    Invalid,
    /// No proof, or a wrong one, of who is calling.
    Unauthenticated,
    /// The caller is known and may not do this.
    Forbidden,
    /// There is no such thing, or none this tenant may see.
    NotFound,
    /// The state of the thing does not allow it now.
    Conflict,
    /// More bytes than we take.
    TooLarge,
    /// A content type we do not read.
    UnsupportedMedia,
    /// Too many requests; try again later.
    Throttled,
    /// Something we depend on is not there right now; the same request may succeed later.
    Unavailable,
    /// A vendor answered something it should not have.
    Upstream,
    /// A bug of ours.
    Internal,
}

/// What a store can answer besides data. "Not found" is `None` and "already there" is a value, so neither is here.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database is not there, or asked us to try again (serialisation failure, deadlock, lost connection, restart).
    #[error("the database is unavailable")]
    Unavailable(#[source] BoxError),
    /// The database did not answer in time: a statement or a lock took too long, or every connection was in use.
    #[error("the database did not answer in time")]
    TimedOut(#[source] BoxError),
    /// The database refuses to write because its disk is full or read-only.
    #[error("the database cannot write")]
    CannotWrite(#[source] BoxError),
    /// A unique key was violated where the use case did not expect it to be.
    #[error("a row with the same key already exists in {table}")]
    AlreadyExists {
        /// The table, for the log.
        table: &'static str,
    },
    /// Somebody else added the row since this transaction looked for it. The same again finds it.
    #[error("somebody else was faster to add a row to {table}")]
    Overtaken {
        /// The table, for the log.
        table: &'static str,
    },
    /// The row changed since it was read.
    #[error("the {table} row was changed by someone else")]
    Stale {
        /// The table, for the log.
        table: &'static str,
    },
    /// The worker no longer holds the lease of the job it is finishing; nothing it did may be committed.
    #[error("the lease of job {0} is held by another worker")]
    LeaseLost(crate::JobId),
    /// A row holds a value this version of the program cannot read.
    #[error("{table}.{column} of row {id} holds an unreadable value")]
    Corrupt {
        /// Table of the row.
        table: &'static str,
        /// Column of the value.
        column: &'static str,
        /// Primary key of the row, as text.
        id: String,
        /// Why it could not be read.
        #[source]
        source: BoxError,
    },
    /// Anything else the driver reports: a bug on our side.
    #[error("a statement failed in {table}")]
    Statement {
        /// The table or operation, for the log.
        table: &'static str,
        /// The driver's error.
        #[source]
        source: BoxError,
    },
}

impl StoreError {
    /// How the failure concerns the caller.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unavailable(_) | Self::TimedOut(_) | Self::CannotWrite(_) | Self::Overtaken { .. } => {
                ErrorKind::Unavailable
            }
            Self::AlreadyExists { .. } | Self::Stale { .. } | Self::LeaseLost(_) => ErrorKind::Conflict,
            Self::Corrupt { .. } | Self::Statement { .. } => ErrorKind::Internal,
        }
    }

    /// Whether doing the whole unit of work again later may succeed.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::TimedOut(_) | Self::Overtaken { .. })
    }

    /// Whether doing it again within moments may well succeed. Not what took too long: whoever waits for it has waited
    /// long enough, and doing it again would only add to what there is too much of.
    pub fn is_momentary(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Overtaken { .. })
    }
}

/// What a provider's API can answer besides data.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// The provider understood and refused; asking again cannot help.
    #[error("the provider refused the request ({code})")]
    Rejected {
        /// The provider's own error code, or the HTTP status where it sends none.
        code: String,
    },
    /// The provider has no such thing (yet).
    #[error("the provider knows no such thing ({code})")]
    NotFound {
        /// The provider's own error code, or the HTTP status where it sends none.
        code: String,
    },
    /// Too many requests.
    #[error("the provider asks us to slow down")]
    Throttled {
        /// How long it asked us to wait, where it said so.
        retry_after: Option<Duration>,
    },
    /// A 5xx answer, a refused connection, or an answer that breaks the contract.
    #[error("the provider is unavailable ({reason})")]
    Unavailable {
        /// Short and free of personal data.
        reason: String,
        /// How long it asked us to wait, where it said so.
        retry_after: Option<Duration>,
    },
    /// Our key is not, or no longer, good. Mended by people, so worth asking again later, not at once.
    #[error("the provider refuses our key ({code})")]
    KeyRefused {
        /// The provider's own error code, or the HTTP status where it sends none.
        code: String,
    },
    /// No answer in time. What was asked may or may not have been done.
    #[error("the provider did not answer in time")]
    Timeout,
    /// It is not asked for now. Says nothing of what it was to be asked for, which keeps.
    #[error("the provider is left alone for now: {why}")]
    Held {
        /// Why.
        why: Hold,
        /// It may be asked after this.
        retry_after: Duration,
    },
}

/// Why a provider is not asked for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hold {
    /// It has not been answering.
    Failing,
    /// It asked us to slow down.
    Throttled,
    /// We have asked it as often as we may.
    Budget,
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Failing => "it has not been answering",
            Self::Throttled => "it asked us to slow down",
            Self::Budget => "we have asked it as often as we may",
        })
    }
}

impl ProviderError {
    /// How the failure concerns the caller.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Rejected { .. } => ErrorKind::Upstream,
            Self::NotFound { .. } => ErrorKind::NotFound,
            Self::Throttled { .. } => ErrorKind::Throttled,
            Self::Held { why: Hold::Throttled | Hold::Budget, .. } => ErrorKind::Throttled,
            Self::Held { why: Hold::Failing, .. } => ErrorKind::Unavailable,
            Self::Unavailable { .. } | Self::KeyRefused { .. } | Self::Timeout => ErrorKind::Unavailable,
        }
    }

    /// How long the provider asked us to wait before the next attempt.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Throttled { retry_after } | Self::Unavailable { retry_after, .. } => *retry_after,
            Self::Held { retry_after, .. } => Some(*retry_after),
            Self::Rejected { .. } | Self::NotFound { .. } | Self::KeyRefused { .. } | Self::Timeout => None,
        }
    }

    /// Whether asking again within a second may well help: a broken connection or answer, or a 5xx without a wish to be
    /// left alone. Not a timeout: whoever waits for the answer has waited long enough.
    pub fn is_momentary(&self) -> bool {
        matches!(self, Self::Unavailable { retry_after: None, .. })
    }
}
