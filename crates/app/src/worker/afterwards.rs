//! What a worker tells the store of jobs it is through with, while it goes on with others.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::{FutureExt, StreamExt, stream};
use queue::{Lease, Queue};
use tokio::task::{JoinHandle, JoinSet};

use super::held::HeldJobs;
use crate::{Patience, Ports, again, ports::Release};

/// So many jobs at a time are handed back.
const HANDED_BACK_AT_ONCE: usize = 4;

/// A job that is no longer running.
pub(super) struct Ended {
    pub(super) queue: Queue,
    pub(super) lease: Lease,
    pub(super) took: Duration,
    /// All that is left is to mark it as done.
    pub(super) to_acknowledge: bool,
}

/// A lease is held, and so renewed, until what is to be said of its job has been said.
pub(super) struct Afterwards {
    ports: Arc<Ports>,
    held: Arc<HeldJobs>,
    /// Marking jobs as done. One statement at a time: what ends meanwhile goes into the next.
    acknowledging: Option<JoinHandle<()>>,
    to_acknowledge: Vec<Lease>,
    handing_back: JoinSet<()>,
}

impl Afterwards {
    pub(super) fn new(ports: Arc<Ports>, held: Arc<HeldJobs>) -> Self {
        let (acknowledging, to_acknowledge, handing_back) = Default::default();
        Self { ports, held, acknowledging, to_acknowledge, handing_back }
    }

    /// These have ended.
    pub(super) fn ended(&mut self, ends: &[Ended]) {
        for ended in ends {
            if ended.to_acknowledge {
                self.to_acknowledge.push(ended.lease);
            } else {
                self.held.remove(ended.lease);
            }
        }
        self.go_on();
    }

    fn go_on(&mut self) {
        if self.acknowledging.is_some() || self.to_acknowledge.is_empty() {
            return;
        }
        let leases = std::mem::take(&mut self.to_acknowledge);
        let (ports, held) = (self.ports.clone(), self.held.clone());
        self.acknowledging = Some(tokio::spawn(async move {
            // whatever comes of it, what is not marked as done now is done again when its lease runs out
            let done = AssertUnwindSafe(acknowledge(&ports, &leases)).catch_unwind().await;
            if done.is_err() {
                tracing::error!("marking jobs as done broke; they will be done again");
            }
            for lease in leases {
                held.remove(lease);
            }
        }));
    }

    /// Waits until those under way are marked as done, and goes on with the next; for ever if there are none. Cancel-safe.
    pub(super) async fn acknowledged(&mut self) {
        match &mut self.acknowledging {
            Some(under_way) => drop(under_way.await),
            None => std::future::pending().await,
        }
        self.acknowledging = None;
        self.go_on();
    }

    /// Hands these jobs of a queue back: they lose no attempt and keep their places, and others are told of them.
    pub(super) fn hand_back(&mut self, queue: Queue, leases: Vec<Lease>) {
        while self.handing_back.try_join_next().is_some() {}
        if leases.is_empty() {
            return;
        }
        tracing::debug!(%queue, jobs = leases.len(), "jobs that have not begun are handed back");
        let (ports, held) = (self.ports.clone(), self.held.clone());
        self.handing_back.spawn(async move {
            stream::iter(leases)
                .for_each_concurrent(HANDED_BACK_AT_ONCE, async |lease| {
                    if AssertUnwindSafe(hand_back(&ports, lease)).catch_unwind().await.is_err() {
                        tracing::error!("handing a job back broke; its lease will run out");
                    }
                    held.remove(lease);
                })
                .await;
            ports.doorbell.ring(&[queue]);
        });
    }

    /// Waits until everything has been said.
    pub(super) async fn all_said(mut self) {
        while self.acknowledging.is_some() {
            self.acknowledged().await;
        }
        while let Some(ended) = self.handing_back.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "handing jobs back broke; their leases will run out");
            }
        }
    }
}

async fn acknowledge(ports: &Ports, leases: &[Lease]) {
    let now = ports.clock.now();
    // what was finished and not confirmed is finished once
    match again(ports, Patience::UNIT, || ports.claims.finish(leases, now)).await {
        Ok(count) if count < leases.len() => tracing::warn!("some finished jobs had lost their lease"),
        Ok(_) => {}
        // they were done; they will be done again when their leases run out, and find nothing to do
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "cannot mark jobs as done");
        }
    }
}

async fn hand_back(ports: &Ports, lease: Lease) {
    let now = ports.clock.now();
    match again(ports, Patience::UNIT, || ports.claims.release(lease, &Release::HandBack, now)).await {
        Ok(true) => {}
        Ok(false) => tracing::warn!("the lease was lost before the job could be handed back"),
        // its lease will run out
        Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "cannot hand the job back"),
    }
}
