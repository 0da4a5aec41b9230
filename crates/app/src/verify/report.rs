use kernel::{CompanyId, Timestamp, rfc3339};
use serde_json::{Value, json};

use super::check::{Check, Level};
use crate::ports::Finding;

/// What a check came to.
#[derive(Clone, Debug)]
pub struct CheckReport {
    /// Which.
    pub check: Check,
    /// How many rows or objects it looked at.
    pub looked_at: u64,
    /// How many of them are not as they must be.
    pub found: u64,
    /// Some of these.
    pub examples: Vec<Finding>,
    /// Why it could not be made, or not to its end.
    pub broke_off: Option<String>,
}

impl CheckReport {
    /// Before anything was looked at.
    pub(super) fn of(check: Check) -> Self {
        Self { check, looked_at: 0, found: 0, examples: Vec::new(), broke_off: None }
    }

    /// Takes down what was found, and keeps so many examples.
    pub(super) fn add(&mut self, found: impl IntoIterator<Item = Finding>, examples: usize) {
        for finding in found {
            self.found += 1;
            if self.examples.len() < examples {
                self.examples.push(finding);
            }
        }
    }

    /// Whether there is nothing to be put right.
    pub fn is_clean(&self) -> bool {
        self.broke_off.is_none() && (self.found == 0 || self.check.level == Level::Notice)
    }

    fn to_json(&self) -> Value {
        let example = |finding: &Finding| json!({ "subject": finding.subject, "company": finding.company, "why": finding.why });
        json!({
            "name": self.check.name, "about": self.check.about, "level": self.check.level.as_str(),
            "looked_at": self.looked_at, "found": self.found,
            "examples": self.examples.iter().map(example).collect::<Vec<_>>(), "broke_off": self.broke_off,
        })
    }
}

/// What a verification came to.
#[derive(Clone, Debug)]
pub struct Report {
    /// Whose rows were looked at; everybody's, if nobody is named.
    pub company: Option<CompanyId>,
    /// Whether contents were read too.
    pub deep: bool,
    /// When it began.
    pub started_at: Timestamp,
    /// When it was over.
    pub finished_at: Timestamp,
    /// One of each check.
    pub checks: Vec<CheckReport>,
}

impl Report {
    /// Whether there is nothing to be put right.
    pub fn is_clean(&self) -> bool {
        self.checks.iter().all(CheckReport::is_clean)
    }

    /// For programs. One object, free of personal data.
    pub fn to_json(&self) -> Value {
        json!({
            "clean": self.is_clean(), "company": self.company, "deep": self.deep,
            "started_at": rfc3339(self.started_at), "finished_at": rfc3339(self.finished_at),
            "checks": self.checks.iter().map(CheckReport::to_json).collect::<Vec<_>>(),
        })
    }
}
