//! Whether dashboards show what the analyses give.
//!
//! Dashboards read the verdicts that each call carries; here they are counted once more, from the analyses themselves.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use insights::{DayRange, Window, is_qualified, percentage};
use kernel::{Calendar, CallId, CompanyId, Timestamp, UserId};
use rbac::{Grant, Role};
use tenancy::Company;

use super::{Hindrance, READ_AT_ONCE, Verification, report::CheckReport};
use crate::{
    ports::{CountedCall, Finding},
    reads::Viewer,
};

/// Calls come in while they are counted: numbers that differ are counted again so often before they are told.
const LOOKS: usize = 3;
/// How many days are counted, today included.
const DAYS: i64 = 30;

pub(super) async fn check(
    verification: &Verification<'_>,
    report: &mut CheckReport,
) -> Result<(), Hindrance> {
    let companies = match &verification.order.company {
        Some(company) => verification.ports.tenants.find(company).await?.into_iter().collect(),
        None => verification.ports.tenants.list().await?,
    };
    let steps = u64::try_from(companies.len()).unwrap_or_default();
    verification.progress.begin(report.check.name, Some(steps));
    for company in companies {
        report.looked_at += 1;
        verification.progress.advance(1);
        let mut difference = None;
        for _ in 0..LOOKS {
            difference = compare(verification, &company).await?;
            if difference.is_none() {
                break;
            }
        }
        let found = difference.map(|why| Finding {
            subject: format!("dashboard of {}", company.id),
            company: Some(company.id.to_string()),
            why,
        });
        report.add(found, verification.order.examples);
    }
    Ok(())
}

/// How many calls, how many of them qualified, and how many booked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    total: i64,
    qualified: i64,
    booked: i64,
}

impl Counts {
    fn add(&mut self, call: &CountedCall) {
        self.total += 1;
        self.qualified += i64::from(call.lead_quality.as_deref().is_some_and(is_qualified));
        self.booked += i64::from(call.booking_status.as_deref() == Some("booked"));
    }
}

async fn compare(verification: &Verification<'_>, company: &Company) -> Result<Option<String>, Hindrance> {
    let Some(viewer) = manager_of(company) else { return Ok(None) };
    let now = verification.ports.clock.now();
    let today = company.calendar.day_of(now);
    let first = today - chrono::Duration::days(DAYS - 1);
    let days = DayRange { first, last: today };
    let window = days.window(company.calendar);
    let reads = verification.ports.reads.as_ref();
    let shown = reads.headline(&viewer, window).await?.company;
    let rates = reads.booking_rates(&viewer, days, company.calendar).await?;
    let (counted, by_day) = count(verification, &company.id, window, company.calendar).await?;
    let shown = Counts {
        total: shown.total_leads,
        qualified: shown.qualified_leads,
        booked: shown.booked_appointments,
    };
    if shown != counted {
        return Ok(Some(format!("the last {DAYS} days: {} shown, {} counted", told(shown), told(counted))));
    }
    let strange = rates.iter().find(|point| {
        let counts = by_day.get(&point.date).copied().unwrap_or_default();
        (point.rate - percentage(counts.booked, counts.qualified)).abs() > 0.001
    });
    Ok(strange.map(|point| {
        format!("the booking rate of {} is {}, which is not what was counted", point.date, point.rate)
    }))
}

fn told(counts: Counts) -> String {
    format!("{} calls, {} qualified, {} booked", counts.total, counts.qualified, counts.booked)
}

async fn count(
    verification: &Verification<'_>,
    company: &CompanyId,
    window: Window,
    calendar: Calendar,
) -> Result<(Counts, BTreeMap<NaiveDate, Counts>), Hindrance> {
    let mut all = Counts::default();
    let mut by_day: BTreeMap<NaiveDate, Counts> = BTreeMap::new();
    let mut after: Option<(Timestamp, CallId)> = None;
    loop {
        let page = verification.inspector.counted_calls(company, window, after, READ_AT_ONCE).await?;
        let Some(last) = page.last() else { return Ok((all, by_day)) };
        after = Some((last.created_at, last.id));
        for call in &page {
            all.add(call);
            by_day.entry(calendar.day_of(call.created_at)).or_default().add(call);
        }
    }
}

/// Somebody who sees all of a company's numbers.
fn manager_of(company: &Company) -> Option<Viewer> {
    let user = UserId::try_new("otto-verify").ok()?;
    Some(Viewer { company: company.id.clone(), user, role: Role::Manager, reach: Grant::Company })
}
