//! Telling Otto by webhook: signed, at least once, for half an hour.

use std::{sync::Arc, time::Duration};

use super::{
    Shunya,
    envelope::{self, Webhook},
    job::{Event, Job},
};
use crate::sign;

/// Where webhooks go.
const PATH: &str = "/api/v1/shunya/webhook";
/// Waits between attempts, in seconds at Shunya's own pace: about half an hour in all.
const WAITS: [u64; 13] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300];
/// How much later a late webhook comes.
const LATE: Duration = Duration::from_secs(90);

impl Shunya {
    /// Tells of an event, beside everything else.
    pub(super) fn tell(self: &Arc<Self>, job: &Job, event: Event) {
        let (shunya, job) = (Arc::clone(self), job.clone());
        self.background.start(async move { shunya.tell_now(&job, event).await });
    }

    /// Tells of an event until somebody listens or the half hour is over.
    pub(super) async fn tell_now(&self, job: &Job, event: Event) {
        if job.told.contains(&event) {
            return;
        }
        let name = event.name();
        if self.strikes(job, &format!("unsent {name}"), |faults| faults.unsent_webhook) {
            self.tally(&self.tallies.unsent);
        } else {
            let late = event == Event::AnalysisComplete
                && self.strikes(job, &format!("late {name}"), |faults| faults.late_webhook);
            if late {
                self.control.sim.sleep(LATE).await;
            }
            self.deliver(job, event).await;
        }
        self.jobs.change(&job.task_id, |job| {
            if !job.told.contains(&event) {
                job.told.push(event);
            }
        });
        self.control.changed();
    }

    async fn deliver(&self, job: &Job, event: Event) {
        let subject = job.subject(&self.control.sim, self.quirks);
        let call = job.call_id.to_string();
        let draw = self.control.sim.draw(&["shunya", "envelope", &job.company, &call]);
        let webhook = envelope::webhook(job, event, subject.as_ref(), &draw);
        let url = self.otto_url().await + PATH;
        if self.strikes(job, &format!("malformed {}", event.name()), |faults| faults.malformed_webhook) {
            let torn = webhook.body.get(..webhook.body.len() * 2 / 3).unwrap_or_default().to_vec();
            let torn = Webhook { task_id: webhook.task_id.clone(), body: torn };
            // whatever the answer, the good one follows
            self.post(&url, &torn).await;
        }
        for wait in WAITS.map(Some).into_iter().chain([None]) {
            if self.post(&url, &webhook).await {
                self.tally(&self.tallies.delivered);
                if self.strikes(job, &format!("twice {}", event.name()), |faults| faults.duplicate_webhook) {
                    self.post(&url, &webhook).await;
                }
                return;
            }
            if let Some(wait) = wait {
                self.control.sim.sleep(Duration::from_secs(wait)).await;
            }
        }
        tracing::warn!(task = webhook.task_id, event = event.name(), "a webhook was given up");
        self.tally(&self.tallies.abandoned);
    }

    /// One attempt, with a signature of this moment; `true` if it was taken.
    async fn post(&self, url: &str, webhook: &Webhook) -> bool {
        let now = self.control.sim.now().timestamp_millis();
        let signature = sign::shunya_signature(self.secrets.hmac_secret.expose(), now, &webhook.body);
        let request = self
            .http
            .post(url)
            .header("Content-Type", "application/json")
            .header("X-Shunya-Signature", signature)
            .header("X-Shunya-Timestamp", now.to_string())
            .header("X-Shunya-Task-Id", &webhook.task_id)
            .body(webhook.body.clone());
        let answer = request.send().await;
        self.tally(&self.tallies.sent);
        match answer {
            Ok(response) if response.status().is_success() => true,
            Ok(response) => {
                tracing::debug!(status = response.status().as_u16(), "a webhook was refused");
                false
            }
            Err(error) => {
                tracing::debug!(error = %error.without_url(), "a webhook did not arrive");
                false
            }
        }
    }

    /// Otto's address; waits for it to be known.
    async fn otto_url(&self) -> String {
        let mut otto = self.otto.clone();
        loop {
            if let Some(url) = otto.borrow_and_update().clone() {
                return url.trim_end_matches('/').to_owned();
            }
            if otto.changed().await.is_err() {
                // stopped; nobody will ever tell
                std::future::pending::<()>().await;
            }
        }
    }
}
