use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde_json::json;

use crate::{ApiError, ApiState, Caller, envelope::enveloped};

/// `GET /api/v1/pipeline`: how many of the company's calls are where, and what its inbox and queues hold.
pub async fn get(
    request: HttpRequest,
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    let viewer = caller.viewer();
    let snapshot = state.read(|ports| async move { ports.reads.pipeline(&viewer).await }).await?;
    let queues: Vec<_> = snapshot
        .queues
        .iter()
        .map(|depth| {
            json!({
                "queue": depth.queue, "state": depth.state.as_str(), "count": depth.count,
                "oldest": depth.oldest.map(kernel::rfc3339),
            })
        })
        .collect();
    let data = json!({
        "stages": snapshot.stages, "inbox": snapshot.inbox, "queues": queues, "counts": snapshot.counts,
    });
    Ok(enveloped(&request, data, state.now()))
}
