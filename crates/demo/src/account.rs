//! Accounting for every call, and looking for anything that exists twice.

#![expect(clippy::indexing_slicing, reason = "of JSON, which answers null where there is nothing")]

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use chrono::{DateTime, Days, Utc};
use serde_json::Value;
use simulators::{ExpectedEnd, SentCall};

use crate::{
    api::{Call, OttoApi},
    report::{Finding, Report},
    run::{DemoError, final_stage},
};

/// Appointments are looked for this many days ahead: the furthest the corpus books, and some.
const DAYS_AHEAD: u64 = 20;

fn count(pipeline: &Value, name: &str) -> i64 {
    pipeline["counts"][name].as_i64().unwrap_or_default()
}

fn inbox(pipeline: &Value, field: &str, state: Option<&str>) -> i64 {
    let lines = pipeline["inbox"].as_array().into_iter().flatten();
    lines
        .filter(|line| state.is_none_or(|state| line["state"] == state))
        .filter_map(|line| line[field].as_i64())
        .sum()
}

pub(crate) async fn account(
    apis: &HashMap<String, OttoApi>,
    before: &HashMap<String, Value>,
    sent: Vec<SentCall>,
    found: HashMap<String, Vec<Call>>,
    started_at: DateTime<Utc>,
    took: Duration,
) -> Result<Report, DemoError> {
    let mut report = Report { made: sent.len(), took, ..Report::default() };
    for call in &sent {
        account_for(call, found.get(&call.provider_call_id).map(Vec::as_slice), &mut report);
    }
    for (company, api) in apis {
        let after = api.pipeline().await?;
        let base = before.get(company).cloned().unwrap_or_default();
        let grown = |name| count(&after, name) - count(&base, name);
        report.leads += grown("leads");
        report.appointments += grown("appointments");
        report.tasks += grown("tasks");
        report.signals += grown("signals");
        report.retries += grown("retries");
        report.duplicates += inbox(&after, "duplicates", None) - inbox(&base, "duplicates", None);
        report.quarantined +=
            inbox(&after, "count", Some("quarantined")) - inbox(&base, "count", Some("quarantined"));
        let dead = grown("dead_jobs");
        if dead > 0 {
            report.findings.push(Finding {
                what: "jobs were given up".to_owned(),
                which: format!("{dead} of {company}"),
            });
        }
        find_twins(company, api, started_at, &mut report).await?;
    }
    report.calls = sent;
    Ok(report)
}

fn account_for(call: &SentCall, known: Option<&[Call]>, report: &mut Report) {
    let acknowledged = call.is_known();
    report.acknowledged += usize::from(acknowledged);
    let mut finding = |what: &str| {
        report.findings.push(Finding { what: what.to_owned(), which: call.provider_call_id.clone() });
    };
    let Some((one, others)) = known.and_then(<[Call]>::split_first) else {
        finding(if acknowledged { "an acknowledged call is missing" } else { "a call was never found" });
        return;
    };
    if !others.is_empty() {
        finding("a call exists twice");
    }
    let wanted = final_stage(call.expected);
    if one.stage != wanted {
        finding(&format!("a call is {} instead of {wanted}", one.stage));
    } else if call.expected == ExpectedEnd::Analysed && one.booked != call.booked {
        finding(if call.booked { "a booked call is not booked" } else { "a call is booked that was not" });
    }
    report.received += 1;
    report.analysed += usize::from(one.stage == "analysed");
    report.missed += usize::from(one.stage == "missed");
    report.booked += usize::from(one.booked);
}

/// Everything of a company that must exist once, by what makes it one.
async fn find_twins(
    company: &str,
    api: &OttoApi,
    started_at: DateTime<Utc>,
    report: &mut Report,
) -> Result<(), DemoError> {
    const ACTIVE: [&str; 6] = ["new", "warm", "hot", "nurturing", "qualified_booked", "qualified_unbooked"];
    let text = |value: &Value, name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let mut seen: HashSet<(&'static str, String)> = HashSet::new();
    let mut once = |what: &'static str, key: String| {
        if !seen.insert((what, key.clone())) {
            report.findings.push(Finding { what: format!("{what} exists twice in {company}"), which: key });
        }
    };
    for row in api.leads().await? {
        let lead = &row["lead"];
        if ACTIVE.contains(&text(lead, "status").as_str()) {
            once("an active lead of a contact", text(lead, "contact_card_id"));
        }
    }
    for task in api.tasks().await? {
        let unfinished = ["open", "pending", "overdue"].contains(&text(&task, "status").as_str());
        if unfinished && text(&task, "source") == "shunya" {
            let words = text(&task, "description").to_lowercase();
            let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
            once("a task", format!("{} {words}", task["contact_card_id"]));
        }
    }
    for signal in api.open_signals().await? {
        let key =
            format!("{} {} {}", text(&signal, "contact_card_id"), signal["signal_type"], signal["title"]);
        once("a signal", key);
    }
    let today = started_at.date_naive();
    for ahead in 0..=DAYS_AHEAD {
        let Some(day) =
            today.checked_sub_days(Days::new(1)).and_then(|day| day.checked_add_days(Days::new(ahead)))
        else {
            continue;
        };
        for appointment in api.appointments(&day.to_string()).await? {
            if ["scheduled", "confirmed", "completed"].contains(&text(&appointment, "status").as_str()) {
                let key =
                    format!("{} {}", text(&appointment, "lead_id"), text(&appointment, "scheduled_start"));
                once("an appointment", key);
            }
        }
    }
    Ok(())
}
