//! Calls and their recordings: [`CallRepository`](app::ports::CallRepository).

#![expect(missing_docs, reason = "the name of a case says what it is about")]

use app::ports::{Event, Recording, StoredCall};
use calls::{
    CallEvent, CallEventKind, CallFacts, CallStage, CallType, Direction, Problem, ProviderCallIds,
    RecordingRef, RecordingState, ReportedFacts,
};
use idempotency::InboxState;
use kernel::{CallId, EventId, Provider, RecordingId, Scope, StoreError, UserId};
use serde_json::json;

use super::bench::{Bench, WORK, at, phone, together};
use crate::Database;

fn ids(primary: &str, legacy: Option<&str>) -> ProviderCallIds {
    ProviderCallIds { primary: primary.to_owned(), legacy: legacy.map(str::to_owned) }
}

async fn find(bench: &Bench<'_>, scope: &Scope, ids: &ProviderCallIds) -> Option<StoredCall> {
    let mut unit = bench.begin(scope).await;
    let found = unit.calls().find_by_provider(Provider::Callrail, ids).await.unwrap();
    unit.rollback().await.unwrap();
    found
}

async fn reload(bench: &Bench<'_>, scope: &Scope, id: CallId) -> Option<StoredCall> {
    let mut unit = bench.begin(scope).await;
    let found = unit.calls().find(id).await.unwrap();
    unit.rollback().await.unwrap();
    found
}

/// Facts with something in every field.
fn all_facts() -> CallFacts {
    let mut facts = CallFacts::default();
    facts.absorb(&CallEvent {
        kind: CallEventKind::Completed,
        ids: ids("CAL1", None),
        digest: u64::MAX,
        facts: ReportedFacts {
            direction: Some(Direction::Outbound),
            answered: Some(true),
            voicemail: Some(false),
            phone: Some(phone(1)),
            tracking_number: Some(phone(2)),
            customer_name: Some("Zoë O'Brien \"Z\" \u{1F600}".to_owned()),
            customer_city: Some("Phoenix".to_owned()),
            customer_state: Some("AZ".to_owned()),
            source: Some("Google Ads".to_owned()),
            campaign: Some("Spring".to_owned()),
            csr_id: Some("user_1".to_owned()),
            started_at: Some(at(-100) + chrono::Duration::microseconds(123_456)),
            duration_seconds: Some(0),
            recording: Some(RecordingRef { id: "REC1".to_owned(), duration_seconds: Some(61) }),
        },
        problems: Vec::new(),
    });
    facts
}

pub async fn a_call_is_found_by_either_of_its_ids(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let call = Bench::blank_call("CAL1", Some("1001"));
    let id = bench.insert_call(&scope, call).await.unwrap().id;
    for names in [
        ids("CAL1", None),
        ids("CAL1", Some("1001")),
        ids("1001", None),
        ids("1001", Some("1001")),
        ids("CAL9", Some("1001")),
        ids("CAL1", Some("9009")),
    ] {
        assert_eq!(find(&bench, &scope, &names).await.map(|call| call.id), Some(id), "{names:?}");
    }
    for names in [ids("CAL2", None), ids("CAL2", Some("1002")), ids("CAL", None), ids("100", None)] {
        assert!(find(&bench, &scope, &names).await.is_none(), "{names:?}");
    }
}

pub async fn a_call_known_by_its_old_id_alone_is_found_by_both(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let old = Bench::blank_call("1001", Some("1001"));
    let old = bench.insert_call(&scope, old).await.unwrap();
    let found = find(&bench, &scope, &ids("CAL1", Some("1001"))).await.unwrap();
    assert_eq!(found.id, old.id);
    // it learns its new name and keeps the old one
    let learned = StoredCall { ids: ids("CAL1", Some("1001")), ..found };
    let mut unit = bench.begin(&scope).await;
    unit.calls().save(&learned, at(1)).await.unwrap();
    unit.commit().await.unwrap();
    for names in [ids("CAL1", None), ids("1001", None)] {
        assert_eq!(find(&bench, &scope, &names).await, Some(learned.clone()), "{names:?}");
    }
}

pub async fn of_two_calls_the_one_that_bears_the_name_itself_is_meant(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    // told apart at first: one by its old name alone, one by its new name alone
    let old = bench.insert_call(&scope, Bench::blank_call("1001", Some("1001"))).await.unwrap().id;
    let new = bench.insert_call(&scope, Bench::blank_call("CAL1", None)).await.unwrap().id;
    let meant = async |names| find(&bench, &scope, &names).await.map(|call| call.id);
    assert_eq!(meant(ids("CAL1", Some("1001"))).await, Some(new));
    assert_eq!(meant(ids("CAL1", None)).await, Some(new));
    assert_eq!(meant(ids("1001", Some("1001"))).await, Some(old));
}

pub async fn a_call_is_another_providers_or_tenants_only_by_its_own_name(db: &Database) {
    let bench = Bench::new(db);
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    let of_a = bench.call(&a, "CAL1").await;
    let of_b = bench.call(&b, "CAL1").await;
    let twilio = StoredCall { provider: Provider::Twilio, ..Bench::blank_call("CAL1", None) };
    let twilio = bench.insert_call(&a, twilio).await.unwrap();
    assert_eq!(find(&bench, &a, &ids("CAL1", None)).await.unwrap().id, of_a.id);
    assert_eq!(find(&bench, &b, &ids("CAL1", None)).await.unwrap().id, of_b.id);
    let mut unit = bench.begin(&a).await;
    let found = unit.calls().find_by_provider(Provider::Twilio, &ids("CAL1", None)).await.unwrap();
    assert_eq!(found.unwrap().id, twilio.id);
    unit.rollback().await.unwrap();
}

pub async fn every_field_survives_saving(db: &Database) {
    let bench = Bench::new(db);
    let mut setup = Bench::setup("org_a");
    setup.users = vec![(UserId::try_new("user_1").unwrap(), None, rbac::Role::Csr)];
    app::ports::Tenants::set_up(&db.system, &setup, at(0)).await.unwrap();
    let scope = bench.tenant("org_a").await;
    let contact = bench.contact(&scope, &phone(1)).await;
    let lead = bench.lead(&scope, contact).await.id;
    let full = StoredCall {
        id: CallId(0),
        provider: Provider::Callrail,
        ids: ids("CAL1", Some("1001")),
        facts: all_facts(),
        problems: vec![Problem::new("duration", "negative_duration"), Problem::new("id", "odd")],
        stage: CallStage::Analysed,
        call_type: Some(CallType::SalesCall),
        owner: Some(UserId::try_new("user_1").unwrap()),
        contact: Some(contact),
        lead: Some(lead),
        lead_quality: Some("hot".to_owned()),
        booking_status: Some("booked".to_owned()),
        analyzed_at: Some(at(500)),
        created_at: at(-100),
        received_at: at(3),
    };
    let inserted = bench.insert_call(&scope, full.clone()).await.unwrap();
    assert_eq!(reload(&bench, &scope, inserted.id).await, Some(inserted.clone()));
    // and back to nothing: what is unset is really unset
    let empty = StoredCall { id: inserted.id, received_at: at(3), ..Bench::blank_call("CAL1", None) };
    let empty = StoredCall { call_type: None, ..empty };
    let mut unit = bench.begin(&scope).await;
    unit.calls().save(&empty, at(600)).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(reload(&bench, &scope, inserted.id).await, Some(empty));
    let mut unit = bench.begin(&scope).await;
    unit.calls().save(&inserted, at(700)).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(reload(&bench, &scope, inserted.id).await, Some(inserted));
}

pub async fn every_stage_is_stored(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let call = bench.call(&scope, "CAL1").await;
    for stage in CallStage::ALL {
        let moved = StoredCall { stage, ..call.clone() };
        let mut unit = bench.begin(&scope).await;
        unit.calls().save(&moved, at(1)).await.unwrap();
        unit.commit().await.unwrap();
        assert_eq!(reload(&bench, &scope, call.id).await, Some(moved));
    }
}

pub async fn inserting_a_call_that_is_there_answers_none(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let known = bench.insert_call(&scope, Bench::blank_call("CAL1", Some("1001"))).await.unwrap();
    for (primary, legacy) in [("CAL1", None), ("CAL1", Some("1001")), ("CAL2", Some("1001"))] {
        let again = bench.insert_call(&scope, Bench::blank_call(primary, legacy)).await;
        assert!(again.is_none(), "{primary} {legacy:?}");
    }
    assert_eq!(reload(&bench, &scope, known.id).await, Some(known));
    assert_eq!(db.rows("calls").await, 1);
}

pub async fn a_call_added_meanwhile_makes_the_unit_one_to_be_done_again(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    bench.insert_call(&scope, Bench::blank_call("CAL1", Some("1001"))).await.unwrap();
    for (primary, legacy) in [("CAL1", None), ("CAL2", Some("1001"))] {
        let mut unit = bench.begin(&scope).await;
        let job = bench.job(&WORK, None, at(0));
        let outcome = async {
            unit.calls().insert_new(&Bench::blank_call(primary, legacy), at(0)).await?;
            unit.jobs().enqueue_quietly(&job, None, at(0)).await?;
            unit.commit().await
        };
        let error = outcome.await.expect_err("it is there");
        assert!(error.is_momentary(), "{error:?}");
    }
    assert_eq!((db.rows("calls").await, db.rows("jobs").await), (1, 0));

    let mut unit = bench.begin(&scope).await;
    let id = unit.calls().insert_new(&Bench::blank_call("CAL2", None), at(0)).await.unwrap();
    let there = unit.calls().find(id).await.unwrap().expect("whoever asks finds it");
    assert_eq!((there.id, there.ids.primary.as_str()), (id, "CAL2"));
    unit.commit().await.unwrap();
    assert_eq!(reload(&bench, &scope, id).await, Some(there));
}

pub async fn concurrent_first_events_of_a_call_make_one_row(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let inserting = (0..8).map(|_| async {
        let mut unit = bench.begin(&scope).await;
        let call = Bench::blank_call("CAL1", Some("1001"));
        let seen = unit.calls().find_by_provider(call.provider, &call.ids).await.unwrap();
        let id = match seen {
            Some(_) => None,
            None => unit.calls().insert(&call, at(0)).await.unwrap(),
        };
        // whoever came second sees the winner's row in the same unit
        let there = unit.calls().find_by_provider(call.provider, &call.ids).await.unwrap();
        unit.commit().await.unwrap();
        (id, there.expect("somebody has inserted it").id)
    });
    let ends = together(inserting).await;
    let made: Vec<_> = ends.iter().filter_map(|(made, _)| *made).collect();
    let [made] = made.as_slice() else { panic!("one of them makes it: {ends:?}") };
    assert!(ends.iter().all(|(_, there)| there == made));
    assert_eq!(db.rows("calls").await, 1);
}

pub async fn call_numbers_grow_and_are_unique_over_all_tenants(db: &Database) {
    let bench = Bench::new(db);
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    let mut numbers = Vec::new();
    for round in 0..5 {
        for scope in [&a, &b] {
            numbers.push(bench.call(scope, &format!("CAL{round}")).await.id);
        }
    }
    assert!(numbers.is_sorted_by(|left, right| left < right), "{numbers:?}");
    assert!(numbers.iter().all(|number| number.0 > 0));
}

pub async fn a_call_is_invisible_to_other_tenants(db: &Database) {
    let bench = Bench::new(db);
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    let call = bench.call(&a, "CAL1").await;
    let kept = recording(&bench, call.id);
    let mut unit = bench.begin(&a).await;
    unit.calls().save_recording(&kept, at(0)).await.unwrap();
    unit.commit().await.unwrap();
    let mut unit = bench.begin(&b).await;
    assert!(unit.calls().find(call.id).await.unwrap().is_none());
    assert!(unit.calls().find_by_provider(call.provider, &call.ids).await.unwrap().is_none());
    assert!(unit.calls().recording(call.id).await.unwrap().is_none());
    let stolen = StoredCall { stage: CallStage::Failed, ..call.clone() };
    unit.calls().save(&stolen, at(9)).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(reload(&bench, &a, call.id).await, Some(call));
}

fn recording(bench: &Bench<'_>, call: CallId) -> Recording {
    Recording {
        id: RecordingId::fresh(&bench.ids),
        call,
        provider: Provider::Callrail,
        provider_recording_id: Some("REC1".to_owned()),
        state: RecordingState::Pending,
        blob_key: None,
        content_type: None,
        size_bytes: None,
        sha256: None,
        duration_seconds: Some(61),
        error: None,
    }
}

pub async fn a_call_has_one_recording_which_is_written_back(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let call = bench.call(&scope, "CAL1").await.id;
    let mut kept = recording(&bench, call);
    let mut unit = bench.begin(&scope).await;
    assert!(unit.calls().recording(call).await.unwrap().is_none());
    unit.calls().save_recording(&kept, at(1)).await.unwrap();
    assert_eq!(unit.calls().recording(call).await.unwrap(), Some(kept.clone()));
    for state in
        [RecordingState::Stored, RecordingState::Failed, RecordingState::Absent, RecordingState::Pending]
    {
        kept = Recording {
            state,
            provider_recording_id: None,
            blob_key: Some("tenants/org_a/x.wav".to_owned()),
            content_type: Some("audio/wav".to_owned()),
            size_bytes: Some(5_000_000_000),
            sha256: Some("ab".repeat(32)),
            duration_seconds: None,
            error: Some("gone".to_owned()),
            ..kept
        };
        unit.calls().save_recording(&kept, at(2)).await.unwrap();
        assert_eq!(unit.calls().recording(call).await.unwrap(), Some(kept.clone()), "{state:?}");
    }
    let blank = Recording { blob_key: None, content_type: None, size_bytes: None, sha256: None, ..kept };
    let blank = Recording { error: None, ..blank };
    unit.calls().save_recording(&blank, at(3)).await.unwrap();
    unit.commit().await.unwrap();
    let mut unit = bench.begin(&scope).await;
    assert_eq!(unit.calls().recording(call).await.unwrap(), Some(blank));
    unit.rollback().await.unwrap();
    assert_eq!(db.rows("recordings").await, 1);
}

pub async fn two_calls_become_one_with_all_that_is_about_them(db: &Database) {
    let bench = Bench::new(db);
    let (scope, other) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    let (kept, gone) = (bench.call(&scope, "CAL1").await.id, bench.call(&scope, "1001").await.id);
    let mut unit = bench.begin(&scope).await;
    for call in [kept, gone] {
        unit.calls().save_recording(&recording(&bench, call), at(1)).await.unwrap();
    }
    let webhook = bench.webhook("key", InboxState::Applied);
    unit.inbox().store(&webhook).await.unwrap();
    unit.inbox().settle(webhook.id, InboxState::Applied, None, Some(gone), at(1)).await.unwrap();
    let event = |name: &'static str, call: CallId| Event {
        id: EventId::fresh(&bench.ids),
        event: name.into(),
        key: format!("{name}:call:{call}"),
        lead: None,
        user: None,
        call: Some(call),
        data: json!({}),
        at: at(1),
    };
    let told = vec![event("call.incoming", gone), event("call.missed", gone), event("call.missed", kept)];
    unit.events().append(told, None).await.unwrap();
    unit.commit().await.unwrap();
    db.run(&format!(
        "INSERT INTO call_outcomes (call_id, company_id, cancelled, bought, still_deciding, has_discrepancies, updated_at) \
         SELECT {gone}, company_id, missed, missed, missed, missed, updated_at FROM calls WHERE id = {gone}"
    ))
    .await;

    let keys: Vec<_> = ["call.incoming", "call.missed", "call.completed"]
        .map(|name| (format!("{name}:call:{gone}"), format!("{name}:call:{kept}")))
        .into();
    // nothing of another tenant's is touched
    let mut unit = bench.begin(&other).await;
    unit.calls().unite(kept, gone, &keys).await.unwrap();
    unit.commit().await.unwrap();
    assert!(reload(&bench, &scope, gone).await.is_some());

    let mut unit = bench.begin(&scope).await;
    unit.calls().unite(kept, gone, &keys).await.unwrap();
    assert!(unit.calls().find(gone).await.unwrap().is_none());
    unit.commit().await.unwrap();
    let about = |table: &str| format!("SELECT CAST(call_id AS text) FROM {table}");
    for table in ["recordings", "webhook_inbox", "call_outcomes"] {
        assert_eq!(db.texts(&about(table)).await, [kept.to_string()], "{table}");
    }
    let told = db.texts("SELECT event_key || ' ' || call_id FROM events ORDER BY 1").await;
    let wanted = ["call.incoming", "call.missed"].map(|name| format!("{name}:call:{kept} {kept}"));
    assert_eq!(told, wanted);
}

pub async fn a_name_that_is_anothers_is_refused(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    bench.call(&scope, "CAL1").await;
    let other = bench.call(&scope, "CAL2").await;
    let renamed = StoredCall { ids: ids("CAL1", None), ..other };
    let mut unit = bench.begin(&scope).await;
    let error = unit.calls().save(&renamed, at(1)).await.expect_err("the name is taken");
    assert!(matches!(error, StoreError::AlreadyExists { table: "calls" }), "{error}");
    unit.rollback().await.unwrap();
}
