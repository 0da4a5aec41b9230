use kernel::{AnalysisId, CallId, Timestamp};
use serde::Serialize;
use serde_json::Value;

/// One speaker's turn.
#[derive(Clone, Debug, Serialize)]
pub struct TranscriptSegment {
    /// Who.
    pub speaker: Option<String>,
    /// What.
    pub text: String,
    /// Seconds into the call.
    pub start_time: Option<f64>,
    /// Seconds into the call.
    pub end_time: Option<f64>,
}

/// How far the analysis of a call has come, in the contract's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnalysisState {
    /// Stored.
    Complete,
    /// Not asked for, or nothing to analyse.
    NotAnalyzed,
    /// Under way.
    Processing,
    /// Given up on.
    Failed,
}

impl AnalysisState {
    /// What a call without an analysis answers, by its stage.
    pub fn without_analysis(stage: &str) -> Self {
        match stage {
            "fetching_recording" | "recorded" | "analysing" => Self::Processing,
            "failed" => Self::Failed,
            _ => Self::NotAnalyzed,
        }
    }
}

/// An analysis as clients read it.
#[derive(Clone, Debug, Serialize)]
pub struct CallAnalysisView {
    /// The call.
    pub call_id: CallId,
    /// The analysis, once there is one.
    pub analysis_id: Option<AnalysisId>,
    /// How far it has come.
    pub status: AnalysisState,
    /// The words spoken.
    pub transcript: Option<String>,
    /// A few sentences.
    pub summary: Option<String>,
    /// What the customer objected to, in words.
    pub objections: Vec<String>,
    /// The same, in full.
    pub objection_details: Vec<ObjectionDetail>,
    /// Advice for the CSR.
    pub coaching_tips: Vec<CoachingTip>,
    /// 0 to 1.
    pub sentiment_score: Option<f64>,
    /// Not sent by this vendor.
    pub engagement_score: Option<f64>,
    /// Stages of the script followed.
    pub sop_stages_completed: Vec<String>,
    /// Stages of the script missed.
    pub sop_stages_missed: Vec<String>,
    /// 0 to 10.
    pub sop_compliance_score: Option<f64>,
    /// Every stage.
    pub sop_compliance: Vec<SopStage>,
    /// Not sent by this vendor.
    pub rehash_score: Option<f64>,
    /// Not sent by this vendor.
    pub conversion_probability: Option<f64>,
    /// hot, warm, cold, qualified or unqualified.
    pub lead_quality: Option<String>,
    /// booked, `not_booked` or `service_not_offered`.
    pub booking_status: Option<String>,
    /// Both in one word.
    pub call_outcome_category: Option<String>,
    /// Script violations.
    pub compliance_violations: Vec<String>,
    /// What was done well.
    pub compliance_positive_behaviors: Vec<String>,
    /// What to do better.
    pub compliance_recommendations: Vec<String>,
    /// What was promised.
    pub pending_actions: Vec<Value>,
    /// What the vendor sent that we do not know.
    pub unknown_values: Value,
    /// When it was made.
    pub analyzed_at: Option<Timestamp>,
}

impl CallAnalysisView {
    /// What a call without an analysis answers.
    pub fn none(call: CallId, status: AnalysisState, transcript: Option<String>) -> Self {
        Self {
            call_id: call,
            analysis_id: None,
            status,
            transcript,
            summary: None,
            objections: Vec::new(),
            objection_details: Vec::new(),
            coaching_tips: Vec::new(),
            sentiment_score: None,
            engagement_score: None,
            sop_stages_completed: Vec::new(),
            sop_stages_missed: Vec::new(),
            sop_compliance_score: None,
            sop_compliance: Vec::new(),
            rehash_score: None,
            conversion_probability: None,
            lead_quality: None,
            booking_status: None,
            call_outcome_category: None,
            compliance_violations: Vec::new(),
            compliance_positive_behaviors: Vec::new(),
            compliance_recommendations: Vec::new(),
            pending_actions: Vec::new(),
            unknown_values: Value::Array(Vec::new()),
            analyzed_at: None,
        }
    }
}

/// One objection in full.
#[derive(Clone, Debug, Serialize)]
pub struct ObjectionDetail {
    /// The category's name.
    pub category: Option<String>,
    /// The category's number.
    pub category_id: Option<i64>,
    /// In words.
    pub objection_text: Option<String>,
    /// Seconds into the call.
    pub timestamp: Option<f64>,
    /// low, medium or high.
    pub severity: Option<String>,
    /// Did the CSR answer it?
    pub overcome: Option<bool>,
    /// Who said it.
    pub speaker_id: Option<String>,
    /// 0 to 1.
    pub confidence_score: Option<f64>,
    /// What to answer next time.
    pub response_suggestions: Vec<String>,
}

/// Advice for the CSR.
#[derive(Clone, Debug, Serialize)]
pub struct CoachingTip {
    /// In words.
    pub tip: String,
    /// Not sent by this vendor.
    pub priority: Option<String>,
    /// Not sent by this vendor.
    pub category: Option<String>,
    /// Not sent by this vendor.
    pub timestamp: Option<f64>,
}

/// One stage of the script.
#[derive(Clone, Debug, Serialize)]
pub struct SopStage {
    /// Its name.
    pub stage: String,
    /// completed or missed.
    pub status: &'static str,
    /// 0 to 10.
    pub score: Option<f64>,
}
