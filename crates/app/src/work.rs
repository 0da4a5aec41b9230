use std::{
    collections::BTreeSet,
    ops::{Deref, DerefMut},
};

use kernel::{EventId, Scope, StoreError, Timestamp};
use queue::{NewJob, Queue};

use crate::{
    Ports,
    jobs::JobArgs,
    ports::{Event, UnitOfWork},
};

/// A unit of work that remembers what it enqueues and what it says happened, so that the bell is rung and the events are
/// published after the commit and never before.
#[must_use = "dropping a unit of work rolls it back"]
pub struct Work<'a> {
    ports: &'a Ports,
    scope: Scope,
    trace: Option<String>,
    unit: Box<dyn UnitOfWork>,
    queues: BTreeSet<Queue>,
    events: Vec<Event>,
}

impl<'a> Work<'a> {
    pub(crate) fn new(ports: &'a Ports, scope: Scope, unit: Box<dyn UnitOfWork>) -> Self {
        let trace = ports.traces.current();
        Self { ports, scope, trace, unit, queues: BTreeSet::new(), events: Vec::new() }
    }

    /// Jobs and events of this unit belong to another trace than that of the span it began in, if one is given.
    pub fn traced(mut self, trace: Option<String>) -> Self {
        self.trace = trace.or(self.trace);
        self
    }

    /// Whose work it is.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// The world.
    pub fn ports(&self) -> &'a Ports {
        self.ports
    }

    /// Adds a job for now, unless one of its kind and key is ready or running already.
    pub async fn enqueue<A: JobArgs>(&mut self, args: &A, now: Timestamp) -> Result<(), StoreError> {
        self.enqueue_at(args, now, now).await
    }

    /// Adds a job for later.
    pub async fn enqueue_at<A: JobArgs>(
        &mut self,
        args: &A,
        run_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let job: NewJob = args.to_job(self.ports.ids.as_ref(), run_at);
        // if it was there already, whoever listens finds nothing new, which costs next to nothing
        self.queues.insert(job.kind.queue);
        self.unit.jobs().enqueue_quietly(&job, self.trace.as_deref(), now).await
    }

    /// Says what happened. Told once per tenant and key, however often it is said.
    pub fn happened(&mut self, event: NewEvent, at: Timestamp) {
        let NewEvent { event, key, lead, user, call, data } = event;
        let id = EventId::fresh(self.ports.ids.as_ref());
        self.events.push(Event { id, event: event.into(), key, lead, user, call, data, at });
    }

    /// Makes it all true, then tells the world.
    pub async fn commit(mut self) -> Result<(), StoreError> {
        let events = std::mem::take(&mut self.events);
        let told = if events.is_empty() {
            events
        } else {
            self.unit.events().append(events, self.trace.as_deref()).await?
        };
        self.unit.commit().await?;
        if !self.queues.is_empty() {
            let queues: Vec<_> = self.queues.into_iter().collect();
            self.ports.doorbell.ring(&queues);
        }
        if !told.is_empty() {
            self.ports.events.publish(&self.scope.company, &told);
        }
        Ok(())
    }

    /// Makes none of it true.
    pub async fn rollback(self) -> Result<(), StoreError> {
        self.unit.rollback().await
    }
}

/// Something that happened, before it has an id.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Its name in the catalogue.
    pub event: &'static str,
    /// Under which it is told once.
    pub key: String,
    /// The lead it concerns.
    pub lead: Option<kernel::LeadId>,
    /// The person it concerns.
    pub user: Option<kernel::UserId>,
    /// The call it concerns.
    pub call: Option<kernel::CallId>,
    /// What the catalogue says it carries.
    pub data: serde_json::Value,
}

impl Deref for Work<'_> {
    type Target = dyn UnitOfWork;
    fn deref(&self) -> &Self::Target {
        self.unit.as_ref()
    }
}

impl DerefMut for Work<'_> {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.unit.as_mut()
    }
}
