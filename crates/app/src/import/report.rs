use std::collections::BTreeMap;

use kernel::{CompanyId, Timestamp, rfc3339};
use serde_json::{Value, json};

use crate::ports::OldTable;

/// So many rows of a table that were set aside are named.
const EXAMPLES: usize = 10;

/// What became of a table's rows.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Whether the predecessor has the table.
    pub is_missing: bool,
    /// How many rows there are.
    pub read: u64,
    /// How many were taken.
    pub taken: u64,
    /// How many were there already.
    pub there: u64,
    /// How many are now part of another row, and how many of these had something to add to it.
    pub united: u64,
    /// See there.
    pub filled: u64,
    /// How many were taken otherwise than they were, by how.
    pub otherwise: BTreeMap<&'static str, u64>,
    /// How many were not taken, by why.
    pub aside: BTreeMap<&'static str, u64>,
    /// Some of these, by id.
    pub examples: Vec<(String, &'static str)>,
}

impl Tally {
    /// A row cannot be taken.
    pub(super) fn set_aside(&mut self, id: &str, why: &'static str) {
        *self.aside.entry(why).or_default() += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push((id.to_owned(), why));
        }
    }

    /// A row was taken, but not as it was.
    pub(super) fn note(&mut self, how: &'static str) {
        *self.otherwise.entry(how).or_default() += 1;
    }

    /// Whether Otto has anything it did not have before.
    pub fn is_new(&self) -> bool {
        self.taken > 0 || self.filled > 0
    }

    /// Adds another's numbers.
    pub fn add(&mut self, other: &Self) {
        self.is_missing |= other.is_missing;
        self.read += other.read;
        self.taken += other.taken;
        self.there += other.there;
        self.united += other.united;
        self.filled += other.filled;
        for (from, to) in [(&other.otherwise, &mut self.otherwise), (&other.aside, &mut self.aside)] {
            for (why, count) in from {
                *to.entry(why).or_default() += count;
            }
        }
        let room = EXAMPLES.saturating_sub(self.examples.len());
        self.examples.extend(other.examples.iter().take(room).cloned());
    }

    fn to_json(&self, table: &str) -> Value {
        let example = |(id, why): &(String, &'static str)| json!({ "id": id, "why": why });
        json!({
            "table": table, "missing": self.is_missing, "read": self.read, "taken": self.taken, "there": self.there,
            "united": self.united, "filled": self.filled, "otherwise": self.otherwise, "set_aside": self.aside,
            "examples": self.examples.iter().map(example).collect::<Vec<_>>(),
        })
    }
}

/// What became of one company's rows.
#[derive(Clone, Debug)]
pub struct CompanyReport {
    /// Which.
    pub company: CompanyId,
    /// By table, in the order in which they were taken.
    pub tables: Vec<(OldTable, Tally)>,
}

/// What an import came to. Free of personal data and secrets.
#[derive(Clone, Debug)]
pub struct Report {
    /// Whether all of it was undone again.
    pub dry_run: bool,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was over.
    pub finished_at: Timestamp,
    /// The companies themselves.
    pub companies: Tally,
    /// What is theirs.
    pub each: Vec<CompanyReport>,
    /// Calls that belong to no company, and were not read.
    pub calls_of_nobody: u64,
}

impl Report {
    /// Whether Otto has anything it did not have before.
    pub fn is_new(&self) -> bool {
        self.companies.is_new()
            || self.each.iter().flat_map(|one| &one.tables).any(|(_, tally)| tally.is_new())
    }

    /// All companies together, by table.
    pub fn totals(&self) -> Vec<(OldTable, Tally)> {
        let mut totals = vec![(OldTable::Companies, self.companies.clone())];
        for table in OldTable::OF_COMPANIES {
            let mut total = Tally::default();
            let of_table = self.each.iter().flat_map(|one| &one.tables).filter(|(which, _)| *which == table);
            of_table.for_each(|(_, tally)| total.add(tally));
            totals.push((table, total));
        }
        totals
    }

    /// For programs. One object.
    pub fn to_json(&self) -> Value {
        let tables = |tables: &[(OldTable, Tally)]| {
            tables.iter().map(|(table, tally)| tally.to_json(table.as_str())).collect::<Vec<_>>()
        };
        let company = |one: &CompanyReport| json!({ "company": one.company, "tables": tables(&one.tables) });
        json!({
            "dry_run": self.dry_run, "anything_new": self.is_new(), "started_at": rfc3339(self.started_at),
            "finished_at": rfc3339(self.finished_at), "calls_of_nobody": self.calls_of_nobody,
            "tables": tables(&self.totals()), "companies": self.each.iter().map(company).collect::<Vec<_>>(),
        })
    }
}
