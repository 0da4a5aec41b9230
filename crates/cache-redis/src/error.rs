use deadpool_redis::redis::RedisError;

/// Why a URL does not name a Redis. Says nothing of the URL itself, which may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be redis://HOST:PORT or rediss://USER:PASSWORD@HOST:PORT")]
pub struct UnusableUrl;

/// Why Redis did not do something.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LinkError {
    /// It is known to be down, and was not asked.
    #[error("Redis is down")]
    Down,
    /// It did not answer in time.
    #[error("Redis did not answer in time")]
    Slow,
    /// It cannot be reached, or said no.
    #[error("Redis failed: {0}")]
    Failed(#[from] RedisError),
    /// No connection could be had.
    #[error("no connection to Redis: {0}")]
    NoConnection(String),
}

impl LinkError {
    /// Whether others would fare no better.
    pub(crate) fn is_outage(&self) -> bool {
        match self {
            Self::Down => false,
            Self::Slow | Self::NoConnection(_) => true,
            Self::Failed(error) => error.is_io_error() || error.is_timeout() || error.is_connection_dropped(),
        }
    }
}
