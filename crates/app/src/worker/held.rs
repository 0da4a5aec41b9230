use std::{collections::HashMap, sync::Mutex};

use kernel::JobId;
use queue::Lease;
use tokio::sync::oneshot;

/// Why a running job is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Somebody called it off.
    Cancelled,
    /// Another worker has it.
    LeaseLost,
    /// The process ends.
    Shutdown,
}

type Jobs = HashMap<JobId, (Lease, Option<oneshot::Sender<Stop>>)>;

/// The jobs this worker holds.
#[derive(Default)]
pub(super) struct HeldJobs {
    jobs: Mutex<Jobs>,
}

impl HeldJobs {
    fn lock(&self) -> std::sync::MutexGuard<'_, Jobs> {
        // nothing that can panic is done while it is held
        self.jobs.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    pub(super) fn add(&self, lease: Lease) -> oneshot::Receiver<Stop> {
        let (stop, stopped) = oneshot::channel();
        self.lock().insert(lease.job, (lease, Some(stop)));
        stopped
    }

    pub(super) fn remove(&self, lease: Lease) {
        let mut jobs = self.lock();
        if jobs.get(&lease.job).is_some_and(|(held, _)| *held == lease) {
            jobs.remove(&lease.job);
        }
    }

    pub(super) fn leases(&self) -> Vec<Lease> {
        self.lock().values().map(|(lease, _)| *lease).collect()
    }

    pub(super) fn stop(&self, job: JobId, why: Stop) {
        let sender = self.lock().get_mut(&job).and_then(|(_, stop)| stop.take());
        if let Some(sender) = sender {
            // nobody listening means it has just ended
            let _ = sender.send(why);
        }
    }

    pub(super) fn stop_all(&self, why: Stop) {
        for lease in self.leases() {
            self.stop(lease.job, why);
        }
    }
}
