use kernel::{CallId, ContactCardId, LeadId, Timestamp};
use serde::Serialize;

use super::CallDetail;

/// The dashboard's buckets of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DashboardBucket {
    /// Every call.
    All,
    /// The customer called it off.
    Cancelled,
    /// Booked, and waiting for a price.
    AwaitingQuote,
    /// Booked, and thinking about it.
    StillDeciding,
    /// Bought.
    Purchased,
    /// Nobody took it.
    Missed,
    /// Booked, and lost.
    Lost,
    /// What was said and what was entered differ.
    Discrepancies,
}

impl DashboardBucket {
    /// Every bucket.
    pub const ALL: [Self; 8] = [
        Self::All,
        Self::Cancelled,
        Self::AwaitingQuote,
        Self::StillDeciding,
        Self::Purchased,
        Self::Missed,
        Self::Lost,
        Self::Discrepancies,
    ];

    /// As asked for and answered.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Cancelled => "cancelled",
            Self::AwaitingQuote => "awaiting_quote",
            Self::StillDeciding => "still_deciding",
            Self::Purchased => "purchased",
            Self::Missed => "missed",
            Self::Lost => "lost",
            Self::Discrepancies => "discrepancies",
        }
    }
}

/// A call in a dashboard bucket.
#[derive(Clone, Debug, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "the fields of the contract")]
pub struct DashboardCall {
    /// Its number.
    pub call_id: CallId,
    /// The customer's number.
    pub phone_number: Option<String>,
    /// The customer's name.
    pub customer_name: Option<String>,
    /// The same, for older readers.
    pub name: Option<String>,
    /// Nobody took it.
    pub missed_call: bool,
    /// The AI says booked.
    pub booked: bool,
    /// The AI's verdict.
    pub booking_status: Option<String>,
    /// The customer.
    pub contact_card_id: Option<ContactCardId>,
    /// The customer's lead.
    pub lead_id: Option<LeadId>,
    /// Where it stands as a telephone call.
    pub status: String,
    /// The rep it is assigned to.
    pub assigned_rep_id: Option<String>,
    /// In seconds.
    pub duration_seconds: Option<i32>,
    /// The customer called it off.
    pub cancelled: bool,
    /// The customer bought.
    pub bought: bool,
    /// When it began.
    pub created_at: Timestamp,
}

/// A slice of a dashboard bucket.
#[derive(Clone, Debug, Serialize)]
pub struct DashboardCalls {
    /// Newest first.
    pub calls: Vec<DashboardCall>,
    /// How many there are in all.
    pub total: i64,
    /// As asked for.
    pub limit: i64,
    /// As asked for.
    pub offset: i64,
    /// The bucket.
    pub status: &'static str,
}

/// A call in the older list.
#[derive(Clone, Debug, Serialize)]
pub struct LegacyCallLine {
    /// Its number.
    pub call_id: CallId,
    /// The customer's number.
    pub phone: Option<String>,
    /// The customer's name.
    pub customer_name: Option<String>,
    /// Where it stands as a telephone call.
    pub status: String,
    /// In seconds.
    pub duration_seconds: Option<i32>,
    /// The AI says booked.
    pub booked: bool,
    /// Nobody took it.
    pub missed_call: bool,
    /// The customer.
    pub contact_card_id: Option<ContactCardId>,
    /// When it began.
    pub created_at: Timestamp,
}

/// The older list of calls.
#[derive(Clone, Debug, Serialize)]
pub struct LegacyCalls {
    /// Newest first.
    pub calls: Vec<LegacyCallLine>,
    /// How many there are in all.
    pub total: i64,
    /// As asked for.
    pub limit: i64,
    /// As asked for.
    pub offset: i64,
}

impl From<DashboardCalls> for LegacyCalls {
    fn from(list: DashboardCalls) -> Self {
        let line = |call: DashboardCall| LegacyCallLine {
            call_id: call.call_id,
            phone: call.phone_number,
            customer_name: call.customer_name,
            status: call.status,
            duration_seconds: call.duration_seconds,
            booked: call.booked,
            missed_call: call.missed_call,
            contact_card_id: call.contact_card_id,
            created_at: call.created_at,
        };
        let calls = list.calls.into_iter().map(line).collect();
        Self { calls, total: list.total, limit: list.limit, offset: list.offset }
    }
}

/// The older detail of a call.
#[derive(Clone, Debug, Serialize)]
pub struct LegacyCallDetail {
    /// Its number.
    pub call_id: CallId,
    /// The customer's number.
    pub phone: Option<String>,
    /// The customer's name.
    pub customer_name: Option<String>,
    /// In seconds.
    pub duration_seconds: Option<i32>,
    /// The words spoken.
    pub transcript: Option<String>,
    /// Where it stands as a telephone call.
    pub status: String,
    /// The newest analysis, in short.
    pub analysis: Option<LegacyAnalysis>,
    /// When it began.
    pub created_at: Timestamp,
}

/// An analysis in short.
#[derive(Clone, Debug, Serialize)]
pub struct LegacyAnalysis {
    /// What the customer objected to, in words.
    pub objections: Vec<String>,
    /// 0 to 1.
    pub sentiment_score: Option<f64>,
    /// Advice for the CSR, in words.
    pub coaching_tips: Vec<String>,
}

impl From<CallDetail> for LegacyCallDetail {
    fn from(call: CallDetail) -> Self {
        Self {
            call_id: call.call_id,
            phone: call.phone_number,
            customer_name: call.customer_name,
            duration_seconds: call.duration_seconds,
            transcript: call.transcript,
            status: call.status,
            analysis: call.analysis.map(|analysis| LegacyAnalysis {
                objections: analysis.objections,
                sentiment_score: analysis.sentiment_score,
                coaching_tips: analysis.coaching_tips.into_iter().map(|tip| tip.tip).collect(),
            }),
            created_at: call.created_at,
        }
    }
}
