//! Answers laid down beforehand.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use actix_web::{HttpRequest, HttpResponse, http::StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{server, sim::Sim};

/// An answer to the next requests whose path begins in a certain way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScriptedAnswer {
    /// `/api/v1/analysis` means everything below it.
    pub path_prefix: String,
    /// How many requests are answered so.
    #[serde(default = "once")]
    pub times: u32,
    /// 0 closes the connection without an answer.
    #[serde(default = "ok")]
    pub status: u16,
    /// By name.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// A text is sent as it is, anything else as JSON.
    #[serde(default)]
    pub body: Value,
    /// How long to wait before answering, in seconds at the providers' own pace.
    #[serde(default)]
    pub delay_seconds: f64,
}

fn once() -> u32 {
    1
}

fn ok() -> u16 {
    200
}

impl ScriptedAnswer {
    pub(super) async fn play(self, sim: &Sim, request: &HttpRequest) -> HttpResponse {
        if let Ok(delay) = Duration::try_from_secs_f64(self.delay_seconds) {
            sim.sleep(delay).await;
        }
        let Ok(status) = StatusCode::from_u16(self.status) else { return server::no_answer(request) };
        let mut response = HttpResponse::build(status);
        if !self.body.is_string() {
            response.content_type("application/json");
        }
        for (name, value) in self.headers {
            response.insert_header((name, value));
        }
        match self.body {
            Value::Null => response.finish(),
            Value::String(text) => response.body(text),
            json => response.body(json.to_string()),
        }
    }
}

/// The answers laid down for one stand-in, first come first served.
#[derive(Debug, Default)]
pub(crate) struct Scripts(Mutex<Vec<ScriptedAnswer>>);

impl Scripts {
    pub(crate) fn add(&self, answer: ScriptedAnswer) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(answer);
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn take(&self, path: &str) -> Option<ScriptedAnswer> {
        let mut scripts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        scripts.retain(|script| script.times > 0);
        let script = scripts.iter_mut().find(|script| path.starts_with(&script.path_prefix))?;
        script.times -= 1;
        Some(script.clone())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn answers_are_given_as_often_as_laid_down() {
        let scripts = Scripts::default();
        let lay = |value: Value| scripts.add(serde_json::from_value(value).unwrap());
        lay(json!({"path_prefix": "/api/v1/analysis", "status": 503, "times": 2}));
        lay(json!({"path_prefix": "/api/v1/analysis/status", "status": 404}));
        let status = |path| scripts.take(path).map(|answer| answer.status);
        assert_eq!(status("/api/v1/transcription/status/7"), None);
        assert_eq!(status("/api/v1/analysis/status/7"), Some(503));
        assert_eq!(status("/api/v1/analysis/complete/7"), Some(503));
        assert_eq!(status("/api/v1/analysis/complete/7"), None);
        assert_eq!(status("/api/v1/analysis/status/7"), Some(404));
        assert_eq!(status("/api/v1/analysis/status/7"), None);
    }
}
