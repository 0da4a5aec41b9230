//! Whether a webhook is stored under the key its bytes make, which is what keeps it from being applied twice.

use idempotency::event_key;
use kernel::CompanyId;

use super::{Hindrance, Verification, report::CheckReport};
use crate::ports::{Extent, Finding, InspectedWebhook};

/// They are read with their bodies.
const READ_AT_ONCE: i64 = 100;

pub(super) async fn check(
    verification: &Verification<'_>,
    report: &mut CheckReport,
) -> Result<(), Hindrance> {
    let inspector = verification.inspector;
    let stretch = verification.stretch(READ_AT_ONCE);
    let rows = inspector.extent(Extent::Webhooks, stretch.company).await?;
    verification.progress.begin(report.check.name, Some(rows));
    let mut after = None;
    loop {
        let page = inspector.webhooks(after, &stretch).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
        let rows = u64::try_from(page.len()).unwrap_or_default();
        report.looked_at += rows;
        verification.progress.advance(rows);
        let strange = page.iter().filter(|webhook| !bears_its_own_key(webhook));
        let found = strange.map(|webhook| Finding {
            subject: format!("webhook {}", webhook.id),
            company: webhook.company.clone(),
            why: "its key is not made of its bytes: the same may be stored twice".to_owned(),
        });
        report.add(found, verification.order.examples);
    }
}

fn bears_its_own_key(webhook: &InspectedWebhook) -> bool {
    let Some(provider) = webhook.provider else { return false };
    // emptied for its age: its bytes are gone, and nothing can be made of them
    if webhook.body.is_empty() {
        return true;
    }
    let company = webhook.company.as_deref().and_then(|id| CompanyId::try_new(id).ok());
    // one that was nobody's at first was stored under a key of nobody's
    [company.as_ref(), None].into_iter().any(|company| {
        event_key(company, provider, &webhook.kind, &webhook.query, &webhook.body) == webhook.event_key
    })
}
