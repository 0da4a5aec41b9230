//! What the cases are built from: tenants, jobs, calls, customers.

use std::{future::Future, time::Duration};

use app::ports::{
    Claim, EnsuredLead, InboxOffice, JobClaims, JobLine, JobOffice, NewContact, NewInboxEntry, NewLead,
    Release, ReplayOutcome, Store, StoredCall, TenantSetup, Tenants, UnitOfWork,
};
use calls::{CallFacts, CallStage, CallType, ProviderCallIds};
use crm::{LeadFacts, LeadSource};
use idempotency::InboxState;
use kernel::{
    Calendar, CallId, CompanyId, ContactCardId, IdSource, InboxId, JobId, LeadId, PhoneNumber, Provider,
    Scope, ShunyaJobId, Timestamp,
};
use queue::{Backoff, ClaimedJob, JobKind, Lease, NewJob, Priority, Queue};
use serde_json::json;
use shunya_jobs::{JobState, ShunyaJob};
use tenancy::{Company, TenantKey};

use crate::{Database, TestIds};

const fn kind(name: &'static str, queue: Queue, priority: Priority) -> JobKind {
    let backoff = Backoff { base: Duration::from_secs(1), cap: Duration::from_secs(8) };
    JobKind { name, queue, max_attempts: 3, timeout: Duration::from_secs(5), backoff, priority }
}

/// A job most cases use.
pub(super) static WORK: JobKind = kind("test.do_work", Queue::Default, Priority::Normal);
/// More urgent, in the same queue.
pub(super) static URGENT: JobKind = kind("test.hurry_up", Queue::Default, Priority::High);
/// Less urgent, in the same queue.
pub(super) static SWEEP: JobKind = kind("test.sweep_up", Queue::Default, Priority::Low);
/// In another queue.
pub(super) static ELSEWHERE: JobKind = kind("test.work_elsewhere", Queue::Asr, Priority::Normal);

/// How long the claims of these cases hold.
pub(super) const LEASE_SECONDS: i64 = 60;

/// So many seconds after the time all cases begin.
pub(super) fn at(seconds: i64) -> Timestamp {
    Database::now() + chrono::Duration::seconds(seconds)
}

/// A company's id.
pub(super) fn company(id: &str) -> CompanyId {
    CompanyId::try_new(id).unwrap()
}

/// A telephone number, different for every `tail` below 10,000.
pub(super) fn phone(tail: u32) -> PhoneNumber {
    PhoneNumber::parse(&format!("+1602555{tail:04}")).unwrap()
}

/// Runs all at once and answers in order.
pub(super) async fn together<F>(tasks: impl IntoIterator<Item = F>) -> Vec<F::Output>
where
    F: Future,
{
    futures_util::future::join_all(tasks).await
}

/// A database and fresh ids.
pub(super) struct Bench<'a> {
    /// The database.
    pub(super) db: &'a Database,
    /// Fresh ids.
    pub(super) ids: TestIds,
}

impl<'a> Bench<'a> {
    pub(super) fn new(db: &'a Database) -> Self {
        Self { db, ids: TestIds::default() }
    }

    /// A tenant with nothing but a name.
    pub(super) fn setup(id: &str) -> TenantSetup {
        TenantSetup {
            company: Company {
                id: company(id),
                name: format!("Company {id}"),
                calendar: Calendar::UTC,
                tenant_key: TenantKey::try_new(format!("{id}-tenant-key-0000")).unwrap(),
            },
            tracking_numbers: Vec::new(),
            accounts: Vec::new(),
            credentials: Vec::new(),
            users: Vec::new(),
        }
    }

    /// Makes a tenant.
    pub(super) async fn tenant(&self, id: &str) -> Scope {
        self.db.system.set_up(&Self::setup(id), at(0)).await.unwrap();
        Scope::system(company(id), "test")
    }

    pub(super) async fn begin(&self, scope: &Scope) -> Box<dyn UnitOfWork> {
        self.db.store.begin(scope).await.unwrap()
    }

    // -- jobs --

    pub(super) fn job(&self, kind: &'static JobKind, key: Option<&str>, run_at: Timestamp) -> NewJob {
        let id = JobId::fresh(&self.ids);
        NewJob { id, kind, args: json!({ "v": 1, "n": 7 }), run_at, dedupe_key: key.map(str::to_owned) }
    }

    /// Adds a job in a unit of work of its own; `None` if one of its key is there.
    pub(super) async fn try_enqueue(&self, scope: &Scope, job: &NewJob) -> Option<JobId> {
        let mut unit = self.begin(scope).await;
        let added = unit.jobs().enqueue(job, None, at(0)).await.unwrap();
        unit.commit().await.unwrap();
        added.then_some(job.id)
    }

    /// Adds a job that is due at once and shares its key with none.
    pub(super) async fn enqueue(&self, scope: &Scope, kind: &'static JobKind) -> JobId {
        self.try_enqueue(scope, &self.job(kind, None, at(0))).await.unwrap()
    }

    /// Adds many of them in one unit of work.
    pub(super) async fn enqueue_many(
        &self,
        scope: &Scope,
        kind: &'static JobKind,
        count: usize,
    ) -> Vec<JobId> {
        let mut unit = self.begin(scope).await;
        let mut ids = Vec::with_capacity(count);
        for _ in 0..count {
            let job = self.job(kind, None, at(0));
            assert!(unit.jobs().enqueue(&job, None, at(0)).await.unwrap());
            ids.push(job.id);
        }
        unit.commit().await.unwrap();
        ids
    }

    pub(super) async fn claim(&self, queue: Queue, limit: i64, now: Timestamp) -> Vec<ClaimedJob> {
        let lease_until = now + chrono::Duration::seconds(LEASE_SECONDS);
        let claim = Claim { queue, limit, worker: "bench", token: self.ids.next(), now, lease_until };
        self.db.system.claim(&claim).await.unwrap()
    }

    /// Claims the only job that is due.
    pub(super) async fn claim_one(&self, now: Timestamp) -> ClaimedJob {
        let mut claimed = self.claim(Queue::Default, 10, now).await;
        assert_eq!(claimed.len(), 1, "{claimed:?}");
        claimed.remove(0)
    }

    /// Adds a job and claims it.
    pub(super) async fn held(&self, scope: &Scope) -> Lease {
        let id = self.enqueue(scope, &WORK).await;
        let claimed = self.claim_one(at(0)).await;
        assert_eq!(claimed.lease.job, id);
        claimed.lease
    }

    pub(super) async fn line(&self, job: JobId) -> JobLine {
        JobOffice::find(&self.db.system, job).await.unwrap().expect("the job is there")
    }

    /// Makes a job of a tenant ready again.
    pub(super) async fn retry(&self, scope: &Scope, job: JobId, now: Timestamp) -> ReplayOutcome {
        let mut unit = self.begin(scope).await;
        let outcome = unit.jobs().retry(job, now).await.unwrap();
        self.end(unit, outcome).await
    }

    /// Calls a job of a tenant off.
    pub(super) async fn cancel(&self, scope: &Scope, job: JobId, now: Timestamp) -> ReplayOutcome {
        let mut unit = self.begin(scope).await;
        let outcome = unit.jobs().cancel(job, now).await.unwrap();
        self.end(unit, outcome).await
    }

    async fn end(&self, unit: Box<dyn UnitOfWork>, outcome: ReplayOutcome) -> ReplayOutcome {
        // a job that could not be changed may have cost the transaction
        match outcome {
            ReplayOutcome::Changed => unit.commit().await.unwrap(),
            ReplayOutcome::NotNow(_) | ReplayOutcome::Unknown => unit.rollback().await.unwrap(),
        }
        outcome
    }

    /// Puts a job back so that it is in a state claims and units of work do not lead to by themselves.
    pub(super) async fn release(&self, lease: Lease, release: &Release) {
        assert!(self.db.system.release(lease, release, at(1)).await.unwrap());
    }

    // -- webhooks --

    pub(super) fn webhook(&self, key: &str, state: InboxState) -> NewInboxEntry {
        NewInboxEntry {
            id: InboxId::fresh(&self.ids),
            provider: Provider::Callrail,
            kind: "call.completed".to_owned(),
            event_key: key.to_owned(),
            match_key: None,
            state,
            reason: None,
            path: "/callrail/call.completed".to_owned(),
            query: "a=b".to_owned(),
            content_type: Some("application/json".to_owned()),
            proof: vec![("signature".to_owned(), "c2ln".to_owned())],
            body: vec![0, 1, 255, b'{'],
            trace: Some("00-trace".to_owned()),
            call: None,
            received_at: at(0),
        }
    }

    /// Stores a webhook of a tenant.
    pub(super) async fn received(&self, scope: &Scope, entry: &NewInboxEntry) -> InboxId {
        let mut unit = self.begin(scope).await;
        let id = unit.inbox().store(entry).await.unwrap().id;
        unit.commit().await.unwrap();
        id
    }

    /// The state and reason a webhook has now.
    pub(super) async fn inbox_state(&self, id: InboxId) -> (InboxState, Option<String>) {
        let entry =
            InboxOffice::find(&self.db.system, id).await.unwrap().expect("the webhook is there").entry;
        (entry.state, entry.reason)
    }

    // -- calls and customers --

    /// A call as it is before anything is known of it.
    pub(super) fn blank_call(primary: &str, legacy: Option<&str>) -> StoredCall {
        StoredCall {
            id: CallId(0),
            provider: Provider::Callrail,
            ids: ProviderCallIds { primary: primary.to_owned(), legacy: legacy.map(str::to_owned) },
            facts: CallFacts::default(),
            problems: Vec::new(),
            stage: CallStage::Ringing,
            call_type: Some(CallType::CsrCall),
            owner: None,
            contact: None,
            lead: None,
            lead_quality: None,
            booking_status: None,
            analyzed_at: None,
            created_at: at(0),
            received_at: at(0),
        }
    }

    /// Inserts a call.
    pub(super) async fn call(&self, scope: &Scope, primary: &str) -> StoredCall {
        self.insert_call(scope, Self::blank_call(primary, None)).await.expect("there is no such call yet")
    }

    /// Inserts this call, unless somebody else did.
    pub(super) async fn insert_call(&self, scope: &Scope, call: StoredCall) -> Option<StoredCall> {
        let mut unit = self.begin(scope).await;
        let id = unit.calls().insert(&call, at(0)).await.unwrap();
        unit.commit().await.unwrap();
        id.map(|id| StoredCall { id, ..call })
    }

    /// The contact card of a number.
    pub(super) async fn contact(&self, scope: &Scope, number: &PhoneNumber) -> ContactCardId {
        let id = ContactCardId::fresh(&self.ids);
        let contact = NewContact { id, phone: number, name: None, city: None, state: None };
        let mut unit = self.begin(scope).await;
        let contact = unit.crm().ensure_contact(&contact, at(0)).await.unwrap();
        unit.commit().await.unwrap();
        contact.id
    }

    /// A lead to be made if the contact has none to go on with.
    pub(super) fn new_lead(&self, contact: ContactCardId, contacted_at: Timestamp) -> NewLead {
        let facts = LeadFacts {
            source: Some(LeadSource::InboundCall),
            campaign: None,
            last_contacted_at: Some(contacted_at),
        };
        NewLead { id: LeadId::fresh(&self.ids), contact, facts }
    }

    /// The contact's lead.
    pub(super) async fn lead(&self, scope: &Scope, contact: ContactCardId) -> EnsuredLead {
        let mut unit = self.begin(scope).await;
        let lead = unit.crm().ensure_lead(&self.new_lead(contact, at(0)), at(0)).await.unwrap();
        unit.commit().await.unwrap();
        lead
    }

    /// A customer with a card, a lead and a call.
    pub(super) async fn customer(&self, scope: &Scope, tail: u32) -> (ContactCardId, LeadId, CallId) {
        let contact = self.contact(scope, &phone(tail)).await;
        let lead = self.lead(scope, contact).await.id;
        let call = self.call(scope, &format!("CAL{tail}")).await.id;
        (contact, lead, call)
    }

    /// A request to Shunya as it is before it is submitted.
    pub(super) fn request(&self, scope: &Scope, call: CallId, created_at: Timestamp) -> ShunyaJob {
        ShunyaJob {
            id: ShunyaJobId::fresh(&self.ids),
            company: scope.company.clone(),
            call,
            state: JobState::Pending,
            vendor_task_id: None,
            submissions: 0,
            submitted_at: None,
            created_at,
        }
    }

    /// Inserts a request for a call.
    pub(super) async fn requested(&self, scope: &Scope, call: CallId, input: &str) -> ShunyaJob {
        let job = self.request(scope, call, at(0));
        let mut unit = self.begin(scope).await;
        assert!(unit.analyses().insert_job(&job, input, at(0)).await.unwrap());
        unit.commit().await.unwrap();
        job
    }
}
