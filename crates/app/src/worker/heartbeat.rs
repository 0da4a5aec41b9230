use std::{collections::HashSet, sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::held::{HeldJobs, Stop};
use crate::{Ports, ports::Renewal};

/// Renews what this worker holds, three times in the life of a lease, and frees what others left behind.
pub(super) async fn beat(ports: Arc<Ports>, held: Arc<HeldJobs>, lease: Duration, end: CancellationToken) {
    let mut ticks = interval(lease / 3);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = end.cancelled() => return,
            _ = ticks.tick() => {}
        }
        renew(&ports, &held, lease).await;
        match ports.claims.rescue(ports.clock.now()).await {
            Ok(0) => {}
            Ok(freed) => {
                tracing::warn!(freed, "jobs of a vanished worker are free again");
                ports.doorbell.ring(&queue::Queue::ALL);
            }
            Err(error) => tracing::warn!(error = &error as &dyn std::error::Error, "cannot free lost jobs"),
        }
    }
}

async fn renew(ports: &Ports, held: &HeldJobs, lease: Duration) {
    let leases = held.leases();
    if leases.is_empty() {
        return;
    }
    let until = ports.clock.now() + chrono::Duration::from_std(lease).unwrap_or_default();
    let renewals = match ports.claims.renew(&leases, until).await {
        Ok(renewals) => renewals,
        // a lease outlives two missed renewals; the store itself refuses results without one
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "cannot renew leases");
            return;
        }
    };
    let mut ours = HashSet::new();
    for renewal in renewals {
        match renewal {
            Renewal::Held(job) => {
                ours.insert(job);
            }
            Renewal::CancelRequested(job) => {
                ours.insert(job);
                held.stop(job, Stop::Cancelled);
            }
        }
    }
    for lease in leases.into_iter().filter(|lease| !ours.contains(&lease.job)) {
        held.stop(lease.job, Stop::LeaseLost);
    }
}
