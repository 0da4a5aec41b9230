//! One call.

use app::reads::{AnalysisState, CallDetail, CallReads, RecordingFile};
use calls::RecordingState;
use kernel::{CallId, StoreError};
use shunya_jobs::{
    AnalysisRecord, BookingStatus, Compliance, LeadQuality, Objection, OutcomeCategory, PendingAction,
    Segment, Severity, StageResult, Transcript,
};

use super::seed::{NewCall, Seed, verdict};
use crate::{
    Database,
    contract::bench::{at, phone},
};

async fn detail(seed: &Seed<'_>, call: CallId) -> (CallDetail, Option<RecordingFile>) {
    seed.bench.db.store.call(&seed.manager(), call).await.unwrap().expect("the call is there")
}

fn words(text: &str) -> Transcript {
    let segment =
        Segment { speaker: Some("agent".to_owned()), text: text.to_owned(), start: Some(0.5), end: None };
    Transcript { text: text.to_owned(), segments: vec![segment], ..Transcript::default() }
}

fn stage(name: &str, followed: Option<bool>, score: Option<f64>) -> StageResult {
    StageResult { stage: name.to_owned(), followed, score, issues: Vec::new() }
}

fn full_record() -> AnalysisRecord {
    AnalysisRecord {
        summary: Some("Wants a new roof.".to_owned()),
        pending_actions: vec![PendingAction {
            description: "Call back".to_owned(),
            ..PendingAction::default()
        }],
        sentiment_score: Some(0.75),
        lead_quality: Some(LeadQuality::Warm),
        booking_status: Some(BookingStatus::NotBooked),
        objections: vec![
            Objection {
                text: Some("Price too high".to_owned()),
                category_id: Some(3),
                category_text: Some("Price".to_owned()),
                severity: Some(Severity::High),
                overcome: Some(false),
                speaker_id: Some("S2".to_owned()),
                at_seconds: Some(12.5),
                confidence: Some(0.9),
                suggestions: vec!["Offer financing".to_owned()],
            },
            Objection { category_text: Some("Timing".to_owned()), ..Objection::default() },
        ],
        compliance: Compliance {
            score: Some(7.5),
            stages: vec![
                stage("greeting", Some(true), Some(9.0)),
                stage("closing", Some(false), None),
                stage("rapport", None, Some(4.0)),
            ],
            violations: vec!["No name given".to_owned()],
            positive_behaviors: vec!["Friendly".to_owned()],
            recommendations: vec!["Give your name".to_owned()],
            ..Compliance::default()
        },
        coaching_tips: vec!["Slow down".to_owned()],
        ..AnalysisRecord::default()
    }
}

pub async fn a_call_is_told_with_its_analysis(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let call = seed.call(NewCall::default()).await;
    seed.transcript(call, &words("Hello"), at(0)).await;
    let analysis = seed.analysed(call, &full_record(), at(5)).await;
    let (detail, _) = detail(&seed, call).await;
    assert_eq!((detail.stage.as_str(), detail.booked), ("analysed", false));
    assert_eq!(detail.booking_status.as_deref(), Some("not_booked"));
    let view = detail.analysis.expect("it is analysed");
    assert_eq!((view.call_id, view.analysis_id), (call, Some(analysis)));
    assert_eq!((view.status, view.analyzed_at), (AnalysisState::Complete, Some(at(5))));
    assert_eq!(view.transcript.as_deref(), Some("Hello"));
    assert_eq!(view.summary.as_deref(), Some("Wants a new roof."));
    assert_eq!(view.objections, ["Price too high", "Timing"]);
    let [price, timing] = view.objection_details.as_slice() else { panic!("two objections") };
    assert_eq!((price.category.as_deref(), price.category_id), (Some("Price"), Some(3)));
    assert_eq!((price.severity.as_deref(), price.overcome), (Some("high"), Some(false)));
    assert_eq!((price.timestamp, price.confidence_score), (Some(12.5), Some(0.9)));
    assert_eq!(
        (price.speaker_id.as_deref(), price.response_suggestions.as_slice()),
        (Some("S2"), ["Offer financing".to_owned()].as_slice())
    );
    assert_eq!((timing.objection_text.as_deref(), timing.category.as_deref()), (None, Some("Timing")));
    assert_eq!(view.coaching_tips.iter().map(|tip| tip.tip.as_str()).collect::<Vec<_>>(), ["Slow down"]);
    assert_eq!((view.sentiment_score, view.sop_compliance_score), (Some(0.75), Some(7.5)));
    // the vendor said neither of rapport, so neither do we
    assert_eq!(
        (view.sop_stages_completed, view.sop_stages_missed),
        (vec!["greeting".to_owned()], vec!["closing".to_owned()])
    );
    let stages: Vec<_> = view.sop_compliance.iter().map(|s| (s.stage.as_str(), s.status, s.score)).collect();
    assert_eq!(stages, [("greeting", "completed", Some(9.0)), ("closing", "missed", None)]);
    assert_eq!(
        (view.lead_quality.as_deref(), view.booking_status.as_deref()),
        (Some("warm"), Some("not_booked"))
    );
    assert_eq!(view.call_outcome_category.as_deref(), Some("qualified_but_unbooked"));
    assert_eq!(view.compliance_violations, ["No name given"]);
    assert_eq!(view.compliance_positive_behaviors, ["Friendly"]);
    assert_eq!(view.compliance_recommendations, ["Give your name"]);
    assert_eq!(view.pending_actions.len(), 1);
    assert_eq!(view.unknown_values, serde_json::json!([]));
}

pub async fn of_several_analyses_and_transcripts_the_newest_is_told(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let call = seed.call(NewCall::default()).await;
    let named =
        |summary: &str| AnalysisRecord { summary: Some(summary.to_owned()), ..verdict(None, None, &[]) };
    // the newest is neither the first nor the last stored; of two of one time, the later stored
    seed.analysed(call, &named("old"), at(1)).await;
    seed.analysed(call, &named("new, but not the last of its time"), at(9)).await;
    seed.analysed(call, &named("new"), at(9)).await;
    seed.analysed(call, &named("late, about an older one"), at(5)).await;
    seed.transcript(call, &words("first"), at(1)).await;
    seed.transcript(call, &words("second"), at(3)).await;
    seed.transcript(call, &words("third, of an older time"), at(2)).await;
    let (detail, _) = detail(&seed, call).await;
    assert_eq!(detail.analysis.and_then(|analysis| analysis.summary).as_deref(), Some("new"));
    assert_eq!(detail.transcript.as_deref(), Some("second"));
    let [segment] = detail.transcript_segments.as_slice() else { panic!("one segment") };
    assert_eq!((segment.speaker.as_deref(), segment.text.as_str()), (Some("agent"), "second"));
    assert_eq!((segment.start_time, segment.end_time), (Some(0.5), None));
}

pub async fn a_call_without_an_analysis_says_so(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let call = seed.call(NewCall { name: Some("ANNA"), phone: Some(phone(3)), ..NewCall::default() }).await;
    let (detail, file) = detail(&seed, call).await;
    assert!(detail.analysis.is_none() && detail.transcript.is_none() && file.is_none());
    assert!(detail.transcript_segments.is_empty());
    assert_eq!((detail.customer_name.as_deref(), detail.address), (Some("ANNA"), None));
    assert_eq!((detail.call_type.as_deref(), detail.provider.as_str()), (Some("csr_call"), "callrail"));
    assert_eq!((detail.recording_url, detail.created_at), (None, at(0)));
    assert!(db.store.call(&seed.manager(), CallId(call.0 + 1)).await.unwrap().is_none());
}

pub async fn a_call_shows_its_customers_name_and_address(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let contact = seed.named_contact(1, Some("Kaylah Mills")).await;
    seed.set_contact(contact, "address = '1 Main St'").await;
    let call = NewCall { name: Some("MILLS KAYLAH"), contact: Some(contact), ..NewCall::default() };
    let call = seed.call(call).await;
    let (detail, _) = detail(&seed, call).await;
    assert_eq!(
        (detail.name.as_deref(), detail.address.as_deref()),
        (Some("Kaylah Mills"), Some("1 Main St"))
    );
    assert_eq!(detail.contact_card_id, Some(contact));
}

pub async fn a_recording_is_shown_once_it_is_stored(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let call = seed.call(NewCall::default()).await;
    for state in [RecordingState::Pending, RecordingState::Failed, RecordingState::Absent] {
        seed.recording(call, state).await;
        assert_eq!(detail(&seed, call).await.1, None, "{state:?}");
    }
    seed.recording(call, RecordingState::Stored).await;
    let blob_key = format!("tenants/org_a/recordings/{call}.mp3");
    assert_eq!(detail(&seed, call).await.1, Some(RecordingFile { blob_key }));
}

pub async fn the_vendors_own_category_is_told_only_where_ours_cannot_be(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    for (quality, booking, expected) in [
        (Some(LeadQuality::Hot), Some(BookingStatus::NotBooked), "qualified_but_unbooked"),
        (Some(LeadQuality::Unqualified), None, "unqualified"),
        (None, None, "qualified_and_booked"),
    ] {
        let outcome_category = Some(OutcomeCategory::QualifiedAndBooked);
        let record = AnalysisRecord { outcome_category, ..verdict(quality, booking, &[]) };
        let call = seed.judged(NewCall::default(), &record).await;
        let analysis = detail(&seed, call).await.0.analysis.unwrap();
        assert_eq!(analysis.call_outcome_category.as_deref(), Some(expected));
    }
}

pub async fn an_unreadable_analysis_is_named_as_such(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let call = seed.judged(NewCall::default(), &full_record()).await;
    seed.sql("UPDATE call_analyses SET record = '{\"objections\": 7}'").await;
    let error = db.store.call(&seed.manager(), call).await.unwrap_err();
    assert!(
        matches!(error, StoreError::Corrupt { table: "call_analyses", column: "record", .. }),
        "{error:?}"
    );
    seed.sql("UPDATE call_analyses SET record = '{}'").await;
    assert!(db.store.call(&seed.manager(), call).await.is_ok());
    seed.transcript(call, &words("Hello"), at(0)).await;
    seed.sql("UPDATE call_transcripts SET segments = '\"none\"'").await;
    let error = db.store.call(&seed.manager(), call).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt { column: "segments", .. }), "{error:?}");
}
