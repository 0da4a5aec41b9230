//! What a submission must look like.

use actix_web::HttpRequest;
use chrono::DateTime;
use serde_json::Value;

use super::{errors::ApiError, job::Submission};

/// Reads the body of a submission. `call_id` is a number: a text of digits is refused, as everywhere in this API.
pub(super) fn submission(
    request: &HttpRequest,
    company: String,
    body: &[u8],
) -> Result<Submission, ApiError> {
    let body: Value =
        serde_json::from_slice(body).map_err(|_| ApiError::bad_request("the body is not JSON"))?;
    let call_id = body
        .get("call_id")
        .and_then(Value::as_i64)
        .ok_or_else(|| ApiError::invalid("call_id", "call_id must be an integer"))?;
    let text = |field: &str| -> Result<Option<String>, ApiError> {
        match body.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(ApiError::invalid(field, &format!("{field} must be a string"))),
        }
    };
    let audio_url = text("audio_url")?
        .filter(|url| url.starts_with("http://") || url.starts_with("https://"))
        .ok_or_else(|| ApiError::invalid("audio_url", "audio_url must be an http(s) URL"))?;
    let call_type = text("call_type")?;
    if call_type.is_some_and(|kind| !matches!(kind.as_str(), "sales_call" | "csr_call")) {
        return Err(ApiError::invalid("call_type", "call_type must be sales_call or csr_call"));
    }
    let timezone = text("timezone")?;
    if timezone.as_deref().is_some_and(|zone| zone.parse::<chrono_tz::Tz>().is_err()) {
        return Err(ApiError::invalid("timezone", "timezone must be an IANA time zone"));
    }
    let call_started_at = text("call_started_at")?;
    if call_started_at.as_deref().is_some_and(|at| DateTime::parse_from_rfc3339(at).is_err()) {
        return Err(ApiError::invalid("call_started_at", "call_started_at must be ISO 8601 with an offset"));
    }
    let key = request.headers().get("Idempotency-Key").and_then(|key| key.to_str().ok());
    let idempotency_key = key.map(str::to_owned).filter(|key| !key.is_empty());
    Ok(Submission { company, call_id, audio_url, timezone, call_started_at, idempotency_key })
}
