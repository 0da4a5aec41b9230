use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use app::ports::{Event, EventBus, EventStream, NoEvents};
use async_trait::async_trait;
use kernel::CompanyId;
use tokio::sync::broadcast::{Receiver, Sender, channel, error::RecvError};

/// A listener this far behind misses events instead of holding memory.
const BACKLOG: usize = 256;

/// An event bus within one process: a channel for each tenant that somebody listens to.
#[derive(Default)]
pub struct MemoryBus {
    channels: Mutex<HashMap<CompanyId, Sender<Event>>>,
}

impl MemoryBus {
    fn channels(&self) -> MutexGuard<'_, HashMap<CompanyId, Sender<Event>>> {
        self.channels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl EventBus for MemoryBus {
    fn publish(&self, company: &CompanyId, events: &[Event]) {
        let mut channels = self.channels();
        let Some(sender) = channels.get(company) else { return };
        for event in events {
            if sender.send(event.clone()).is_err() {
                // the last listener has gone
                channels.remove(company);
                return;
            }
        }
    }

    async fn subscribe(&self, company: &CompanyId) -> Box<dyn EventStream> {
        let mut channels = self.channels();
        let sender = channels.entry(company.clone()).or_insert_with(|| channel(BACKLOG).0);
        Box::new(MemoryStream(sender.subscribe()))
    }
}

struct MemoryStream(Receiver<Event>);

#[async_trait]
impl EventStream for MemoryStream {
    async fn next(&mut self) -> Result<Event, NoEvents> {
        match self.0.recv().await {
            Ok(event) => Ok(event),
            Err(RecvError::Lagged(missed)) => Err(NoEvents::Missed(missed)),
            Err(RecvError::Closed) => Err(NoEvents::Closed),
        }
    }
}
