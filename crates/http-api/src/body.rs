use std::{io, time::Duration};

use actix_web::{HttpRequest, http::header, web};
use app::ports::ByteStream;
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, stream};
use kernel::ErrorKind;
use tokio::sync::mpsc;

use crate::ApiError;

/// A body must be here within this time.
const PATIENCE: Duration = Duration::from_secs(30);

fn too_large(limit: usize) -> ApiError {
    ApiError::new(ErrorKind::TooLarge, format!("The body is larger than {limit} bytes"))
}

/// The raw bytes of a body: what signatures are over. Never holds more than the limit.
pub async fn read_body(
    request: &HttpRequest,
    mut payload: web::Payload,
    limit: usize,
) -> Result<Bytes, ApiError> {
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    if announced.and_then(|text| text.parse::<usize>().ok()).is_some_and(|length| length > limit) {
        return Err(too_large(limit));
    }
    let reading = async {
        let mut body = BytesMut::new();
        while let Some(chunk) = payload.next().await {
            let chunk = chunk.map_err(|_| ApiError::new(ErrorKind::Invalid, "The body broke off"))?;
            if body.len() + chunk.len() > limit {
                return Err(too_large(limit));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
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
