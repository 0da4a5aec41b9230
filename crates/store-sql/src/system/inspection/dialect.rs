//! Where the two databases spell the same thing differently.

use crate::types::uuid_text;

/// Writes parts of queries for one of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialect {
    pub(super) is_postgres: bool,
}

impl Dialect {
    /// An id as text.
    pub(super) fn id_text(self, column: &str) -> String {
        uuid_text(self.is_postgres, column)
    }

    /// An instant so many hours earlier.
    pub(super) fn hours_before(self, instant: &str, hours: i64) -> String {
        if self.is_postgres {
            format!("({instant} - interval '{hours} hours')")
        } else {
            format!("({instant} - {})", hours * 3_600_000_000)
        }
    }

    /// A text with letter case and runs of white space evened out, as people read it.
    pub(super) fn folded(self, column: &str) -> String {
        let char = if self.is_postgres { "chr" } else { "char" };
        let mut text = column.to_owned();
        for space in [9, 10, 13] {
            text = format!("replace({text}, {char}({space}), ' ')");
        }
        // each halves what is left of a run
        for _ in 0..4 {
            text = format!("replace({text}, '  ', ' ')");
        }
        format!("lower(trim({text}))")
    }

    /// A whole number in a document; null for anything else.
    pub(super) fn number(self, document: &str, field: &str) -> String {
        if self.is_postgres {
            format!(
                "CASE WHEN {document}->>'{field}' ~ '^[0-9]{{1,18}}$' THEN CAST({document}->>'{field}' AS bigint) END"
            )
        } else {
            format!("CAST({document}->>'{field}' AS integer)")
        }
    }

    /// An id in a document; null for anything else.
    pub(super) fn id(self, document: &str, field: &str) -> String {
        if self.is_postgres {
            format!(
                "CASE WHEN {document}->>'{field}' ~ '^[0-9a-f]{{8}}(-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}}$' \
                 THEN CAST({document}->>'{field}' AS uuid) END"
            )
        } else {
            format!("unhex(replace({document}->>'{field}', '-', ''))")
        }
    }
}
