//! Stored analyses as clients read them.

use app::reads::{AnalysisState, CallAnalysisView, CoachingTip, ObjectionDetail, SopStage};
use diesel::{Queryable, Selectable};
use kernel::{AnalysisId, CallId, StoreError};
use serde_json::Value;
use shunya_jobs::AnalysisRecord;

use crate::{
    error::corrupt,
    schema::call_analyses,
    types::{DbDoc, DbId, DbTs},
};

/// Keeps the newest analysis of each call. Two made in the same microsecond are told apart by id, which grows.
pub(super) const NEWEST_OF_CALL: &str = "NOT EXISTS (SELECT 1 FROM call_analyses newer \
     WHERE newer.company_id = call_analyses.company_id AND newer.call_id = call_analyses.call_id \
     AND (newer.analyzed_at, newer.id) > (call_analyses.analyzed_at, call_analyses.id))";

/// Everything but the payload, which nobody looks at here and which may be large.
#[derive(Queryable, Selectable)]
#[diesel(table_name = call_analyses)]
pub(super) struct AnalysisRow {
    id: DbId,
    pub(super) call_id: i64,
    lead_quality: Option<String>,
    booking_status: Option<String>,
    outcome_category: Option<String>,
    sentiment_score: Option<f64>,
    sop_compliance_score: Option<f64>,
    pub(super) summary: Option<String>,
    record: DbDoc,
    unknown_values: DbDoc,
    analyzed_at: DbTs,
}

/// Qualification and booking in one word: `category(c)` of contract `metrics.md` §0.2.
fn category(lead_quality: Option<&str>, booking_status: Option<&str>) -> Option<&'static str> {
    let lead_quality = lead_quality?;
    if lead_quality == "unqualified" {
        return Some("unqualified");
    }
    match booking_status? {
        _ if !insights::is_qualified(lead_quality) => None,
        "booked" => Some("qualified_and_booked"),
        "service_not_offered" => Some("qualified_service_not_offered"),
        "not_booked" => Some("qualified_but_unbooked"),
        _ => None,
    }
}

impl AnalysisRow {
    /// The whole of what was said, read back.
    pub(super) fn record(&self) -> Result<AnalysisRecord, StoreError> {
        let id = AnalysisId::from(self.id);
        self.record.read().map_err(|error| corrupt("call_analyses", "record", id, error))
    }

    pub(super) fn into_view(self, transcript: Option<String>) -> Result<CallAnalysisView, StoreError> {
        let record = self.record()?;
        let labels = record.objections.iter().filter_map(shunya_jobs::Objection::label);
        let objections = labels.map(str::to_owned).collect();
        // what was neither followed nor missed is in neither list: saying either would be a guess
        let stages: Vec<(String, bool, Option<f64>)> = record
            .compliance
            .stages
            .into_iter()
            .filter_map(|stage| Some((stage.stage, stage.followed?, stage.score)))
            .collect();
        let named = |wanted: bool| {
            stages
                .iter()
                .filter(|(_, followed, _)| *followed == wanted)
                .map(|(name, ..)| name.clone())
                .collect()
        };
        let category = category(self.lead_quality.as_deref(), self.booking_status.as_deref());
        Ok(CallAnalysisView {
            call_id: CallId(self.call_id),
            analysis_id: Some(self.id.into()),
            status: AnalysisState::Complete,
            transcript,
            summary: self.summary,
            objections,
            objection_details: record.objections.into_iter().map(objection_detail).collect(),
            coaching_tips: record.coaching_tips.into_iter().map(coaching_tip).collect(),
            sentiment_score: self.sentiment_score,
            engagement_score: None,
            sop_stages_completed: named(true),
            sop_stages_missed: named(false),
            sop_compliance_score: self.sop_compliance_score,
            sop_compliance: stages.iter().cloned().map(sop_stage).collect(),
            rehash_score: None,
            conversion_probability: None,
            // where only the vendor's own verdict over both is known, that is it
            call_outcome_category: category.map(str::to_owned).or(self.outcome_category),
            lead_quality: self.lead_quality,
            booking_status: self.booking_status,
            compliance_violations: record.compliance.violations,
            compliance_positive_behaviors: record.compliance.positive_behaviors,
            compliance_recommendations: record.compliance.recommendations,
            pending_actions: record.pending_actions.iter().map(|action| DbDoc::of(action).0).collect(),
            unknown_values: match self.unknown_values.0 {
                Value::Null => Value::Array(Vec::new()),
                values => values,
            },
            analyzed_at: Some(self.analyzed_at.0),
        })
    }
}

fn objection_detail(objection: shunya_jobs::Objection) -> ObjectionDetail {
    ObjectionDetail {
        category: objection.category_text,
        category_id: objection.category_id,
        objection_text: objection.text,
        timestamp: objection.at_seconds,
        severity: objection.severity.map(|severity| severity.as_str().to_owned()),
        overcome: objection.overcome,
        speaker_id: objection.speaker_id,
        confidence_score: objection.confidence,
        response_suggestions: objection.suggestions,
    }
}

fn coaching_tip(tip: String) -> CoachingTip {
    CoachingTip { tip, priority: None, category: None, timestamp: None }
}

fn sop_stage((stage, followed, score): (String, bool, Option<f64>)) -> SopStage {
    SopStage { stage, status: if followed { "completed" } else { "missed" }, score }
}

#[cfg(test)]
mod tests {
    use super::category;

    #[test]
    fn categories_are_the_contracts() {
        assert_eq!(category(Some("hot"), Some("booked")), Some("qualified_and_booked"));
        assert_eq!(category(Some("qualified"), Some("not_booked")), Some("qualified_but_unbooked"));
        assert_eq!(
            category(Some("cold"), Some("service_not_offered")),
            Some("qualified_service_not_offered")
        );
        assert_eq!(category(Some("unqualified"), None), Some("unqualified"));
        assert_eq!(category(Some("warm"), None), None);
        assert_eq!(category(None, Some("booked")), None);
    }
}
