//! Requests to Shunya and what came of them: [`AnalysisRepository`](app::ports::AnalysisRepository).

#![expect(missing_docs, reason = "the name of a case says what it is about")]

use app::ports::{NewAnalysis, Tenants};
use kernel::{AnalysisId, CallId, Scope, ShunyaJobId, TranscriptId};
use serde_json::json;
use shunya_jobs::{
    Again, AnalysisRecord, BookingStatus, Failure, JobState, LeadQuality, Objection, Severity, ShunyaJob,
    Transcript, UnknownValue,
};

use super::bench::{Bench, at, company, together};
use crate::Database;

async fn job(bench: &Bench<'_>, scope: &Scope, id: ShunyaJobId) -> Option<ShunyaJob> {
    let mut unit = bench.begin(scope).await;
    let found = unit.analyses().find_job(id).await.unwrap();
    unit.rollback().await.unwrap();
    found
}

async fn matched(
    bench: &Bench<'_>,
    scope: &Scope,
    tasks: &[&str],
    call: Option<CallId>,
) -> Option<ShunyaJobId> {
    let tasks: Vec<_> = tasks.iter().map(|task| (*task).to_owned()).collect();
    let mut unit = bench.begin(scope).await;
    let found = unit.analyses().match_job(&tasks, call).await.unwrap();
    unit.rollback().await.unwrap();
    found.map(|found| found.job.id)
}

async fn submitted(bench: &Bench<'_>, scope: &Scope, id: ShunyaJobId, task: Option<&str>) {
    let mut unit = bench.begin(scope).await;
    unit.analyses().mark_submitted(id, task, at(5)).await.unwrap();
    unit.commit().await.unwrap();
}

pub async fn a_request_remembers_the_trace_it_was_last_made_in(db: &Database) {
    let bench = Bench::new(db);
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    let call = bench.call(&a, "CAL1").await.id;
    let request = bench.requested(&a, call, "sha-1").await.id;
    let mut unit = bench.begin(&a).await;
    assert_eq!(unit.analyses().trace_of(request).await.unwrap(), None);
    for trace in ["00-first", "00-second"] {
        unit.analyses().set_trace(request, trace).await.unwrap();
        assert_eq!(unit.analyses().trace_of(request).await.unwrap().as_deref(), Some(trace));
    }
    unit.commit().await.unwrap();
    let mut unit = bench.begin(&b).await;
    unit.analyses().set_trace(request, "00-others").await.unwrap();
    assert_eq!(unit.analyses().trace_of(request).await.unwrap(), None);
    unit.commit().await.unwrap();
    let mut unit = bench.begin(&a).await;
    assert_eq!(unit.analyses().trace_of(request).await.unwrap().as_deref(), Some("00-second"));
    unit.rollback().await.unwrap();
}

pub async fn a_call_is_requested_once_for_one_recording(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let (one, two) = (bench.call(&scope, "CAL1").await.id, bench.call(&scope, "CAL2").await.id);
    let first = bench.requested(&scope, one, "sha-1").await;
    assert_eq!(job(&bench, &scope, first.id).await, Some(first.clone()));
    let mut unit = bench.begin(&scope).await;
    let again = bench.request(&scope, one, at(9));
    assert!(!unit.analyses().insert_job(&again, "sha-1", at(9)).await.unwrap());
    assert!(unit.analyses().find_job(again.id).await.unwrap().is_none());
    // another recording or another call is another request
    let other = bench.request(&scope, one, at(9));
    assert!(unit.analyses().insert_job(&other, "sha-2", at(9)).await.unwrap());
    let other = bench.request(&scope, two, at(9));
    assert!(unit.analyses().insert_job(&other, "sha-1", at(9)).await.unwrap());
    unit.commit().await.unwrap();
    assert_eq!(db.rows("shunya_jobs").await, 3);
}

pub async fn concurrent_requests_for_one_recording_make_one(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let call = bench.call(&scope, "CAL1").await.id;
    let requesting = (0..6).map(|_| async {
        let mut unit = bench.begin(&scope).await;
        let job = bench.request(&scope, call, at(0));
        let added = unit.analyses().insert_job(&job, "sha-1", at(0)).await.unwrap();
        unit.commit().await.unwrap();
        added
    });
    assert_eq!(together(requesting).await.into_iter().filter(|added| *added).count(), 1);
}

pub async fn a_submission_is_recorded_and_counted(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let call = bench.call(&scope, "CAL1").await.id;
    let request = bench.requested(&scope, call, "sha-1").await;
    submitted(&bench, &scope, request.id, Some("task-1")).await;
    let expected = ShunyaJob {
        state: JobState::Running,
        vendor_task_id: Some("task-1".to_owned()),
        submissions: 1,
        submitted_at: Some(at(5)),
        ..request
    };
    assert_eq!(job(&bench, &scope, expected.id).await, Some(expected.clone()));
    submitted(&bench, &scope, expected.id, Some("task-2")).await;
    let again = ShunyaJob { vendor_task_id: Some("task-2".to_owned()), submissions: 2, ..expected };
    assert_eq!(job(&bench, &scope, again.id).await, Some(again));
}

pub async fn an_event_is_matched_by_the_vendors_id_first_then_by_the_call(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let (one, two) = (bench.call(&scope, "CAL1").await.id, bench.call(&scope, "CAL2").await.id);
    let old = bench.requested(&scope, one, "sha-1").await.id;
    let newer = bench.request(&scope, one, at(60));
    let mut unit = bench.begin(&scope).await;
    assert!(unit.analyses().insert_job(&newer, "sha-2", at(60)).await.unwrap());
    unit.commit().await.unwrap();
    let other = bench.requested(&scope, two, "sha-3").await.id;
    submitted(&bench, &scope, old, Some("task-old")).await;

    assert_eq!(matched(&bench, &scope, &["task-old"], None).await, Some(old));
    assert_eq!(matched(&bench, &scope, &["nobody", "task-old"], Some(two)).await, Some(old));
    assert_eq!(matched(&bench, &scope, &["nobody"], Some(one)).await, Some(newer.id), "the newest");
    assert_eq!(matched(&bench, &scope, &[], Some(two)).await, Some(other));
    assert_eq!(matched(&bench, &scope, &["nobody"], None).await, None);
    assert_eq!(matched(&bench, &scope, &[], None).await, None);
    assert_eq!(matched(&bench, &scope, &[], Some(CallId(9_999))).await, None);
}

pub async fn a_request_is_settled_with_its_result_or_its_failure(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let call = bench.call(&scope, "CAL1").await.id;
    let failure = Failure { code: "ANALYSIS_FAILED".to_owned(), message: Some("no speech".to_owned()) };
    let ends = [
        (JobState::Succeeded, Some(("print-1", "webhook")), None),
        (JobState::Failed, None, Some(&failure)),
        (JobState::TimedOut, None, Some(&failure)),
    ];
    for (number, (state, result, failure)) in ends.into_iter().enumerate() {
        let request = bench.requested(&scope, call, &format!("sha-{number}")).await;
        let mut unit = bench.begin(&scope).await;
        unit.analyses().settle_job(request.id, state, result, failure, at(9)).await.unwrap();
        unit.commit().await.unwrap();
        let found = job(&bench, &scope, request.id).await.unwrap();
        assert_eq!(found.state, state);
        let stored = format!(
            "SELECT count(*) FROM shunya_jobs WHERE id = {} AND settled_at IS NOT NULL \
             AND coalesce(result_fingerprint, '-') = '{}' AND coalesce(result_via, '-') = '{}' \
             AND coalesce(error_code, '-') = '{}' AND coalesce(error_message, '-') = '{}'",
            db.id(request.id.0),
            result.map_or("-", |(print, _)| print),
            result.map_or("-", |(_, via)| via),
            failure.map_or("-", |failure| failure.code.as_str()),
            failure.map_or("-", |_| "no speech"),
        );
        assert_eq!(db.number(&stored).await, 1, "{state:?}");
    }
}

pub async fn a_request_opened_again_is_written_back(db: &Database) {
    let bench = Bench::new(db);
    let (scope, other) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    let call = bench.call(&scope, "CAL1").await.id;
    let failure = Failure { code: "refused".to_owned(), message: Some("too quiet".to_owned()) };
    for (number, how) in [Again::Submit, Again::Look].into_iter().enumerate() {
        let request = bench.requested(&scope, call, &format!("sha-{number}")).await;
        let mut unit = bench.begin(&scope).await;
        let task = format!("task-{number}");
        unit.analyses().mark_submitted(request.id, Some(&task), at(1)).await.unwrap();
        unit.analyses().settle_job(request.id, JobState::Failed, None, Some(&failure), at(2)).await.unwrap();
        unit.commit().await.unwrap();
        let failed = job(&bench, &scope, request.id).await.unwrap();
        let opened = failed.open_again(how, at(900)).unwrap();
        // another tenant's is not theirs to open
        let mut unit = bench.begin(&other).await;
        unit.analyses().reopen_job(&opened, at(900)).await.unwrap();
        unit.commit().await.unwrap();
        assert_eq!(job(&bench, &scope, request.id).await.unwrap(), failed);
        let mut unit = bench.begin(&scope).await;
        unit.analyses().reopen_job(&opened, at(900)).await.unwrap();
        unit.commit().await.unwrap();
        assert_eq!(job(&bench, &scope, request.id).await.unwrap(), opened);
        let forgotten = format!(
            "SELECT count(*) FROM shunya_jobs WHERE id = {} AND settled_at IS NULL AND error_code IS NULL \
             AND error_message IS NULL",
            db.id(request.id.0)
        );
        assert_eq!(db.number(&forgotten).await, 1, "{how:?}");
    }
}

fn transcript() -> Transcript {
    Transcript {
        text: "Hello, this is Otto.".to_owned(),
        language: Some("en".to_owned()),
        ..Transcript::default()
    }
}

pub async fn a_request_has_one_transcript(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let call = bench.call(&scope, "CAL1").await.id;
    let first = bench.requested(&scope, call, "sha-1").await.id;
    let second = bench.requested(&scope, call, "sha-2").await.id;
    let mut unit = bench.begin(&scope).await;
    let mut insert = async |job| {
        let id = TranscriptId::fresh(&bench.ids);
        unit.analyses().insert_transcript(id, call, job, &transcript(), at(1)).await.unwrap()
    };
    assert!(insert(first).await);
    assert!(!insert(first).await);
    assert!(insert(second).await, "a second request has its own");
    assert!(unit.analyses().has_transcript(first).await.unwrap());
    assert!(!unit.analyses().has_transcript(ShunyaJobId::fresh(&bench.ids)).await.unwrap());
    unit.commit().await.unwrap();
    assert_eq!(db.rows("call_transcripts").await, 2);
}

fn objection(text: Option<&str>) -> Objection {
    Objection {
        text: text.map(str::to_owned),
        severity: Some(Severity::High),
        overcome: Some(false),
        ..Objection::default()
    }
}

fn record() -> AnalysisRecord {
    AnalysisRecord {
        summary: Some("They booked.".to_owned()),
        lead_quality: Some(LeadQuality::Hot),
        booking_status: Some(BookingStatus::Booked),
        sentiment_score: Some(0.25),
        objections: vec![
            objection(Some("Too expensive")),
            // nothing to call it by: stays in the record alone
            objection(None),
            objection(Some("  TOO   expensive ")),
        ],
        ..AnalysisRecord::default()
    }
}

async fn store(
    bench: &Bench<'_>,
    scope: &Scope,
    call: CallId,
    job: ShunyaJobId,
    record: &AnalysisRecord,
) -> bool {
    let unknown = [UnknownValue { field: "x".to_owned(), value: "y".to_owned() }];
    let payload = json!({ "as": ["sent", 1.5, null] });
    let analysis = NewAnalysis {
        id: AnalysisId::fresh(&bench.ids),
        call,
        job,
        fingerprint: "print",
        record,
        unknown: &unknown,
        payload: &payload,
        analyzed_at: at(50),
    };
    let mut unit = bench.begin(scope).await;
    let stored = unit.analyses().insert_analysis(&analysis, at(60)).await.unwrap();
    unit.commit().await.unwrap();
    stored
}

pub async fn a_request_has_one_analysis_with_its_objections(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let call = bench.call(&scope, "CAL1").await.id;
    let job = bench.requested(&scope, call, "sha-1").await.id;
    assert!(store(&bench, &scope, call, job, &record()).await);
    let other = AnalysisRecord { objections: vec![objection(Some("Later"))], ..record() };
    assert!(!store(&bench, &scope, call, job, &other).await, "whatever the second says");
    assert_eq!((db.rows("call_analyses").await, db.rows("call_objections").await), (1, 2));
    let stored = "SELECT count(*) FROM call_analyses WHERE fingerprint = 'print' AND lead_quality = 'hot' \
                  AND booking_status = 'booked' AND sentiment_score = 0.25 AND summary = 'They booked.' \
                  AND outcome_category IS NULL AND sop_compliance_score IS NULL";
    assert_eq!(db.number(stored).await, 1);
    // the same wording counts as the same objection, and each keeps its place in the record
    assert_eq!(db.number("SELECT count(DISTINCT objection_key) FROM call_objections").await, 1);
    assert_eq!(db.number("SELECT CAST(sum(position) AS bigint) FROM call_objections").await, 2);
    let words = "SELECT count(*) FROM call_objections WHERE severity = 'high' AND text IS NOT NULL";
    assert_eq!(db.number(words).await, 2);
    let second = bench.requested(&scope, call, "sha-2").await.id;
    assert!(store(&bench, &scope, call, second, &record()).await, "a second request has its own");
}

pub async fn concurrent_answers_store_one_analysis(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let call = bench.call(&scope, "CAL1").await.id;
    let job = bench.requested(&scope, call, "sha-1").await.id;
    let record = record();
    let stored = together((0..6).map(|_| store(&bench, &scope, call, job, &record))).await;
    assert_eq!(stored.into_iter().filter(|stored| *stored).count(), 1);
    assert_eq!((db.rows("call_analyses").await, db.rows("call_objections").await), (1, 2));
}

pub async fn a_request_is_invisible_to_other_tenants(db: &Database) {
    let bench = Bench::new(db);
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    let call = bench.call(&a, "CAL1").await.id;
    let request = bench.requested(&a, call, "sha-1").await;
    submitted(&bench, &a, request.id, Some("task-1")).await;
    assert!(job(&bench, &b, request.id).await.is_none());
    assert_eq!(matched(&bench, &b, &["task-1"], Some(call)).await, None);
    let before = job(&bench, &a, request.id).await;
    let mut unit = bench.begin(&b).await;
    unit.analyses().mark_submitted(request.id, Some("task-9"), at(9)).await.unwrap();
    unit.analyses().settle_job(request.id, JobState::Failed, None, None, at(9)).await.unwrap();
    assert!(!unit.analyses().has_transcript(request.id).await.unwrap());
    unit.commit().await.unwrap();
    assert_eq!(job(&bench, &a, request.id).await, before);
}

pub async fn the_vendors_id_tells_whose_work_it_is(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let call = bench.call(&scope, "CAL1").await.id;
    let request = bench.requested(&scope, call, "sha-1").await;
    let owner = async |tasks: &[&str]| {
        let tasks: Vec<_> = tasks.iter().map(|task| (*task).to_owned()).collect();
        db.system.owns_vendor_task(&tasks).await.unwrap()
    };
    assert_eq!(owner(&["task-1"]).await, None);
    submitted(&bench, &scope, request.id, Some("task-1")).await;
    assert_eq!(owner(&["other", "task-1"]).await, Some(company("org_a")));
    assert_eq!(owner(&["other"]).await, None);
    assert_eq!(owner(&[]).await, None);
}
