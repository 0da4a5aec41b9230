use std::time::Duration;

use kernel::ProviderError;
use reqwest::{Response, StatusCode, header};
use serde_json::Value;

/// Longer answers are not read. The longest known, the analysis of a call of hours, is a tenth of this.
const MOST_ANSWER_BYTES: usize = 16 << 20;

/// What a failed answer says, in the old and the new error body (contract `shunya.md` §7).
struct Refusal {
    code: Option<String>,
    retry_after: Option<Duration>,
}

fn refusal(body: &Value, header: Option<Duration>) -> Refusal {
    let error = body.get("error").unwrap_or(body);
    let text =
        |value: Option<&Value>| value.and_then(Value::as_str).filter(|text| is_code(text)).map(str::to_owned);
    let code = text(error.get("error_code"))
        .or_else(|| text(body.get("error_code")))
        .or_else(|| text(body.get("error")));
    let details = error.get("details").or_else(|| body.get("details"));
    let seconds = details.and_then(|details| details.get("retry_after")).and_then(Value::as_f64);
    let asked = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    Refusal { code, retry_after: header.or(asked) }
}

/// Codes only: a vendor's sentence may hold what a customer said.
fn is_code(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

pub fn not_sent(error: &reqwest::Error) -> ProviderError {
    if error.is_timeout() {
        ProviderError::Timeout
    } else {
        ProviderError::Unavailable { reason: "no connection".to_owned(), retry_after: None }
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>, ProviderError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| not_sent(&error))? {
        if body.len() + chunk.len() > MOST_ANSWER_BYTES {
            let reason = "an answer without end".to_owned();
            return Err(ProviderError::Unavailable { reason, retry_after: None });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The answer's JSON, if it is a success. A 2xx with `success: false` is none.
pub async fn answer_of(response: Response) -> Result<Value, ProviderError> {
    let status = response.status();
    let header = response
        .headers()
        .get(header::RETRY_AFTER)
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.parse().ok())
        .map(Duration::from_secs);
    let bytes = read(response).await?;
    let body: Option<Value> = serde_json::from_slice(&bytes).ok();
    if status.is_success() {
        let Some(body) = body else {
            return Err(ProviderError::Unavailable {
                reason: "an answer that is not JSON".to_owned(),
                retry_after: None,
            });
        };
        if body.get("success") != Some(&Value::Bool(false)) {
            return Ok(body);
        }
        let refusal = refusal(&body, header);
        let code = refusal.code.unwrap_or_else(|| "success_false".to_owned());
        let retryable = body.pointer("/error/retryable").and_then(Value::as_bool).unwrap_or(true);
        return Err(if retryable {
            ProviderError::Unavailable { reason: code, retry_after: refusal.retry_after }
        } else {
            ProviderError::Rejected { code }
        });
    }
    let body = body.unwrap_or(Value::Null);
    let Refusal { code, retry_after } = refusal(&body, header);
    let code = code.unwrap_or_else(|| status.as_str().to_owned());
    Err(match status {
        StatusCode::TOO_MANY_REQUESTS => ProviderError::Throttled { retry_after },
        StatusCode::NOT_FOUND => ProviderError::NotFound { code },
        StatusCode::REQUEST_TIMEOUT | StatusCode::GATEWAY_TIMEOUT => ProviderError::Timeout,
        // a key being changed is mended by people, not by giving the call up
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ProviderError::KeyRefused { code },
        _ if status.is_server_error() => ProviderError::Unavailable { reason: code, retry_after },
        _ => ProviderError::Rejected { code },
    })
}
