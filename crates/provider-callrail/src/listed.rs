//! The REST API's calls, which have other shapes than the webhooks'.

use app::ports::{ListedCall, ListedCalls, TenantHints};
use bytes::Bytes;
use calls::{CallEvent, CallEventKind};
use chrono::Duration;
use kernel::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::webhook::{event_of, hints_of};

/// What is asked for of each call besides what the API answers unasked.
pub const FIELDS: &str = "company_id,recording,recording_duration,source_name,campaign,utm_campaign";
/// A call without a duration is not over, unless it began longer ago than calls last.
const LONGEST_CALL: Duration = Duration::hours(12);

#[derive(Deserialize)]
pub struct ListedPage {
    #[serde(default)]
    calls: Vec<Value>,
    #[serde(default)]
    has_next_page: bool,
    #[serde(default)]
    next_page: Option<String>,
}

/// A page of calls. One entry that is no call does not make the others any less.
pub fn calls_of(page: ListedPage, now: Timestamp) -> ListedCalls {
    let next_page = page.next_page.filter(|next| page.has_next_page && !next.is_empty());
    let mut listed = ListedCalls { next_page, ..ListedCalls::default() };
    for entry in page.calls {
        let raw = Bytes::from(entry.to_string());
        let Value::Object(fields) = entry else {
            listed.unreadable.push(raw);
            continue;
        };
        let is_open = fields.get("duration").is_none_or(Value::is_null);
        let (hints, event) = listed_event(fields, &raw, now);
        let began = event.facts.started_at;
        if is_open && began.is_some_and(|began| now - began < LONGEST_CALL) {
            continue;
        }
        listed.calls.push(ListedCall { hints, event, raw });
    }
    listed
}

/// One entry. The REST API's id is the webhooks' `resource_id`.
pub fn listed_event(mut fields: Map<String, Value>, raw: &[u8], now: Timestamp) -> (TenantHints, CallEvent) {
    if let Some(id) = fields.remove("id") {
        fields.insert("resource_id".to_owned(), id);
    }
    (hints_of(&fields), event_of(&fields, CallEventKind::Listed, raw, now))
}
