//! Customers: calls made one after another, or many at a time.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt, stream};
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    callrail::{CallOrder, CallSender, SentCall},
    corpus,
    remote::RemoteStandIns,
    settings::SimulatedTenant,
    sim::Sim,
};

/// How far apart calls are in gentle traffic, at the providers' own pace.
pub const GENTLE: Duration = Duration::from_secs(6);

/// Makes calls to a number of companies. The same seed, tenants and index make the same call.
#[derive(Clone)]
pub struct Traffic {
    sender: Sender,
    tenants: Arc<[SimulatedTenant]>,
    sim: Sim,
    first: u64,
}

/// Who makes the calls.
#[derive(Clone)]
enum Sender {
    Here(CallSender),
    Elsewhere(RemoteStandIns),
}

impl Traffic {
    pub(crate) fn new(sender: CallSender, tenants: Vec<SimulatedTenant>, sim: Sim) -> Self {
        let first = sender.next_index();
        Self { sender: Sender::Here(sender), tenants: tenants.into(), sim, first }
    }

    /// Traffic made by stand-ins that run elsewhere.
    pub fn elsewhere(stand_ins: RemoteStandIns, tenants: Vec<SimulatedTenant>, seed: u64) -> Self {
        Self {
            sender: Sender::Elsewhere(stand_ins),
            tenants: tenants.into(),
            sim: Sim::new(seed, 1.0),
            first: 0,
        }
    }

    /// Begins at another index than the first nobody used.
    #[must_use]
    pub fn starting_at(self, first: u64) -> Self {
        Self { first, ..self }
    }

    /// Which call is made at an index; none without tenants.
    pub fn order(&self, index: u64) -> Option<CallOrder> {
        let mut draw = self.sim.draw(&["traffic", &index.to_string()]);
        Some(CallOrder {
            tenant: draw.pick(&self.tenants)?.clone(),
            conversation: corpus::pick(&mut draw)?.id.clone(),
            index,
            customer_phone: None,
        })
    }

    /// Makes `count` calls, at most `at_once` at a time, and reports each when it is over.
    pub async fn make(&self, count: u64, at_once: usize, reports: &UnboundedSender<SentCall>) {
        let orders = stream::iter(self.first..self.first.saturating_add(count));
        orders.for_each_concurrent(at_once.max(1), |index| self.make_one(index, reports)).await;
    }

    /// Makes calls about `every` so often until it is stopped, then lets those that are under way end. Reports each when
    /// it is over.
    pub async fn keep_making(
        &self,
        every: Duration,
        stop: &CancellationToken,
        reports: &UnboundedSender<SentCall>,
    ) {
        let under_way = TaskTracker::new();
        for index in self.first.. {
            let (traffic, reports) = (self.clone(), reports.clone());
            under_way.spawn(async move { traffic.make_one(index, &reports).await });
            // now two in a row, now a long silence
            let pause = every.mul_f64(self.sim.draw(&["pause", &index.to_string()]).between(0.4, 1.6));
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.sim.sleep(pause) => {}
            }
        }
        under_way.close();
        under_way.wait().await;
    }

    async fn make_one(&self, index: u64, reports: &UnboundedSender<SentCall>) {
        let Some(order) = self.order(index) else { return };
        let sent = match &self.sender {
            Sender::Here(sender) => sender.send(&order).await.map_err(|error| error.to_string()),
            Sender::Elsewhere(there) => there.send(&order).await.map_err(|error| error.to_string()),
        };
        match sent {
            // nobody may be listening any more; the call was made all the same
            Ok(call) => drop(reports.send(call)),
            Err(error) => tracing::warn!(index, error, "a call could not be made"),
        }
    }
}
