//! What Shunya's webhooks look like: two shapes, told apart by nothing but their fields (contract `shunya.md` §6).

use serde_json::{Map, Value, json};

use super::{
    job::{Event, Job},
    payload::{self, Subject},
};

/// A webhook's body and the task id its header names.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Webhook {
    pub(crate) task_id: String,
    pub(crate) body: Vec<u8>,
}

/// The two shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// `shunya_job_id` as the submission was answered with, and `result`.
    Result,
    /// `task_id` made of call, company and kind of work, and `data`.
    Data,
}

/// The webhook for an event of a job. The same for the same job, to the byte, however often it is sent.
pub(crate) fn webhook(
    job: &Job,
    event: Event,
    subject: Option<&Subject>,
    draw: &crate::draw::Draw,
) -> Webhook {
    let mut draw = draw.clone();
    let shape = if draw.chance(0.5) { Shape::Result } else { Shape::Data };
    let with_transcript = draw.chance(0.6);
    let quiet = subject.is_some_and(|subject| draw.chance(subject.quirks));
    let content = subject.map_or(Value::Null, |subject| content(event, subject, with_transcript));
    let failed = matches!(event, Event::TranscriptionFailed | Event::AnalysisFailed);
    let content = if failed { Value::Null } else { content };
    let error = if failed { error(job, shape) } else { Value::Null };
    let work = if event.is_about_transcription() { "transcription" } else { "analysis" };
    let told_at = if event == Event::TranscriptionComplete { job.transcribed_at } else { job.finished_at };
    let told_at = kernel::rfc3339(told_at.unwrap_or(job.submitted_at));
    let task_id = match shape {
        Shape::Result => job.task_id.clone(),
        Shape::Data => format!("call_{}_{}_{work}", job.call_id, job.company),
    };

    let mut body = Map::new();
    let mut add = |name: &str, value: Value| body.insert(name.to_owned(), value);
    match shape {
        Shape::Result => {
            add("shunya_job_id", json!(task_id));
            // the oldest senders leave it out where the result speaks for itself
            if !(quiet && event == Event::AnalysisComplete) {
                add("event_type", json!(event.name()));
            }
        }
        Shape::Data => {
            add("event_type", json!(event.name()));
            add("task_id", json!(task_id));
        }
    }
    add("call_id", json!(job.call_id));
    add("company_id", json!(job.company));
    add("timestamp", json!(told_at));
    add("status", json!(if failed { "failed" } else { "completed" }));
    add(if shape == Shape::Result { "result" } else { "data" }, content);
    add("error", error);
    Webhook { task_id, body: Value::Object(body).to_string().into_bytes() }
}

fn content(event: Event, subject: &Subject, with_transcript: bool) -> Value {
    let transcript = || payload::transcript(subject.transcript_shape(), subject);
    match event {
        Event::TranscriptionComplete => transcript(),
        Event::AnalysisComplete => {
            let mut analysis = payload::analysis(subject.generation(), subject);
            if let (true, Some(fields)) = (with_transcript, analysis.as_object_mut()) {
                fields.insert("transcript".to_owned(), transcript());
            }
            analysis
        }
        Event::TranscriptionFailed | Event::AnalysisFailed => Value::Null,
    }
}

fn error(job: &Job, shape: Shape) -> Value {
    let Some(failure) = &job.failure else { return Value::Null };
    let inner = json!({
        "error_code": failure.code, "error_type": "processing_error", "message": failure.message,
        "retryable": true, "details": {},
    });
    match shape {
        Shape::Result => json!({ "success": false, "error": inner }),
        Shape::Data => inner,
    }
}
