use chrono::Duration;
use kernel::{CallId, EventId, LeadId, Scope, StoreError, Timestamp};
use serde_json::Value;

use super::row::derived_at;
use crate::{
    Ports,
    ports::{Event, UnitOfWork},
};

/// What happened longer ago is forgotten by the timeline anyway.
const TOLD_FOR: Duration = Duration::days(90);

/// Where a company's rows are put in: one unit of work for each page of them, or a single one that is undone in the end.
pub(super) struct Desk<'a> {
    pub(super) ports: &'a Ports,
    pub(super) scope: Scope,
    pub(super) now: Timestamp,
    is_dry: bool,
    kept: Option<Box<dyn UnitOfWork>>,
}

impl<'a> Desk<'a> {
    pub(super) fn new(ports: &'a Ports, scope: Scope, is_dry: bool) -> Self {
        Self { ports, scope, now: ports.clock.now(), is_dry, kept: None }
    }

    pub(super) fn company(&self) -> &str {
        self.scope.company.as_str()
    }

    pub(super) async fn begin(&mut self) -> Result<Box<dyn UnitOfWork>, StoreError> {
        match self.kept.take() {
            Some(unit) => Ok(unit),
            None => self.ports.store.begin(&self.scope).await,
        }
    }

    pub(super) async fn end(&mut self, unit: Box<dyn UnitOfWork>) -> Result<(), StoreError> {
        if self.is_dry {
            self.kept = Some(unit);
            return Ok(());
        }
        unit.commit().await
    }

    pub(super) async fn close(self) -> Result<(), StoreError> {
        match self.kept {
            Some(unit) => unit.rollback().await,
            None => Ok(()),
        }
    }

    /// What happened then, for the timeline: under an id of its time, so that whoever goes on from where they were last is not
    /// told of it. Nobody is: it is not published.
    pub(super) fn past(&self, past: Past, data: Value) -> Option<Event> {
        let Past { event, subject, lead, call, at } = past;
        if at < self.now - TOLD_FOR {
            return None;
        }
        let key = format!("{event}:{subject}");
        let id = EventId(derived_at(at, &[self.company(), &key]));
        Some(Event { id, event: event.into(), key, lead, user: None, call, data, at })
    }
}

/// Something that happened before the import.
pub(super) struct Past {
    pub(super) event: &'static str,
    pub(super) subject: String,
    pub(super) lead: Option<LeadId>,
    pub(super) call: Option<CallId>,
    pub(super) at: Timestamp,
}
