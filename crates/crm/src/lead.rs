//! A lead's status and the moves it may make.

use std::fmt;
use std::str::FromStr;

use crate::vocabulary::{UnknownWord, words};

words! {
    /// Where a lead stands.
    LeadStatus {
        /// Just made.
        New = "new",
        /// Interested.
        Warm = "warm",
        /// Ready to buy.
        Hot = "hot",
        /// Qualified, with an appointment.
        QualifiedBooked = "qualified_booked",
        /// Qualified, without one.
        QualifiedUnbooked = "qualified_unbooked",
        /// Qualified, but wants something the company does not do.
        QualifiedServiceNotOffered = "qualified_service_not_offered",
        /// To be won later.
        Nurturing = "nurturing",
        /// Asleep.
        Dormant = "dormant",
        /// Given up.
        Abandoned = "abandoned",
        /// Sold.
        ClosedWon = "closed_won",
        /// Lost.
        ClosedLost = "closed_lost",
    }
}

/// What a lead becomes when the AI calls it unqualified. The rule book offers `closed_lost` or `nurturing`; until
/// companies can choose, it is the predecessor's.
pub const UNQUALIFIED_BECOMES: LeadStatus = LeadStatus::ClosedLost;

impl LeadStatus {
    /// Statuses of a lead somebody works on. A contact has at most one such lead.
    pub const ACTIVE: [Self; 6] =
        [Self::New, Self::Warm, Self::Hot, Self::Nurturing, Self::QualifiedBooked, Self::QualifiedUnbooked];

    /// Whether somebody works on it.
    pub fn is_active(self) -> bool {
        Self::ACTIVE.contains(&self)
    }

    /// Whether a customer who calls again takes the lead up again, rather than beginning a new one.
    pub fn wakes_up(self) -> bool {
        matches!(self, Self::Dormant | Self::Abandoned)
    }
}

/// Whether an automatic event may move a lead so (contract `rules.md` §2, recommended transition table).
pub fn may_move(from: LeadStatus, to: LeadStatus) -> bool {
    use LeadStatus::{
        Abandoned, ClosedLost, ClosedWon, Dormant, Hot, New, Nurturing, QualifiedBooked,
        QualifiedServiceNotOffered, QualifiedUnbooked, Warm,
    };
    if from == to {
        return false;
    }
    match from {
        New => to != ClosedWon,
        Warm | Hot | Nurturing => to != New,
        QualifiedUnbooked => matches!(to, QualifiedBooked | Nurturing | Dormant | Abandoned | ClosedLost),
        QualifiedBooked => matches!(to, QualifiedUnbooked | Nurturing | ClosedWon | ClosedLost),
        QualifiedServiceNotOffered => matches!(to, ClosedLost | Nurturing | QualifiedUnbooked),
        Dormant | Abandoned => to.is_active() || to == ClosedLost,
        ClosedWon | ClosedLost => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_automatic_leaves_a_closed_lead() {
        for from in [LeadStatus::ClosedWon, LeadStatus::ClosedLost] {
            assert!(LeadStatus::ALL.iter().all(|to| !may_move(from, *to)));
        }
    }

    #[test]
    fn no_move_makes_a_second_active_lead_out_of_one_that_sleeps_unless_the_customer_is_back() {
        // the statuses from which a move can make a lead active again
        let back: Vec<_> = LeadStatus::ALL
            .iter()
            .filter(|from| !from.is_active())
            .filter(|from| LeadStatus::ALL.iter().any(|to| to.is_active() && may_move(**from, *to)))
            .map(|status| status.as_str())
            .collect();
        assert_eq!(back, ["qualified_service_not_offered", "dormant", "abandoned"]);
    }

    #[test]
    fn words_round_trip() {
        for status in LeadStatus::ALL {
            assert_eq!(status.as_str().parse::<LeadStatus>(), Ok(*status));
        }
        assert!("won".parse::<LeadStatus>().is_err());
    }
}
