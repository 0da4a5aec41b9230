//! Words with a colour that means something. The colour never says more than the word.

use calls::CallStage;
use idempotency::InboxState;
use maud::{Markup, html};
use queue::JobState;

use crate::text::words;

/// A family of colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hue {
    /// Under way, with people.
    Blue,
    /// Under way, with us.
    Teal,
    /// Under way, with the AI vendor.
    Violet,
    /// Done well.
    Green,
    /// To be looked at.
    Amber,
    /// Gone wrong.
    Red,
    /// Nothing to do.
    Grey,
}

impl Hue {
    /// The class that sets it.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Blue => "blue",
            Self::Teal => "teal",
            Self::Violet => "violet",
            Self::Green => "green",
            Self::Amber => "amber",
            Self::Red => "red",
            Self::Grey => "grey",
        }
    }

    /// Of a call's stage.
    pub(crate) fn of_stage(stage: &str) -> Self {
        let Ok(stage) = stage.parse::<CallStage>() else { return Self::Grey };
        match stage {
            CallStage::Ringing | CallStage::InProgress => Self::Blue,
            CallStage::FetchingRecording | CallStage::Recorded => Self::Teal,
            CallStage::Analysing => Self::Violet,
            CallStage::Analysed => Self::Green,
            CallStage::Missed => Self::Amber,
            CallStage::AwaitingRecording | CallStage::NoRecording => Self::Grey,
            CallStage::Failed => Self::Red,
        }
    }

    /// Of a job's state.
    pub(crate) fn of_job(state: JobState) -> Self {
        match state {
            JobState::Ready => Self::Blue,
            JobState::Running => Self::Violet,
            JobState::Done => Self::Green,
            JobState::Dead => Self::Red,
            JobState::Cancelled => Self::Grey,
        }
    }

    /// Of a webhook's state.
    pub(crate) fn of_inbox(state: InboxState) -> Self {
        match state {
            InboxState::Received => Self::Blue,
            InboxState::Applied => Self::Green,
            InboxState::Waiting => Self::Violet,
            InboxState::Quarantined => Self::Amber,
            InboxState::Ignored => Self::Grey,
        }
    }

    /// Of how much something matters.
    pub(crate) fn of_severity(severity: &str) -> Self {
        match severity {
            "critical" => Self::Red,
            "high" => Self::Amber,
            "medium" => Self::Blue,
            _ => Self::Grey,
        }
    }

    /// Of where a lead, an appointment or a task stands.
    pub(crate) fn of_status(status: &str) -> Self {
        match status {
            "booked" | "qualified_booked" | "won" | "closed_won" | "completed" | "confirmed" => Self::Green,
            "lost" | "closed_lost" | "cancelled" | "no_show" | "abandoned" | "disqualified" => Self::Grey,
            "overdue" => Self::Red,
            "hot" => Self::Amber,
            "new" | "scheduled" | "open" | "pending" => Self::Blue,
            _ => Self::Teal,
        }
    }
}

/// A pill.
pub(crate) fn pill(hue: Hue, text: &str) -> Markup {
    html! { span.pill.(hue.class()) { (text) } }
}

/// A pill that moves when what it stands for has changed: `key` names it, `value` is what is compared.
fn watched(hue: Hue, text: &str, key: &str, value: &str) -> Markup {
    html! { span.pill.(hue.class()) data-key=(key) data-value=(value) { (text) } }
}

/// A call's stage.
pub(crate) fn stage(call: kernel::CallId, stage: &str) -> Markup {
    watched(Hue::of_stage(stage), &words(stage), &format!("stage-{call}"), stage)
}

/// The AI's verdict on the customer: a dot and a word, calmer than a pill.
pub(crate) fn quality(quality: Option<&str>) -> Markup {
    let hue = match quality {
        Some("hot") => Hue::Red,
        Some("warm") => Hue::Amber,
        Some("cold") => Hue::Blue,
        Some("qualified") => Hue::Teal,
        _ => Hue::Grey,
    };
    html! {
        @match quality {
            Some(quality) => span.dotted.(hue.class()) { (words(quality)) },
            None => (nothing()),
        }
    }
}

/// Whether an appointment was made, as the AI heard it.
pub(crate) fn booking(status: Option<&str>) -> Markup {
    html! {
        @match status {
            Some("booked") => span.booked { "Booked" },
            Some(other) => span.unbooked { (words(other)) },
            None => (nothing()),
        }
    }
}

/// Where there is no value: nothing to read for eyes, a word for ears.
pub(crate) fn nothing() -> Markup {
    html! { span.nothing { span aria-hidden="true" { "–" } span.unseen { "none" } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_database_says_stays_text() {
        let shown = stage(kernel::CallId(1), "\"><script>").into_string();
        assert!(shown.contains("data-value=\"&quot;&gt;&lt;script&gt;\""), "{shown}");
        assert!(!shown.contains("<script"));
    }

    #[test]
    fn every_stage_has_its_colour() {
        for stage in CallStage::ALL {
            let grey = Hue::of_stage(stage.as_str()) == Hue::Grey;
            assert_eq!(
                grey,
                matches!(stage, CallStage::AwaitingRecording | CallStage::NoRecording),
                "{stage:?}"
            );
        }
    }
}
