//! What the cases look at.

use app::{
    ports::{
        NewAnalysis, NewAppointment, NewContact, NewSignalRow, NewTaskRow, Recording, StoredCall, Tenants,
    },
    reads::Viewer,
};
use calls::{
    CallEvent, CallEventKind, CallFacts, CallStage, CallType, Direction, ProviderCallIds, RecordingState,
    ReportedFacts,
};
use crm::{NewSignal, NewTask, SignalSeverity, SignalType, TaskAssignee};
use kernel::{
    AnalysisId, AppointmentId, CallId, ContactCardId, IdSource, KeySignalId, LeadId, PhoneNumber, Provider,
    RecordingId, Scope, TaskId, Timestamp, TranscriptId, UserId,
};
use rbac::{Grant, Role};
use serde_json::json;
use shunya_jobs::{AnalysisRecord, BookingStatus, LeadQuality, Objection, Transcript};

use crate::{
    Database,
    contract::bench::{Bench, at, company, phone},
};

/// An instant, written out.
pub(super) fn instant(text: &str) -> Timestamp {
    text.parse().expect("an RFC 3339 instant")
}

/// A user's id.
pub(super) fn user(id: &str) -> UserId {
    UserId::try_new(id).unwrap()
}

/// An analysis with these verdicts and objections.
pub(super) fn verdict(
    quality: Option<LeadQuality>,
    booking: Option<BookingStatus>,
    objections: &[&str],
) -> AnalysisRecord {
    let objection = |text: &&str| Objection { text: Some((*text).to_owned()), ..Objection::default() };
    AnalysisRecord {
        lead_quality: quality,
        booking_status: booking,
        objections: objections.iter().map(objection).collect(),
        ..AnalysisRecord::default()
    }
}

/// A call to be made.
pub(super) struct NewCall {
    pub(super) at: Timestamp,
    pub(super) kind: CallEventKind,
    pub(super) call_type: CallType,
    pub(super) direction: Direction,
    pub(super) phone: Option<PhoneNumber>,
    pub(super) name: Option<&'static str>,
    pub(super) owner: Option<&'static str>,
    pub(super) rep: Option<&'static str>,
    pub(super) contact: Option<ContactCardId>,
    pub(super) lead: Option<LeadId>,
    pub(super) stage: CallStage,
}

impl Default for NewCall {
    fn default() -> Self {
        Self {
            at: at(0),
            kind: CallEventKind::Completed,
            call_type: CallType::CsrCall,
            direction: Direction::Inbound,
            phone: None,
            name: None,
            owner: None,
            rep: None,
            contact: None,
            lead: None,
            stage: CallStage::NoRecording,
        }
    }
}

/// One tenant with what is put into it.
pub(super) struct Seed<'a> {
    pub(super) bench: Bench<'a>,
    pub(super) scope: Scope,
}

impl<'a> Seed<'a> {
    /// A tenant with nothing but these people.
    pub(super) async fn with_people(db: &'a Database, id: &str, people: &[(&str, &str, Role)]) -> Self {
        let mut setup = Bench::setup(id);
        let person = |(id, name, role): &(&str, &str, Role)| (user(id), Some((*name).to_owned()), *role);
        setup.users = people.iter().map(person).collect();
        db.system.set_up(&setup, at(0)).await.unwrap();
        Self { bench: Bench::new(db), scope: Scope::system(company(id), "test") }
    }

    /// A tenant with nothing at all.
    pub(super) async fn tenant(db: &'a Database, id: &str) -> Self {
        Self::with_people(db, id, &[]).await
    }

    /// What no port writes yet: what people will enter.
    pub(super) async fn sql(&self, statements: &str) {
        self.bench.db.run(statements).await;
    }

    /// An id as written in a statement.
    pub(super) fn id(&self, id: uuid::Uuid) -> String {
        self.bench.db.id(id)
    }

    /// An instant as written in a statement.
    pub(super) fn at(&self, at: Timestamp) -> String {
        if self.bench.db.is_postgres() {
            format!("'{}'", kernel::rfc3339(at))
        } else {
            at.timestamp_micros().to_string()
        }
    }

    // -- who looks --

    fn viewer(&self, id: &str, role: Role, reach: Grant) -> Viewer {
        Viewer { company: self.scope.company.clone(), user: user(id), role, reach }
    }

    /// Sees everything.
    pub(super) fn manager(&self) -> Viewer {
        self.viewer("boss", Role::Manager, Grant::Company)
    }

    /// Sees everything but other people's tasks.
    pub(super) fn csr(&self, id: &str, reach: Grant) -> Viewer {
        self.viewer(id, Role::Csr, reach)
    }

    /// Sees their own.
    pub(super) fn rep(&self, id: &str) -> Viewer {
        self.viewer(id, Role::SalesRep, Grant::Own)
    }

    // -- customers --

    /// A customer with this number's tail.
    pub(super) async fn contact(&self, tail: u32) -> ContactCardId {
        self.named_contact(tail, None).await
    }

    pub(super) async fn named_contact(&self, tail: u32, name: Option<&str>) -> ContactCardId {
        let id = ContactCardId::fresh(&self.bench.ids);
        let number = phone(tail);
        let contact = NewContact { id, phone: &number, name, city: None, state: None };
        let mut unit = self.bench.begin(&self.scope).await;
        let contact = unit.crm().ensure_contact(&contact, at(0)).await.unwrap();
        unit.commit().await.unwrap();
        contact.id
    }

    /// A new customer's lead, made at that time.
    pub(super) async fn lead(&self, tail: u32, made_at: Timestamp) -> (ContactCardId, LeadId) {
        let contact = self.contact(tail).await;
        (contact, self.lead_of(contact, made_at).await)
    }

    /// The customer's lead, made at that time if there is none to go on with.
    pub(super) async fn lead_of(&self, contact: ContactCardId, made_at: Timestamp) -> LeadId {
        let mut unit = self.bench.begin(&self.scope).await;
        let lead = self.bench.new_lead(contact, made_at);
        let lead = unit.crm().ensure_lead(&lead, made_at).await.unwrap();
        unit.commit().await.unwrap();
        lead.id
    }

    /// Changes a lead as people will.
    pub(super) async fn set_lead(&self, lead: LeadId, values: &str) {
        self.sql(&format!("UPDATE leads SET {values} WHERE id = {}", self.id(lead.0))).await;
    }

    /// Changes a contact card as people will.
    pub(super) async fn set_contact(&self, contact: ContactCardId, values: &str) {
        self.sql(&format!("UPDATE contact_cards SET {values} WHERE id = {}", self.id(contact.0))).await;
    }

    // -- calls --

    pub(super) async fn call(&self, new: NewCall) -> CallId {
        let mut facts = CallFacts::default();
        let ids = ProviderCallIds { primary: self.bench.ids.next().to_string(), legacy: None };
        facts.absorb(&CallEvent {
            kind: new.kind,
            ids: ids.clone(),
            digest: 1,
            facts: ReportedFacts {
                direction: Some(new.direction),
                phone: new.phone,
                customer_name: new.name.map(str::to_owned),
                duration_seconds: Some(61),
                ..ReportedFacts::default()
            },
            problems: Vec::new(),
        });
        let call = StoredCall {
            ids,
            facts,
            stage: new.stage,
            call_type: Some(new.call_type),
            owner: new.owner.map(user),
            contact: new.contact,
            lead: new.lead,
            created_at: new.at,
            ..Bench::blank_call("", None)
        };
        let id = self.bench.insert_call(&self.scope, call).await.unwrap().id;
        if let Some(rep) = new.rep {
            self.sql(&format!("UPDATE calls SET assigned_rep_id = '{rep}' WHERE id = {id}")).await;
        }
        id
    }

    /// Stores an analysis of a call, as a result of Shunya's is.
    pub(super) async fn analysed(
        &self,
        call: CallId,
        record: &AnalysisRecord,
        analyzed_at: Timestamp,
    ) -> AnalysisId {
        let id = AnalysisId::fresh(&self.bench.ids);
        let job = self.bench.requested(&self.scope, call, &id.to_string()).await;
        let payload = json!({});
        let analysis = NewAnalysis {
            id,
            call,
            job: job.id,
            fingerprint: "f",
            record,
            unknown: &[],
            payload: &payload,
            analyzed_at,
        };
        let mut unit = self.bench.begin(&self.scope).await;
        assert!(unit.analyses().insert_analysis(&analysis, at(0)).await.unwrap());
        let mut stored = unit.calls().find(call).await.unwrap().expect("the call is there");
        if stored.analyzed_at.is_none_or(|last| analyzed_at >= last) {
            stored.lead_quality = record.lead_quality.map(|quality| quality.as_str().to_owned());
            stored.booking_status = record.booking_status.map(|status| status.as_str().to_owned());
            stored.analyzed_at = Some(analyzed_at);
        }
        stored.stage = CallStage::Analysed;
        unit.calls().save(&stored, at(0)).await.unwrap();
        unit.commit().await.unwrap();
        id
    }

    /// A call that was analysed when it began.
    pub(super) async fn judged(&self, new: NewCall, record: &AnalysisRecord) -> CallId {
        let began = new.at;
        let call = self.call(new).await;
        self.analysed(call, record, began).await;
        call
    }

    pub(super) async fn transcript(&self, call: CallId, transcript: &Transcript, stored_at: Timestamp) {
        let id = TranscriptId::fresh(&self.bench.ids);
        let job = self.bench.requested(&self.scope, call, &id.to_string()).await;
        let mut unit = self.bench.begin(&self.scope).await;
        assert!(unit.analyses().insert_transcript(id, call, job.id, transcript, stored_at).await.unwrap());
        unit.commit().await.unwrap();
    }

    pub(super) async fn recording(&self, call: CallId, state: RecordingState) {
        let recording = Recording {
            id: RecordingId::fresh(&self.bench.ids),
            call,
            provider: Provider::Callrail,
            provider_recording_id: None,
            state,
            blob_key: Some(format!("tenants/{}/recordings/{call}.mp3", self.scope.company)),
            content_type: None,
            size_bytes: None,
            sha256: None,
            duration_seconds: None,
            error: None,
        };
        let mut unit = self.bench.begin(&self.scope).await;
        unit.calls().save_recording(&recording, at(0)).await.unwrap();
        unit.commit().await.unwrap();
    }

    // -- what calls lead to --

    pub(super) async fn appointment(
        &self,
        contact: ContactCardId,
        lead: LeadId,
        start: Timestamp,
    ) -> AppointmentId {
        let id = AppointmentId::fresh(&self.bench.ids);
        let call = self.bench.ids.next().as_u128() & 0xffff_ffff;
        let appointment = NewAppointment {
            id,
            lead,
            contact,
            // a number of no call: none is looked up
            call: CallId(i64::try_from(call).unwrap()),
            start,
            appointment_type: None,
            location: None,
            service_type: None,
        };
        let mut unit = self.bench.begin(&self.scope).await;
        assert!(unit.crm().insert_appointment(&appointment, at(0)).await.unwrap());
        unit.commit().await.unwrap();
        id
    }

    pub(super) async fn set_appointment(&self, id: AppointmentId, values: &str) {
        self.sql(&format!("UPDATE appointments SET {values} WHERE id = {}", self.id(id.0))).await;
    }

    /// A task of all CSRs, made now.
    pub(super) async fn task(
        &self,
        contact: Option<ContactCardId>,
        lead: Option<LeadId>,
        due_at: Option<Timestamp>,
    ) -> TaskId {
        self.task_made(contact, lead, due_at, at(0)).await
    }

    pub(super) async fn task_made(
        &self,
        contact: Option<ContactCardId>,
        lead: Option<LeadId>,
        due_at: Option<Timestamp>,
        made_at: Timestamp,
    ) -> TaskId {
        let id = TaskId::fresh(&self.bench.ids);
        let task = NewTask {
            description: format!("Do {id}"),
            action_type: Some("call_back".to_owned()),
            due_at,
            priority: None,
            assigned_to: TaskAssignee::Csr,
            key: id.to_string(),
        };
        let call = CallId(i64::try_from(id.0.as_u128() & 0xffff_ffff).unwrap());
        let mut unit = self.bench.begin(&self.scope).await;
        let row = NewTaskRow { id, task: &task, contact, lead, call };
        assert!(unit.crm().insert_task(&row, made_at).await.unwrap());
        unit.commit().await.unwrap();
        id
    }

    /// Changes a task as people will.
    pub(super) async fn set_task(&self, id: TaskId, values: &str) {
        self.sql(&format!("UPDATE tasks SET {values} WHERE id = {}", self.id(id.0))).await;
    }

    pub(super) async fn signal(
        &self,
        contact: ContactCardId,
        severity: SignalSeverity,
        made_at: Timestamp,
    ) -> KeySignalId {
        let id = KeySignalId::fresh(&self.bench.ids);
        let signal = NewSignal {
            signal_type: SignalType::Risk,
            severity,
            title: format!("Know {id}"),
            description: None,
            key: id.to_string(),
            metadata: json!({}),
        };
        let call = CallId(i64::try_from(id.0.as_u128() & 0xffff_ffff).unwrap());
        let mut unit = self.bench.begin(&self.scope).await;
        let row = NewSignalRow { id, signal: &signal, contact, lead: None, call };
        assert!(unit.crm().insert_signal(&row, made_at).await.unwrap());
        unit.commit().await.unwrap();
        id
    }

    pub(super) async fn set_signal(&self, id: KeySignalId, values: &str) {
        self.sql(&format!("UPDATE key_signals SET {values} WHERE id = {}", self.id(id.0))).await;
    }
}
