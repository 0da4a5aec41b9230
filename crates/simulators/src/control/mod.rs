//! The control API every stand-in has beside its provider's: `/_control/…`, for whoever sits on the same machine.
//!
//! | route | does |
//! |---|---|
//! | `GET /_control/requests?since=N` | what was asked since: number, time, method, path, status; never a body |
//! | `GET`, `POST /_control/faults` | the rates of [`Faults`]; a post may name a `preset` and change single rates |
//! | `POST /_control/script` | the next answers to paths with a prefix |
//! | `DELETE /_control/script` | forgets them |
//! | `POST /_control/clock` | puts this stand-in's clock forward by `advance_seconds` |
//! | `GET /_control/stats` | counts |
//! | `POST /_control/recordings` | makes a recording available (CallRail, Twilio) |

mod routes;
mod script;

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use actix_web::{
    Error, HttpResponse,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web,
};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::watch;

pub use self::script::ScriptedAnswer;
pub(crate) use self::{routes::routes, script::Scripts};
use crate::{
    faults::{FaultDesk, Faults},
    server::CutShort,
    sim::Sim,
};

/// Where the control API is.
const PREFIX: &str = "/_control/";
/// So many requests are remembered.
const REMEMBERED: usize = 20_000;

/// A request a stand-in got.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SeenRequest {
    /// Counted from 1.
    pub number: u64,
    /// When it was answered.
    pub at: Timestamp,
    /// As sent.
    pub method: String,
    /// As sent, without the query.
    pub path: String,
    /// As answered; none where the connection was broken.
    pub status: Option<u16>,
    /// The trace its sender named, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

/// Counts of one stand-in, by name.
pub(crate) type Stats = Arc<dyn Fn() -> Value + Send + Sync>;

/// What the control API of one stand-in works on.
pub(crate) struct Control {
    pub(crate) sim: Sim,
    pub(crate) desk: FaultDesk,
    pub(crate) scripts: Scripts,
    seen: Mutex<VecDeque<SeenRequest>>,
    count: AtomicU64,
    changes: watch::Sender<u64>,
}

impl Control {
    /// `changes` is bumped whenever anything happens, for those who wait for something.
    pub(crate) fn new(sim: Sim, faults: Faults, changes: watch::Sender<u64>) -> Self {
        let desk = FaultDesk::new(sim.clone(), faults);
        Self {
            sim,
            desk,
            scripts: Scripts::default(),
            seen: Mutex::default(),
            count: AtomicU64::default(),
            changes,
        }
    }

    /// Tells those who wait that something happened.
    pub(crate) fn changed(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Waits until something holds, looking again whenever anything happened.
    pub(crate) async fn until(&self, holds: impl Fn() -> bool) {
        let mut changes = self.changes.subscribe();
        while !holds() {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    /// How many requests there were.
    pub(crate) fn requests(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// The requests after number `since` that are still remembered.
    pub(crate) fn seen_since(&self, since: u64) -> Vec<SeenRequest> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().filter(|request| request.number > since).cloned().collect()
    }

    fn note(&self, method: String, path: String, status: Option<u16>, traceparent: Option<String>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let number = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        if seen.len() >= REMEMBERED {
            seen.pop_front();
        }
        seen.push_back(SeenRequest { number, at: self.sim.now(), method, path, status, traceparent });
        drop(seen);
        self.changed();
    }
}

/// Stands before every route: keeps the control API to this machine, gives scripted answers, and remembers requests.
pub(crate) async fn gate(
    control: web::Data<Control>,
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let path = request.path().to_owned();
    if path.starts_with(PREFIX) {
        // the servers listen on loopback only; this holds even if somebody changes that
        if !request.peer_addr().is_some_and(|peer| peer.ip().is_loopback()) {
            return Ok(request.into_response(HttpResponse::Forbidden().finish()));
        }
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    }
    let method = request.method().to_string();
    let traceparent =
        request.headers().get("traceparent").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let response = match control.scripts.take(&path) {
        Some(scripted) => {
            let response = scripted.play(&control.sim, request.request()).await;
            request.into_response(response)
        }
        None => next.call(request).await?.map_into_boxed_body(),
    };
    let was_cut = response.response().extensions().contains::<CutShort>();
    let status = (!was_cut).then(|| response.status().as_u16());
    control.note(method, path, status, traceparent);
    Ok(response)
}
