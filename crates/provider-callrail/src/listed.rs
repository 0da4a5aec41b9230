//! The REST API's calls, which have other shapes than the webhooks'.

use app::ports::TenantHints;
use calls::{CallEvent, CallEventKind};
use kernel::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::webhook::{event_of, hints_of};

#[derive(Deserialize)]
pub struct ListedPage {
    #[serde(default)]
    calls: Vec<Map<String, Value>>,
    #[serde(default)]
    has_next_page: bool,
    #[serde(default)]
    next_page: Option<String>,
}

impl ListedPage {
    pub fn next(&self) -> Option<String> {
        self.next_page.clone().filter(|next| self.has_next_page && !next.is_empty())
    }
}

pub fn events_of(page: ListedPage, now: Timestamp) -> Vec<(TenantHints, CallEvent)> {
    page.calls
        .into_iter()
        .map(|mut call| {
            // the REST id is the webhook's resource_id
            if let Some(id) = call.remove("id") {
                call.insert("resource_id".to_owned(), id);
            }
            let raw = serde_json::to_vec(&call).unwrap_or_default();
            (hints_of(&call), event_of(&call, CallEventKind::Listed, &raw, now))
        })
        .collect()
}
