use std::collections::HashMap;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{Data, Path, Query},
};
use app::ingest::{MediaLink, ReadMediaError, read_media};
use kernel::ErrorKind;

use crate::{ApiError, ApiState};

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

/// `GET /media/{key}`: a stored object, to whoever holds a link we gave out.
pub async fn get(
    request: HttpRequest,
    state: Data<ApiState>,
    path: Path<String>,
    query: Query<HashMap<String, String>>,
) -> Result<HttpResponse, ApiError> {
    let part = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
    let link = MediaLink { key: &path, expires: part("expires"), signature: part("signature") };
    let range = range_of(&request);
    let (from, until) = range.unwrap_or((0, None));
    let media = read_media(&state.ports, link, from, until).await.map_err(|error| match error {
        ReadMediaError::NotFound => ApiError::not_found("Recording"),
        ReadMediaError::BadLink => {
            ApiError::new(ErrorKind::Forbidden, "This link is not valid, or no longer")
        }
        ReadMediaError::Blob(error) => error.into(),
    })?;
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
