//! Call tracking (contract `callrail.md`): webhooks that are sent once and never again, and a REST API for the rest.

mod call;
mod media;
mod numbers;
mod ordering;
mod payload;
mod report;
mod rest;
mod sender;

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use kernel::Secret;
use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use self::call::Calls;
pub use self::{
    ordering::OrderedCall,
    report::{Acknowledgement, CallOrder, EventKind, ExpectedEnd, SendError, SentCall, SentEvent},
    sender::CallSender,
};
use crate::{
    StartError,
    control::{self, Control},
    server::{self, Bound, Running},
};

/// Counts of the simulated CallRail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CallrailStats {
    /// Calls made.
    pub calls: u64,
    /// Webhooks sent, duplicates and malformed ones included.
    pub webhooks_sent: u64,
    /// Of them answered 2xx.
    pub webhooks_acknowledged: u64,
    /// Webhooks nobody was there for, or that were refused: lost for good.
    pub webhooks_lost: u64,
    /// Webhooks never sent, as a fault.
    pub webhooks_unsent: u64,
}

#[derive(Debug, Default)]
struct Tallies {
    sent: AtomicU64,
    acknowledged: AtomicU64,
    lost: AtomicU64,
    unsent: AtomicU64,
}

/// How it is to be.
pub(crate) struct CallrailSettings {
    pub(crate) account_id: String,
    pub(crate) api_key: Secret,
    pub(crate) seed: u64,
    pub(crate) unrecorded: f64,
    pub(crate) late_recordings: f64,
    /// Where it listens.
    pub(crate) base_url: String,
}

/// The simulated CallRail.
pub(crate) struct Callrail {
    pub(crate) control: Arc<Control>,
    settings: CallrailSettings,
    calls: Calls,
    http: reqwest::Client,
    otto: watch::Receiver<Option<String>>,
    tallies: Tallies,
}

impl Callrail {
    /// Prepares it, with the calls of an earlier process.
    pub(crate) fn open(
        control: Arc<Control>,
        settings: CallrailSettings,
        state_dir: Option<&Path>,
        http: reqwest::Client,
        otto: watch::Receiver<Option<String>>,
    ) -> Result<Arc<Self>, StartError> {
        let calls = Calls::open(state_dir).map_err(StartError::State)?;
        Ok(Arc::new(Self { control, settings, calls, http, otto, tallies: Tallies::default() }))
    }

    pub(crate) fn serve(self: &Arc<Self>, bound: Bound) -> Result<Running, StartError> {
        let counted = Arc::clone(self);
        let stats: control::Stats =
            Arc::new(move || serde_json::to_value(counted.stats()).unwrap_or_default());
        let callrail = actix_web::web::Data::from(Arc::clone(self));
        server::serve(bound, Arc::clone(&self.control), move |config| {
            config.app_data(callrail.clone());
            control::routes(config, Arc::clone(&stats), |config| {
                media::control_routes(config);
                ordering::control_routes(config);
            });
            rest::routes(config);
        })
    }

    pub(crate) fn stats(&self) -> CallrailStats {
        let read = |tally: &AtomicU64| tally.load(Ordering::Relaxed);
        CallrailStats {
            calls: self.calls.count(),
            webhooks_sent: read(&self.tallies.sent),
            webhooks_acknowledged: read(&self.tallies.acknowledged),
            webhooks_lost: read(&self.tallies.lost),
            webhooks_unsent: read(&self.tallies.unsent),
        }
    }

    fn tally(&self, tally: &AtomicU64) {
        tally.fetch_add(1, Ordering::Relaxed);
        self.control.changed();
    }
}
