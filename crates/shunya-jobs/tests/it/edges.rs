//! Corners of single sections.

use chrono::NaiveDate;
use serde_json::{Value, json};
use shunya_jobs::{
    AnalysisRecord, AppointmentStart, AppointmentType, Normalised, Objection, StageResult, normalise,
    normalise_transcript,
};

use crate::support::{at, left, record};

#[test]
fn payloads_that_are_none_are_empty() {
    for payload in [json!(null), json!({}), json!({"result": null}), json!({"data": {}, "error": "x"})] {
        assert_eq!(normalise(&payload), Normalised::default(), "{payload}");
        assert_eq!(normalise_transcript(&payload), None);
    }
    assert_eq!(left(&json!([1])), ["payload=[1]"]);
    assert_eq!(left(&json!({"result": 7})), ["result=7"]);
}

#[test]
fn sections_of_the_wrong_type_are_noted() {
    let payload = json!({
        "summary": 1, "objections": 2, "qualification": "hot", "compliance": [0.9], "entities": true,
        "opportunity_analysis": 3.5, "rep_details": "Marcus", "transcript": 4});
    let read = normalise(&payload);
    assert_eq!(read.record, AnalysisRecord::default());
    let mut fields: Vec<_> = read.unknown.iter().map(|note| note.field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(
        fields,
        [
            "compliance",
            "entities",
            "objections",
            "opportunity_analysis",
            "qualification",
            "rep_details",
            "summary",
            "transcript"
        ]
    );
}

#[test]
fn compliance_has_one_scale() {
    for (path, sent, ours) in [
        ("compliance.sop_compliance.compliance_score", json!(0.82), 8.2),
        ("compliance.sop_compliance.compliance_score", json!(82), 8.2),
        ("compliance.sop_compliance.compliance_rate", json!(82), 8.2),
        ("compliance.sop_compliance.compliance_rate", json!(1), 0.1),
        ("compliance.compliance_score", json!("0.82"), 8.2),
        ("compliance.compliance_score", json!(8.2), 8.2),
        ("compliance.compliance_score", json!(0), 0.0),
        ("compliance.overall_score", json!(82), 8.2),
        ("compliance.overall_score", json!(0), 0.0),
        ("compliance.layer_1.compliance_score", json!(82), 8.2),
    ] {
        assert_eq!(record(&at(path, sent)).compliance.score, Some(ours), "{path}");
    }
    let payload = json!({"compliance": {"sop_compliance": {"compliance_score": -1, "compliance_rate": 70}}});
    assert_eq!(normalise(&payload).record.compliance.score, Some(7.0));
    assert_eq!(left(&payload), ["compliance.sop_compliance.compliance_score=-1"]);
    // what came of the call is another score
    assert_eq!(
        record(&at("compliance.outcome_score.overall_outcome_score", json!(80))).compliance.score,
        None
    );
}

#[test]
fn stages_come_as_counts_names_or_objects() {
    let stages = |compliance: Value| normalise(&at("compliance", compliance)).record.compliance;
    let counted = stages(json!({"sop_compliance": {"stages_followed": "5", "stages_missed": 0}}));
    assert_eq!((counted.stages_followed_count, counted.stages_missed_count), (Some(5), Some(0)));

    let payload = at("compliance.stages_missed", json!(-1));
    assert_eq!(normalise(&payload).record.compliance.stages_missed_count, None);
    assert_eq!(left(&payload), ["compliance.stages_missed=-1"]);

    let named = stages(json!({"stages_followed": ["Greeting"], "stages_missed": ["Recap"]}));
    let stage = |stage: &str, followed: Option<bool>, score: Option<f64>| StageResult {
        stage: stage.to_owned(),
        followed,
        score,
        issues: vec![],
    };
    assert_eq!(named.stages, [stage("Greeting", Some(true), None), stage("Recap", Some(false), None)]);

    let scored = stages(json!({"sop_compliance": {
        "stages_followed": [{"stage": "Greeting", "score": 90}, {"name": "Needs", "status": "missed", "score": 8}],
        "stages_missed": [{"stage_name": "Recap", "status": "partial", "score": 0}]}}));
    assert_eq!(
        scored.stages,
        [
            stage("Greeting", Some(true), Some(9.0)),
            stage("Needs", Some(false), Some(0.8)),
            stage("Recap", None, Some(0.0))
        ]
    );
}

#[test]
fn long_scripts_are_cut_and_say_so() {
    let names: Value = (0..300).map(|n| format!("stage {n}")).collect();
    let payload = at("compliance", json!({"stages_followed": names, "stages_missed": names}));
    assert_eq!(normalise(&payload).record.compliance.stages.len(), 500);
    assert_eq!(left(&payload), ["compliance.stages=600 entries, the first 500 kept"]);
}

#[test]
fn objections_of_every_form() {
    let payload = json!({"objections": [
        "Too expensive",
        {"text": "Not now", "category_id": "2", "category": "Timing", "timestamp": "02:05", "overcome": "no"},
        {"quote": "I'd rather not say", "severity": "extreme", "category_id": 77},
        {"severity": "high"},
        {"type": "DIY Alternative"},
        {"category_id": 4},
        null, "", 5
    ]});
    let objections = normalise(&payload).record.objections;
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(
        objections,
        [
            Objection { text: text("Too expensive"), ..Objection::default() },
            Objection {
                text: text("Not now"),
                category_id: Some(2),
                category_text: text("Timing"),
                at_seconds: Some(125.0),
                overcome: Some(false),
                ..Objection::default()
            },
            Objection { text: text("I'd rather not say"), category_id: Some(77), ..Objection::default() },
            Objection { category_text: text("DIY Alternative"), ..Objection::default() },
            Objection { category_id: Some(4), ..Objection::default() },
        ]
    );
    assert_eq!(
        left(&payload),
        ["objections[].severity=extreme", r#"objections[]={"severity":"high"}"#, "objections[]=5"]
    );
}

#[test]
fn actions_of_every_form() {
    let payload = json!({"pending_actions": [
        {"type": "Send Photos", "raw_text": "I'll send pictures", "assignee": "Customer Rep", "priority": "HIGH"},
        {"action": "Call Jim", "action_type": "callback"},
        {"action": "send_quote"},
        {"type": "bring_ladder"},
        {"title": "Measure the roof", "due_at": "2025-12-20"},
        "Ask the manager",
        {"due_at": "2025-12-20T10:00:00Z"}
    ]});
    let read = normalise(&payload);
    let actions: Vec<_> = read
        .record
        .pending_actions
        .iter()
        .map(|action| (action.description.as_str(), action.action_type.as_deref()))
        .collect();
    assert_eq!(
        actions,
        [
            ("I'll send pictures", Some("send_photos")),
            ("Call Jim", Some("call_back")),
            ("send quote", Some("send_quote")),
            ("bring ladder", Some("custom")),
            ("Measure the roof", None),
            ("Ask the manager", None)
        ]
    );
    let first = &read.record.pending_actions[0];
    assert_eq!((first.assignee.as_deref(), first.priority.as_deref()), (Some("csr"), Some("high")));
    assert_eq!(
        left(&payload),
        [
            "pending_actions[].type=bring_ladder",
            "pending_actions[].due_at=2025-12-20",
            r#"pending_actions[]={"due_at":"2025-12-20T10:00:00Z"}"#
        ]
    );
}

#[test]
fn action_items_do_not_become_pending_actions() {
    let read = record(&json!({"summary": {"action_items": ["Call back"], "next_steps": ["Send quote"]}}));
    assert_eq!((read.action_items.len(), read.next_steps.len(), read.pending_actions.len()), (1, 1, 0));
}

#[test]
fn appointments_are_as_exact_as_they_were_said() {
    let day = NaiveDate::from_ymd_opt(2025, 12, 20).unwrap();
    let local = AppointmentStart::Local(day.and_hms_opt(14, 30, 0).unwrap());
    let instant = AppointmentStart::Instant("2025-12-20T21:30:00Z".parse().unwrap());
    for (qualification, start) in [
        (json!({"appointment_date": "2025-12-20"}), AppointmentStart::Day(day)),
        (json!({"appointment_date": "2025-12-20", "appointment_time": "2:30 PM"}), local),
        (json!({"appointment_date": "2025-12-20", "appointment_time": "14:30-07:00"}), instant),
        (json!({"appointment_date": "2025-12-20T00:00:00", "appointment_time": "14:30"}), local),
        (json!({"appointment_date": "2025-12-20 14:30"}), local),
        (json!({"appointment_date": "2025-12-20T14:30:00-07:00", "appointment_time": "09:00"}), instant),
    ] {
        assert_eq!(record(&at("qualification", qualification)).appointment.start, Some(start));
    }
    // a wrong date gives way to a right one elsewhere
    let payload = json!({"qualification": {"appointment_date": "soon"}, "entities": {"appointment_date": "2025-12-20"}});
    assert_eq!(normalise(&payload).record.appointment.start, Some(AppointmentStart::Day(day)));
    assert_eq!(left(&payload), ["qualification.appointment_date=soon"]);
    // a day keeps standing where its time makes no sense, and a time without a day is nothing
    let payload = json!({"entities": {"appointment_date": "2025-12-20", "scheduled_time": "afternoon"}});
    assert_eq!(normalise(&payload).record.appointment.start, Some(AppointmentStart::Day(day)));
    assert_eq!(left(&payload), ["entities.scheduled_time=afternoon"]);
    assert_eq!(normalise(&at("entities.scheduled_time", json!("10:00"))).record.appointment.start, None);
    for absurd in ["1970-01-01T00:00:00Z", "2101-01-01", "9999-12-31T23:59:59"] {
        let payload = at("qualification.appointment_date", json!(absurd));
        assert_eq!(normalise(&payload).record.appointment.start, None);
        assert_eq!(left(&payload), [format!("qualification.appointment_date={absurd}")]);
    }
}

#[test]
fn appointment_details() {
    let kind = |word: &str| normalise(&at("qualification.appointment_type", json!(word)));
    assert_eq!(kind("In Person").record.appointment.appointment_type, Some(AppointmentType::InPerson));
    assert_eq!(kind("service_call").record.appointment.appointment_type, None);
    assert_eq!(kind("service_call").unknown.len(), 1);
    let zone = |name: &str| normalise(&at("qualification.appointment_timezone", json!(name)));
    assert_eq!(zone("America/Phoenix").record.appointment.time_zone.as_deref(), Some("America/Phoenix"));
    assert_eq!(zone("Arizona time").record.appointment.time_zone, None);
    assert_eq!(zone("Arizona time").unknown.len(), 1);
}

#[test]
fn addresses_from_wherever_they_stand() {
    let address = |payload: Value| record(&payload).address;
    assert_eq!(address(json!({"qualification": {"address_confidence": 0.4}})), None);
    let spoken = address(json!({"entities": {"address": "77 Larkspur Ct"}})).unwrap();
    assert_eq!((spoken.raw.as_deref(), spoken.street), (Some("77 Larkspur Ct"), None));
    let both = address(json!({
        "qualification": {"service_address_structured": {"city": "Mesa", "zip": 85201}},
        "entities": {"address": {"street": "1 Other St", "city": "Tempe"}}}))
    .unwrap();
    assert_eq!((both.street, both.city.as_deref()), (None, Some("Mesa")));
    assert_eq!(both.postal_code.as_deref(), Some("85201"));
}

#[test]
fn risk_and_opportunities_of_every_form() {
    let read = normalise(&json!({
        "opportunity_analysis": {
            "risk_assessment": {"level": "Critical", "score": 85, "risk_factors": "Angry"},
            "upgrade_opportunities": ["Gutters", {"type": "solar"}, {"confidence": 1}],
            "missed_opportunities": [
                "No recap",
                {"opportunity": "No plan", "missed_opportunity_type": "Cross-Sell", "timestamp": 61.5},
                {"type": "budget"}]}}));
    let risk = read.record.risk.unwrap();
    assert_eq!((risk.level.as_deref(), risk.score), (Some("critical"), Some(0.85)));
    assert_eq!(risk.risk_factors, ["Angry"]);
    assert_eq!(read.record.upgrade_opportunities.len(), 2);
    let missed: Vec<_> = read
        .record
        .missed_opportunities
        .iter()
        .map(|missed| (missed.kind.as_deref(), missed.description.as_str(), missed.at_seconds))
        .collect();
    assert_eq!(
        missed,
        [
            (None, "No recap", None),
            (Some("cross_sell"), "No plan", Some(61.5)),
            (Some("budget"), "budget", None)
        ]
    );
    assert_eq!(read.unknown.len(), 2);
}

#[test]
fn transcripts_within_analyses() {
    let words = |payload: Value| normalise(&payload).transcript.map(|transcript| transcript.text);
    for payload in [
        json!({"transcript": "Hello there"}),
        json!({"transcript_text": " Hello there "}),
        json!({"transcription": {"text": "Hello there"}, "summary": {"summary": "x"}}),
        json!({"data": {"analysis": {"summary": "x"}, "transcript": {"transcript_text": "Hello there"}}}),
        json!({"result": {"segments": [{"text": "Hello there"}]}}),
        json!({"transcript": [{"text": "Hello there"}]}),
    ] {
        assert_eq!(words(payload.clone()).as_deref(), Some("Hello there"), "{payload}");
    }
    for payload in [
        json!({"transcript": " "}),
        json!({"transcript": {"confidence_score": 0.9}}),
        json!({"speaker_labels": [{"speaker": "A", "start_time": 0}]}),
        json!({"text": "not of an analysis"}),
    ] {
        assert_eq!(words(payload.clone()), None, "{payload}");
    }
    assert_eq!(normalise_transcript(&json!({"text": "Hello there"})).unwrap().word_count, Some(2));
}

#[test]
fn segments_alone_make_the_text() {
    let transcript = normalise_transcript(&json!({"speaker_segments": [
        {"speaker_id": "Customer", "text": "Hi", "start_time": 5},
        {"speaker_id": "Agent", "text": "Good morning", "start_time": 1},
        {"text": "Bye"}],
        "confidence_score": 0.9}))
    .unwrap();
    assert_eq!(transcript.text, "Customer: Hi\nAgent: Good morning\nBye");
    assert_eq!((transcript.word_count, transcript.confidence), (Some(4), Some(0.9)));
    assert_eq!(transcript.segments.len(), 3);
}

#[test]
fn long_conversations_are_kept_whole() {
    let turns: Vec<Value> =
        (0..2_000).map(|n| json!({"speaker": n % 2, "text": "word ".repeat(20)})).collect();
    let text = "word ".repeat(40_000);
    let read = normalise(&json!({"transcript_text": text, "speaker_labels": turns}));
    let transcript = read.transcript.unwrap();
    assert_eq!((transcript.word_count, transcript.segments.len()), (Some(40_000), 2_000));
    assert_eq!(read.unknown, vec![]);
}

#[test]
fn inner_layers_are_trusted_before_outer_ones() {
    let payload = json!({"summary": "outer", "result": {"summary": {"summary": "inner"}}});
    assert_eq!(record(&payload).summary.as_deref(), Some("inner"));
    let payload = json!({"summary": "outer", "result": {"key_points": ["inner"]}});
    let read = record(&payload);
    assert_eq!((read.summary.as_deref(), read.key_points.len()), (Some("outer"), 1));
    let payload = json!({"analysis": {"summary": "b"}, "result": {"summary": "a"}});
    assert_eq!(record(&payload).summary.as_deref(), Some("a"));
}
