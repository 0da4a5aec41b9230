//! The sections of an analysis, generation by generation (contract `shunya.md` §5).

use serde_json::{Map, Value, json};

use super::{Generation, Subject, moments};
use crate::corpus::{Appointment, Verdicts};

pub(super) fn summary(generation: Generation, subject: &Subject, verdicts: &Verdicts) -> Value {
    let actions: Vec<_> = verdicts
        .pending_actions
        .iter()
        .map(|action| {
            let due =
                action.due_in_hours.map_or(Value::Null, |hours| moments::due(generation, subject, hours));
            json!({
                "type": action.kind, "due_at": due, "contact_method": action.contact_method,
                "confidence": action.confidence, "raw_text": action.raw_text,
            })
        })
        .collect();
    let sentiment = match generation {
        Generation::D15 => verdicts.sentiment,
        Generation::D8 | Generation::N15 => tidy(f64::midpoint(verdicts.sentiment, 1.0)),
    };
    json!({
        "summary": verdicts.summary, "key_points": verdicts.key_points, "action_items": verdicts.action_items,
        "next_steps": verdicts.next_steps, "pending_actions": actions, "sentiment_score": sentiment,
        "confidence_score": verdicts.confidence,
    })
}

pub(super) fn objections(generation: Generation, subject: &Subject, verdicts: &Verdicts) -> Value {
    let timeline = subject.talk.timeline();
    let mut ids = subject.draw("objections");
    let list: Vec<_> = verdicts
        .objections
        .iter()
        .map(|objection| {
            let at = timeline.get(objection.turn).map(|(start, _)| *start);
            let by = subject.talk.turns.get(objection.turn).map(|turn| match turn.speaker {
                crate::corpus::Speaker::Csr => "speaker_0",
                crate::corpus::Speaker::Customer => "speaker_1",
            });
            // the newest documents name category 5 differently from the table, so the text matters beside the number
            let category = match (generation, objection.category_id) {
                (Generation::D15, 5) => "Price Concern",
                _ => &objection.category_text,
            };
            json!({
                "id": ids.below(1_000_000), "category_id": objection.category_id, "category_text": category,
                "objection_text": objection.text, "overcome": objection.overcome, "speaker_id": by,
                "timestamp": at, "severity": objection.severity, "confidence_score": objection.confidence,
                "response_suggestions": objection.suggestions,
                "created_at": moments::stamp(generation, subject.completed_at),
            })
        })
        .collect();
    let none = list.is_empty().then_some("The customer raised no objections.");
    json!({ "total_count": list.len(), "objections": list, "no_objections_reason": none })
}

pub(super) fn qualification(generation: Generation, subject: &Subject, verdicts: &Verdicts) -> Value {
    let appointment = verdicts.appointment.as_ref();
    let start = appointment
        .map_or(Value::Null, |appointment| moments::appointment_start(generation, subject, appointment));
    let mut out = Map::new();
    let mut add = |name: &str, value: Value| out.insert(name.to_owned(), value);
    let bant = &verdicts.bant;
    add(
        "bant_scores",
        json!({
            "budget": bant.budget, "authority": bant.authority, "need": bant.need, "timeline": bant.timeline,
        }),
    );
    add("overall_score", json!(verdicts.overall_score));
    let status = match (generation, verdicts.qualification_status.as_str()) {
        (Generation::N15, "unqualified") => "not_qualified",
        (_, status) => status,
    };
    add("qualification_status", json!(status));
    add("decision_makers", json!(verdicts.decision_makers));
    add("urgency_signals", json!(verdicts.urgency_signals));
    add("budget_indicators", json!(verdicts.budget_indicators));
    add("confidence_score", json!(verdicts.confidence));
    if generation != Generation::N15 {
        add("booking_status", json!(verdicts.booking_status));
        add("call_outcome_category", json!(outcome(generation, verdicts)));
    }
    add("appointment_confirmed", json!(appointment.map(|appointment| appointment.confirmed)));
    add("appointment_date", start.clone());
    add("appointment_type", json!(appointment.map(|appointment| &appointment.kind)));
    add("service_requested", json!(verdicts.service_requested));
    add("service_not_offered_reason", json!(verdicts.service_not_offered_reason));
    add("follow_up_required", json!(verdicts.follow_up_required));
    add("follow_up_reason", json!(verdicts.follow_up_reason));
    if generation == Generation::D15 {
        details(subject, verdicts, appointment, &start, &mut out);
    }
    Value::Object(out)
}

/// What the newest generation says of appointment and address besides.
fn details(
    subject: &Subject,
    verdicts: &Verdicts,
    appointment: Option<&Appointment>,
    start: &Value,
    out: &mut Map<String, Value>,
) {
    let zone = subject.zone.map_or("UTC", |zone| zone.name());
    let sure =
        appointment.and_then(|appointment| appointment.time_confidence).map(|sure| match subject.zone {
            Some(_) => sure,
            // the vendor does not trust a time whose zone it was not told
            None => tidy(subject.draw("time_confidence").between(0.3, 0.5)),
        });
    let moved = appointment.is_some_and(|appointment| appointment.intent == "reschedule");
    let address = verdicts.address.as_ref();
    let structured = address.map(|address| {
        json!({
            "street": address.street, "city": address.city, "state": address.state, "zip": address.zip,
            "country": "US",
        })
    });
    let mut add = |name: &str, value: Value| out.insert(name.to_owned(), value);
    add("appointment_timezone", json!(appointment.map(|_| zone)));
    add("appointment_time_confidence", json!(sure));
    add("preferred_time_window", json!(appointment.and_then(|appointment| appointment.window.as_deref())));
    add("service_address_raw", json!(address.map(|address| &address.raw)));
    add("service_address_structured", json!(structured));
    add("address_confidence", json!(address.map(|address| address.confidence)));
    add("appointment_intent", json!(appointment.map(|appointment| &appointment.intent)));
    add("original_appointment_datetime", Value::Null);
    add("new_requested_time", if moved { start.clone() } else { Value::Null });
}

/// The verdict over qualification and booking, in each generation's own words.
fn outcome(generation: Generation, verdicts: &Verdicts) -> Option<&'static str> {
    if verdicts.qualification_status == "unqualified" {
        return None;
    }
    match (verdicts.booking_status.as_deref()?, generation) {
        ("booked", Generation::D15) => Some("qualified_and_booked"),
        ("booked", _) => Some("appointment_scheduled"),
        ("not_booked", Generation::D15) => Some("qualified_but_unbooked"),
        ("not_booked", _) => Some("qualified_not_booked"),
        ("service_not_offered", _) => Some("qualified_service_not_offered"),
        _ => None,
    }
}

pub(super) fn compliance(generation: Generation, verdicts: &Verdicts) -> Value {
    match (generation, verdicts.compliance_score) {
        (Generation::D15, Some(score)) => two_layers(verdicts, score),
        (Generation::D8, Some(score)) => flat(verdicts, score),
        // its booking status stands here and nowhere else, script or no script
        (Generation::N15, score) => layers(verdicts, score),
        (Generation::D15 | Generation::D8, None) => Value::Null,
    }
}

fn two_layers(verdicts: &Verdicts, score: f64) -> Value {
    let (followed, missed) = (verdicts.stages_followed.len(), verdicts.stages_missed.len());
    let total = followed + missed;
    json!({
        "evaluation_mode": "two_layer", "final_outcome": decision(score),
        "final_reasoning": format!("{followed} of {total} stages were followed."),
        "primary_factor": "sop_compliance",
        "sop_compliance": {
            "compliance_score": score, "compliance_rate": tidy(score * 100.0), "total_stages": total,
            "stages_followed": followed, "stages_missed": missed,
            "positive_behaviors": verdicts.positive_behaviors, "compliance_issues": verdicts.violations,
        },
        "outcome_score": {
            "overall_outcome_score": tidy(verdicts.overall_score * 100.0), "has_critical_error": false,
            "strengths": verdicts.positive_behaviors, "coaching_recommendations": advice(verdicts),
        },
    })
}

fn flat(verdicts: &Verdicts, score: f64) -> Value {
    json!({
        "compliance_score": score, "target_role": "customer_rep", "stages_followed": verdicts.stages_followed,
        "stages_missed": verdicts.stages_missed, "violations": verdicts.violations,
        "positive_behaviors": verdicts.positive_behaviors, "recommendations": advice(verdicts),
    })
}

fn layers(verdicts: &Verdicts, score: Option<f64>) -> Value {
    let stage = |name: &String, done: bool| {
        let issues = if done { Vec::new() } else { vec![format!("{} was left out", in_words(name))] };
        json!({
            "stage_name": name, "status": if done { "completed" } else { "missed" },
            "score": if done { 90 } else { 0 }, "issues": issues,
        })
    };
    let followed = verdicts.stages_followed.iter().map(|name| stage(name, true));
    let missed = verdicts.stages_missed.iter().map(|name| stage(name, false));
    let stages: Vec<_> = followed.chain(missed).collect();
    let percent = score.map(|score| tidy(score * 100.0));
    let script = percent.map(|percent| json!({ "compliance_score": percent, "stages_completed": stages }));
    json!({
        "final_decision": score.map(decision), "overall_score": percent, "layer_1": script,
        "layer_2": {
            "outcome_score": tidy(verdicts.overall_score * 100.0),
            "call_outcome": outcome(Generation::N15, verdicts), "booking_status": verdicts.booking_status,
            "strengths": verdicts.positive_behaviors, "improvement_areas": advice(verdicts),
        },
    })
}

/// At least 80 % passes, less than 60 % fails (contract §5.1).
fn decision(score: f64) -> &'static str {
    match tidy(score * 100.0) {
        80.0.. => "pass",
        60.0.. => "needs_coaching",
        _ => "fail",
    }
}

fn advice(verdicts: &Verdicts) -> Vec<String> {
    [verdicts.coaching.as_slice(), &verdicts.recommendations].concat()
}

pub(super) fn opportunities(generation: Generation, verdicts: &Verdicts) -> Value {
    let risk = &verdicts.risk;
    let score = match generation {
        Generation::D15 => risk.score,
        Generation::D8 | Generation::N15 => tidy(risk.score * 100.0),
    };
    json!({
        "risk_assessment": {
            "level": risk.level, "score": score, "risk_factors": risk.risk_factors,
            "positive_factors": risk.positive_factors, "mitigation_strategies": risk.mitigation_strategies,
        },
        "upgrade_opportunities": verdicts.upgrade_opportunities,
        "missed_opportunities": verdicts.missed_opportunities,
    })
}

fn in_words(name: &str) -> String {
    name.replace('_', " ")
}

/// Without the last bits that arithmetic leaves behind.
fn tidy(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}
