//! Calls that were moved in from the predecessor, which never kept their provider's names.

use calls::{CallEvent, CallEventKind};
use chrono::Duration;
use kernel::{Provider, StoreError, Timestamp};

use crate::{Work, ports::StoredCall};

/// How the name of a call begins whose provider has not named it yet.
pub const IMPORTED: &str = "predecessor-";

/// The predecessor made a call's row when a webhook came: as it rang, or when it was over.
pub(crate) const HEARD_AFTER: Duration = Duration::minutes(30);
/// Clocks differ.
pub(crate) const HEARD_BEFORE: Duration = Duration::minutes(2);
/// A call that began no longer ago than this rings here.
const LIVE: Duration = Duration::hours(1);

/// The call a provider speaks of for the first time, if it is one that was moved in: the same customer's, of the same time. It
/// goes by the provider's name from now on. What comes while calls are made is not looked for, which would cost each a
/// question.
pub(super) async fn named_at_last(
    work: &mut Work<'_>,
    provider: Provider,
    event: &CallEvent,
    now: Timestamp,
) -> Result<Option<StoredCall>, StoreError> {
    let (Some(phone), Some(began)) = (&event.facts.phone, event.facts.started_at) else { return Ok(None) };
    let may_be_old =
        matches!(event.kind, CallEventKind::Listed | CallEventKind::Modified) || began < now - LIVE;
    if !may_be_old {
        return Ok(None);
    }
    work.calls().find_imported(provider, phone, began - HEARD_BEFORE, began + HEARD_AFTER).await
}
