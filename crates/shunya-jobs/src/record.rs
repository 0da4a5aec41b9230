//! What a result says, in one shape whatever generation it came in.

use chrono::{NaiveDate, NaiveDateTime};
use kernel::Timestamp;
use serde::{Deserialize, Serialize};

/// Everything Otto keeps of one analysis. Every field may be missing; none is ever filled in by us.
///
/// Texts are trimmed, never blank, free of NUL and at most 20,000 characters long; lists hold at most 500 entries;
/// numbers are rounded to six decimals.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AnalysisRecord {
    /// A few sentences.
    pub summary: Option<String>,
    /// What was said that matters.
    pub key_points: Vec<String>,
    /// What the vendor calls action items, as text.
    pub action_items: Vec<String>,
    /// What the vendor calls next steps, as text.
    pub next_steps: Vec<String>,
    /// Things somebody promised to do.
    pub pending_actions: Vec<PendingAction>,
    /// Mood of the customer from 0 (worst) to 1 (best). The newest generation sends −1 to 1, which is mapped.
    pub sentiment_score: Option<f64>,
    /// Is this somebody to win?
    pub lead_quality: Option<LeadQuality>,
    /// The vendor's `qualification_status`, as it was sent.
    pub qualification_status: Option<String>,
    /// Was an appointment made?
    pub booking_status: Option<BookingStatus>,
    /// The vendor's verdict over both, where it sent one.
    pub outcome_category: Option<OutcomeCategory>,
    /// Budget, authority, need, timeline.
    pub bant: Option<Bant>,
    /// Overall qualification from 0 to 1.
    pub overall_score: Option<f64>,
    /// The vendor's confidence in the qualification, 0 to 1.
    pub confidence_score: Option<f64>,
    /// Who decides.
    pub decision_makers: Vec<String>,
    /// Signs of urgency.
    pub urgency_signals: Vec<String>,
    /// Signs of money.
    pub budget_indicators: Vec<String>,
    /// What the customer wants done.
    pub service_requested: Option<String>,
    /// Why we do not do it.
    pub service_not_offered_reason: Option<String>,
    /// Should somebody follow up?
    pub follow_up_required: Option<bool>,
    /// Why.
    pub follow_up_reason: Option<String>,
    /// What was said about an appointment.
    pub appointment: AppointmentFacts,
    /// Where the work is.
    pub address: Option<Address>,
    /// What the customer objected to, in the order said.
    pub objections: Vec<Objection>,
    /// How well the CSR followed the script.
    pub compliance: Compliance,
    /// Advice for the CSR.
    pub coaching_tips: Vec<String>,
    /// How likely the deal is lost.
    pub risk: Option<Risk>,
    /// What else could have been sold.
    pub upgrade_opportunities: Vec<UpgradeOpportunity>,
    /// What the CSR let pass.
    pub missed_opportunities: Vec<MissedOpportunity>,
    /// The CSR's name as heard.
    pub rep_name: Option<String>,
    /// 0 to 1.
    pub rep_name_confidence: Option<f64>,
    /// The customer's name as heard (`entities.name`), where sent.
    pub customer_name: Option<String>,
    /// The customer's email as heard (`entities.email`), where sent.
    pub customer_email: Option<String>,
    /// When the vendor finished, where sent.
    pub completed_at: Option<Timestamp>,
}

/// A value outside the enumeration or range we know, kept so that people can see it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct UnknownValue {
    /// Where it stood, such as `qualification.booking_status` or, for any entry of a list,
    /// `objections.objections[].severity`; the envelope is left out.
    pub field: String,
    /// What stood there, cut to 200 characters.
    pub value: String,
}

/// Something somebody promised to do.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PendingAction {
    /// What, in words (`raw_text`, `action`, `text` or `description`; else the type in words).
    pub description: String,
    /// One of the contract's 30 action types, or `custom` for any other.
    pub action_type: Option<String>,
    /// When it is due.
    pub due_at: Option<Timestamp>,
    /// phone, email, sms, `in_person` or any.
    pub contact_method: Option<String>,
    /// 0 to 1.
    pub confidence: Option<f64>,
    /// high, medium or low, where sent.
    pub priority: Option<String>,
    /// Who is to do it (csr, rep, manager, ai), where sent.
    pub assignee: Option<String>,
}

/// How good a lead is, by the vendor's qualification status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeadQuality {
    /// Ready to buy.
    Hot,
    /// Interested.
    Warm,
    /// Not now.
    Cold,
    /// Qualified, with no temperature given.
    Qualified,
    /// Nobody to sell to.
    Unqualified,
}

impl LeadQuality {
    /// As stored and answered.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hot => "hot",
            Self::Warm => "warm",
            Self::Cold => "cold",
            Self::Qualified => "qualified",
            Self::Unqualified => "unqualified",
        }
    }
}

/// Was an appointment made?
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BookingStatus {
    /// Yes.
    Booked,
    /// No.
    NotBooked,
    /// The company does not do what the customer wants.
    ServiceNotOffered,
}

impl BookingStatus {
    /// As stored and answered.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::NotBooked => "not_booked",
            Self::ServiceNotOffered => "service_not_offered",
        }
    }
}

/// Qualification and booking in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OutcomeCategory {
    /// Qualified and booked.
    QualifiedAndBooked,
    /// Qualified, but wants something the company does not do.
    QualifiedServiceNotOffered,
    /// Qualified, but did not book.
    QualifiedButUnbooked,
}

impl OutcomeCategory {
    /// As stored and answered.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::QualifiedAndBooked => "qualified_and_booked",
            Self::QualifiedServiceNotOffered => "qualified_service_not_offered",
            Self::QualifiedButUnbooked => "qualified_but_unbooked",
        }
    }
}

/// Budget, authority, need and timeline, each 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Bant {
    /// Has the money.
    pub budget: Option<f64>,
    /// May decide.
    pub authority: Option<f64>,
    /// Needs it.
    pub need: Option<f64>,
    /// Soon.
    pub timeline: Option<f64>,
}

/// When an appointment starts, as exactly as the vendor said it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppointmentStart {
    /// An instant, sent with an offset.
    Instant(Timestamp),
    /// A wall-clock time, sent without one; the zone is [`AppointmentFacts::time_zone`] or the company's.
    Local(NaiveDateTime),
    /// A day with no time. Not enough for an appointment; kept for people to see.
    Day(NaiveDate),
}

/// What was said about an appointment.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct AppointmentFacts {
    /// Did both sides agree?
    pub confirmed: Option<bool>,
    /// When it starts.
    pub start: Option<AppointmentStart>,
    /// IANA zone the vendor named.
    pub time_zone: Option<String>,
    /// 0 to 1.
    pub time_confidence: Option<f64>,
    /// morning, afternoon or evening.
    pub preferred_window: Option<String>,
    /// How they meet.
    pub appointment_type: Option<AppointmentType>,
    /// A new one, another time for an old one, or none any more.
    pub intent: Option<AppointmentIntent>,
    /// The time being moved or cancelled.
    pub original_start: Option<AppointmentStart>,
    /// The time it is moved to.
    pub new_start: Option<AppointmentStart>,
}

/// How they meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AppointmentType {
    /// At the house.
    InPerson,
    /// By video.
    Virtual,
    /// By telephone.
    Phone,
}

impl AppointmentType {
    /// As stored and answered.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InPerson => "in-person",
            Self::Virtual => "virtual",
            Self::Phone => "phone",
        }
    }
}

/// What the customer wants of the appointment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AppointmentIntent {
    /// A new one.
    NewBooking,
    /// Another time for an old one.
    Reschedule,
    /// None any more.
    Cancel,
}

/// Where the work is.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    /// As spoken.
    pub raw: Option<String>,
    /// House number and street.
    pub street: Option<String>,
    /// City.
    pub city: Option<String>,
    /// State.
    pub state: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Country.
    pub country: Option<String>,
    /// 0 to 1.
    pub confidence: Option<f64>,
}

/// How much something matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// A little.
    Low,
    /// Somewhat.
    Medium,
    /// A lot.
    High,
}

impl Severity {
    /// As stored and answered.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Something the customer held against buying.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Objection {
    /// In words.
    pub text: Option<String>,
    /// 1 to 10 by the vendor's table; kept as sent.
    pub category_id: Option<i64>,
    /// The category's name as sent.
    pub category_text: Option<String>,
    /// How strong.
    pub severity: Option<Severity>,
    /// Did the CSR answer it?
    pub overcome: Option<bool>,
    /// Who said it.
    pub speaker_id: Option<String>,
    /// Seconds into the call.
    pub at_seconds: Option<f64>,
    /// 0 to 1.
    pub confidence: Option<f64>,
    /// What to answer next time.
    pub suggestions: Vec<String>,
}

impl Objection {
    /// The objection as text for statistics: the first non-empty of text and category
    /// (contract `metrics.md` §0.2, `key(o)`).
    pub fn label(&self) -> Option<&str> {
        [self.text.as_deref(), self.category_text.as_deref()]
            .into_iter()
            .flatten()
            .find(|text| !text.trim().is_empty())
    }
}

/// How well the CSR followed the script.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Compliance {
    /// 0 to 10, whatever scale it was sent in (contract `metrics.md` §0.3).
    pub score: Option<f64>,
    /// What the vendor calls the outcome of the two-layer evaluation (pass, `needs_coaching`, fail), as sent.
    pub final_outcome: Option<String>,
    /// Each stage named, followed or not. Generations that send only counts leave this empty.
    pub stages: Vec<StageResult>,
    /// How many stages were followed, where only a count was sent.
    pub stages_followed_count: Option<i64>,
    /// How many stages were missed, where only a count was sent.
    pub stages_missed_count: Option<i64>,
    /// What must not happen again.
    pub violations: Vec<String>,
    /// What was done well.
    pub positive_behaviors: Vec<String>,
    /// What to do better.
    pub recommendations: Vec<String>,
}

/// One stage of the script.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct StageResult {
    /// Its name.
    pub stage: String,
    /// Was it followed? `None` where the vendor says neither, such as `partial`.
    pub followed: Option<bool>,
    /// 0 to 10, where sent per stage.
    pub score: Option<f64>,
    /// What was wrong with it, where sent per stage.
    pub issues: Vec<String>,
}

/// How likely the deal is lost.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Risk {
    /// low, medium, high or critical.
    pub level: Option<String>,
    /// 0 to 1, whatever scale it was sent in.
    pub score: Option<f64>,
    /// What speaks against.
    pub risk_factors: Vec<String>,
    /// What speaks for.
    pub positive_factors: Vec<String>,
    /// What to do about it.
    pub mitigation_strategies: Vec<String>,
}

/// Something more the customer might buy.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct UpgradeOpportunity {
    /// The vendor's type, as sent.
    pub kind: Option<String>,
    /// In words.
    pub description: Option<String>,
    /// 0 to 1.
    pub confidence: Option<f64>,
}

/// Something the CSR let pass.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MissedOpportunity {
    /// discovery, `cross_sell`, upsell, qualification, or another as sent.
    pub kind: Option<String>,
    /// In words.
    pub description: String,
    /// What it costs.
    pub impact: Option<String>,
    /// Why the vendor thinks so.
    pub reasoning: Option<String>,
    /// What to do.
    pub suggestion: Option<String>,
    /// How much it matters, where sent.
    pub severity: Option<Severity>,
    /// Seconds into the call, where sent.
    pub at_seconds: Option<f64>,
}

/// Who said what, when. Its text may be 2,000,000 characters long and have 20,000 segments, so that no conversation is
/// cut short.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Transcript {
    /// The whole, as sent; where only segments were sent, those joined line by line as `speaker: text`.
    pub text: String,
    /// In the order spoken; empty where the vendor sent none.
    pub segments: Vec<Segment>,
    /// 0 to 1.
    pub confidence: Option<f64>,
    /// As sent, such as `en-US`.
    pub language: Option<String>,
    /// As sent; else counted from the text.
    pub word_count: Option<i64>,
    /// The vendor's number for it.
    pub vendor_id: Option<String>,
}

/// One speaker's turn.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Segment {
    /// Who (`speaker` or `speaker_id`), as sent.
    pub speaker: Option<String>,
    /// What.
    pub text: String,
    /// Seconds into the call.
    pub start: Option<f64>,
    /// Seconds into the call.
    pub end: Option<f64>,
}
