use std::sync::Arc;

use app::ports::{Bell, Doorbell};
use async_trait::async_trait;
use bytes::Bytes;
use queue::Queue;
use tokio::sync::broadcast::{
    Receiver,
    error::{RecvError, TryRecvError},
};

use crate::{
    hub::{Heard, Hub},
    speaker::Speaker,
};

/// A doorbell between processes. Within one it rings whether there is a Redis or not.
pub(crate) struct RedisDoorbell {
    hub: Arc<Hub>,
    speaker: Arc<Speaker>,
    channel: Arc<str>,
}

impl RedisDoorbell {
    pub(crate) fn new(hub: Arc<Hub>, speaker: Arc<Speaker>) -> Self {
        let channel = speaker.channel("doorbell").into();
        Self { hub, speaker, channel }
    }
}

#[async_trait]
impl Doorbell for RedisDoorbell {
    fn ring(&self, queues: &[Queue]) {
        if !queues.is_empty() {
            let names: Vec<_> = queues.iter().map(|queue| queue.as_str()).collect();
            self.speaker.say(&self.channel, Bytes::from(names.join(",")));
        }
    }

    async fn listen(&self) -> Box<dyn Bell> {
        Box::new(RedisBell { heard: self.hub.listen(&self.channel).await, _hub: self.hub.clone() })
    }
}

struct RedisBell {
    heard: Receiver<Heard>,
    _hub: Arc<Hub>,
}

/// The queues a ring is for; a newer version may know others.
fn queues_of(heard: &Heard) -> Vec<Queue> {
    match heard {
        Heard::Said(names) => {
            let names = std::str::from_utf8(names).unwrap_or_default();
            names.split(',').filter_map(|name| name.parse().ok()).collect()
        }
        Heard::Missed(_) => Queue::ALL.to_vec(),
    }
}

#[async_trait]
impl Bell for RedisBell {
    async fn rung(&mut self) -> Vec<Queue> {
        loop {
            let mut rung = match self.heard.recv().await {
                Ok(heard) => queues_of(&heard),
                Err(RecvError::Lagged(_)) => Queue::ALL.to_vec(),
                // the bell is gone: the process is ending, and only shutdown is left to wait for
                Err(RecvError::Closed) => std::future::pending().await,
            };
            // what has rung meanwhile is one wake-up
            loop {
                match self.heard.try_recv() {
                    Ok(heard) => rung.extend(queues_of(&heard)),
                    Err(TryRecvError::Lagged(_)) => rung.extend(Queue::ALL),
                    Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                }
            }
            rung.sort_unstable();
            rung.dedup();
            if !rung.is_empty() {
                return rung;
            }
        }
    }
}
