//! Whether all that must agree does: calls with their events, recordings with the storage, leads with their history,
//! dashboards with the analyses, the queue with what it is about.
//!
//! Guarantees: nothing is changed; rows are read in the order of their keys, so many at a time, whatever their number;
//! each row is compared with what it must agree with in one statement, so that work going on meanwhile is not taken for
//! harm; findings name rows by id and nothing of customers.

mod calls;
mod check;
mod contacts;
mod dashboards;
mod recordings;
mod report;
mod rows;
mod webhooks;

use chrono::Duration;
use kernel::{CompanyId, StoreError, Timestamp};

use self::check::How;
use crate::{
    Ports,
    ports::{BlobError, Inspector, Stretch},
    progress::Progress,
    sweeps::EVENTS_DAYS,
};

pub use check::{CHECKS, Check, Level, RowCheck};
pub use report::{CheckReport, Report};

/// What is younger may still be on its way: sweeps set it on its way again after a few minutes.
const PATIENCE: Duration = Duration::minutes(15);
/// Events are deleted when they are old: what was made before then was told and is forgotten.
const TOLD_FOR: Duration = Duration::days(EVENTS_DAYS - 1);
/// Rows compared by the database alone, in one statement.
const ROWS_AT_ONCE: i64 = 20_000;
/// Rows read into memory at once.
const READ_AT_ONCE: i64 = 1_000;

/// What to verify.
#[derive(Clone, Debug)]
pub struct Order {
    /// Whose rows; everybody's, if nobody is named.
    pub company: Option<CompanyId>,
    /// Whether to read the contents of recordings and webhooks too.
    pub deep: bool,
    /// Only checks whose name begins with one of these; all, if there are none. One named in full is made even if it reads
    /// contents and `deep` is not asked for.
    pub only: Vec<String>,
    /// So many findings of each check are told one by one.
    pub examples: usize,
}

impl Default for Order {
    fn default() -> Self {
        Self { company: None, deep: false, only: Vec::new(), examples: 10 }
    }
}

/// Why a check could not be made.
#[derive(Debug, thiserror::Error)]
enum Hindrance {
    #[error("{}", chain(.0))]
    Store(#[from] StoreError),
    #[error("{}", chain(.0))]
    Blob(#[from] BlobError),
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// One verification under way.
struct Verification<'a> {
    ports: &'a Ports,
    inspector: &'a dyn Inspector,
    order: &'a Order,
    progress: &'a dyn Progress,
    began: Timestamp,
}

impl Verification<'_> {
    /// So many of the rows in question.
    fn stretch(&self, rows: i64) -> Stretch<'_> {
        Stretch {
            company: self.order.company.as_ref(),
            rows,
            before: self.began - PATIENCE,
            told_since: self.began - TOLD_FOR,
        }
    }

    fn is_wanted(&self, check: &Check) -> bool {
        let only = &self.order.only;
        let named = only.is_empty() || only.iter().any(|begin| check.name.starts_with(begin.as_str()));
        named && (self.order.deep || !check.is_deep || only.iter().any(|name| name == check.name))
    }
}

/// Makes every check that is asked for. One that cannot be made says so in its report, and the others are made all the
/// same.
pub async fn verify(
    ports: &Ports,
    inspector: &dyn Inspector,
    order: &Order,
    progress: &dyn Progress,
) -> Report {
    let began = ports.clock.now();
    let under_way = Verification { ports, inspector, order, progress, began };
    let mut reports: Vec<CheckReport> = Vec::new();
    let wanted: Vec<Check> = CHECKS.into_iter().filter(|check| under_way.is_wanted(check)).collect();
    let of_calls: Vec<Check> = wanted.iter().filter(|check| calls::is_made_of(check.how)).copied().collect();
    if !of_calls.is_empty() {
        reports.extend(calls::check(&under_way, &of_calls).await);
    }
    for check in wanted.into_iter().filter(|check| !calls::is_made_of(check.how)) {
        let mut report = CheckReport::of(check);
        let made = match check.how {
            How::Rows(rows) => rows::check(&under_way, rows, &mut report).await,
            How::Recordings => recordings::check(&under_way, &mut report).await,
            How::Orphans => recordings::check_orphans(&under_way, &mut report).await,
            How::Phones => contacts::check(&under_way, &mut report).await,
            How::WebhookKeys => webhooks::check(&under_way, &mut report).await,
            How::Dashboards => dashboards::check(&under_way, &mut report).await,
            How::CallReadable | How::CallStage | How::CallColumns => Ok(()),
        };
        progress.end();
        report.broke_off = made.err().map(|hindrance| hindrance.to_string());
        reports.push(report);
    }
    Report {
        company: order.company.clone(),
        deep: order.deep,
        started_at: began,
        finished_at: ports.clock.now(),
        checks: reports,
    }
}
