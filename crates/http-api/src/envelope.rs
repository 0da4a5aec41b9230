//! Successes as every client reads them (contract `conventions.md` §4).

use actix_web::{HttpRequest, HttpResponse, http::header::ContentType};
use kernel::{Timestamp, rfc3339};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::guard::request_id;

#[derive(Serialize)]
struct Envelope<T> {
    success: bool,
    data: T,
    meta: Value,
    message: Option<&'static str>,
}

/// `{success, data, meta, message}`.
pub fn enveloped<T: Serialize>(request: &HttpRequest, data: T, now: Timestamp) -> HttpResponse {
    with_meta(request, data, now, Map::new())
}

/// The same with data that is JSON already.
pub fn enveloped_json(request: &HttpRequest, data: &[u8], now: Timestamp) -> HttpResponse {
    let meta = json!({ "request_id": request_id(request), "timestamp": rfc3339(now), "version": "v1" });
    let (head, tail) = (r#"{"success":true,"data":"#, format!(r#","meta":{meta},"message":null}}"#));
    let body = [head.as_bytes(), data, tail.as_bytes()].concat();
    HttpResponse::Ok().content_type(ContentType::json()).body(body)
}

/// The same with more in `meta`, such as the totals of a bare list.
pub fn with_meta<T: Serialize>(
    request: &HttpRequest,
    data: T,
    now: Timestamp,
    more: Map<String, Value>,
) -> HttpResponse {
    let mut meta = json!({ "request_id": request_id(request), "timestamp": rfc3339(now), "version": "v1" });
    if let Value::Object(fields) = &mut meta {
        fields.extend(more);
    }
    HttpResponse::Ok().json(Envelope { success: true, data, meta, message: None })
}
