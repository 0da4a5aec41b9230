//! One scale for each score, whatever scale it was sent in (contracts `metrics.md` §0.3, `shunya.md` §5).

use super::read::{Node, Read, number, tidy, within};
use crate::record::StageResult;

/// Compliance and stages: 0 to 10.
const TEN: f64 = 10.0;

/// Compliance from a field documented as 0 to 1. Some deployments send more than 1 there; then its size decides.
pub(super) fn ten_by_size(sent: f64) -> Option<f64> {
    let factor = factor_to_ten(sent)?;
    within(sent, 0.0..=100.0).map(|sent| sent * factor)
}

/// Compliance from a field documented as 0 to 100.
pub(super) fn ten_from_percent(sent: f64) -> Option<f64> {
    within(sent, 0.0..=100.0).map(|sent| sent / TEN)
}

/// Risk: the newest generation sends 0 to 1, the one before 0 to 100.
pub(super) fn risk(sent: f64) -> Option<f64> {
    within(sent, 0.0..=100.0).map(|sent| if sent <= 1.0 { sent } else { sent / 100.0 })
}

/// Sentiment: 0 to 1, or −1 to 1 where `signed`. A negative number can only be of the signed kind.
pub(super) fn sentiment(sent: f64, signed: bool) -> Option<f64> {
    if signed || sent < 0.0 {
        within(sent, -1.0..=1.0).map(|sent| f64::midpoint(sent, 1.0))
    } else {
        within(sent, 0.0..=1.0)
    }
}

/// Whether a payload is of the newest generation (D15), whose sentiment runs from −1 to 1; the others' from 0 to 1.
///
/// Nothing in a payload names its generation, and a positive sentiment fits both scales, so this looks for fields
/// that only D15 has, null or not, since its serialiser writes the empty ones too. Its compliance section settles it.
/// Its additions to the qualification section do so unless a risk above 1 shows the older 0–100 scale.
pub(super) fn sentiment_is_signed(payload: &Node<'_>) -> bool {
    let has = |path: &&str| payload.at(path).next().is_some();
    let sure = ["compliance.evaluation_mode", "compliance.sop_compliance", "compliance.outcome_score"];
    let likely = [
        "qualification.appointment_timezone",
        "qualification.appointment_time_confidence",
        "qualification.preferred_time_window",
        "qualification.service_address_raw",
        "qualification.service_address_structured",
        "qualification.address_confidence",
        "qualification.appointment_intent",
        "qualification.original_appointment_datetime",
        "qualification.new_requested_time",
    ];
    let older_risk = payload
        .at("opportunity_analysis.risk_assessment.score")
        .any(|value| matches!(number(value), Read::Is(score) if score > 1.0));
    sure.iter().any(has) || (!older_risk && likely.iter().any(has))
}

/// Brings the stages' scores, as sent, to 0 to 10. The scale is undocumented; the largest of the list shows it, as
/// one script is scored on one scale: beside a 90, an 8 is 8 of 100.
pub(super) fn stages_to_ten(stages: &mut [StageResult]) {
    let largest = stages.iter().filter_map(|stage| stage.score).fold(0.0, f64::max);
    let factor = factor_to_ten(largest);
    for stage in stages {
        stage.score = stage.score.zip(factor).map(|(sent, factor)| tidy(sent * factor));
    }
}

fn factor_to_ten(largest: f64) -> Option<f64> {
    match largest {
        ..=1.0 => Some(TEN),
        ..=10.0 => Some(1.0),
        ..=100.0 => Some(0.1),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{super::leftovers::Leftovers, *};

    #[test]
    fn compliance_is_zero_to_ten() {
        for (sent, ours) in [
            (0.0, Some(0.0)),
            (0.82, Some(8.2)),
            (1.0, Some(10.0)),
            (8.2, Some(8.2)),
            (10.0, Some(10.0)),
            (82.0, Some(8.2)),
            (100.0, Some(10.0)),
            (100.1, None),
            (-0.1, None),
            (f64::NAN, None),
        ] {
            assert_eq!(ten_by_size(sent).map(tidy), ours, "{sent}");
        }
        for (sent, ours) in
            [(0.0, Some(0.0)), (1.0, Some(0.1)), (82.0, Some(8.2)), (100.0, Some(10.0)), (101.0, None)]
        {
            assert_eq!(ten_from_percent(sent).map(tidy), ours, "{sent}");
        }
    }

    #[test]
    fn risk_is_zero_to_one() {
        for (sent, ours) in
            [(0.0, Some(0.0)), (0.35, Some(0.35)), (1.0, Some(1.0)), (35.0, Some(0.35)), (100.0, Some(1.0))]
        {
            assert_eq!(risk(sent).map(tidy), ours, "{sent}");
        }
        assert_eq!((risk(-1.0), risk(101.0)), (None, None));
    }

    #[test]
    fn sentiment_is_zero_to_one() {
        for (sent, signed, ours) in [
            (0.0, false, Some(0.0)),
            (0.6, false, Some(0.6)),
            (0.0, true, Some(0.5)),
            (0.6, true, Some(0.8)),
            (-0.4, false, Some(0.3)),
            (-1.0, true, Some(0.0)),
            (1.0, true, Some(1.0)),
            (1.1, false, None),
            (-1.1, true, None),
        ] {
            assert_eq!(sentiment(sent, signed).map(tidy), ours, "{sent} {signed}");
        }
    }

    #[test]
    fn generations_are_told_apart_by_their_fields() {
        let signed = |payload: &Value| {
            let left = Leftovers::default();
            sentiment_is_signed(&Node::new(vec![payload.as_object().unwrap()], String::new(), &left))
        };
        assert!(signed(&json!({"compliance": {"sop_compliance": {}}})));
        assert!(signed(&json!({"compliance": {"evaluation_mode": "two_layer"}})));
        assert!(signed(&json!({"qualification": {"appointment_intent": null}})));
        assert!(!signed(&json!({"compliance": {"compliance_score": 0.9}})));
        assert!(!signed(&json!({"compliance": {"layer_1": {}, "layer_2": {"outcome_score": 80}}})));
        let risk = |score: f64| {
            json!({"qualification": {"address_confidence": 0.9},
                   "opportunity_analysis": {"risk_assessment": {"score": score}}})
        };
        assert!(signed(&risk(0.4)));
        assert!(!signed(&risk(40.0)));
    }

    #[test]
    fn stages_share_one_scale() {
        let scored = |scores: &[f64]| {
            let stage = |score: &f64| StageResult { score: Some(*score), ..StageResult::default() };
            let mut stages: Vec<_> = scores.iter().map(stage).collect();
            stages_to_ten(&mut stages);
            stages.into_iter().map(|stage| stage.score.unwrap()).collect::<Vec<_>>()
        };
        assert_eq!(scored(&[90.0, 8.0, 0.0]), [9.0, 0.8, 0.0]);
        assert_eq!(scored(&[9.0, 0.5]), [9.0, 0.5]);
        assert_eq!(scored(&[0.9, 0.0]), [9.0, 0.0]);
    }
}
