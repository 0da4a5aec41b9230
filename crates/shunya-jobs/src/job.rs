//! The life of one analysis request.

use std::time::Duration;

use kernel::{CallId, CompanyId, ShunyaJobId, Timestamp};
use serde::{Deserialize, Serialize};

/// How often we ask the vendor to analyse the same call before giving up. Opening a request again begins a new round of
/// as many, whose numbers go on where no number was used before, so that the vendor takes none for a repetition.
pub const MAX_SUBMISSIONS: u32 = 5;

/// The code of a [`Failure`] that is nobody's: people called the request, or the copying of a recording, off.
pub const CALLED_OFF: &str = "cancelled";

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
    /// How often it was submitted, in rounds of [`MAX_SUBMISSIONS`]: rounds cut short count as whole ones.
    pub submissions: u32,
    /// When it was last submitted.
    pub submitted_at: Option<Timestamp>,
    /// When we created it, or people had it opened again.
    pub created_at: Timestamp,
}

/// How a request that has failed goes on when people want it tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// It is submitted again.
    Submit,
    /// The vendor is asked again what became of it.
    Look,
}

/// Why a request failed, as the vendor or we say it. Free of personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The vendor's error code, or ours.
    pub code: String,
    /// In words.
    pub message: Option<String>,
}

impl ShunyaJob {
    /// Time passed: the new state if the request is open and past [`SUBMIT_DEADLINE`], else `None`. It counts from
    /// the last submission, or from the creation or opening where there was none since.
    pub fn on_deadline(&self, now: Timestamp) -> Option<JobState> {
        let since = self.submitted_at.map_or(self.created_at, |at| at.max(self.created_at));
        // a negative age is a clock set back, not an old request
        let age = now.signed_duration_since(since).to_std().unwrap_or_default();
        (self.state.is_open() && age >= SUBMIT_DEADLINE).then_some(JobState::TimedOut)
    }

    /// People want it tried again: the request as it is from then on. `None` if its outcome is still to come, or is a
    /// result: then there is nothing to be tried.
    pub fn open_again(&self, how: Again, now: Timestamp) -> Option<Self> {
        if !matches!(self.state, JobState::Failed | JobState::TimedOut) {
            return None;
        }
        let round = (self.submissions / MAX_SUBMISSIONS + 1) * MAX_SUBMISSIONS;
        let opened = Self { created_at: now, ..self.clone() };
        Some(match how {
            // what was never submitted cannot be asked for
            Again::Look if self.submissions > 0 => {
                Self { state: JobState::Running, submissions: round + 1, ..opened }
            }
            Again::Look | Again::Submit => Self {
                state: JobState::Pending,
                submissions: round,
                vendor_task_id: None,
                submitted_at: None,
                ..opened
            },
        })
    }

    /// Whether the vendor may be asked once more after it failed.
    pub fn may_be_submitted_again(&self) -> bool {
        // what is pending has not been submitted in this round yet
        self.state == JobState::Pending || !self.submissions.is_multiple_of(MAX_SUBMISSIONS)
    }

    /// In which round of submissions it is while it is open: 0, unless it was opened again.
    pub fn round(&self) -> u32 {
        match self.state {
            JobState::Pending => self.submissions / MAX_SUBMISSIONS,
            _ => self.submissions.saturating_sub(1) / MAX_SUBMISSIONS,
        }
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

    /// Submits and fails until the request may not be submitted any more; answers the numbers it was submitted under.
    fn exhausted(mut job: ShunyaJob) -> (Vec<u32>, ShunyaJob) {
        let mut used = Vec::new();
        while job.may_be_submitted_again() {
            used.push(job.submissions);
            job.state = JobState::Running;
            job.submissions += 1;
        }
        (used, ShunyaJob { state: JobState::Failed, ..job })
    }

    #[test]
    fn each_round_has_all_its_submissions_under_numbers_of_its_own() {
        let (first, failed) = exhausted(job(JobState::Pending));
        assert_eq!(first, [0, 1, 2, 3, 4]);
        let again = failed.open_again(Again::Submit, at(60)).unwrap();
        assert_eq!((again.state, again.round(), again.vendor_task_id.as_ref()), (JobState::Pending, 2, None));
        let (second, failed) = exhausted(again);
        assert_eq!(second, [10, 11, 12, 13, 14]);
        // refused at once: its number was used, and is not used again
        let refused = ShunyaJob { submissions: 20, ..failed };
        assert_eq!(refused.open_again(Again::Submit, at(60)).unwrap().submissions, 25);
    }

    #[test]
    fn looking_again_may_lead_to_a_new_submission() {
        let (_, failed) = exhausted(job(JobState::Pending));
        let lost = ShunyaJob {
            state: JobState::TimedOut,
            vendor_task_id: Some("task-1".to_owned()),
            submitted_at: Some(at(0)),
            ..failed
        };
        let later = at(10 * 86_400);
        let again = lost.open_again(Again::Look, later).unwrap();
        assert_eq!((again.state, again.vendor_task_id.as_deref()), (JobState::Running, Some("task-1")));
        assert!(again.may_be_submitted_again());
        assert_eq!(again.on_deadline(later), None, "it has a day again");
        let never = job(JobState::Failed).open_again(Again::Look, later).unwrap();
        assert_eq!(never.state, JobState::Pending, "there is nothing to look for");
    }

    #[test]
    fn only_a_failure_is_opened_again() {
        for state in STATES {
            let opened = job(state).open_again(Again::Submit, at(1)).is_some();
            assert_eq!(opened, matches!(state, JobState::Failed | JobState::TimedOut), "{state:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_settled_runs_out_no_more(start in 0..STATES.len(), seconds in -100_000..300_000_i64) {
            let job = job(STATES[start]);
            let ran_out = job.on_deadline(at(seconds));
            prop_assert!(ran_out.is_none_or(|state| job.state.is_open() && state == JobState::TimedOut));
        }
    }
}
