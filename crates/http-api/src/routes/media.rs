use std::{collections::HashMap, convert::Infallible, future::pending, pin::pin};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{Data, Path, Payload, Query},
};
use app::{
    ingest::{MediaError, MediaLink, read_media, store_media},
    ports::BlobError,
};
use futures_util::future::{Either, select};
use kernel::ErrorKind;

use crate::{ApiError, ApiState, body::stream_body};

/// `Range: bytes=FROM-[UNTIL]`, of the kinds players send; anything else reads the whole.
fn range_of(request: &HttpRequest) -> Option<(u64, Option<u64>)> {
    let text = request.headers().get(header::RANGE)?.to_str().ok()?;
    let (from, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let from = from.parse().ok()?;
    match last {
        "" => Some((from, None)),
        last => last
            .parse::<u64>()
            .ok()
            .filter(|last| *last >= from)
            .map(|last| (from, Some(last.saturating_add(1)))),
    }
}

fn link_of<'a>(key: &'a str, query: &'a HashMap<String, String>) -> MediaLink<'a> {
    let part = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    MediaLink { key, expires: part("expires"), signature: part("signature") }
}

fn told(error: MediaError) -> ApiError {
    match error {
        MediaError::NotFound => ApiError::not_found("Recording"),
        MediaError::BadLink => ApiError::new(ErrorKind::Forbidden, "This link is not valid, or no longer"),
        MediaError::Blob(BlobError::Source(_)) => ApiError::new(ErrorKind::Invalid, "The body broke off"),
        MediaError::Blob(error) => error.into(),
    }
}

/// `GET /media/{key}`: a stored object, to whoever holds a link we gave out.
pub async fn get(
    request: HttpRequest,
    state: Data<ApiState>,
    path: Path<String>,
    query: Query<HashMap<String, String>>,
) -> Result<HttpResponse, ApiError> {
    let link = link_of(&path, &query);
    let range = range_of(&request);
    let (from, until) = range.unwrap_or((0, None));
    let media = read_media(&state.ports, link, from, until).await.map_err(told)?;
    if range.is_some() && from >= media.size {
        return Ok(HttpResponse::build(StatusCode::RANGE_NOT_SATISFIABLE)
            .insert_header((header::CONTENT_RANGE, format!("bytes */{}", media.size)))
            .finish());
    }
    let end = until.unwrap_or(media.size).min(media.size);
    let mut answer = match range {
        Some(_) => {
            let mut partial = HttpResponse::PartialContent();
            let span = format!("bytes {from}-{}/{}", end.saturating_sub(1), media.size);
            partial.insert_header((header::CONTENT_RANGE, span));
            partial
        }
        None => HttpResponse::Ok(),
    };
    // audio only: what a browser is told to run as a page would run in our name
    let audio = media.content_type.starts_with("audio/");
    let content_type = if audio { media.content_type.as_str() } else { "application/octet-stream" };
    Ok(answer
        .content_type(content_type)
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CACHE_CONTROL, "private, max-age=300"))
        .no_chunking(end.saturating_sub(from))
        .streaming(media.body))
}

/// `PUT /media/{key}`: stores an object for whoever holds a link we gave out for that.
pub async fn put(
    request: HttpRequest,
    state: Data<ApiState>,
    path: Path<String>,
    query: Query<HashMap<String, String>>,
    payload: Payload,
) -> Result<HttpResponse, ApiError> {
    let sent = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let (body, pump) = stream_body(payload);
    let storing = store_media(&state.ports, link_of(&path, &query), sent.unwrap_or_default(), body);
    let pumping = async {
        pump.await;
        pending::<Infallible>().await
    };
    // what is not taken is not waited for: a refused body may be long
    match select(pin!(storing), pin!(pumping)).await {
        Either::Left((stored, _)) => stored.map_err(told)?,
        Either::Right((never, _)) => match never {},
    }
    Ok(HttpResponse::Ok().finish())
}
