//! A whole application without a server: the real store, and fakes of everything else.

use std::sync::{Arc, Mutex};

use app::{
    Ports,
    ports::{Claim, JobClaims, PlatformSecrets, Release, Renewal, Retention, SlotJob, Untraced},
};
use async_trait::async_trait;
use kernel::{Clock, JobId, Secret, StoreError, Timestamp};
use queue::{ClaimedJob, Lease, Queue};
use store_sql::SqlSystem;
use tokio::sync::Notify;

use crate::{
    Database, Dice, ManualClock, TestIds,
    fakes::{
        FakeBell, FakeBlobs, FakeBus, FakeCallWebhooks, FakeEngine, FakeEngineWebhooks, FakeProvider,
        FakeSecrets,
    },
};

/// Everything a use case may need, and handles on what is fake.
pub struct World {
    /// What use cases get.
    pub ports: Arc<Ports>,
    /// The store behind them.
    pub db: Database,
    /// The time.
    pub clock: Arc<ManualClock>,
    /// The telephony provider.
    pub provider: Arc<FakeProvider>,
    /// The AI vendor.
    pub engine: Arc<FakeEngine>,
    /// Objects.
    pub blobs: Arc<FakeBlobs>,
    /// What was told to listeners.
    pub bus: Arc<FakeBus>,
    /// What workers asked of the queue.
    pub claims: Arc<WatchedClaims>,
}

impl World {
    /// Around a database, with a clock that stands still.
    pub fn new(db: Database) -> Self {
        let clock = Arc::new(ManualClock::default());
        Self::with_clock(db, clock.clone(), clock)
    }

    /// Around a database, with another clock for the use cases.
    pub fn with_clock(db: Database, clock: Arc<ManualClock>, ports_clock: Arc<dyn Clock>) -> Self {
        let system = Arc::new(db.system.clone());
        let store = Arc::new(db.store.clone());
        let (provider, engine) = (Arc::new(FakeProvider::default()), Arc::new(FakeEngine::default()));
        let (blobs, bus) = (Arc::new(FakeBlobs::default()), Arc::new(FakeBus::default()));
        let claims = Arc::new(WatchedClaims::new(db.system.clone()));
        let ports = Ports {
            store: store.clone(),
            reads: store,
            tenants: system.clone(),
            inbox_office: system.clone(),
            claims: claims.clone(),
            job_office: system.clone(),
            sweeps: system.clone(),
            listings: system.clone(),
            tallies: system,
            secrets: Arc::new(FakeSecrets),
            blobs: blobs.clone(),
            doorbell: Arc::new(FakeBell::default()),
            events: bus.clone(),
            shared: cache_memory::shared(),
            callrail_webhooks: Arc::new(FakeCallWebhooks),
            sender_search: Arc::default(),
            callrail: provider.clone(),
            engine: engine.clone(),
            engine_webhooks: Arc::new(FakeEngineWebhooks),
            traces: Arc::new(Untraced),
            clock: ports_clock,
            ids: Arc::new(TestIds::default()),
            dice: Arc::new(Dice(0.5)),
            platform: PlatformSecrets {
                callrail_signing_key: None,
                callrail_api_key: Some(Secret::new("key".to_owned())),
                callrail_account_id: Some("ACC1".to_owned()),
            },
            submit: true,
            max_recording_bytes: 1 << 20,
            retention: Retention::default(),
        };
        Self { ports: Arc::new(ports), db, clock, provider, engine, blobs, bus, claims }
    }

    /// What time it is for the use cases.
    pub fn clock_now(&self) -> Timestamp {
        self.ports.clock.now()
    }
}

/// What a worker did at the queue.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen {
    /// It claimed these.
    Claimed(Vec<JobId>),
    /// It kept its leases alive and was told this.
    Renewed(Vec<Renewal>),
    /// It finished so many.
    Finished(usize),
    /// It put one back; `false` if it held it no more.
    Released(JobId, Release, bool),
}

/// The real queue, with somebody looking on.
pub struct WatchedClaims {
    inner: SqlSystem,
    seen: Mutex<Vec<Seen>>,
    changed: Notify,
}

impl WatchedClaims {
    fn new(inner: SqlSystem) -> Self {
        Self { inner, seen: Mutex::default(), changed: Notify::new() }
    }

    fn saw(&self, what: Seen) {
        self.seen.lock().unwrap().push(what);
        self.changed.notify_waiters();
    }

    /// What was seen so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Forgets what was seen so far.
    pub fn forget(&self) {
        self.seen.lock().unwrap().clear();
    }

    /// Waits until something is seen, or was before.
    pub async fn until(&self, wanted: impl Fn(&Seen) -> bool) -> Seen {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // from here on nothing is missed
            changed.as_mut().enable();
            if let Some(seen) = self.seen.lock().unwrap().iter().find(|seen| wanted(seen)) {
                return seen.clone();
            }
            changed.await;
        }
    }
}

#[async_trait]
impl JobClaims for WatchedClaims {
    async fn claim(&self, claim: &Claim<'_>) -> Result<Vec<ClaimedJob>, StoreError> {
        let claimed = self.inner.claim(claim).await?;
        self.saw(Seen::Claimed(claimed.iter().map(|job| job.lease.job).collect()));
        Ok(claimed)
    }

    async fn renew(&self, leases: &[Lease], until: Timestamp) -> Result<Vec<Renewal>, StoreError> {
        let renewals = self.inner.renew(leases, until).await?;
        self.saw(Seen::Renewed(renewals.clone()));
        Ok(renewals)
    }

    async fn finish(&self, leases: &[Lease], now: Timestamp) -> Result<usize, StoreError> {
        let finished = self.inner.finish(leases, now).await?;
        self.saw(Seen::Finished(finished));
        Ok(finished)
    }

    async fn release(&self, lease: Lease, release: &Release, now: Timestamp) -> Result<bool, StoreError> {
        let held = self.inner.release(lease, release, now).await?;
        self.saw(Seen::Released(lease.job, release.clone(), held));
        Ok(held)
    }

    async fn rescue(&self, now: Timestamp) -> Result<usize, StoreError> {
        self.inner.rescue(now).await
    }

    async fn next_due(&self, queues: &[Queue]) -> Result<Vec<(Queue, Timestamp)>, StoreError> {
        self.inner.next_due(queues).await
    }

    async fn enqueue_slot(&self, slot: &SlotJob, now: Timestamp) -> Result<bool, StoreError> {
        self.inner.enqueue_slot(slot, now).await
    }
}
