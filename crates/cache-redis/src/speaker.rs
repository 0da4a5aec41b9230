//! Speaking: what is published waits in a bounded queue that one task sends. What could not be sent is counted, and
//! listeners are told that they missed it once Redis is back.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use bytes::Bytes;
use deadpool_redis::redis::Pipeline;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::{
    hub::{Heard, Hub},
    link::Link,
};

/// More than this is not kept for a Redis that is slow.
const MANY: usize = 4096;
/// Nor more than this.
const MANY_BYTES: usize = 8 << 20;
/// So many go in one message to Redis.
const BATCH: usize = 256;

#[derive(Default)]
struct Outbox {
    waiting: VecDeque<(Arc<str>, Bytes)>,
    bytes: usize,
    missed: HashMap<Arc<str>, u64>,
}

impl Outbox {
    fn miss(&mut self, name: Arc<str>) {
        metrics::counter!("otto_redis_unsaid_total").increment(1);
        *self.missed.entry(name).or_default() += 1;
    }
}

pub(crate) struct Speaker {
    id: Uuid,
    hub: Arc<Hub>,
    link: Arc<Link>,
    outbox: Arc<Mutex<Outbox>>,
    work: Arc<Notify>,
}

fn open(outbox: &Mutex<Outbox>) -> MutexGuard<'_, Outbox> {
    outbox.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Speaker {
    pub(crate) fn new(link: Arc<Link>, hub: Arc<Hub>, id: Uuid) -> Self {
        let (outbox, work) = (Arc::new(Mutex::new(Outbox::default())), Arc::new(Notify::new()));
        tokio::spawn(speak(link.clone(), Arc::downgrade(&outbox), work.clone(), id));
        Self { id, hub, link, outbox, work }
    }

    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    /// The full name of a channel.
    pub(crate) fn channel(&self, name: &str) -> String {
        self.link.channel(name)
    }

    /// Says something to listeners everywhere. Never waits.
    pub(crate) fn say(&self, name: &Arc<str>, body: Bytes) {
        self.hub.tell(name, Heard::Said(body.clone()));
        let mut outbox = open(&self.outbox);
        // a bell rung again before the first ring went out is one ring
        if outbox.waiting.back().is_some_and(|(last, said)| last == name && *said == body) {
            return;
        }
        if outbox.waiting.len() >= MANY || outbox.bytes + body.len() > MANY_BYTES {
            outbox.miss(name.clone());
        } else {
            outbox.bytes += body.len();
            outbox.waiting.push_back((name.clone(), body));
        }
        drop(outbox);
        self.work.notify_one();
    }
}

impl Drop for Speaker {
    fn drop(&mut self) {
        // lets the task see that it is over
        self.work.notify_one();
    }
}

/// Channels that missed messages and how many, channels spoken to, and the commands for both.
type Taken = (Vec<(Arc<str>, u64)>, Vec<Arc<str>>, Pipeline);

/// Takes what waits, with the losses to tell of first.
fn take(outbox: &Mutex<Outbox>, speaker: Uuid) -> Taken {
    let mut outbox = open(outbox);
    let mut pipeline = Pipeline::new();
    let missed: Vec<_> = std::mem::take(&mut outbox.missed).into_iter().collect();
    for (name, count) in &missed {
        let frame = Heard::Missed(*count).framed(speaker);
        pipeline.cmd("PUBLISH").arg(name.as_ref()).arg(frame.as_ref()).ignore();
    }
    let mut sent = Vec::new();
    while sent.len() < BATCH
        && let Some((name, body)) = outbox.waiting.pop_front()
    {
        outbox.bytes = outbox.bytes.saturating_sub(body.len());
        let frame = Heard::Said(body).framed(speaker);
        pipeline.cmd("PUBLISH").arg(name.as_ref()).arg(frame.as_ref()).ignore();
        sent.push(name);
    }
    (missed, sent, pipeline)
}

async fn speak(link: Arc<Link>, outbox: Weak<Mutex<Outbox>>, work: Arc<Notify>, speaker: Uuid) {
    loop {
        let Some(open_outbox) = outbox.upgrade() else { return };
        let (missed, sent, pipeline) = take(&open_outbox, speaker);
        if pipeline.is_empty() {
            drop(open_outbox);
            work.notified().await;
            continue;
        }
        if link.send(&pipeline).await.is_ok() {
            continue;
        }
        {
            let mut outbox = open(&open_outbox);
            for name in sent {
                outbox.miss(name);
            }
            for (name, count) in missed {
                *outbox.missed.entry(name).or_default() += count;
            }
        }
        drop(open_outbox);
        // a Redis that answers and refuses is not asked again at once either
        tokio::time::sleep(link.pause()).await;
        link.up().await;
    }
}
