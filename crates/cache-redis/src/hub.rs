//! Listening: one connection that stays, subscribed to what somebody here listens to. After it broke, whoever listens is
//! told that something may have been missed, once everything is subscribed to again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak},
    time::Duration,
};

use bytes::{BufMut, Bytes, BytesMut};
use fred::{
    clients::SubscriberClient,
    interfaces::{ClientLike, EventInterface, PubsubInterface},
    types::{
        Message,
        config::{Config, ConnectionConfig, PerformanceConfig, ReconnectPolicy},
    },
};
use tokio::{
    sync::{
        Notify,
        broadcast::{Receiver, Sender, channel, error::RecvError},
    },
    time::{Instant, MissedTickBehavior, interval, timeout},
};
use uuid::Uuid;

use crate::{RedisSettings, UnusableUrl};

/// A listener this far behind misses messages instead of holding memory.
const BACKLOG: usize = 256;
/// So many messages may come in at once.
const INTAKE: usize = 4096;
/// How often the connection is looked after.
const CARE: Duration = Duration::from_secs(1);
/// Every so many looks, the connection has to show that it is alive.
const PULSE: u32 = 5;

/// What a listener hears.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Heard {
    /// Somebody said this.
    Said(Bytes),
    /// So many things were said that were not heard; 0 if nobody knows how many.
    Missed(u64),
}

impl Heard {
    /// As sent: who speaks, what sort of thing it is, and the thing.
    pub(crate) fn framed(&self, speaker: Uuid) -> Bytes {
        let mut frame = BytesMut::new();
        frame.put_slice(speaker.as_bytes());
        match self {
            Self::Said(body) => {
                frame.put_u8(0);
                frame.put_slice(body);
            }
            Self::Missed(count) => {
                frame.put_u8(1);
                frame.put_u64(*count);
            }
        }
        frame.freeze()
    }

    /// `None` for what we said ourselves, and for what is not ours to understand.
    fn read(frame: &[u8], myself: Option<Uuid>) -> Option<Self> {
        let (speaker, rest) = frame.split_at_checked(16)?;
        if Uuid::from_slice(speaker).ok() == myself {
            return None;
        }
        match rest.split_first()? {
            (0, body) => Some(Self::Said(Bytes::copy_from_slice(body))),
            (1, count) => Some(Self::Missed(u64::from_be_bytes(count.try_into().ok()?))),
            _ => None,
        }
    }
}

/// Whether a channel is subscribed to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Tuning {
    /// Its first listener is asking for it, and gives up soon.
    Asked(Instant),
    /// On the connection there is now.
    Tuned,
    /// No more, or not yet: when it is, listeners are told that they may have missed something.
    Lost,
}

struct Room {
    sender: Sender<Heard>,
    tuning: Tuning,
}

pub(crate) struct Hub {
    client: SubscriberClient,
    patience: Duration,
    rooms: Mutex<HashMap<String, Room>>,
    myself: OnceLock<Uuid>,
    care: Arc<Notify>,
}

impl Hub {
    pub(crate) fn open(settings: &RedisSettings) -> Result<Arc<Self>, UnusableUrl> {
        let mut config = Config::from_url(settings.url.expose()).map_err(|_| UnusableUrl)?;
        // a Redis that is not there yet may come
        config.fail_fast = false;
        let patience = settings.pace.command;
        let performance = PerformanceConfig {
            default_command_timeout: patience,
            broadcast_channel_capacity: INTAKE,
            ..PerformanceConfig::default()
        };
        let connection = ConnectionConfig {
            connection_timeout: settings.pace.probe,
            internal_command_timeout: settings.pace.probe,
            reconnect_on_auth_error: true,
            max_command_attempts: 1,
            ..ConnectionConfig::default()
        };
        // for ever: without a policy a lost connection stays lost
        let again = ReconnectPolicy::new_exponential(0, 100, 2000, 2);
        let client = SubscriberClient::new(config, Some(performance), Some(connection), Some(again));
        let hub = Arc::new(Self {
            client,
            patience,
            rooms: Mutex::default(),
            myself: OnceLock::new(),
            care: Arc::new(Notify::new()),
        });
        // both must listen before there is a connection
        tokio::spawn(hear(Arc::downgrade(&hub), hub.client.message_rx()));
        tokio::spawn(look_after(Arc::downgrade(&hub), hub.client.reconnect_rx(), hub.care.clone()));
        hub.client.connect();
        Ok(hub)
    }

    /// What this one says is not to be heard twice.
    pub(crate) fn listen_as(&self, id: Uuid) {
        let _ = self.myself.set(id);
    }

    fn rooms(&self) -> MutexGuard<'_, HashMap<String, Room>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts listening to a channel. If Redis is out of reach, what is said in this process is heard all the same, and
    /// the rest once Redis is back.
    pub(crate) async fn listen(&self, name: &str) -> Receiver<Heard> {
        let (receiver, tuning) = {
            let mut rooms = self.rooms();
            let room = rooms.entry(name.to_owned()).or_insert_with(|| Room {
                sender: channel(BACKLOG).0,
                tuning: Tuning::Asked(Instant::now()),
            });
            (room.sender.subscribe(), room.tuning)
        };
        match tuning {
            Tuning::Tuned => {}
            Tuning::Lost => self.care.notify_one(),
            Tuning::Asked(_) => {
                let is_done = self.subscribe(vec![name.to_owned()]).await;
                if let Some(room) = self.rooms().get_mut(name)
                    && matches!(room.tuning, Tuning::Asked(_))
                {
                    room.tuning = if is_done { Tuning::Tuned } else { Tuning::Lost };
                }
            }
        }
        receiver
    }

    /// Subscribes, and waits until Redis has done so. The client calls it done when it has asked; what is said through
    /// another connection in that moment would be lost without anybody noticing.
    async fn subscribe(&self, names: Vec<String>) -> bool {
        let subscribed = async {
            self.client.subscribe(names).await?;
            // answered on the same connection, after it
            self.client.ping::<fred::types::Value>(None).await
        };
        matches!(timeout(self.patience, subscribed).await, Ok(Ok(_)))
    }

    /// Tells listeners in this process.
    pub(crate) fn tell(&self, name: &str, heard: Heard) {
        if let Some(room) = self.rooms().get(name) {
            // nobody listening is fine
            let _ = room.sender.send(heard);
        }
    }

    fn tell_all(&self, heard: &Heard) {
        for room in self.rooms().values() {
            let _ = room.sender.send(heard.clone());
        }
    }

    /// Subscribes to what should be subscribed to and is not, and says that something may have been missed.
    async fn tune(&self) {
        let forgotten = self.patience * 2;
        let is_lost = |room: &Room| match room.tuning {
            Tuning::Tuned => false,
            Tuning::Lost => true,
            // whoever asked went away meanwhile
            Tuning::Asked(since) => since.elapsed() > forgotten,
        };
        let missing: Vec<String> =
            self.rooms().iter().filter(|(_, room)| is_lost(room)).map(|(name, _)| name.clone()).collect();
        if missing.is_empty() {
            return;
        }
        if self.subscribe(missing.clone()).await {
            let mut rooms = self.rooms();
            for name in missing {
                if let Some(room) = rooms.get_mut(&name) {
                    room.tuning = Tuning::Tuned;
                    let _ = room.sender.send(Heard::Missed(0));
                }
            }
        }
    }

    /// Leaves channels nobody listens to any more.
    async fn leave(&self) {
        let empty: Vec<String> = self
            .rooms()
            .iter()
            .filter(|(_, room)| room.sender.receiver_count() == 0)
            .map(|(name, _)| name.clone())
            .collect();
        if empty.is_empty() {
            return;
        }
        let left = timeout(self.patience, self.client.unsubscribe(empty.clone())).await;
        if !matches!(left, Ok(Ok(()))) {
            return;
        }
        let mut rooms = self.rooms();
        for name in empty {
            match rooms.get_mut(&name) {
                // somebody came while we left
                Some(room) if room.sender.receiver_count() > 0 => {
                    room.tuning = Tuning::Lost;
                    self.care.notify_one();
                }
                _ => drop(rooms.remove(&name)),
            }
        }
    }

    /// A connection may be dead without anybody having said so.
    async fn check_pulse(&self) {
        let alive = timeout(self.patience * 2, self.client.ping::<fred::types::Value>(None)).await;
        if !matches!(alive, Ok(Ok(_))) {
            let _ = timeout(self.patience, self.client.force_reconnection()).await;
        }
    }
}

async fn hear(hub: Weak<Hub>, mut messages: Receiver<Message>) {
    loop {
        let message = messages.recv().await;
        let Some(hub) = hub.upgrade() else { return };
        match message {
            Ok(message) => {
                let heard =
                    message.value.as_bytes().and_then(|frame| Heard::read(frame, hub.myself.get().copied()));
                if let Some(heard) = heard {
                    hub.tell(&message.channel, heard);
                }
            }
            Err(RecvError::Lagged(_)) => hub.tell_all(&Heard::Missed(0)),
            Err(RecvError::Closed) => return,
        }
    }
}

async fn look_after(
    hub: Weak<Hub>,
    mut reconnected: Receiver<fred::types::config::Server>,
    care: Arc<Notify>,
) {
    let mut clock = interval(CARE);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut beats, mut connected) = (0_u32, false);
    loop {
        let is_new = tokio::select! {
            again = reconnected.recv() => match again {
                Ok(_) | Err(RecvError::Lagged(_)) => true,
                Err(RecvError::Closed) => return,
            },
            () = care.notified() => false,
            _ = clock.tick() => {
                beats = beats.wrapping_add(1);
                false
            }
        };
        let Some(hub) = hub.upgrade() else { return };
        // the first connection took nothing away
        if is_new && connected {
            for room in hub.rooms().values_mut() {
                room.tuning = Tuning::Lost;
            }
        }
        connected |= is_new;
        hub.tune().await;
        if beats.is_multiple_of(PULSE) && hub.client.is_connected() {
            hub.leave().await;
            hub.check_pulse().await;
        }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        let client = self.client.clone();
        // without a runtime there is no connection left to close either
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { client.quit().await });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_read_back_except_ones_own() {
        let (me, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        for heard in [Heard::Said(Bytes::from_static(b"x")), Heard::Said(Bytes::new()), Heard::Missed(7)] {
            assert_eq!(Heard::read(&heard.framed(other), Some(me)), Some(heard.clone()));
            assert_eq!(Heard::read(&heard.framed(me), Some(me)), None);
        }
    }

    #[test]
    fn what_is_no_frame_is_nothing() {
        for bytes in [&b""[..], b"short", &[0; 16], &[9; 17], &[1; 20]] {
            assert_eq!(Heard::read(bytes, None), None, "{bytes:?}");
        }
    }
}
