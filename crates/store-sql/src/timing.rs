//! How long statements take, by name, and how long callers wait for a connection.
//!
//! Names are `store.<table>.<verb>`, one for each place in the source that asks the database something; values never
//! appear. A name is the span, the label of the histogram and the word in the warning, so that one leads to the others.

use std::time::{Duration, Instant};

use tracing::Span;

/// One statement, from its start until it ended or nobody waits for it any more.
pub struct Timed {
    name: &'static str,
    slow: Duration,
    started: Instant,
    // open for as long as the statement runs; nothing is ever logged inside it, so it need not be entered
    _span: Span,
}

impl Timed {
    /// It starts now; worth a warning if it takes as long as `slow`.
    pub fn start(name: &'static str, slow: Duration, span: Span) -> Self {
        Self { name, slow, started: Instant::now(), _span: span }
    }
}

impl Drop for Timed {
    fn drop(&mut self) {
        let took = self.started.elapsed();
        metrics::histogram!("otto_db_statement_duration_seconds", "statement" => self.name)
            .record(took.as_secs_f64());
        if took >= self.slow {
            let milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            tracing::warn!(statement = self.name, milliseconds, "slow statement");
        }
    }
}

/// One wait for a connection of a pool, until there was one or the caller gave up.
pub struct Waiting {
    pool: &'static str,
    since: Instant,
}

impl Waiting {
    /// It begins now.
    pub fn start(pool: &'static str) -> Self {
        Self { pool, since: Instant::now() }
    }

    /// For how long by now.
    pub fn so_far(&self) -> Duration {
        self.since.elapsed()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        metrics::histogram!("otto_db_pool_wait_seconds", "pool" => self.pool)
            .record(self.since.elapsed().as_secs_f64());
    }
}
