//! What Otto answered, and the one shape of its errors.

use reqwest::{RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};

/// An answer, read to its end.
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

/// Sends a request.
pub async fn answer(request: RequestBuilder) -> Answer {
    let answer = request.send().await.expect("Otto answers");
    let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
    Answer { status, headers, text: answer.text().await.expect("the answer has an end") }
}

impl Answer {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Has this status.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    /// What a success under `/api/v1` holds.
    #[track_caller]
    pub fn data(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        let body = self.json();
        assert_eq!(body["success"], true);
        assert_eq!(body["meta"]["request_id"].as_str(), self.header("x-request-id"));
        body["data"].clone()
    }

    /// An error in the contract's one shape (`conventions.md` §5), with this status and code; answers its body.
    #[track_caller]
    pub fn is_error(&self, status: u16, code: &str) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), Some("application/json"), "{}", self.text);
        let body = self.json();
        let id = self.header("x-request-id").expect("every answer carries a request id");
        assert_eq!(body["success"], false);
        assert_eq!(body["error_code"], code, "{body}");
        assert_eq!(body["error"]["code"], code);
        let message = body["message"].as_str().expect("a message");
        assert!(!message.is_empty());
        assert_eq!(body["error"]["message"], message);
        assert_eq!(body["detail"], message);
        let details = body.get("details").expect("details, if only null");
        assert!(details.is_null() || details.is_object());
        assert_eq!(&body["error"]["details"], details);
        assert_eq!(body["request_id"], id);
        assert_eq!(body["trace_id"], id);
        assert_eq!(body["status"], json!(status));
        assert_eq!(body["type"], "about:blank");
        body
    }

    /// A 400 that names exactly these parameters.
    #[track_caller]
    pub fn names(&self, fields: &[&str]) {
        let body = self.is_error(400, "VALIDATION_ERROR");
        let named: Vec<_> = body["details"]["fields"]
            .as_array()
            .unwrap_or_else(|| panic!("no fields: {body}"))
            .iter()
            .map(|one| {
                assert!(one["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
                one["field"].as_str().unwrap()
            })
            .collect();
        assert_eq!(named, fields, "{body}");
    }
}
