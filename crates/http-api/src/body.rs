use std::{
    io,
    sync::{Arc, LazyLock},
    time::Duration,
};

use actix_web::{HttpRequest, http::header, web};
use app::ports::ByteStream;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use kernel::ErrorKind;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::ApiError;

/// A body must be here within this time.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bodies up to this long are taken whatever else is going on. Providers' are shorter, but for a few.
const SMALL: usize = 256 << 10;
/// What longer bodies may take up together. Whoever sends them has proven nothing yet, and may send them slowly.
const ROOM_KIB: usize = 64 << 10;
/// How long one waits for room.
const ROOM_PATIENCE: Duration = Duration::from_secs(10);

static BODIES: LazyLock<Arc<Semaphore>> = LazyLock::new(|| Arc::new(Semaphore::new(ROOM_KIB)));

/// The room a long body takes up, until this is dropped.
pub type Room = Option<OwnedSemaphorePermit>;

fn too_large(limit: usize) -> ApiError {
    ApiError::new(ErrorKind::TooLarge, format!("The body is larger than {limit} bytes"))
}

/// Room for a body of up to `longest` bytes, as soon as there is any.
async fn room(longest: usize) -> Result<Room, ApiError> {
    let kib = u32::try_from(longest.div_ceil(1 << 10).min(ROOM_KIB)).unwrap_or(u32::MAX);
    match tokio::time::timeout(ROOM_PATIENCE, BODIES.clone().acquire_many_owned(kib)).await {
        Ok(room) => Ok(room.ok()),
        Err(_) => Err(ApiError::new(ErrorKind::Unavailable, "Too many long bodies are being sent")),
    }
}

/// The raw bytes of a body: what signatures are over. Never holds more than the limit.
pub async fn read_body(
    request: &HttpRequest,
    mut payload: web::Payload,
    limit: usize,
) -> Result<(Bytes, Room), ApiError> {
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    // no more comes than is announced; what comes in pieces may be as long as the limit
    let longest = announced.and_then(|text| text.parse::<usize>().ok()).unwrap_or(limit);
    if longest > limit {
        return Err(too_large(limit));
    }
    let reading = async {
        let mut body = BytesMut::new();
        let mut held = None;
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| ApiError::new(ErrorKind::Invalid, "The body broke off"))?;
            let length = body.len() + chunk.len();
            if length > limit {
                return Err(too_large(limit));
            }
            if length > SMALL && held.is_none() {
                held = room(longest).await?;
            }
            body.extend_from_slice(&chunk);
        }
        Ok((body.freeze(), held))
    };
    tokio::time::timeout(PATIENCE, reading)
        .await
        .unwrap_or_else(|_| Err(ApiError::new(ErrorKind::Invalid, "The body did not arrive in time")))
}

/// A body of any length as a stream other threads may read, and what moves the bytes into it: it must be driven while the
/// stream is read. A body of which nothing arrives for a while has broken off.
pub fn stream_body(mut payload: web::Payload) -> (ByteStream, impl Future<Output = ()>) {
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(4);
    let pump = async move {
        loop {
            let chunk = match tokio::time::timeout(PATIENCE, payload.next()).await {
                Ok(None) => return,
                Ok(Some(chunk)) => chunk.map_err(|_| io::Error::from(io::ErrorKind::UnexpectedEof)),
                Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut)),
            };
            let broken = chunk.is_err();
            // whoever read it has stopped
            if sender.send(chunk).await.is_err() || broken {
                return;
            }
        }
    };
    let body = stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|chunk| (chunk, receiver))
    });
    (body.boxed(), pump)
}
