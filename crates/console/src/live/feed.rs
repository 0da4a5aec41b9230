use std::{collections::HashMap, sync::Arc};

use app::{
    Ports,
    ports::{EventStream, NoEvents},
};
use bytes::Bytes;
use kernel::StoreError;
use serde_json::{Map, Value};
use tokio::time::{Instant, sleep_until};

use super::{
    framing::{Piece, event, heartbeat, retry},
    rhythm::{Due, Rhythm},
    ticker,
};
use crate::{pages::overview::Glance, visit::Visit};

/// How long the browser waits before it comes again.
const RETRY_MILLIS: u32 = 2000;

/// One reader's stream.
pub(super) struct Feed {
    ports: Arc<Ports>,
    visit: Visit,
    events: Box<dyn EventStream>,
    rhythm: Rhythm,
    greeted: bool,
    /// What the reader sees of each fragment, so that only what changed is sent.
    seen: HashMap<&'static str, String>,
}

impl Feed {
    /// A stream of these events.
    pub(super) fn new(ports: Arc<Ports>, visit: Visit, events: Box<dyn EventStream>) -> Self {
        let rhythm = Rhythm::begin(Instant::now());
        Self { ports, visit, events, rhythm, greeted: false, seen: HashMap::new() }
    }

    /// The next piece; none when the stream is over. Takes as long as it takes.
    pub(super) async fn next(&mut self) -> Option<Piece> {
        let piece = self.piece().await?;
        self.rhythm.said(Instant::now());
        Some(Ok(piece))
    }

    async fn piece(&mut self) -> Option<Bytes> {
        if !self.greeted {
            self.greeted = true;
            return Some(retry(RETRY_MILLIS));
        }
        loop {
            let until = match self.rhythm.due(Instant::now()) {
                Due::End => return None,
                Due::Heartbeat => return Some(heartbeat()),
                Due::Snapshot => match self.look().await {
                    Some(snapshot) => return Some(snapshot),
                    None => continue,
                },
                Due::Nothing(until) => until,
            };
            let happened = tokio::select! {
                happened = self.events.next() => happened,
                () = sleep_until(until) => continue,
            };
            match happened {
                Ok(happened) => {
                    self.rhythm.stirred(Instant::now());
                    if let Some(line) = ticker::line(&happened, &self.visit.wall) {
                        return Some(event("event", &line.into_string()));
                    }
                }
                Err(NoEvents::Missed(_)) => self.rhythm.stirred(Instant::now()),
                // the browser comes again, to the next bus or the next process
                Err(NoEvents::Closed) => return None,
            }
        }
    }

    /// Looks at how things stand; none if nothing changed.
    async fn look(&mut self) -> Option<Bytes> {
        let began = Instant::now();
        let changed = self.changed().await;
        self.rhythm.looked(began, Instant::now());
        match changed {
            Ok(changed) if changed.is_empty() => None,
            Ok(changed) => Some(event("snapshot", &Value::Object(changed).to_string())),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a snapshot for the console failed");
                // all of it is sent again when the store answers, which is how the reader learns that it does
                self.seen.clear();
                Some(event("trouble", ""))
            }
        }
    }

    async fn changed(&mut self) -> Result<Map<String, Value>, StoreError> {
        self.visit.wall.now = self.ports.clock.now();
        let glance = Glance::take(&self.ports, &self.visit.viewer).await?;
        let mut changed = Map::new();
        for (id, fragment) in glance.fragments(&self.visit.wall) {
            let fragment = fragment.into_string();
            if self.seen.get(id) != Some(&fragment) {
                changed.insert(id.to_owned(), Value::String(fragment.clone()));
                self.seen.insert(id, fragment);
            }
        }
        Ok(changed)
    }
}
