use std::sync::Mutex;

use app::ports::{Bell, Doorbell, Event, EventBus, EventStream, NoEvents};
use async_trait::async_trait;
use kernel::CompanyId;
use queue::Queue;
use tokio::sync::broadcast;

/// A bell within the test.
#[derive(Debug)]
pub struct FakeBell(broadcast::Sender<Vec<Queue>>);

impl Default for FakeBell {
    fn default() -> Self {
        Self(broadcast::channel(1024).0)
    }
}

#[async_trait]
impl Doorbell for FakeBell {
    fn ring(&self, queues: &[Queue]) {
        // nobody listening is fine
        let _ = self.0.send(queues.to_vec());
    }

    async fn listen(&self) -> Box<dyn Bell> {
        Box::new(Listener(self.0.subscribe()))
    }
}

struct Listener(broadcast::Receiver<Vec<Queue>>);

#[async_trait]
impl Bell for Listener {
    async fn rung(&mut self) -> Vec<Queue> {
        match self.0.recv().await {
            Ok(queues) => queues,
            Err(broadcast::error::RecvError::Lagged(_)) => Queue::ALL.to_vec(),
            Err(broadcast::error::RecvError::Closed) => std::future::pending().await,
        }
    }
}

/// A bus that remembers what was published.
#[derive(Debug, Default)]
pub struct FakeBus(Mutex<Vec<(CompanyId, Event)>>);

impl FakeBus {
    /// The names of what was published, in order.
    pub fn published(&self) -> Vec<String> {
        self.0.lock().unwrap().iter().map(|(_, event)| event.event.to_string()).collect()
    }
}

#[async_trait]
impl EventBus for FakeBus {
    fn publish(&self, company: &CompanyId, events: &[Event]) {
        let published = events.iter().map(|event| (company.clone(), event.clone()));
        self.0.lock().unwrap().extend(published);
    }

    async fn subscribe(&self, _company: &CompanyId) -> Box<dyn EventStream> {
        Box::new(Silence)
    }
}

struct Silence;

#[async_trait]
impl EventStream for Silence {
    async fn next(&mut self) -> Result<Event, NoEvents> {
        Err(NoEvents::Closed)
    }
}
