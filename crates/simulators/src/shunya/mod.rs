//! The AI vendor (contract `shunya.md`): takes calls, listens to them, and tells by webhook or when asked.

mod auth;
mod deliver;
mod envelope;
mod errors;
mod job;
mod payload;
mod requests;
mod routes;
mod worker;

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

use self::job::{Jobs, Stage};
use crate::{
    StartError,
    background::Background,
    control::{self, Control},
    server::{self, Bound, Running},
};

/// Counts of the simulated Shunya.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShunyaStats {
    /// Submissions taken.
    pub jobs: u64,
    /// Of them analysed.
    pub completed: u64,
    /// Of them given up.
    pub failed: u64,
    /// Webhooks answered 2xx.
    pub webhooks_delivered: u64,
    /// Webhooks sent, whatever the answer.
    pub webhooks_sent: u64,
    /// Webhooks given up after half an hour.
    pub webhooks_abandoned: u64,
    /// Webhooks never sent, as a fault.
    pub webhooks_unsent: u64,
}

#[derive(Debug, Default)]
struct Tallies {
    delivered: AtomicU64,
    sent: AtomicU64,
    abandoned: AtomicU64,
    unsent: AtomicU64,
}

/// What it is let in by and signs with.
pub(crate) struct ShunyaSecrets {
    pub(crate) api_key: Secret,
    pub(crate) jwt_secret: Option<Secret>,
    pub(crate) hmac_secret: Secret,
}

/// The simulated Shunya.
pub(crate) struct Shunya {
    pub(crate) control: Arc<Control>,
    secrets: ShunyaSecrets,
    quirks: f64,
    jobs: Jobs,
    http: reqwest::Client,
    otto: watch::Receiver<Option<String>>,
    background: Background,
    tallies: Tallies,
}

impl Shunya {
    /// Prepares it, with the jobs of an earlier process.
    pub(crate) fn open(
        control: Arc<Control>,
        secrets: ShunyaSecrets,
        quirks: f64,
        state_dir: Option<&Path>,
        outside: (reqwest::Client, watch::Receiver<Option<String>>, Background),
    ) -> Result<Arc<Self>, StartError> {
        let jobs = Jobs::open(state_dir).map_err(StartError::State)?;
        let (http, otto, background) = outside;
        let tallies = Tallies::default();
        Ok(Arc::new(Self { control, secrets, quirks, jobs, http, otto, background, tallies }))
    }

    /// Takes up what was left, and serves.
    pub(crate) fn serve(self: &Arc<Self>, bound: Bound) -> Result<Running, StartError> {
        for job in self.jobs.all() {
            self.carry_on(&job.task_id);
        }
        let counted = Arc::clone(self);
        let stats: control::Stats =
            Arc::new(move || serde_json::to_value(counted.stats()).unwrap_or_default());
        let shunya = actix_web::web::Data::from(Arc::clone(self));
        server::serve(bound, Arc::clone(&self.control), move |config| {
            config.app_data(shunya.clone());
            control::routes(config, Arc::clone(&stats), |_| {});
            routes::routes(config);
        })
    }

    pub(crate) fn stats(&self) -> ShunyaStats {
        let read = |tally: &AtomicU64| tally.load(Ordering::Relaxed);
        let (completed, failed) = (self.jobs.count(Stage::Completed), self.jobs.count(Stage::Failed));
        ShunyaStats {
            jobs: completed + failed + self.jobs.count(Stage::Queued) + self.jobs.count(Stage::Transcribed),
            completed,
            failed,
            webhooks_delivered: read(&self.tallies.delivered),
            webhooks_sent: read(&self.tallies.sent),
            webhooks_abandoned: read(&self.tallies.abandoned),
            webhooks_unsent: read(&self.tallies.unsent),
        }
    }

    fn tally(&self, tally: &AtomicU64) {
        tally.fetch_add(1, Ordering::Relaxed);
        self.control.changed();
    }
}
