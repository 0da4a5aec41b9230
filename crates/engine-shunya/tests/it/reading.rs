use app::ports::{AnalysisWebhooks, EngineEvent, EngineEventKind, Unreadable};
use engine_shunya::{Scheme, ShunyaWebhooks};
use kernel::CallId;
use proptest::prelude::*;
use serde_json::{Value, json};

fn read(body: &Value) -> Option<EngineEvent> {
    ShunyaWebhooks::new(None, Scheme::Dot).read(body.to_string().as_bytes()).unwrap()
}

#[test]
fn both_envelopes_are_read() {
    let agreed = read(&json!({
        "shunya_job_id": "t-1", "status": "completed", "company_id": "org_1", "result": {"call_id": 7},
    }));
    let agreed = agreed.unwrap();
    assert_eq!((agreed.kind, agreed.call), (EngineEventKind::Analysed, Some(CallId(7))));
    assert_eq!(agreed.task_ids, ["t-1"]);

    let december = read(&json!({
        "event_type": "call.transcription.complete", "task_id": "call_123_org_1_transcription", "call_id": 123,
        "company_id": "org_1", "status": "completed", "data": {"transcript_text": "hello"},
    }));
    let december = december.unwrap();
    assert_eq!((december.kind, december.call), (EngineEventKind::Transcribed, Some(CallId(123))));
    assert!(december.payload.is_some());
}

#[test]
fn the_call_is_found_in_a_task_id_and_zero_is_none() {
    let event = read(
        &json!({ "task_id": "call_9_org_1_analysis", "company_id": "org_1", "status": "completed", "call_id": 0 }),
    );
    assert_eq!(event.unwrap().call, Some(CallId(9)));
}

#[test]
fn kinds_follow_event_type_and_status() {
    let kind = |event_type: Option<&str>, status: Option<&str>| {
        let body = json!({ "job_id": "j", "company_id": "o", "event_type": event_type, "status": status });
        read(&body).unwrap().kind
    };
    assert_eq!(kind(Some("call.analysis.complete"), None), EngineEventKind::Analysed);
    assert_eq!(kind(Some("call.analysis.failed"), Some("completed")), EngineEventKind::Failed);
    assert_eq!(kind(None, Some("failed")), EngineEventKind::Failed);
    assert_eq!(kind(None, Some("processing")), EngineEventKind::Progress);
    assert_eq!(kind(None, None), EngineEventKind::Progress);
    assert_eq!(kind(Some("meeting.segmentation.complete"), Some("completed")), EngineEventKind::Progress);
}

#[test]
fn events_without_ids_are_told_from_garbage() {
    assert_eq!(read(&json!({ "status": "completed", "company_id": "org_1" })), None);
    assert_eq!(read(&json!({ "shunya_job_id": "t-1", "status": "completed" })), None);
    assert_eq!(read(&json!({ "shunya_job_id": " ", "company_id": "org_1" })), None);
    let webhooks = ShunyaWebhooks::new(None, Scheme::Dot);
    assert_eq!(webhooks.read(b"[1]"), Err(Unreadable::Malformed));
    assert_eq!(webhooks.read(b"{\"a\":"), Err(Unreadable::Malformed));
}

#[test]
fn a_vendors_sentence_is_no_error_code() {
    let event =
        read(&json!({ "job_id": "j", "company_id": "o", "status": "failed", "error": "Dana said no" }));
    assert_eq!(event.unwrap().error_code, None);
    let event = read(
        &json!({ "job_id": "j", "company_id": "o", "status": "failed", "error": {"error_code": "ANALYSIS_FAILED"} }),
    );
    assert_eq!(event.unwrap().error_code.as_deref(), Some("ANALYSIS_FAILED"));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = ShunyaWebhooks::new(None, Scheme::Either).read(&body);
    }
}
