//! How well the CSR followed the script.

use serde_json::Value;

use super::{
    read::{Entry, MAX_LIST, Node, Read, whole, within},
    scale, vocabulary,
};
use crate::record::{AnalysisRecord, Compliance, StageResult};

const FOLLOWED: [&str; 6] = [
    "compliance.sop_compliance.stages_followed",
    "compliance.stages_followed",
    "compliance.layer_1.stages_completed",
    "compliance.sop_compliance.stages_completed",
    "compliance.stages_completed",
    "compliance.layer_1.stages_followed",
];

const MISSED: [&str; 3] = [
    "compliance.sop_compliance.stages_missed",
    "compliance.stages_missed",
    "compliance.layer_1.stages_missed",
];

pub(super) fn read(payload: &Node<'_>, record: &mut AnalysisRecord) {
    let followed = stages(payload, &FOLLOWED, true);
    let missed = stages(payload, &MISSED, false);
    payload.shorten("compliance.stages", followed.len() + missed.len(), MAX_LIST);
    record.compliance = Compliance {
        score: score(payload),
        final_outcome: payload
            .said(&["compliance.final_outcome", "compliance.final_decision"], vocabulary::final_outcome)
            .map(|(sent, _)| sent),
        stages_followed_count: if followed.is_empty() { count(payload, &FOLLOWED) } else { None },
        stages_missed_count: if missed.is_empty() { count(payload, &MISSED) } else { None },
        stages: followed.into_iter().chain(missed).take(MAX_LIST).collect(),
        violations: payload.merged(
            "compliance.violations",
            &[
                &["compliance.sop_compliance.compliance_issues", "compliance.compliance_issues"],
                &["compliance.violations", "compliance.sop_compliance.violations"],
            ],
        ),
        positive_behaviors: payload.merged(
            "compliance.positive_behaviors",
            &[
                &["compliance.sop_compliance.positive_behaviors", "compliance.positive_behaviors"],
                &[
                    "compliance.outcome_score.strengths",
                    "compliance.layer_2.strengths",
                    "compliance.strengths",
                ],
            ],
        ),
        recommendations: payload
            .texts(&["compliance.recommendations", "compliance.sop_compliance.recommendations"]),
    };
    scale::stages_to_ten(&mut record.compliance.stages);
    record.coaching_tips = payload.merged(
        "coaching_tips",
        &[
            &["coaching_tips", "compliance.coaching_tips"],
            &[
                "compliance.outcome_score.coaching_recommendations",
                "compliance.coaching_recommendations",
                "coaching_recommendations",
            ],
            &["compliance.layer_2.improvement_areas", "compliance.improvement_areas"],
        ],
    );
}

/// Each generation has its own field and scale. A share of the script counts, not the outcome score, which judges
/// what came of the call.
fn score(payload: &Node<'_>) -> Option<f64> {
    payload
        .number(&["compliance.sop_compliance.compliance_score"], scale::ten_by_size)
        .or_else(|| payload.number(&["compliance.sop_compliance.compliance_rate"], scale::ten_from_percent))
        .or_else(|| payload.number(&["compliance.compliance_score"], scale::ten_by_size))
        .or_else(|| {
            payload.number(
                &[
                    "compliance.overall_score",
                    "compliance.layer_1.compliance_score",
                    "compliance.compliance_rate",
                ],
                scale::ten_from_percent,
            )
        })
}

/// Named stages. What an entry says of itself counts more than the list it is in.
fn stages(payload: &Node<'_>, paths: &[&str], by_list: bool) -> Vec<StageResult> {
    // a count is read elsewhere
    let is_count = |value: &Value| matches!(whole(value), Read::Is(_));
    payload.entries(paths, MAX_LIST, is_count, |entry| match entry {
        Entry::Text(stage) => Some(StageResult { stage, followed: Some(by_list), ..StageResult::default() }),
        Entry::Object(entry) => Some(StageResult {
            stage: entry.text(&["stage_name", "stage", "name"])?,
            followed: match entry.first(&["status"], status) {
                Some(said) => said,
                None => Some(by_list),
            },
            score: entry.number(&["score"], |sent| within(sent, 0.0..=100.0)),
            issues: entry.texts(&["issues"]),
        }),
    })
}

/// `Is(None)` where there is a status we do not know: the list may not overrule it.
fn status(value: &Value) -> Read<Option<bool>> {
    let word = match value {
        Value::Null => return Read::Absent,
        Value::Bool(followed) => return Read::Is(Some(*followed)),
        Value::String(word) if word.trim().is_empty() => return Read::Absent,
        Value::String(word) => word,
        _ => return Read::Wrong,
    };
    match vocabulary::stage_followed(word) {
        vocabulary::Said::Known(followed) => Read::Is(Some(followed)),
        vocabulary::Said::NoVerdict => Read::Is(None),
        vocabulary::Said::Unknown => Read::Cut(None),
    }
}

fn count(payload: &Node<'_>, paths: &[&str]) -> Option<i64> {
    payload.first(paths, |value| match whole(value) {
        Read::Is(..0) => Read::Wrong,
        Read::Is(count) => Read::Is(count),
        // lists are read elsewhere
        _ => Read::Absent,
    })
}
