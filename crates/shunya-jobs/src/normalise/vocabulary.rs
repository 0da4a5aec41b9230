//! The vendor's enumerations, all of them open (contract `shunya.md` §5.1).
//!
//! Words are compared trimmed, without regard to case, `-` and blanks read as `_`. What is not listed gives no verdict
//! and is noted.
//!
//! | field | the vendor's word | ours |
//! |---|---|---|
//! | `qualification_status` | `hot`, `warm`, `cold` | the same |
//! | | `qualified`, `qualified_and_booked`, `qualified_booked`, `qualified_unbooked`, `qualified_but_unbooked`, `qualified_not_booked`, `qualified_service_not_offered` | `Qualified` |
//! | | `unqualified`, `not_qualified`, `not_qual` | `Unqualified` |
//! | | `nurture` | known, no verdict |
//! | `booking_status` | `booked`, `not_booked`, `service_not_offered` | the same |
//! | | `pending` | known, no verdict |
//! | `call_outcome_category`, `call_outcome` | `qualified_and_booked`, `qualified_booked`, `appointment_scheduled` | `QualifiedAndBooked` |
//! | | `qualified_but_unbooked`, `qualified_unbooked`, `qualified_not_booked` | `QualifiedButUnbooked` |
//! | | `qualified_service_not_offered` | the same |
//! | `appointment_type` | `in-person`, `virtual`, `phone` | the same; `service_call` is not one of ours |
//! | `appointment_intent` | `new_booking`, `reschedule`, `cancel` | the same |
//! | `severity` | `low`, `medium`, `high` | the same |
//! | stage `status` | `completed`, `complete`, `passed`, `pass`, `followed`, `met`, `done`, `compliant`, `success`, `successful`, `yes`, `true` | followed |
//! | | `missed`, `missing`, `failed`, `fail`, `skipped`, `incomplete`, `absent`, `non_compliant`, `no`, `false`, and `not_` before `completed`, `passed`, `followed`, `met`, `done` | not followed |
//! | assignee | `csr`, `customer_rep`; `rep`, `sales_rep`; `manager`, `sales_manager`; `ai` | `csr`; `rep`; `manager`; `ai` |
//! | `type` of a pending action | the 30 of `data-model.md` §4, also written without `_` | the same; any other is `custom`, and noted |

use crate::record::{
    AppointmentIntent, AppointmentType, BookingStatus, LeadQuality, OutcomeCategory, Severity,
};

/// What a word of an open enumeration means to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said<T> {
    /// One of ours.
    Known(T),
    /// A word we know, which says neither.
    NoVerdict,
    /// A word we do not know.
    Unknown,
}

/// What Otto can do about a call (contract `data-model.md` §4, `tasks.action_type`).
const ACTION_TYPES: [&str; 30] = [
    "call_back",
    "follow_up_call",
    "check_in",
    "send_quote",
    "send_estimate",
    "send_contract",
    "send_info",
    "send_photos",
    "send_details",
    "schedule_appointment",
    "schedule_visit",
    "reschedule",
    "confirm_appointment",
    "site_visit",
    "inspection",
    "measurement",
    "verify_insurance",
    "verify_details",
    "check_availability",
    "confirm_address",
    "prepare_contract",
    "collect_documents",
    "send_invoice",
    "escalate",
    "manager_review",
    "get_approval",
    "setup_financing",
    "process_payment",
    "send_payment_link",
    "custom",
];

/// One spelling for all the ways a word is written.
fn spelled(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    for c in word.trim().chars() {
        if c == '-' || c == '_' || c.is_whitespace() {
            if !out.ends_with('_') {
                out.push('_');
            }
        } else {
            out.push(c.to_ascii_lowercase());
        }
    }
    out
}

fn one_of(word: &str, ours: &[&'static str]) -> Said<&'static str> {
    let word = spelled(word);
    ours.iter().find(|known| **known == word).map_or(Said::Unknown, |known| Said::Known(*known))
}

fn owned(said: Said<&'static str>) -> Said<String> {
    match said {
        Said::Known(word) => Said::Known(word.to_owned()),
        Said::NoVerdict => Said::NoVerdict,
        Said::Unknown => Said::Unknown,
    }
}

pub(super) fn lead_quality(word: &str) -> Said<LeadQuality> {
    match spelled(word).as_str() {
        "hot" => Said::Known(LeadQuality::Hot),
        "warm" => Said::Known(LeadQuality::Warm),
        "cold" => Said::Known(LeadQuality::Cold),
        "unqualified" | "not_qualified" | "not_qual" => Said::Known(LeadQuality::Unqualified),
        "qualified" => Said::Known(LeadQuality::Qualified),
        "nurture" => Said::NoVerdict,
        composite => {
            composite_category(composite).map_or(Said::Unknown, |_| Said::Known(LeadQuality::Qualified))
        }
    }
}

pub(super) fn booking_status(word: &str) -> Said<BookingStatus> {
    match spelled(word).as_str() {
        "booked" => Said::Known(BookingStatus::Booked),
        "not_booked" => Said::Known(BookingStatus::NotBooked),
        "service_not_offered" => Said::Known(BookingStatus::ServiceNotOffered),
        "pending" => Said::NoVerdict,
        _ => Said::Unknown,
    }
}

pub(super) fn outcome_category(word: &str) -> Said<OutcomeCategory> {
    match spelled(word).as_str() {
        "appointment_scheduled" => Said::Known(OutcomeCategory::QualifiedAndBooked),
        word => composite_category(word).map_or(Said::Unknown, Said::Known),
    }
}

/// The booking half of a verdict over both.
pub(super) fn booking_in(category: OutcomeCategory) -> BookingStatus {
    match category {
        OutcomeCategory::QualifiedAndBooked => BookingStatus::Booked,
        OutcomeCategory::QualifiedButUnbooked => BookingStatus::NotBooked,
        OutcomeCategory::QualifiedServiceNotOffered => BookingStatus::ServiceNotOffered,
    }
}

/// The booking half of a `qualification_status` that says both.
pub(super) fn booking_in_qualification(word: &str) -> Option<BookingStatus> {
    composite_category(&spelled(word)).map(booking_in)
}

fn composite_category(spelled: &str) -> Option<OutcomeCategory> {
    match spelled {
        "qualified_and_booked" | "qualified_booked" => Some(OutcomeCategory::QualifiedAndBooked),
        "qualified_unbooked" | "qualified_but_unbooked" | "qualified_not_booked" => {
            Some(OutcomeCategory::QualifiedButUnbooked)
        }
        "qualified_service_not_offered" => Some(OutcomeCategory::QualifiedServiceNotOffered),
        _ => None,
    }
}

/// Whether a word tells how far the vendor's work is rather than what came of it: `qualification_status` means that
/// in the answers of the status endpoints (contract `shunya.md` §4.2).
pub(super) fn is_progress(word: &str) -> bool {
    matches!(spelled(word).as_str(), "pending" | "processing" | "completed" | "failed" | "not_started")
}

pub(super) fn appointment_type(word: &str) -> Said<AppointmentType> {
    match spelled(word).as_str() {
        "in_person" => Said::Known(AppointmentType::InPerson),
        "virtual" => Said::Known(AppointmentType::Virtual),
        "phone" => Said::Known(AppointmentType::Phone),
        _ => Said::Unknown,
    }
}

pub(super) fn appointment_intent(word: &str) -> Said<AppointmentIntent> {
    match spelled(word).as_str() {
        "new_booking" => Said::Known(AppointmentIntent::NewBooking),
        "reschedule" => Said::Known(AppointmentIntent::Reschedule),
        "cancel" => Said::Known(AppointmentIntent::Cancel),
        _ => Said::Unknown,
    }
}

pub(super) fn severity(word: &str) -> Said<Severity> {
    match spelled(word).as_str() {
        "low" => Said::Known(Severity::Low),
        "medium" => Said::Known(Severity::Medium),
        "high" => Said::Known(Severity::High),
        _ => Said::Unknown,
    }
}

/// Whether a stage was followed.
pub(super) fn stage_followed(word: &str) -> Said<bool> {
    match spelled(word).as_str() {
        "completed" | "complete" | "passed" | "pass" | "followed" | "met" | "done" | "compliant"
        | "success" | "successful" | "yes" | "true" => Said::Known(true),
        "missed" | "missing" | "failed" | "fail" | "skipped" | "incomplete" | "absent" | "non_compliant"
        | "no" | "false" | "not_completed" | "not_passed" | "not_followed" | "not_met" | "not_done" => {
            Said::Known(false)
        }
        _ => Said::Unknown,
    }
}

/// The outcome of the two-layer evaluation.
pub(super) fn final_outcome(word: &str) -> Said<&'static str> {
    one_of(word, &["pass", "needs_coaching", "fail"])
}

pub(super) fn preferred_window(word: &str) -> Said<String> {
    owned(one_of(word, &["morning", "afternoon", "evening"]))
}

pub(super) fn contact_method(word: &str) -> Said<String> {
    owned(one_of(word, &["phone", "email", "sms", "in_person", "any"]))
}

pub(super) fn priority(word: &str) -> Said<String> {
    owned(one_of(word, &["high", "medium", "low"]))
}

pub(super) fn risk_level(word: &str) -> Said<String> {
    owned(one_of(word, &["low", "medium", "high", "critical"]))
}

/// Who is to do something, by our word or by the vendor's name for the role (contract `shunya.md` §1).
pub(super) fn assignee(word: &str) -> Said<String> {
    owned(match spelled(word).as_str() {
        "csr" | "customer_rep" => Said::Known("csr"),
        "rep" | "sales_rep" => Said::Known("rep"),
        "manager" | "sales_manager" => Said::Known("manager"),
        "ai" => Said::Known("ai"),
        _ => Said::Unknown,
    })
}

/// The kind of a missed opportunity.
pub(super) fn missed_kind(word: &str) -> Said<&'static str> {
    one_of(word, &["discovery", "cross_sell", "upsell", "qualification", "risk_signal", "process_gap"])
}

/// Free text for the most part, so also found where the blanks went missing (`followup_call`, `CallBack`).
pub(super) fn action_type(word: &str) -> Said<&'static str> {
    let bare = |word: &str| word.replace('_', "");
    let word = bare(&spelled(word));
    ACTION_TYPES.iter().find(|known| bare(known) == word).map_or(Said::Unknown, |known| Said::Known(*known))
}

/// A word of an enumeration as people write it: `call_back` is `call back`.
pub(super) fn in_words(word: &str) -> String {
    word.replace('_', " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn qualification_says_quality_and_sometimes_booking() {
        use BookingStatus::{Booked, NotBooked, ServiceNotOffered};
        use LeadQuality::{Cold, Hot, Qualified, Unqualified, Warm};
        let table = [
            ("hot", Said::Known(Hot), None),
            ("warm", Said::Known(Warm), None),
            ("cold", Said::Known(Cold), None),
            ("unqualified", Said::Known(Unqualified), None),
            ("not_qualified", Said::Known(Unqualified), None),
            ("qualified", Said::Known(Qualified), None),
            ("qualified_and_booked", Said::Known(Qualified), Some(Booked)),
            ("qualified_unbooked", Said::Known(Qualified), Some(NotBooked)),
            ("qualified_but_unbooked", Said::Known(Qualified), Some(NotBooked)),
            ("qualified_service_not_offered", Said::Known(Qualified), Some(ServiceNotOffered)),
            ("nurture", Said::NoVerdict, None),
            ("lukewarm", Said::Unknown, None),
            ("booked", Said::Unknown, None),
            ("appointment_scheduled", Said::Unknown, None),
        ];
        for (word, quality, booking) in table {
            assert_eq!(lead_quality(word), quality, "{word}");
            assert_eq!(booking_in_qualification(word), booking, "{word}");
        }
    }

    #[test]
    fn outcome_categories() {
        use OutcomeCategory::{QualifiedAndBooked, QualifiedButUnbooked, QualifiedServiceNotOffered};
        for (word, ours) in [
            ("qualified_and_booked", QualifiedAndBooked),
            ("appointment_scheduled", QualifiedAndBooked),
            ("qualified_but_unbooked", QualifiedButUnbooked),
            ("qualified_not_booked", QualifiedButUnbooked),
            ("qualified_service_not_offered", QualifiedServiceNotOffered),
        ] {
            assert_eq!(outcome_category(word), Said::Known(ours), "{word}");
        }
        assert_eq!(outcome_category("won"), Said::Unknown);
    }

    #[test]
    fn spelling_does_not_matter() {
        for word in ["not_booked", "NOT-BOOKED", " Not Booked ", "not  booked", "Not_\tBooked"] {
            assert_eq!(booking_status(word), Said::Known(BookingStatus::NotBooked), "{word}");
        }
        assert_eq!(appointment_type("In Person"), Said::Known(AppointmentType::InPerson));
        assert_eq!(appointment_type("service_call"), Said::Unknown);
        assert_eq!(contact_method("In-Person"), Said::Known("in_person".to_owned()));
        assert_eq!(assignee("Sales Rep"), Said::Known("rep".to_owned()));
        for word in ["follow_up_call", "Follow-Up Call", "followup_call", "FollowUpCall"] {
            assert_eq!(action_type(word), Said::Known("follow_up_call"), "{word}");
        }
    }

    #[test]
    fn thirty_action_types_none_like_another() {
        let bare: BTreeSet<String> = ACTION_TYPES.iter().map(|known| known.replace('_', "")).collect();
        assert_eq!(bare.len(), 30);
        assert!(ACTION_TYPES.iter().all(|known| action_type(known) == Said::Known(*known)));
    }
}
