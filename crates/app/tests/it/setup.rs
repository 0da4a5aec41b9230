use std::{future::Future, time::Duration};

use app::{
    Patience, again,
    ingest::apply_call_event,
    jobs::{Done, JobRun, TenantJob, run_tenant_job},
    ports::{
        Claim, JobClaims, JobFilter, JobLine, JobOffice, Recording, StoredCall, TenantHints, TenantSetup,
        Tenants,
    },
};
use calls::{CallEvent, CallEventKind, Direction, ProviderCallIds, RecordingRef, ReportedFacts};
use kernel::{Calendar, CallId, CompanyId, PhoneNumber, Provider, Scope, StoreError, UserId};
use queue::{ClaimedJob, Queue};
use rbac::Role;
use tenancy::{Company, TenantKey};
use testkit::{Database, World};

/// Makes one test of each case for each database: `on_both!(case, case)`.
macro_rules! on_both {
    ($($case:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                let world = testkit::World::new(testkit::sqlite().await);
                $crate::setup::in_time(super::$case(&world)).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                let world = testkit::World::new(testkit::postgres().await);
                $crate::setup::in_time(super::$case(&world)).await;
            })*
        }
    };
}
pub(crate) use on_both;

/// A test that waits for what never comes fails instead of hanging.
pub(crate) async fn in_time<R>(test: impl Future<Output = R>) -> R {
    // boxed: a whole test is too much for each caller to hold
    tokio::time::timeout(Duration::from_mins(5), Box::pin(test))
        .await
        .expect("it waits for something that does not happen")
}

pub(crate) async fn tenant(world: &World, id: &str) -> Scope {
    tenant_with(world, id, Vec::new()).await
}

/// With these people.
pub(crate) async fn tenant_with(
    world: &World,
    id: &str,
    users: Vec<(UserId, Option<String>, Role)>,
) -> Scope {
    let id = CompanyId::try_new(id).unwrap();
    let company = Company {
        id: id.clone(),
        name: "A company".to_owned(),
        calendar: Calendar::UTC,
        tenant_key: TenantKey::try_new(format!("{id}-tenant-key-0000")).unwrap(),
    };
    let (tracking_numbers, credentials) = Default::default();
    let accounts = vec![(Provider::Callrail, format!("COM-{id}"))];
    let setup = TenantSetup { company, tracking_numbers, accounts, credentials, users };
    world.db.system.set_up(&setup, Database::now()).await.unwrap();
    Scope::system(id, "test")
}

pub(crate) fn phone(tail: u32) -> PhoneNumber {
    PhoneNumber::parse(&format!("+1602555{tail:04}")).unwrap()
}

/// What a provider says of a call that is over.
pub(crate) fn event(primary: &str, legacy: Option<&str>, phone: Option<PhoneNumber>) -> CallEvent {
    CallEvent {
        kind: CallEventKind::Completed,
        ids: ProviderCallIds { primary: primary.to_owned(), legacy: legacy.map(str::to_owned) },
        digest: 1,
        facts: ReportedFacts {
            direction: Some(Direction::Inbound),
            answered: Some(true),
            phone,
            duration_seconds: Some(60),
            ..ReportedFacts::default()
        },
        problems: Vec::new(),
    }
}

/// Applies an event in a unit of work of its own, which is done again like a webhook's if somebody else was faster.
pub(crate) async fn apply(world: &World, scope: &Scope, event: &CallEvent) -> Result<CallId, StoreError> {
    let now = world.ports.clock.now();
    again(&world.ports, Patience::webhook(Duration::from_secs(10)), || async {
        let mut work = world.ports.begin(scope).await?;
        let applied = apply_call_event(&mut work, Provider::Callrail, event, now).await?;
        work.commit().await?;
        Ok(applied.call)
    })
    .await
}

/// A call whose recording is to be fetched.
pub(crate) async fn call_with_recording(world: &World, scope: &Scope, name: &str) -> CallId {
    let mut event = event(name, None, Some(phone(1)));
    event.facts.recording = Some(RecordingRef { id: format!("REC-{name}"), duration_seconds: Some(60) });
    apply(world, scope, &event).await.unwrap()
}

/// A call and its recording as they stand.
pub(crate) async fn stored(world: &World, scope: &Scope, call: CallId) -> (StoredCall, Option<Recording>) {
    let mut work = world.ports.begin(scope).await.unwrap();
    let found = work.calls().find(call).await.unwrap().expect("the call is stored");
    let recording = work.calls().recording(call).await.unwrap();
    work.rollback().await.unwrap();
    (found, recording)
}

/// Claims every due job of a queue.
pub(crate) async fn claim(world: &World, queue: Queue) -> Vec<ClaimedJob> {
    let now = world.clock_now();
    let token = world.ports.ids.next();
    let lease_until = now + chrono::Duration::minutes(1);
    let claim = Claim { queue, limit: 100, worker: "w", token, now, lease_until };
    world.db.system.claim(&claim).await.unwrap()
}

/// A claimed job as a worker would run it.
pub(crate) fn run_of<'a>(world: &'a World, claimed: &ClaimedJob) -> (TenantJob, JobRun<'a>) {
    let run = JobRun {
        ports: &world.ports,
        scope: Scope::system(claimed.company.clone().expect("a tenant's job"), "otto"),
        lease: claimed.lease,
        attempt: claimed.attempt,
        snoozes: claimed.snoozes,
        trace: None,
    };
    (TenantJob::read(&claimed.kind, &claimed.args).unwrap(), run)
}

/// Does every due job of a queue once.
pub(crate) async fn do_jobs(world: &World, queue: Queue) {
    for claimed in claim(world, queue).await {
        let (job, run) = run_of(world, &claimed);
        // as the tenants' accounts are named here
        let accounts = vec![format!("COM-{}", run.scope.company)];
        world.provider.says(TenantHints { accounts, tracking_number: None });
        match run_tenant_job(&job, &run).await.unwrap() {
            Done::Committed => {}
            Done::Finished => {
                assert_eq!(world.db.system.finish(&[claimed.lease], world.clock_now()).await.unwrap(), 1);
            }
            Done::Snooze(_) => panic!("nothing is to be waited for here"),
        }
    }
}

/// The only job of a queue.
pub(crate) async fn only_job(world: &World, queue: Queue) -> JobLine {
    let mut jobs = jobs(world, queue).await;
    assert_eq!(jobs.len(), 1, "{jobs:?}");
    jobs.remove(0)
}

/// The jobs of a queue, newest first.
pub(crate) async fn jobs(world: &World, queue: Queue) -> Vec<JobLine> {
    let filter = JobFilter { queue: Some(queue), limit: 100, ..JobFilter::default() };
    JobOffice::list(&world.db.system, &filter).await.unwrap()
}
