//! A world without a database: samples behind the ports the console asks.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use app::{
    Ports,
    ports::{
        Event, EventBus, EventStream, InboxEntry, JobLine, NoEvents, PlatformSecrets, Retention, Untraced,
    },
    reads::{BookingRatePoint, CallLine, Headline, PipelineSnapshot, TopObjection, Viewer},
};
use async_trait::async_trait;
use kernel::{BoxError, Calendar, Clock, CompanyId, EventId, StoreError, Timestamp, UserId};
use rbac::{Grant, Role};
use serde_json::Value;
use tenancy::{Company, TenantKey};
use tokio::{
    sync::broadcast::{self, error::RecvError},
    time::Instant,
};
use uuid::Uuid;

use super::{
    samples,
    unused::{Links, OneCompany, Unused},
};

/// What there is to see.
pub struct Sights {
    /// Newest first.
    pub calls: Vec<CallLine>,
    /// How many are where.
    pub pipeline: PipelineSnapshot,
    /// The last 30 days.
    pub headline: Headline,
    /// By day.
    pub rates: Vec<BookingRatePoint>,
    /// Most frequent first.
    pub objections: Vec<TopObjection>,
    /// Every company's.
    pub inbox: Vec<InboxEntry>,
    /// Every company's.
    pub jobs: Vec<JobLine>,
}

/// A world whose sights can be changed.
pub struct World {
    sights: Mutex<Sights>,
    /// The store does not answer.
    pub away: AtomicBool,
    /// How often the pipeline was looked at.
    pub looks: AtomicU64,
    told: AtomicU64,
    events: broadcast::Sender<Event>,
    clock: Arc<RunningClock>,
}

/// Starts at an instant and runs from then on.
pub struct RunningClock {
    from: Timestamp,
    since: Instant,
}

impl Clock for RunningClock {
    fn now(&self) -> Timestamp {
        self.from + chrono::Duration::from_std(self.since.elapsed()).unwrap_or_default()
    }
}

/// The company of the samples.
pub fn company() -> CompanyId {
    CompanyId::try_new("org_2saguaro").expect("an id")
}

/// A manager of it.
pub fn viewer() -> Viewer {
    Viewer {
        company: company(),
        user: UserId::try_new("user_2qKmgr01").expect("an id"),
        role: Role::Manager,
        reach: Grant::Company,
    }
}

impl World {
    /// A world that stands at an instant and shows these sights.
    pub fn new(at: &str, sights: impl FnOnce(Timestamp) -> Sights) -> Arc<Self> {
        let from: Timestamp = at.parse().expect("an instant");
        Arc::new(Self {
            sights: Mutex::new(sights(from)),
            away: AtomicBool::new(false),
            looks: AtomicU64::new(0),
            told: AtomicU64::new(0),
            // few, so that a slow listener misses some
            events: broadcast::channel(16).0,
            clock: Arc::new(RunningClock { from, since: Instant::now() }),
        })
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The sights, to be looked at or changed.
    pub fn sights(&self) -> MutexGuard<'_, Sights> {
        self.sights.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sights, as the store answers them.
    pub fn look<T>(&self, viewer: &CompanyId, see: impl FnOnce(&Sights) -> T) -> Result<T, StoreError> {
        assert_eq!(*viewer, company(), "a viewer of another company");
        self.answer(see)
    }

    /// The same, across companies.
    pub fn answer<T>(&self, see: impl FnOnce(&Sights) -> T) -> Result<T, StoreError> {
        if self.away.load(Ordering::Relaxed) {
            let inner: BoxError = "connection to 10.1.2.3 refused, password=hunter2".into();
            return Err(StoreError::Unavailable(inner));
        }
        Ok(see(&self.sights()))
    }

    /// Tells who listens.
    pub fn tell(&self, event: &'static str, call: &CallLine, data: Value) {
        let id = EventId(Uuid::from_u128(u128::from(self.told.fetch_add(1, Ordering::Relaxed))));
        let (lead, at) = (call.lead_id, self.now());
        let key = format!("{event}:{id}");
        let event =
            Event { id, event: event.into(), key, lead, user: None, call: Some(call.call_id), data, at };
        // nobody may be listening
        drop(self.events.send(event));
    }

    /// How many listen.
    pub fn listeners(&self) -> usize {
        self.events.receiver_count()
    }

    /// The ports on this world.
    pub fn ports(self: &Arc<Self>) -> Arc<Ports> {
        let calendar = Calendar::in_zone("America/Phoenix").expect("a zone");
        let tenant_key = TenantKey::try_new("tk_0000000000000000").expect("a key");
        let company = Company { id: company(), name: "Saguaro Roofing".to_owned(), calendar, tenant_key };
        let unused = Arc::new(Unused);
        Arc::new(Ports {
            store: unused.clone(),
            reads: self.clone(),
            tenants: Arc::new(OneCompany(company)),
            inbox_office: self.clone(),
            claims: unused.clone(),
            job_office: self.clone(),
            sweeps: unused.clone(),
            listings: unused.clone(),
            tallies: unused.clone(),
            secrets: unused.clone(),
            blobs: Arc::new(Links),
            doorbell: unused.clone(),
            events: self.clone(),
            shared: cache_memory::shared(),
            callrail_webhooks: unused.clone(),
            sender_search: Arc::default(),
            callrail: unused.clone(),
            engine: unused.clone(),
            engine_webhooks: unused.clone(),
            traces: Arc::new(Untraced),
            clock: self.clock.clone(),
            ids: unused.clone(),
            dice: unused,
            platform: PlatformSecrets::default(),
            submit: true,
            max_recording_bytes: 0,
            retention: Retention::default(),
        })
    }

    /// Moves a call to a stage, or begins one.
    pub fn advance(&self, number: i64, stage: &str) -> CallLine {
        let mut sights = self.sights();
        let at = sights
            .calls
            .iter()
            .find(|call| call.call_id.0 == number)
            .map_or(self.now(), |call| call.created_at);
        let before = sights.calls.iter().position(|call| call.call_id.0 == number);
        let before = before.map(|at| sights.calls.remove(at));
        let call = samples::call(number, stage, at);
        for one in &mut sights.pipeline.stages {
            one.count += i64::from(one.stage == stage);
            one.count -= i64::from(before.as_ref().is_some_and(|call| call.stage == one.stage));
        }
        sights.pipeline.counts.calls += i64::from(before.is_none());
        sights.pipeline.counts.analysed += i64::from(stage == "analysed");
        sights.pipeline.counts.booked += i64::from(call.booked);
        let place =
            sights.calls.iter().position(|other| other.created_at <= at).unwrap_or(sights.calls.len());
        sights.calls.insert(place, call.clone());
        call
    }
}

struct Listener(broadcast::Receiver<Event>);

#[async_trait]
impl EventStream for Listener {
    async fn next(&mut self) -> Result<Event, NoEvents> {
        self.0.recv().await.map_err(|error| match error {
            RecvError::Lagged(missed) => NoEvents::Missed(missed),
            RecvError::Closed => NoEvents::Closed,
        })
    }
}

#[async_trait]
impl EventBus for World {
    fn publish(&self, _: &CompanyId, _: &[Event]) {
        unreachable!("the console publishes nothing")
    }
    async fn subscribe(&self, _: &CompanyId) -> Box<dyn EventStream> {
        Box::new(Listener(self.events.subscribe()))
    }
}
