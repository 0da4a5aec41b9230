use std::{borrow::Cow, sync::Arc};

use app::ports::{Event, EventBus, EventStream, NoEvents};
use async_trait::async_trait;
use bytes::Bytes;
use kernel::{CallId, CompanyId, EventId, LeadId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use crate::{
    hub::{Heard, Hub},
    speaker::Speaker,
};

/// An event as it travels.
#[derive(Serialize, Deserialize)]
struct Told<'a> {
    id: EventId,
    event: Cow<'a, str>,
    key: Cow<'a, str>,
    lead: Option<LeadId>,
    user: Option<UserId>,
    call: Option<CallId>,
    data: Cow<'a, Value>,
    at: Timestamp,
}

fn write(event: &Event) -> Option<Bytes> {
    let told = Told {
        id: event.id,
        event: Cow::Borrowed(&event.event),
        key: Cow::Borrowed(&event.key),
        lead: event.lead,
        user: event.user.clone(),
        call: event.call,
        data: Cow::Borrowed(&event.data),
        at: event.at,
    };
    serde_json::to_vec(&told).ok().map(Bytes::from)
}

fn read(bytes: &[u8]) -> Option<Event> {
    let Told { id, event, key, lead, user, call, data, at } = serde_json::from_slice(bytes).ok()?;
    let (event, key, data) = (Cow::Owned(event.into_owned()), key.into_owned(), data.into_owned());
    Some(Event { id, event, key, lead, user, call, data, at })
}

/// An event bus between processes: a channel for each tenant, subscribed to while somebody listens.
pub(crate) struct RedisBus {
    hub: Arc<Hub>,
    speaker: Arc<Speaker>,
}

impl RedisBus {
    pub(crate) fn new(hub: Arc<Hub>, speaker: Arc<Speaker>) -> Self {
        Self { hub, speaker }
    }

    fn channel(&self, company: &CompanyId) -> Arc<str> {
        self.speaker.channel(&format!("events:{}", company.as_str())).into()
    }
}

#[async_trait]
impl EventBus for RedisBus {
    fn publish(&self, company: &CompanyId, events: &[Event]) {
        let channel = self.channel(company);
        for body in events.iter().filter_map(write) {
            self.speaker.say(&channel, body);
        }
    }

    async fn subscribe(&self, company: &CompanyId) -> Box<dyn EventStream> {
        let heard = self.hub.listen(&self.channel(company)).await;
        Box::new(RedisStream { heard, _hub: self.hub.clone() })
    }
}

struct RedisStream {
    heard: Receiver<Heard>,
    _hub: Arc<Hub>,
}

#[async_trait]
impl EventStream for RedisStream {
    async fn next(&mut self) -> Result<Event, NoEvents> {
        match self.heard.recv().await {
            // one we cannot read is one we missed
            Ok(Heard::Said(body)) => read(&body).ok_or(NoEvents::Missed(1)),
            Ok(Heard::Missed(count)) | Err(RecvError::Lagged(count)) => Err(NoEvents::Missed(count)),
            Err(RecvError::Closed) => Err(NoEvents::Closed),
        }
    }
}
