//! The contract's enumerations: stored, answered and accepted as the same words.

use std::{fmt, str::FromStr};

/// The text is none of the words of an enumeration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be one of {0}")]
pub struct UnknownWord(pub &'static str);

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vdoc])* $variant),* }

        impl $name {
            /// Every word.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// As stored and answered.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
        impl FromStr for $name {
            type Err = UnknownWord;
            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                match text {
                    $($text => Ok(Self::$variant),)*
                    _ => Err(UnknownWord(words!(@list $($text),*))),
                }
            }
        }
    )*};
    (@list $first:literal $(, $rest:literal)*) => { concat!($first $(, ", ", $rest)*) };
}
pub(crate) use words;

words! {
    /// Where a lead came from.
    LeadSource {
        /// Not known.
        Unknown = "unknown",
        /// The customer called.
        InboundCall = "inbound_call",
        /// The customer filled in a form.
        InboundWeb = "inbound_web",
        /// Somebody sent them.
        Referral = "referral",
        /// A partner sent them.
        Partner = "partner",
        /// Something else.
        Other = "other",
        /// Automated missed-call or text recovery produced it.
        AiRecovery = "ai_recovery",
    }
    /// How soon somebody should look at it.
    Priority {
        /// First.
        High = "high",
        /// Then.
        Medium = "medium",
        /// Last.
        Low = "low",
    }
    /// Where an appointment stands.
    AppointmentStatus {
        /// Made.
        Scheduled = "scheduled",
        /// Confirmed by the customer.
        Confirmed = "confirmed",
        /// Held.
        Completed = "completed",
        /// Called off.
        Cancelled = "cancelled",
        /// The customer was not there.
        NoShow = "no_show",
    }
    /// What came of an appointment.
    AppointmentOutcome {
        /// Nothing yet.
        Pending = "pending",
        /// Sold.
        Won = "won",
        /// Not sold.
        Lost = "lost",
        /// The customer was not there.
        NoShow = "no_show",
        /// Moved.
        Rescheduled = "rescheduled",
    }
    /// Whose task it is.
    TaskAssignee {
        /// A customer service representative.
        Csr = "csr",
        /// A sales representative.
        Rep = "rep",
        /// A manager.
        Manager = "manager",
        /// Otto.
        Ai = "ai",
    }
    /// Who made a task.
    TaskSource {
        /// Otto.
        Otto = "otto",
        /// The AI vendor, from a conversation.
        Shunya = "shunya",
        /// A person.
        Manual = "manual",
    }
    /// Where a task stands.
    TaskStatus {
        /// To do.
        Open = "open",
        /// Begun, or waiting for somebody.
        Pending = "pending",
        /// Done.
        Completed = "completed",
        /// Should have been done.
        Overdue = "overdue",
        /// Called off.
        Cancelled = "cancelled",
    }
    /// What a signal is about.
    SignalType {
        /// The deal may be lost.
        Risk = "risk",
        /// There is something to win.
        Opportunity = "opportunity",
        /// Somebody should learn something.
        Coaching = "coaching",
        /// Something needs doing.
        Operational = "operational",
    }
    /// How much a signal matters.
    SignalSeverity {
        /// A little.
        Low = "low",
        /// Somewhat.
        Medium = "medium",
        /// A lot.
        High = "high",
        /// Drop everything.
        Critical = "critical",
    }
}

impl AppointmentStatus {
    /// Whether it is still to be held.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Scheduled | Self::Confirmed)
    }
}
