//! What refers to what: rows of one company, to rows of the same company, that are there. Most of it has foreign keys,
//! which neither look at companies nor hold a SQLite file that other tools have written.

use super::conditions::Look;

/// A table, what a row of it is to people, and what it refers to.
type References = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

const CONTACT: (&str, &str) = ("contact_card_id", "contact_cards");
const LEAD: (&str, &str) = ("lead_id", "leads");
const APPOINTMENT: (&str, &str) = ("appointment_id", "appointments");
const CALL: (&str, &str) = ("call_id", "calls");
const REQUEST: (&str, &str) = ("shunya_job_id", "shunya_jobs");

const REFERENCES: [References; 14] = [
    ("leads", "lead", &[CONTACT]),
    ("lead_status_history", "move", &[LEAD]),
    ("appointments", "appointment", &[LEAD, CONTACT, CALL]),
    ("tasks", "task", &[CONTACT, LEAD, APPOINTMENT, CALL]),
    ("key_signals", "signal", &[CONTACT, LEAD, APPOINTMENT, CALL]),
    ("calls", "call", &[CONTACT, LEAD]),
    ("call_outcomes", "outcome of call", &[CALL]),
    ("recordings", "recording", &[CALL]),
    ("shunya_jobs", "request", &[CALL]),
    ("call_transcripts", "transcript", &[CALL, REQUEST]),
    ("call_analyses", "analysis", &[CALL, REQUEST]),
    ("call_objections", "objection", &[CALL, ("analysis_id", "call_analyses")]),
    ("events", "event", &[LEAD, CALL]),
    ("webhook_inbox", "webhook", &[CALL]),
];

pub(super) fn looks() -> Vec<Look> {
    let mut looks: Vec<Look> = REFERENCES.into_iter().map(look).collect();
    let company = "CASE WHEN t.company_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM companies c \
                   WHERE c.id = t.company_id) THEN 'its company is not there' END";
    looks.push(Look::at("jobs", "job", company.to_owned()));
    looks
}

fn look((table, subject, references): References) -> Look {
    let cases: Vec<_> = references
        .iter()
        .map(|(column, parent)| {
            format!(
                "WHEN t.{column} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM {parent} p WHERE p.id = t.{column} \
                 AND p.company_id = t.company_id) \
                 THEN 'its {column} names a row that is gone, or another company''s'"
            )
        })
        .collect();
    let key = if table == "call_outcomes" { "call_id" } else { "id" };
    Look { key, ..Look::at(table, subject, format!("CASE {} END", cases.join(" "))) }
}
