//! Checks the database makes alone, stretch by stretch.

use super::{Hindrance, ROWS_AT_ONCE, Verification, check::RowCheck, report::CheckReport};
use crate::ports::{Extent, Mark};

pub(super) async fn check(
    verification: &Verification<'_>,
    check: RowCheck,
    report: &mut CheckReport,
) -> Result<(), Hindrance> {
    let inspector = verification.inspector;
    let stretch = verification.stretch(ROWS_AT_ONCE);
    let rows = inspector.extent(Extent::Of(check), stretch.company).await?;
    verification.progress.begin(report.check.name, Some(rows));
    let mut from = Some(Mark { table: 0, after: None });
    while let Some(mark) = from {
        let looked = inspector.look(check, mark, &stretch).await?;
        report.looked_at += looked.rows;
        verification.progress.advance(looked.rows);
        report.add(looked.found, verification.order.examples);
        from = looked.next;
    }
    Ok(())
}
