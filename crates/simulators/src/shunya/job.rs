//! One call as Shunya knows it, and all of them.

use std::{
    collections::HashMap,
    io,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use chrono::DateTime;
use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use super::payload::Subject;
use crate::{corpus, journal::Journal, sim::Sim};

/// How far a job has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    /// The audio is still to be heard.
    Queued,
    /// The transcript is there.
    Transcribed,
    /// The analysis is there.
    Completed,
    /// Given up.
    Failed,
}

/// Why a job failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Failure {
    /// `TRANSCRIPTION_FAILED` or `ANALYSIS_FAILED`.
    pub(crate) code: String,
    pub(crate) message: String,
}

/// What a webhook tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Event {
    TranscriptionComplete,
    TranscriptionFailed,
    AnalysisComplete,
    AnalysisFailed,
}

impl Event {
    /// As sent.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::TranscriptionComplete => "call.transcription.complete",
            Self::TranscriptionFailed => "call.transcription.failed",
            Self::AnalysisComplete => "call.analysis.complete",
            Self::AnalysisFailed => "call.analysis.failed",
        }
    }

    pub(crate) fn is_about_transcription(self) -> bool {
        matches!(self, Self::TranscriptionComplete | Self::TranscriptionFailed)
    }
}

/// One submission of one call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Job {
    /// The opaque id the submission was answered with.
    pub(crate) task_id: String,
    pub(crate) company: String,
    pub(crate) call_id: i64,
    pub(crate) transcript_id: i64,
    pub(crate) audio_url: String,
    pub(crate) timezone: Option<String>,
    pub(crate) call_started_at: Option<String>,
    pub(crate) idempotency_key: Option<String>,
    /// How many submissions of this call there were before.
    pub(crate) earlier: u32,
    /// How often its analysis was asked for again.
    pub(crate) restarts: u32,
    pub(crate) submitted_at: Timestamp,
    pub(crate) stage: Stage,
    /// Whether the analysis is to follow the transcript.
    pub(crate) wants_analysis: bool,
    /// What was heard.
    pub(crate) conversation: Option<String>,
    pub(crate) failure: Option<Failure>,
    pub(crate) transcribed_at: Option<Timestamp>,
    pub(crate) finished_at: Option<Timestamp>,
    /// Events that were delivered, given up or never to be sent.
    pub(crate) told: Vec<Event>,
}

impl Job {
    /// The events this job calls for by now, in the order of their happening.
    pub(crate) fn events(&self) -> Vec<Event> {
        let transcription = match (self.transcribed_at, self.stage) {
            (Some(_), _) => Some(Event::TranscriptionComplete),
            (None, Stage::Failed) => Some(Event::TranscriptionFailed),
            (None, _) => None,
        };
        let analysis = match (self.stage, self.transcribed_at) {
            (Stage::Completed, _) => Some(Event::AnalysisComplete),
            (Stage::Failed, Some(_)) => Some(Event::AnalysisFailed),
            _ => None,
        };
        [transcription, analysis].into_iter().flatten().collect()
    }

    /// What can be said of it; nothing before it was heard.
    pub(crate) fn subject(&self, sim: &Sim, quirks: f64) -> Option<Subject> {
        let transcribed_at = self.transcribed_at?;
        let started = self.call_started_at.as_deref().and_then(|at| DateTime::parse_from_rfc3339(at).ok());
        Some(Subject {
            talk: corpus::find(self.conversation.as_deref()?)?,
            company: self.company.clone(),
            call_id: self.call_id,
            transcript_id: self.transcript_id,
            started_at: started.map_or(self.submitted_at, |at| at.to_utc()),
            zone: self.timezone.as_deref().and_then(|name| name.parse().ok()),
            created_at: transcribed_at,
            completed_at: self.finished_at.unwrap_or(transcribed_at),
            quirks,
            sim: sim.clone(),
        })
    }
}

/// What a submission says.
#[derive(Clone, Debug)]
pub(crate) struct Submission {
    pub(crate) company: String,
    pub(crate) call_id: i64,
    pub(crate) audio_url: String,
    pub(crate) timezone: Option<String>,
    pub(crate) call_started_at: Option<String>,
    pub(crate) idempotency_key: Option<String>,
}

/// A submission that was taken, now or before.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) job: Job,
    pub(crate) is_new: bool,
}

/// The idempotency key was used for another call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyReused;

/// All jobs, in memory and in the journal.
#[derive(Debug)]
pub(crate) struct Jobs {
    known: Mutex<Known>,
    journal: Option<Journal>,
}

#[derive(Debug, Default)]
struct Known {
    by_task: HashMap<String, Job>,
    /// The last submission of each call.
    current: HashMap<(String, i64), String>,
    by_key: HashMap<(String, String), String>,
}

impl Known {
    fn add(&mut self, job: Job) {
        if let Some(key) = &job.idempotency_key {
            self.by_key.insert((job.company.clone(), key.clone()), job.task_id.clone());
        }
        self.current.insert((job.company.clone(), job.call_id), job.task_id.clone());
        self.by_task.insert(job.task_id.clone(), job);
    }
}

impl Jobs {
    /// The jobs of an earlier process, where there is a place they were kept.
    pub(crate) fn open(folder: Option<&Path>) -> io::Result<Self> {
        let mut known = Known::default();
        let journal = match folder {
            None => None,
            Some(folder) => {
                let (journal, jobs) = Journal::open(folder, "shunya.jsonl", latest)?;
                for job in jobs {
                    known.add(job);
                }
                Some(journal)
            }
        };
        Ok(Self { known: Mutex::new(known), journal })
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a submission: the new job, or the one its key was used for before.
    pub(crate) fn submit(&self, submission: Submission, sim: &Sim) -> Result<Taken, KeyReused> {
        let mut known = self.lock();
        let key = submission.idempotency_key.clone().map(|key| (submission.company.clone(), key));
        if let Some(job) = key.and_then(|key| known.by_key.get(&key)).and_then(|task| known.by_task.get(task))
        {
            let same = job.call_id == submission.call_id;
            return if same { Ok(Taken { job: job.clone(), is_new: false }) } else { Err(KeyReused) };
        }
        let call = (submission.company.clone(), submission.call_id);
        let before = known.current.get(&call).and_then(|task| known.by_task.get(task));
        let earlier = before.map_or(0, |job| job.earlier + 1);
        let number = format!("{}/{earlier}", submission.call_id);
        let mut draw = sim.draw(&["shunya", "job", &submission.company, &number]);
        let job = Job {
            task_id: draw.uuid(),
            company: submission.company,
            call_id: submission.call_id,
            transcript_id: i64::try_from(1_000_000 + draw.below(900_000_000)).unwrap_or(1_000_000),
            audio_url: submission.audio_url,
            timezone: submission.timezone,
            call_started_at: submission.call_started_at,
            idempotency_key: submission.idempotency_key,
            earlier,
            restarts: 0,
            submitted_at: sim.now(),
            stage: Stage::Queued,
            wants_analysis: true,
            conversation: None,
            failure: None,
            transcribed_at: None,
            finished_at: None,
            told: Vec::new(),
        };
        known.add(job.clone());
        self.keep(&job);
        Ok(Taken { job, is_new: true })
    }

    /// The job of that id.
    pub(crate) fn get(&self, task_id: &str) -> Option<Job> {
        self.lock().by_task.get(task_id).cloned()
    }

    /// The last submission of a call.
    pub(crate) fn of_call(&self, company: &str, call_id: i64) -> Option<Job> {
        let known = self.lock();
        known.by_task.get(known.current.get(&(company.to_owned(), call_id))?).cloned()
    }

    /// Changes a job, and keeps the change before anybody can see it.
    pub(crate) fn change(&self, task_id: &str, change: impl FnOnce(&mut Job)) -> Option<Job> {
        let mut known = self.lock();
        let job = known.by_task.get_mut(task_id)?;
        change(job);
        let job = job.clone();
        self.keep(&job);
        Some(job)
    }

    fn keep(&self, job: &Job) {
        if let Some(journal) = &self.journal {
            journal.add(job);
        }
    }

    /// Every job.
    pub(crate) fn all(&self) -> Vec<Job> {
        self.lock().by_task.values().cloned().collect()
    }

    /// How many have come how far.
    pub(crate) fn count(&self, stage: Stage) -> u64 {
        self.lock().by_task.values().filter(|job| job.stage == stage).count() as u64
    }
}

/// The last line about each job, in the order of their submission.
fn latest(lines: Vec<Job>) -> Vec<Job> {
    let mut last: HashMap<String, Job> = HashMap::new();
    let mut order = Vec::new();
    for job in lines {
        if !last.contains_key(&job.task_id) {
            order.push(job.task_id.clone());
        }
        last.insert(job.task_id.clone(), job);
    }
    order.iter().filter_map(|task| last.remove(task)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn submission(key: Option<&str>) -> Submission {
        Submission {
            company: "org_1".to_owned(),
            call_id: 7,
            audio_url: "http://127.0.0.1:1/a.wav".to_owned(),
            timezone: None,
            call_started_at: None,
            idempotency_key: key.map(str::to_owned),
        }
    }

    #[test]
    fn one_key_is_one_job() {
        let (jobs, sim) = (Jobs::open(None).unwrap(), Sim::new(1, 1.0));
        let submit = |key| jobs.submit(submission(Some(key)), &sim).unwrap();
        let (first, again) = (submit("k"), submit("k"));
        assert!(first.is_new && !again.is_new);
        assert_eq!(first.job.task_id, again.job.task_id);
        let other = submit("l").job;
        assert_ne!(other.task_id, first.job.task_id);
        assert_eq!((first.job.earlier, other.earlier), (0, 1));
        assert_eq!(jobs.of_call("org_1", 7).unwrap().task_id, other.task_id);
        assert!(jobs.of_call("org_2", 7).is_none());
        let another_call = Submission { call_id: 8, ..submission(Some("k")) };
        assert_eq!(jobs.submit(another_call, &sim).unwrap_err(), KeyReused);
    }

    #[test]
    fn jobs_are_there_after_a_restart_as_they_were_left() {
        let folder = tempfile::tempdir().unwrap();
        let sim = Sim::new(1, 1.0);
        let jobs = Jobs::open(Some(folder.path())).unwrap();
        let job = jobs.submit(submission(Some("k")), &sim).unwrap().job;
        jobs.change(&job.task_id, |job| job.stage = Stage::Transcribed);
        drop(jobs);
        let jobs = Jobs::open(Some(folder.path())).unwrap();
        assert_eq!(jobs.all().len(), 1);
        assert_eq!(jobs.of_call("org_1", 7).unwrap().stage, Stage::Transcribed);
        assert!(!jobs.submit(submission(Some("k")), &sim).unwrap().is_new);
    }

    #[test]
    fn events_follow_the_stage() {
        let (jobs, sim) = (Jobs::open(None).unwrap(), Sim::new(1, 1.0));
        let mut job = jobs.submit(submission(None), &sim).unwrap().job;
        assert_eq!(job.events(), []);
        job.stage = Stage::Failed;
        assert_eq!(job.events(), [Event::TranscriptionFailed]);
        job.transcribed_at = Some(sim.now());
        assert_eq!(job.events(), [Event::TranscriptionComplete, Event::AnalysisFailed]);
        job.stage = Stage::Completed;
        assert_eq!(job.events(), [Event::TranscriptionComplete, Event::AnalysisComplete]);
    }
}
