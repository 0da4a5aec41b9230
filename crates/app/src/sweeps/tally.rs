use std::{error::Error, fmt::Display};

use kernel::{ErrorKind, StoreError};

use crate::jobs::{Done, JobError};

/// So many failures of one run are told one by one; the rest is only counted.
const MOST_TOLD: usize = 20;
/// When the database was not there for so many rows in a row, it is not the rows' fault.
const MOST_IN_A_ROW: usize = 3;

/// How the rows of a sweep fare. Each is on its own: one that cannot be helped must not keep the others from being
/// helped.
pub(super) struct Tally {
    sweep: &'static str,
    helped: usize,
    failed: usize,
    unavailable_in_a_row: usize,
}

impl Tally {
    pub(super) fn of(sweep: &'static str) -> Self {
        Self { sweep, helped: 0, failed: 0, unavailable_in_a_row: 0 }
    }

    /// Takes down how a row fared. Fails only if going on makes no sense: the database itself is not there.
    pub(super) fn note(&mut self, row: impl Display, fared: Result<(), StoreError>) -> Result<(), JobError> {
        let Err(error) = fared else {
            self.helped += 1;
            self.unavailable_in_a_row = 0;
            return Ok(());
        };
        self.failed += 1;
        if self.failed <= MOST_TOLD {
            let error: &dyn Error = &error;
            tracing::warn!(sweep = self.sweep, row = %row, error, "a sweep cannot help a row");
        }
        if error.kind() != ErrorKind::Unavailable {
            self.unavailable_in_a_row = 0;
            return Ok(());
        }
        self.unavailable_in_a_row += 1;
        if self.unavailable_in_a_row < MOST_IN_A_ROW { Ok(()) } else { Err(error.into()) }
    }

    /// The end of the run: it has failed if there were rows and none could be helped.
    pub(super) fn end(self) -> Result<Done, JobError> {
        let Self { sweep, helped, failed, .. } = self;
        if failed == 0 {
            return Ok(Done::Finished);
        }
        metrics::counter!("otto_sweep_rows_failed_total", "sweep" => sweep)
            .increment(u64::try_from(failed).unwrap_or(u64::MAX));
        if helped == 0 {
            return Err(JobError::retry(format!("none of {failed} rows could be helped")));
        }
        tracing::error!(sweep, helped, failed, "a sweep could not help all rows");
        Ok(Done::Finished)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bad_row() -> Result<(), StoreError> {
        let source = "unreadable".into();
        Err(StoreError::Corrupt { table: "calls", column: "facts", id: "7".to_owned(), source })
    }

    fn gone() -> Result<(), StoreError> {
        Err(StoreError::Unavailable("connection refused".into()))
    }

    #[test]
    fn a_run_is_a_failure_only_if_no_row_could_be_helped() {
        let mut tally = Tally::of("test");
        for row in 0..9 {
            tally.note(row, bad_row()).unwrap();
        }
        assert_eq!(tally.end().unwrap_err().message, "none of 9 rows could be helped");
        let mut tally = Tally::of("test");
        tally.note(1, bad_row()).unwrap();
        tally.note(2, Ok(())).unwrap();
        assert_eq!(tally.end().unwrap(), Done::Finished);
        assert_eq!(Tally::of("test").end().unwrap(), Done::Finished);
    }

    #[test]
    fn a_database_that_is_not_there_ends_the_run() {
        let mut tally = Tally::of("test");
        for _ in 0..2 {
            tally.note(1, gone()).unwrap();
            tally.note(2, gone()).unwrap();
            tally.note(3, Ok(())).unwrap();
            tally.note(4, gone()).unwrap();
            tally.note(5, bad_row()).unwrap();
        }
        tally.note(1, gone()).unwrap();
        tally.note(2, gone()).unwrap();
        tally.note(3, gone()).unwrap_err();
    }
}
