//! Risks and chances.

use super::{
    read::{Entry, MAX_LIST, Node},
    scale, vocabulary,
};
use crate::record::{AnalysisRecord, MissedOpportunity, Risk, UpgradeOpportunity};

pub(super) fn read(payload: &Node<'_>, record: &mut AnalysisRecord) {
    record.risk = risk(payload);
    record.upgrade_opportunities = payload.entries(
        &["opportunity_analysis.upgrade_opportunities", "upgrade_opportunities"],
        MAX_LIST,
        |_| false,
        upgrade,
    );
    record.missed_opportunities = payload.entries(
        &["opportunity_analysis.missed_opportunities", "missed_opportunities"],
        MAX_LIST,
        |_| false,
        missed,
    );
}

fn risk(payload: &Node<'_>) -> Option<Risk> {
    let places = |name: &str| {
        [format!("opportunity_analysis.risk_assessment.{name}"), format!("risk_assessment.{name}")]
    };
    let texts = |name: &str| {
        let [section, top] = places(name);
        payload.texts(&[&section, &top])
    };
    let [level, top_level] = places("level");
    let [score, top_score] = places("score");
    let risk = Risk {
        level: payload.word(&[&level, &top_level], vocabulary::risk_level),
        score: payload.number(&[&score, &top_score], scale::risk),
        risk_factors: texts("risk_factors"),
        positive_factors: texts("positive_factors"),
        mitigation_strategies: texts("mitigation_strategies"),
    };
    (risk != Risk::default()).then_some(risk)
}

fn upgrade(entry: Entry<'_>) -> Option<UpgradeOpportunity> {
    let entry = match entry {
        Entry::Text(text) => {
            return Some(UpgradeOpportunity { description: Some(text), ..UpgradeOpportunity::default() });
        }
        Entry::Object(entry) => entry,
    };
    let upgrade = UpgradeOpportunity {
        kind: entry.text(&["type"]),
        description: entry.text(&["description", "opportunity", "text"]),
        confidence: entry.fraction(&["confidence", "confidence_score"]),
    };
    (upgrade.kind.is_some() || upgrade.description.is_some()).then_some(upgrade)
}

fn missed(entry: Entry<'_>) -> Option<MissedOpportunity> {
    let entry = match entry {
        Entry::Text(description) => {
            return Some(MissedOpportunity { description, ..MissedOpportunity::default() });
        }
        Entry::Object(entry) => entry,
    };
    let kind = entry
        .said(&["type", "missed_opportunity_type"], vocabulary::missed_kind)
        // in our spelling where it is one we know, so that it can be counted
        .map(|(sent, known)| known.map_or(sent, str::to_owned));
    let description = entry
        .text(&["description", "opportunity", "text"])
        .or_else(|| kind.as_deref().map(vocabulary::in_words))?;
    Some(MissedOpportunity {
        kind,
        description,
        impact: entry.label(&["impact"]),
        reasoning: entry.text(&["reasoning"]),
        suggestion: entry.text(&["suggestion"]),
        severity: entry.word(&["severity"], vocabulary::severity),
        at_seconds: entry.seconds(&["timestamp"]),
    })
}
