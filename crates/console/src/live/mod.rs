//! The overview's stream of server-sent events.
//!
//! It is pulled, never pushed: each piece is made when the connection takes it, so a slow reader holds no memory here and
//! misses events instead. What is missed does not matter, because a snapshot follows that says how things stand.

mod feed;
mod framing;
mod rhythm;
mod ticker;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method,
        header::{self, HeaderValue},
    },
    web::Data,
};
use futures_util::{StreamExt, stream};

use crate::{ConsoleState, answer::refusal, live::feed::Feed, visit::Visit};

/// `GET /console/live`.
pub(crate) async fn get(request: HttpRequest, state: Data<ConsoleState>) -> HttpResponse {
    let visit = match Visit::begin(&request, &state).await {
        Ok(visit) => visit,
        Err(error) => {
            error.log();
            return refusal(&request, &state, error.kind());
        }
    };
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CONTENT_TYPE, "text/event-stream; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        // a compressor would keep events until it has a block of them, and so would some proxies
        .insert_header((header::CONTENT_ENCODING, HeaderValue::from_static("identity")))
        .insert_header(("X-Accel-Buffering", "no"));
    if request.method() == Method::HEAD {
        return answer.finish();
    }
    let events = state.ports.events.subscribe(&visit.viewer.company).await;
    let feed = Feed::new(state.ports.clone(), visit, events);
    let pieces = stream::unfold(feed, async |mut feed| feed.next().await.map(|piece| (piece, feed)));
    answer.streaming(pieces.take_until(state.stopping.clone().cancelled_owned()))
}
