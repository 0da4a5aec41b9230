use chrono::NaiveDate;
use serde::Serialize;

/// The headline numbers (contract `metrics.md` §7.1).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Headline {
    /// booked / qualified, 0 to 1; null if nothing is qualified.
    pub booking_rate: Option<f64>,
    /// CSR calls.
    pub total_leads: i64,
    /// Of them, qualified.
    pub qualified_leads: i64,
    /// Of them, booked.
    pub booked_appointments: i64,
}

impl Headline {
    /// From the three counts.
    pub fn of(total: i64, qualified: i64, booked: i64) -> Self {
        Self {
            booking_rate: insights::rate(booked, qualified),
            total_leads: total,
            qualified_leads: qualified,
            booked_appointments: booked,
        }
    }
}

/// Quotes lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct LostQuotes {
    /// How many.
    pub total: i64,
    /// In dollars.
    pub value_lost: f64,
}

/// The older counters, over all time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct FunnelCounters {
    /// Missed and not called off.
    pub missed_calls: i64,
    /// Bought and not called off.
    pub purchased_service: i64,
    /// Called off.
    pub cancelled_appointments: i64,
    /// Booked and thinking about it.
    pub still_deciding: i64,
    /// The same, for older readers.
    pub still_deciding_count: i64,
    /// Booked and waiting for a price.
    pub awaiting_quote: i64,
    /// What was said and what was entered differ.
    pub discrepancies: i64,
    /// Booked and lost.
    pub lost_quotes: LostQuotes,
}

/// The receptionist dashboard's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct DashboardMetrics {
    /// Of the company.
    #[serde(flatten)]
    pub company: Headline,
    /// Of the calling CSR's own calls; null for other roles.
    pub personal: Option<Headline>,
    /// Over all time.
    #[serde(flatten)]
    pub funnel: FunnelCounters,
}

/// One day's booking rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BookingRatePoint {
    /// The day.
    pub date: NaiveDate,
    /// 0 to 100, two decimals; 0 of nothing is 0 (contract `metrics.md` §0.3).
    pub rate: f64,
    /// Of so many qualified calls. For those who tell "none of them" from "none"; clients are not told.
    #[serde(skip)]
    pub qualified: i64,
}

/// An objection and how many calls with objections had it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TopObjection {
    /// Its key.
    pub label: String,
    /// 0 to 100, two decimals.
    pub percentage: f64,
}
