use app::ports::{AnalysisWebhooks, Delivery, EngineEvent, EngineEventKind, ProofError, Unreadable};
use kernel::{CallId, Secret, Timestamp};
use serde_json::Value;

use crate::{Scheme, lenient, verify};

/// Headers of a webhook, lower-cased.
const SIGNATURE: &str = "x-shunya-signature";
const TIMESTAMP: &str = "x-shunya-timestamp";

/// Shunya's webhooks.
#[derive(Clone, Debug)]
pub struct ShunyaWebhooks {
    secret: Option<Secret>,
    scheme: Scheme,
}

impl ShunyaWebhooks {
    /// Without a secret nothing is believed.
    pub fn new(secret: Option<Secret>, scheme: Scheme) -> Self {
        Self { secret, scheme }
    }
}

impl AnalysisWebhooks for ShunyaWebhooks {
    fn verify(&self, delivery: &Delivery, now: Timestamp) -> Result<(), ProofError> {
        let secret = self.secret.as_ref().ok_or(ProofError::NoSecret)?;
        let (signature, timestamp) = (delivery.proof(SIGNATURE), delivery.proof(TIMESTAMP));
        verify(secret.expose(), self.scheme, signature, timestamp, &delivery.body, now)
    }

    fn read(&self, body: &[u8]) -> Result<Option<EngineEvent>, Unreadable> {
        let Some(Value::Object(fields)) = lenient::read(body) else {
            return Err(Unreadable::Malformed);
        };
        let text = |name: &str| match fields.get(name) {
            Some(Value::String(text)) if !text.trim().is_empty() => Some(text.trim()),
            _ => None,
        };
        // the header with a task id is not signed, so only the body's count
        let task_ids: Vec<String> = ["shunya_job_id", "job_id", "task_id"]
            .iter()
            .filter_map(|name| text(name))
            .filter(|id| is_task_id(id))
            .map(str::to_owned)
            .collect();
        let payload =
            ["result", "data"].iter().find_map(|name| fields.get(*name)).filter(|value| value.is_object());
        let call = call_of(fields.get("call_id"))
            .or_else(|| call_of(payload.and_then(|payload| payload.get("call_id"))))
            .or_else(|| task_ids.iter().find_map(|id| call_in_task_id(id)));
        let (Some(company), false) = (text("company_id"), task_ids.is_empty() && call.is_none()) else {
            return Ok(None);
        };
        Ok(Some(EngineEvent {
            kind: kind_of(text("event_type"), text("status")),
            company: company.to_owned(),
            task_ids,
            call,
            payload: payload.cloned(),
            error_code: error_code(&fields),
        }))
    }
}

/// Whether a text can be a task's name: it is looked for, and kept in an index.
fn is_task_id(text: &str) -> bool {
    text.len() <= 200 && !text.chars().any(char::is_control)
}

/// A call's number; 0 is what the predecessor sent for everything and means none.
fn call_of(value: Option<&Value>) -> Option<CallId> {
    let number = match value? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| *number > 0).map(CallId)
}

/// Some task ids are `call_{id}_{company}_{type}`.
fn call_in_task_id(id: &str) -> Option<CallId> {
    let number = id.strip_prefix("call_")?.split('_').next()?.parse().ok()?;
    (number > 0).then_some(CallId(number))
}

fn kind_of(event_type: Option<&str>, status: Option<&str>) -> EngineEventKind {
    let status = status.unwrap_or_default().to_ascii_lowercase();
    let event = event_type.unwrap_or_default().to_ascii_lowercase();
    if event.ends_with(".failed") || matches!(status.as_str(), "failed" | "error") {
        return EngineEventKind::Failed;
    }
    if !matches!(status.as_str(), "completed" | "complete" | "succeeded" | "success" | "")
        || (status.is_empty() && !event.contains(".complete"))
    {
        return EngineEventKind::Progress;
    }
    match event.as_str() {
        _ if event.contains("transcription") => EngineEventKind::Transcribed,
        // segments of a visit's recording: not asked for yet
        _ if event.contains("segmentation") => EngineEventKind::Progress,
        _ => EngineEventKind::Analysed,
    }
}

fn error_code(fields: &serde_json::Map<String, Value>) -> Option<String> {
    let error = fields.get("error")?;
    let code = error.get("error_code").or_else(|| error.get("code")).unwrap_or(error).as_str()?;
    let is_code = code.len() <= 64 && code.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    (is_code && !code.is_empty()).then(|| code.to_owned())
}
