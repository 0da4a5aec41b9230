//! Is this somebody to win, and was an appointment made?

use serde_json::Value;

use super::{
    read::{MAX_TEXT, Node, Read, text},
    vocabulary,
};
use crate::record::{AnalysisRecord, Bant, LeadQuality};

pub(super) fn read(payload: &Node<'_>, record: &mut AnalysisRecord) {
    verdicts(payload, record);
    record.bant = bant(payload);
    record.overall_score = payload.fraction(&["qualification.overall_score"]);
    record.confidence_score = payload.fraction(&["qualification.confidence_score"]);
    record.decision_makers = payload.texts(&["qualification.decision_makers", "decision_makers"]);
    record.urgency_signals = payload.texts(&["qualification.urgency_signals", "urgency_signals"]);
    record.budget_indicators = payload.texts(&["qualification.budget_indicators", "budget_indicators"]);
    record.service_requested = payload.text(&["qualification.service_requested", "service_requested"]);
    record.service_not_offered_reason =
        payload.text(&["qualification.service_not_offered_reason", "service_not_offered_reason"]);
    record.follow_up_required = payload.flag(&["qualification.follow_up_required", "follow_up_required"]);
    record.follow_up_reason = payload.text(&["qualification.follow_up_reason", "follow_up_reason"]);
}

/// The three verdicts. Each comes from the vendor's own words for it, with one exception: where it says nothing about
/// the booking itself, the booking is read out of a word that says both, first the category, then the qualification.
/// That is decoding, not guessing. Anything it does say about the booking, `pending` included, stands.
fn verdicts(payload: &Node<'_>, record: &mut AnalysisRecord) {
    let qualification = qualification_status(payload);
    let booking = payload.said(
        &["qualification.booking_status", "booking_status", "compliance.layer_2.booking_status"],
        vocabulary::booking_status,
    );
    let category = payload.said(
        &[
            "qualification.call_outcome_category",
            "call_outcome_category",
            "qualification.call_outcome",
            "call_outcome",
            "compliance.layer_2.call_outcome_category",
            "compliance.layer_2.call_outcome",
        ],
        vocabulary::outcome_category,
    );
    record.booking_status = match booking {
        Some((_, verdict)) => verdict,
        None => {
            category.as_ref().and_then(|(_, verdict)| verdict.map(vocabulary::booking_in)).or_else(|| {
                qualification.as_ref().and_then(|(word, _)| vocabulary::booking_in_qualification(word))
            })
        }
    };
    record.outcome_category = category.and_then(|(_, verdict)| verdict);
    if let Some((word, quality)) = qualification {
        record.qualification_status = Some(word);
        record.lead_quality = quality;
    }
}

fn qualification_status(payload: &Node<'_>) -> Option<(String, Option<LeadQuality>)> {
    payload.said(&["qualification.qualification_status"], vocabulary::lead_quality).or_else(|| {
        let top = ["qualification_status"];
        let progress = payload.first(&top, |value: &Value| match text(value, MAX_TEXT) {
            Read::Is(word) if vocabulary::is_progress(&word) => Read::Is(()),
            _ => Read::Absent,
        });
        if progress.is_some() { None } else { payload.said(&top, vocabulary::lead_quality) }
    })
}

fn bant(payload: &Node<'_>) -> Option<Bant> {
    let score = |name: &str| {
        payload.fraction(&[&format!("qualification.bant_scores.{name}"), &format!("bant_scores.{name}")])
    };
    let bant = Bant {
        budget: score("budget"),
        authority: score("authority"),
        need: score("need"),
        timeline: score("timeline"),
    };
    (bant != Bant::default()).then_some(bant)
}
