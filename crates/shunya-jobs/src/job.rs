//! The life of one analysis request.

use std::time::Duration;

use kernel::{CallId, CompanyId, ShunyaJobId, Timestamp};
use serde::{Deserialize, Serialize};

/// How often we ask the vendor to analyse the same call before giving up.
pub const MAX_SUBMISSIONS: u32 = 5;

/// How long after its submission a request may stay without an outcome before it counts as timed out.
pub const SUBMIT_DEADLINE: Duration = Duration::from_hours(24);

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Recorded by us; the vendor may or may not have it.
    Pending,
    /// The vendor confirmed it has it.
    Running,
    /// Its result is stored.
    Succeeded,
    /// The vendor gave up, or refused it.
    Failed,
    /// No outcome within [`SUBMIT_DEADLINE`].
    #[serde(rename = "timeout")]
    TimedOut,
}

impl JobState {
    /// As stored and answered.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::TimedOut => "timeout",
        }
    }

    /// Whether an outcome is still to come.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Pending | Self::Running)
    }
}

/// One request to Shunya.
#[derive(Clone, Debug, PartialEq)]
pub struct ShunyaJob {
    /// Our id, which is also the idempotency key of the submission.
    pub id: ShunyaJobId,
    /// The tenant.
    pub company: CompanyId,
    /// What is analysed.
    pub call: CallId,
    /// Where it stands.
    pub state: JobState,
    /// The vendor's id for it, once known.
    pub vendor_task_id: Option<String>,
    /// How often it was submitted.
    pub submissions: u32,
    /// When it was last submitted.
    pub submitted_at: Option<Timestamp>,
    /// When we created it.
    pub created_at: Timestamp,
}

/// Why a request failed, as the vendor or we say it. Free of personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The vendor's error code, or ours.
    pub code: String,
    /// In words.
    pub message: Option<String>,
}

/// What an event does to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// It moves.
    To(JobState),
    /// It already has an outcome; nothing may change any more.
    AlreadySettled,
}

impl ShunyaJob {
    /// The vendor confirmed it has the request.
    pub fn on_accepted(&self) -> Transition {
        self.unless_settled(JobState::Running)
    }

    /// A result arrived, by whichever way.
    pub fn on_result(&self) -> Transition {
        self.unless_settled(JobState::Succeeded)
    }

    /// The vendor gave up or refused.
    pub fn on_failure(&self) -> Transition {
        self.unless_settled(JobState::Failed)
    }

    /// Time passed: the new state if the request is open and past [`SUBMIT_DEADLINE`], else `None`. It counts from
    /// the last submission, or from the creation where there was none.
    pub fn on_deadline(&self, now: Timestamp) -> Option<JobState> {
        let since = self.submitted_at.unwrap_or(self.created_at);
        // a negative age is a clock set back, not an old request
        let age = now.signed_duration_since(since).to_std().unwrap_or_default();
        (self.state.is_open() && age >= SUBMIT_DEADLINE).then_some(JobState::TimedOut)
    }

    fn unless_settled(&self, next: JobState) -> Transition {
        if self.state.is_open() { Transition::To(next) } else { Transition::AlreadySettled }
    }
}

/// How long to wait before poll number `polls` + 1: 5, 10, 30, 60 seconds, then every 5 minutes
/// (contract `jobs.md` §3).
pub fn poll_delay(polls: u32) -> Duration {
    match polls {
        0 => Duration::from_secs(5),
        1 => Duration::from_secs(10),
        2 => Duration::from_secs(30),
        3 => Duration::from_mins(1),
        _ => Duration::from_mins(5),
    }
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;

    const STATES: [JobState; 5] =
        [JobState::Pending, JobState::Running, JobState::Succeeded, JobState::Failed, JobState::TimedOut];

    fn at(seconds: i64) -> Timestamp {
        DateTime::from_timestamp(1_766_000_000 + seconds, 0).unwrap()
    }

    fn job(state: JobState) -> ShunyaJob {
        ShunyaJob {
            id: "01890000-0000-7000-8000-000000000001".parse().unwrap(),
            company: "01890000-0000-7000-8000-000000000002".parse().unwrap(),
            call: CallId(7),
            state,
            vendor_task_id: None,
            submissions: 0,
            submitted_at: None,
            created_at: at(0),
        }
    }

    #[test]
    fn an_open_request_moves_with_every_event() {
        for state in [JobState::Pending, JobState::Running] {
            assert_eq!(job(state).on_accepted(), Transition::To(JobState::Running));
            assert_eq!(job(state).on_result(), Transition::To(JobState::Succeeded));
            assert_eq!(job(state).on_failure(), Transition::To(JobState::Failed));
        }
    }

    #[test]
    fn the_deadline_counts_from_the_last_submission() {
        let day = i64::try_from(SUBMIT_DEADLINE.as_secs()).unwrap();
        let mut job = job(JobState::Running);
        assert_eq!(job.on_deadline(at(day - 1)), None);
        assert_eq!(job.on_deadline(at(day)), Some(JobState::TimedOut));
        job.submitted_at = Some(at(60));
        assert_eq!(job.on_deadline(at(day)), None);
        assert_eq!(job.on_deadline(at(day + 60)), Some(JobState::TimedOut));
        assert_eq!(job.on_deadline(at(-day)), None, "a clock set back settles nothing");
    }

    #[test]
    fn states_are_stored_and_answered_alike() {
        for state in STATES {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
    }

    #[test]
    fn polls_grow_rarer() {
        let seconds: Vec<u64> = (0..6).map(|polls| poll_delay(polls).as_secs()).collect();
        assert_eq!(seconds, [5, 10, 30, 60, 300, 300]);
    }

    proptest! {
        #[test]
        fn once_settled_nothing_changes(
            start in 0..STATES.len(),
            events in proptest::collection::vec((0..4_u8, -100_000..300_000_i64), 0..30),
        ) {
            let mut job = job(STATES[start]);
            for (event, seconds) in events {
                let before = job.state;
                let next = match event {
                    0 => job.on_accepted(),
                    1 => job.on_result(),
                    2 => job.on_failure(),
                    _ => job.on_deadline(at(seconds)).map_or(Transition::AlreadySettled, Transition::To),
                };
                if let Transition::To(state) = next {
                    prop_assert!(before.is_open());
                    prop_assert_ne!(state, JobState::Pending);
                    job.state = state;
                } else if event < 3 {
                    prop_assert!(!before.is_open());
                }
            }
        }
    }
}
