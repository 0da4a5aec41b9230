//! Whether a number is one customer's, however it is written.

use kernel::PhoneNumber;

use super::{Hindrance, READ_AT_ONCE, Verification, report::CheckReport};
use crate::ports::{Extent, Finding, InspectedCard, Inspector};

pub(super) async fn check(
    verification: &Verification<'_>,
    report: &mut CheckReport,
) -> Result<(), Hindrance> {
    let inspector = verification.inspector;
    let stretch = verification.stretch(READ_AT_ONCE);
    let rows = inspector.extent(Extent::Cards, stretch.company).await?;
    verification.progress.begin(report.check.name, Some(rows));
    let mut after = None;
    loop {
        let page = inspector.cards(after, &stretch).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        let rows = u64::try_from(page.len()).unwrap_or_default();
        report.looked_at += rows;
        verification.progress.advance(rows);
        for card in &page {
            let finding = finding(inspector, card).await?;
            report.add(finding, verification.order.examples);
        }
    }
}

/// Numbers written alike are kept apart by a unique key; those written otherwise are not.
async fn finding(inspector: &dyn Inspector, card: &InspectedCard) -> Result<Option<Finding>, Hindrance> {
    let why = match PhoneNumber::parse(&card.phone) {
        Ok(number) if number.as_str() == card.phone => return Ok(None),
        Ok(number) if inspector.has_card(&card.company, number.as_str()).await? => {
            "another card has the same number, written otherwise"
        }
        Ok(_) => "its number is not written in E.164",
        Err(_) => "its number cannot be read as one",
    };
    let subject = format!("contact card {}", card.id);
    Ok(Some(Finding { subject, company: Some(card.company.clone()), why: why.to_owned() }))
}
