//! The console over a real store: what the views really hold, and two tenants in one database.

use std::sync::Arc;

use app::{
    Ports,
    jobs::KINDS,
    ports::{
        CrmRepository, NewAnalysis, NewContact, NewInboxEntry, NewLead, NewSignalRow, NewTaskRow, Recording,
        Store, StoredCall, TenantSetup, Tenants, UnitOfWork,
    },
    reads::Viewer,
};
use calls::{CallFacts, CallStage, CallType, Problem, ProviderCallIds, RecordingState};
use crm::{LeadFacts, LeadSource, NewSignal, NewTask, SignalSeverity, SignalType, TaskAssignee};
use idempotency::InboxState;
use kernel::{
    AnalysisId, Calendar, CallId, CompanyId, ContactCardId, IdSource, InboxId, JobId, KeySignalId, LeadId,
    PhoneNumber, Provider, RecordingId, Scope, ShunyaJobId, TaskId, Timestamp, TranscriptId,
};
use queue::NewJob;
use serde_json::json;
use shunya_jobs::{AnalysisRecord, JobState, Segment, ShunyaJob, Transcript, UnknownValue};
use tenancy::{Company, TenantKey};
use testkit::{Database, TestIds};

use crate::{
    browser::{Console, NOW},
    html, world,
};

/// What was put into the store.
struct Seeded {
    call: CallId,
    contact: ContactCardId,
    inbox: InboxId,
    job: JobId,
}

fn now() -> Timestamp {
    NOW.parse().expect("an instant")
}

async fn tenant(db: &Database, id: &CompanyId, name: &str) {
    let company = Company {
        id: id.clone(),
        name: name.to_owned(),
        calendar: Calendar::in_zone("America/Chicago").expect("a zone"),
        tenant_key: TenantKey::try_new(format!("{id}-key-000000000000")).expect("a key"),
    };
    let setup = TenantSetup {
        company,
        tracking_numbers: Vec::new(),
        accounts: Vec::new(),
        credentials: Vec::new(),
        users: Vec::new(),
    };
    db.system.set_up(&setup, now()).await.expect("the tenant is made");
}

fn analysis() -> AnalysisRecord {
    serde_json::from_value(json!({
        "summary": "A leak over the <kitchen>.",
        "sentiment_score": 0.25,
        "pending_actions": [{ "description": "Call back about the quote", "action_type": "call_back", "due_at": NOW }],
        "coaching_tips": ["Say the price early"],
    }))
    .expect("a record")
}

/// What is to be done and known about the customer.
async fn follow_up(
    crm: &mut dyn CrmRepository,
    ids: &TestIds,
    call: CallId,
    contact: ContactCardId,
    lead: LeadId,
) {
    let task = NewTask {
        description: "Call back about the <quote>".to_owned(),
        action_type: Some("call_back".to_owned()),
        due_at: Some(now()),
        priority: None,
        assigned_to: TaskAssignee::Csr,
        key: "call back".to_owned(),
    };
    let task =
        NewTaskRow { id: TaskId::fresh(ids), task: &task, contact: Some(contact), lead: Some(lead), call };
    assert!(crm.insert_task(&task, now()).await.expect("a task"));
    let signal = NewSignal {
        signal_type: SignalType::Opportunity,
        severity: SignalSeverity::High,
        title: "Wants gutters too".to_owned(),
        description: None,
        key: "gutters".to_owned(),
        metadata: json!({}),
    };
    let signal =
        NewSignalRow { id: KeySignalId::fresh(ids), signal: &signal, contact, lead: Some(lead), call };
    assert!(crm.insert_signal(&signal, now()).await.expect("a signal"));
}

fn webhook(id: InboxId, company: &CompanyId) -> NewInboxEntry {
    NewInboxEntry {
        id,
        provider: Provider::Callrail,
        kind: "call.completed".to_owned(),
        event_key: format!("key of {company}"),
        match_key: None,
        state: InboxState::Received,
        reason: None,
        path: "/callrail/call.completed".to_owned(),
        query: String::new(),
        content_type: Some("application/json".to_owned()),
        proof: vec![("signature".to_owned(), "c2VjcmV0".to_owned())],
        body: br#"{"resource_id":"CAL1"}"#.to_vec(),
        trace: None,
        call: None,
        received_at: now(),
    }
}

/// What was recorded, written down and made of the call.
async fn heard(unit: &mut dyn UnitOfWork, ids: &TestIds, company: &CompanyId, call: CallId) {
    let recording = Recording {
        id: RecordingId::fresh(ids),
        call,
        provider: Provider::Callrail,
        provider_recording_id: None,
        state: RecordingState::Stored,
        blob_key: Some(format!("tenants/{company}/recordings/2026/11/{call}/x.wav")),
        content_type: Some("audio/wav".to_owned()),
        size_bytes: Some(1),
        sha256: Some("0".repeat(64)),
        duration_seconds: Some(61),
        error: None,
    };
    unit.calls().save_recording(&recording, now()).await.expect("a recording");
    let request = ShunyaJob {
        id: ShunyaJobId::fresh(ids),
        company: company.clone(),
        call,
        state: JobState::Pending,
        vendor_task_id: None,
        submissions: 0,
        submitted_at: None,
        created_at: now(),
    };
    assert!(unit.analyses().insert_job(&request, "input", now()).await.expect("a request"));
    let segment = Segment {
        speaker: Some("customer_rep".to_owned()),
        text: "Hello?".to_owned(),
        start: Some(0.5),
        end: None,
    };
    let transcript =
        Transcript { text: "Hello?".to_owned(), segments: vec![segment], ..Transcript::default() };
    let id = TranscriptId::fresh(ids);
    assert!(
        unit.analyses()
            .insert_transcript(id, call, request.id, &transcript, now())
            .await
            .expect("a transcript")
    );
    let unknown = [UnknownValue { field: "appointment.type".to_owned(), value: "site_visit".to_owned() }];
    let analysis = NewAnalysis {
        id: AnalysisId::fresh(ids),
        call,
        job: request.id,
        fingerprint: "f",
        record: &analysis(),
        unknown: &unknown,
        payload: &json!({}),
        analyzed_at: now(),
    };
    assert!(unit.analyses().insert_analysis(&analysis, now()).await.expect("an analysis"));
}

/// A customer who called about a leak, with all that came of it.
async fn seed(db: &Database, ids: &TestIds, company: &CompanyId) -> Seeded {
    let scope = Scope::system(company.clone(), "test");
    let phone = PhoneNumber::parse("+16025550142").expect("a number");
    let mut unit = db.store.begin(&scope).await.expect("a unit of work");
    let contact = NewContact {
        id: ContactCardId::fresh(ids),
        phone: &phone,
        name: Some("Dana <b>Whitfield</b>"),
        city: Some("Phoenix"),
        state: Some("AZ"),
    };
    let contact = unit.crm().ensure_contact(&contact, now()).await.expect("a contact").id;
    let facts =
        LeadFacts { source: Some(LeadSource::InboundCall), campaign: None, last_contacted_at: Some(now()) };
    let lead = NewLead { id: LeadId::fresh(ids), contact, facts };
    let lead = unit.crm().ensure_lead(&lead, now()).await.expect("a lead").id;
    let mut stored = StoredCall {
        id: CallId(0),
        provider: Provider::Callrail,
        ids: ProviderCallIds { primary: "CAL1".to_owned(), legacy: None },
        facts: CallFacts::default(),
        problems: vec![Problem::new("duration", "negative_duration")],
        stage: CallStage::Analysed,
        call_type: Some(CallType::CsrCall),
        owner: None,
        contact: Some(contact),
        lead: Some(lead),
        lead_quality: Some("hot".to_owned()),
        booking_status: Some("booked".to_owned()),
        analyzed_at: Some(now()),
        created_at: now(),
        received_at: now(),
    };
    stored.id = unit.calls().insert(&stored, now()).await.expect("a call").expect("a new one");
    let call = stored.id;
    heard(unit.as_mut(), ids, company, call).await;
    follow_up(unit.crm(), ids, call, contact, lead).await;
    let webhook = webhook(InboxId::fresh(ids), company);
    let inbox = unit.inbox().store(&webhook).await.expect("a webhook").id;
    unit.inbox().settle(inbox, InboxState::Applied, None, Some(call), now()).await.expect("settled");
    let job = NewJob {
        id: JobId(ids.next()),
        kind: KINDS.first().expect("a kind"),
        args: json!({ "v": 1, "call": call }),
        run_at: now(),
        dedupe_key: None,
    };
    assert!(unit.jobs().enqueue(&job, None, now()).await.expect("a job"));
    unit.commit().await.expect("committed");
    Seeded { call, contact, inbox, job: job.id }
}

/// The console of one company over a store.
fn console(db: &Database, company: &CompanyId) -> Console {
    let quiet = Console::quiet();
    let system = Arc::new(db.system.clone());
    let ports = Ports {
        store: Arc::new(db.store.clone()),
        reads: Arc::new(db.store.clone()),
        tenants: system.clone(),
        inbox_office: system.clone(),
        job_office: system,
        ..quiet.ports.as_ref().clone()
    };
    let viewer = Viewer { company: company.clone(), ..world::viewer() };
    Console { ports: Arc::new(ports), viewer: Some(viewer), ..quiet }
}

#[actix_web::test]
async fn every_page_shows_what_the_store_holds() {
    let db = testkit::sqlite().await;
    let (ids, company) = (TestIds::default(), CompanyId::try_new("org_roof").unwrap());
    tenant(&db, &company, "Roof & Sons").await;
    let seeded = seed(&db, &ids, &company).await;
    let console = console(&db, &company);
    let call = seeded.call;
    for (path, texts) in [
        (
            "/console".to_owned(),
            vec!["Roof &amp; Sons", "America/Chicago", "Dana &lt;b&gt;Whitfield&lt;/b&gt;", "Analysed"],
        ),
        ("/console/calls?stage=analysed&booking=booked".to_owned(), vec!["(1 to look at)", "3:35"]),
        (
            format!("/console/calls/{call}"),
            vec![
                "A leak over the &lt;kitchen&gt;.",
                "Hello?",
                "Customer rep",
                "Call back about the quote",
                "due <time",
                "appointment.type",
                "Negative duration",
                "<audio",
                "Say the price early",
            ],
        ),
        (
            format!("/console/contacts/{}", seeded.contact),
            vec![
                "(602) 555-0142",
                "Phoenix, AZ",
                "Call back about the &lt;quote&gt;",
                "Wants gutters too",
                "from inbound call",
            ],
        ),
        ("/console/inbox?state=applied".to_owned(), vec!["call.completed", "CallRail"]),
        (format!("/console/inbox/{}", seeded.inbox), vec!["CAL1", "hidden, 8 characters", "Applied"]),
        ("/console/jobs?state=ready".to_owned(), vec!["recording.fetch", "call 1<"]),
    ] {
        let page = console.page(&path).await;
        html::check(&page);
        for text in texts {
            assert!(page.contains(text), "{path} does not say {text:?}: {page}");
        }
    }
    let jobs = console.page("/console/jobs").await;
    assert!(jobs.contains(&seeded.job.to_string()));
    let mut stream = console.get("/console/live").await;
    stream.piece().await.unwrap();
    let snapshot = stream.piece().await.unwrap();
    assert!(std::str::from_utf8(&snapshot).unwrap().starts_with("event: snapshot\ndata: {\"live-strip\""));
}

#[actix_web::test]
async fn another_company_finds_none_of_it() {
    let db = testkit::sqlite().await;
    let ids = TestIds::default();
    let (ours, theirs) = (CompanyId::try_new("org_ours").unwrap(), CompanyId::try_new("org_theirs").unwrap());
    tenant(&db, &ours, "Ours").await;
    tenant(&db, &theirs, "Theirs").await;
    let seeded = seed(&db, &ids, &theirs).await;
    let console = console(&db, &ours);
    for path in [
        format!("/console/calls/{}", seeded.call),
        format!("/console/contacts/{}", seeded.contact),
        format!("/console/inbox/{}", seeded.inbox),
    ] {
        assert_eq!(console.get(&path).await.status, actix_web::http::StatusCode::NOT_FOUND, "{path}");
    }
    for path in ["/console", "/console/calls", "/console/inbox", "/console/jobs"] {
        let page = console.page(path).await;
        html::check(&page);
        for theirs in ["Whitfield", "Theirs", "call.completed", &seeded.job.to_string(), "recording.fetch"] {
            assert!(!page.contains(theirs), "{path} says {theirs}");
        }
    }
}
