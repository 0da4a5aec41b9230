use std::{fmt::Write, time::Duration};

use simulators::SentCall;

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was found.
    pub what: String,
    /// Where.
    pub which: String,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Calls made.
    pub made: usize,
    /// Calls of which at least one event was acknowledged.
    pub acknowledged: usize,
    /// Calls Otto has.
    pub received: usize,
    /// Calls analysed.
    pub analysed: usize,
    /// Calls booked.
    pub booked: usize,
    /// Calls nobody took.
    pub missed: usize,
    /// Made by these calls: leads.
    pub leads: i64,
    /// Made by these calls: appointments.
    pub appointments: i64,
    /// Made by these calls: tasks.
    pub tasks: i64,
    /// Made by these calls: key signals.
    pub signals: i64,
    /// Attempts of jobs beyond the first.
    pub retries: i64,
    /// Webhooks refused as seen before.
    pub duplicates: i64,
    /// Webhooks authentic but not understood.
    pub quarantined: i64,
    /// From the first call to the last end.
    pub took: Duration,
    /// The calls themselves, as those who made them tell.
    pub calls: Vec<SentCall>,
    /// Everything that is not as it must be.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether everything is accounted for.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// For people.
    pub fn table(&self) -> String {
        let seconds = self.took.as_secs_f64();
        let rows: [(&str, String); 13] = [
            ("calls made", self.made.to_string()),
            ("acknowledged", self.acknowledged.to_string()),
            ("received", self.received.to_string()),
            ("analysed", self.analysed.to_string()),
            ("missed", self.missed.to_string()),
            ("booked", self.booked.to_string()),
            ("leads", self.leads.to_string()),
            ("appointments", self.appointments.to_string()),
            ("tasks", self.tasks.to_string()),
            ("key signals", self.signals.to_string()),
            ("retries", self.retries.to_string()),
            ("duplicates refused", self.duplicates.to_string()),
            ("quarantined", self.quarantined.to_string()),
        ];
        let mut text = String::new();
        let wide = rows.iter().map(|(_, value)| value.len()).max().unwrap_or(0).max(8);
        // writing to a String cannot fail
        for (label, value) in &rows {
            let _ = writeln!(text, "  {label:<20} {value:>wide$}");
        }
        let rate = if seconds > 0.0 { self.made as f64 / seconds } else { 0.0 };
        let _ = writeln!(text, "  {:<20} {:>wide$}", "time", format!("{seconds:.1} s"));
        let _ = writeln!(text, "  {:<20} {:>wide$}", "calls per second", format!("{rate:.1}"));
        if self.is_clean() {
            let _ = writeln!(text, "\nevery call is accounted for, and nothing exists twice");
        } else {
            let _ = writeln!(text, "\n{} findings:", self.findings.len());
            for finding in self.findings.iter().take(50) {
                let _ = writeln!(text, "  {}: {}", finding.what, finding.which);
            }
        }
        text
    }
}
