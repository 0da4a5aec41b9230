//! A company's data, moved in from Otto's predecessor.
//!
//! Guarantees: the predecessor's database is only read, at one moment of it; rows are read in the order of their keys, so many
//! at a time, and each such page is one unit of work; every row has a natural key here, so that doing it again takes only
//! what is not there yet, and what is there stays as it is; nobody is told, and nothing is set to work: no job, no text, no
//! webhook, no event that a client would take for new. What cannot be taken is counted with the reason, and nothing of
//! customers is told.

mod appointments;
mod calls;
mod companies;
mod contacts;
mod desk;
mod leads;
mod report;
mod requests;
mod row;
mod signals;
mod tasks;

use kernel::{CompanyId, Scope, StoreError};

use self::desk::Desk;
use crate::{
    Ports,
    ports::{OldRow, OldTable, Predecessor, PredecessorError, SecretBoxError},
    progress::Progress,
};

pub use report::{CompanyReport, Report, Tally};

/// Rows of one page, which are one unit of work.
const AT_ONCE: i64 = 200;
/// The same for rows with whole conversations in them.
const CALLS_AT_ONCE: i64 = 40;

/// What to import.
#[derive(Clone, Debug, Default)]
pub struct ImportOrder {
    /// Whose rows; everybody's, if nobody is named.
    pub company: Option<CompanyId>,
    /// Whether to undo all of it in the end.
    pub dry_run: bool,
}

/// Why an import broke off. What was taken until then is there, and the next goes on from it.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The predecessor's database.
    #[error(transparent)]
    Predecessor(#[from] PredecessorError),
    /// Otto's own.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A company's secret cannot be sealed.
    #[error(transparent)]
    Secret(#[from] SecretBoxError),
    /// The company asked for is not there.
    #[error("the predecessor has no company {0}")]
    NoSuchCompany(CompanyId),
}

/// Moves everything in that is not there yet.
pub async fn import(
    ports: &Ports,
    predecessor: &dyn Predecessor,
    order: &ImportOrder,
    progress: &dyn Progress,
) -> Result<Report, ImportError> {
    let under_way = Import { ports, predecessor, order, progress };
    let done = under_way.run().await;
    progress.end();
    done
}

struct Import<'a> {
    ports: &'a Ports,
    predecessor: &'a dyn Predecessor,
    order: &'a ImportOrder,
    progress: &'a dyn Progress,
}

impl Import<'_> {
    async fn run(&self) -> Result<Report, ImportError> {
        let started_at = self.ports.clock.now();
        let wanted = self.order.company.as_ref().map_or("", CompanyId::as_str);
        let (mut companies, mut each) = (Tally::default(), Vec::new());
        let mut after: Option<String> = None;
        loop {
            let page = self.predecessor.page(OldTable::Companies, wanted, after.as_deref(), AT_ONCE).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.key.clone());
            for row in &page {
                companies.read += 1;
                each.extend(self.company(row, &mut companies).await?);
            }
        }
        if let (Some(company), 0) = (&self.order.company, companies.read) {
            return Err(ImportError::NoSuchCompany(company.clone()));
        }
        let calls_of_nobody = match self.order.company {
            None if self.predecessor.has(OldTable::Calls) => self.predecessor.calls_of_nobody().await?,
            _ => 0,
        };
        Ok(Report {
            dry_run: self.order.dry_run,
            started_at,
            finished_at: self.ports.clock.now(),
            companies,
            each,
            calls_of_nobody,
        })
    }

    async fn company(&self, row: &OldRow, tally: &mut Tally) -> Result<Option<CompanyReport>, ImportError> {
        let id = row.text("id").unwrap_or_default();
        let Ok(company) = CompanyId::try_new(id.as_str()) else {
            tally.set_aside(&id, "its id cannot be one of ours");
            return Ok(None);
        };
        let mut desk = Desk::new(self.ports, Scope::system(company.clone(), "import"), self.order.dry_run);
        companies::take(&mut desk, row, &company, tally).await?;
        let mut tables = Vec::with_capacity(OldTable::OF_COMPANIES.len());
        for table in OldTable::OF_COMPANIES {
            tables.push((table, self.table(&mut desk, table, row).await?));
        }
        desk.close().await?;
        Ok(Some(CompanyReport { company, tables }))
    }

    async fn table(
        &self,
        desk: &mut Desk<'_>,
        table: OldTable,
        company: &OldRow,
    ) -> Result<Tally, ImportError> {
        if !self.predecessor.has(table) {
            return Ok(Tally { is_missing: true, ..Tally::default() });
        }
        let mut tally = Tally::default();
        let limit = if table == OldTable::Calls { CALLS_AT_ONCE } else { AT_ONCE };
        let count = self.predecessor.count(table, desk.company()).await?;
        self.progress.begin(table.as_str(), Some(count));
        let mut after: Option<String> = None;
        loop {
            let page = self.predecessor.page(table, desk.company(), after.as_deref(), limit).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.key.clone());
            let rows = u64::try_from(page.len()).unwrap_or_default();
            tally.read += rows;
            let mut unit = desk.begin().await?;
            let (to, desk_now) = (unit.as_mut(), &*desk);
            match table {
                OldTable::Companies => {}
                OldTable::Users => companies::take_users(desk_now, to, &page, &mut tally).await?,
                OldTable::ContactCards => contacts::take(desk_now, to, &page, &mut tally).await?,
                OldTable::Leads => leads::take(desk_now, to, &page, &mut tally).await?,
                OldTable::Calls => calls::take(desk_now, to, company, &page, &mut tally).await?,
                OldTable::Appointments => appointments::take(desk_now, to, &page, &mut tally).await?,
                OldTable::Tasks => tasks::take(desk_now, to, &page, &mut tally).await?,
                OldTable::KeySignals => signals::take(desk_now, to, &page, &mut tally).await?,
            }
            desk.end(unit).await?;
            self.progress.advance(rows);
        }
        self.progress.end();
        Ok(tally)
    }
}
