//! What Shunya does with a call: fetch the audio, listen, think, tell.

use std::{sync::Arc, time::Duration};

use super::{
    Shunya,
    job::{Event, Failure, Job, Stage},
};
use crate::audio::{self, Heard};

/// It is asked for the audio so many times.
const FETCHES: u32 = 6;
/// Larger files are refused (contract §8).
const LARGEST: usize = 100 * 1024 * 1024;
/// The share of its time Shunya spends on the transcript.
const LISTENING: f64 = 0.4;

impl Shunya {
    /// Takes a job from where it is to its end, beside everything else.
    pub(super) fn carry_on(self: &Arc<Self>, task_id: &str) {
        let (shunya, task_id) = (Arc::clone(self), task_id.to_owned());
        let work = async move {
            shunya.transcribe(&task_id).await;
            let Some(job) = shunya.jobs.get(&task_id) else { return };
            // the transcript's webhook may come after the analysis's, if there is to be one
            let swapped =
                job.wants_analysis && shunya.strikes(&job, "reordered", |faults| faults.reordered_webhooks);
            let early = job.events().first().copied().filter(|_| !swapped);
            if let Some(event) = early {
                shunya.tell(&job, event);
            }
            let Some(job) = shunya.analyse(&task_id).await else { return };
            for event in job.events().into_iter().rev().filter(|event| Some(*event) != early) {
                shunya.tell_now(&job, event).await;
            }
        };
        self.background.start(work);
    }

    /// Whether a fault that concerns a whole job strikes it.
    pub(super) fn strikes(&self, job: &Job, what: &str, rate: impl Fn(&crate::Faults) -> f64) -> bool {
        let number = format!("{}/{}/{}", job.call_id, job.earlier, job.restarts);
        self.control.desk.strikes(rate, &["shunya", what, &job.company, &number])
    }

    async fn transcribe(&self, task_id: &str) {
        let Some(job) = self.jobs.get(task_id).filter(|job| job.stage == Stage::Queued) else { return };
        let heard = self.hear(&job).await;
        self.control.sim.sleep(thinking(self, &job).mul_f64(LISTENING)).await;
        let now = self.control.sim.now();
        let failed_on_purpose = self.fails_at(&job) == Some(Event::TranscriptionFailed);
        self.jobs.change(task_id, |job| match heard {
            Ok(_) if failed_on_purpose => {
                give_up(job, now, "TRANSCRIPTION_FAILED", "the speech model timed out".to_owned());
            }
            Ok(heard) => {
                job.conversation = Some(heard.conversation.to_owned());
                job.transcribed_at = Some(now);
                job.stage = Stage::Transcribed;
            }
            Err(message) => give_up(job, now, "TRANSCRIPTION_FAILED", message),
        });
        self.control.changed();
    }

    /// The job at its end, or nothing while its analysis was not asked for.
    async fn analyse(&self, task_id: &str) -> Option<Job> {
        let job = self.jobs.get(task_id)?;
        if job.stage != Stage::Transcribed {
            return Some(job);
        }
        if !job.wants_analysis {
            return None;
        }
        self.control.sim.sleep(thinking(self, &job).mul_f64(1.0 - LISTENING)).await;
        let now = self.control.sim.now();
        let failed_on_purpose = self.fails_at(&job).is_some();
        let done = self.jobs.change(task_id, |job| {
            if failed_on_purpose {
                give_up(job, now, "ANALYSIS_FAILED", "the language model timed out".to_owned());
            } else {
                job.stage = Stage::Completed;
                job.finished_at = Some(now);
            }
        });
        self.control.changed();
        done
    }

    /// Whether, and where, this try of a call is to fail.
    fn fails_at(&self, job: &Job) -> Option<Event> {
        let call = job.call_id.to_string();
        let about = ["shunya", "fails", job.company.as_str(), call.as_str()];
        let times = self.control.desk.times(|faults| faults.analysis_failure, 2, &about);
        if u64::from(job.earlier + job.restarts) >= times {
            return None;
        }
        let deaf = self.control.sim.draw(&about).chance(0.3);
        Some(if deaf { Event::TranscriptionFailed } else { Event::AnalysisFailed })
    }

    async fn hear(&self, job: &Job) -> Result<Heard, String> {
        let mut problem = String::new();
        for attempt in 0..FETCHES {
            if attempt > 0 {
                self.control.sim.sleep(Duration::from_secs(1 << (attempt - 1))).await;
            }
            match self.fetch(&job.audio_url).await {
                Ok(bytes) => return audio::listen(&bytes).map_err(|error| error.to_string()),
                Err(error) => problem = error,
            }
        }
        Err(format!("the audio could not be downloaded: {problem}"))
    }

    async fn fetch(&self, url: &str) -> Result<Vec<u8>, String> {
        // addresses carry access rights, so errors are told without them
        let told = |error: reqwest::Error| error.without_url().to_string();
        let mut response = self.http.get(url).send().await.map_err(told)?;
        if !response.status().is_success() {
            return Err(format!("status {}", response.status().as_u16()));
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(told)? {
            if bytes.len() + chunk.len() > LARGEST {
                return Err("larger than 100 MB".to_owned());
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

fn give_up(job: &mut Job, now: kernel::Timestamp, code: &str, message: String) {
    job.stage = Stage::Failed;
    job.finished_at = Some(now);
    job.failure = Some(Failure { code: code.to_owned(), message });
}

/// How long Shunya takes for a call at its own pace.
fn thinking(shunya: &Shunya, job: &Job) -> Duration {
    let number = format!("{}/{}/{}", job.call_id, job.earlier, job.restarts);
    let mut draw = shunya.control.sim.draw(&["shunya", "thinking", &job.company, &number]);
    Duration::from_secs_f64(draw.log_normal(2.8, 0.4, 1.5, 6.0))
}
