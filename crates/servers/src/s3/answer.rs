use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures_util::Stream;
use hyper::{Request, Response, StatusCode, body::Incoming};
use s3s::{Body, stream::DynByteStream};

use super::{Asked, Deed, Shared};

/// Bodies are parts of recordings, and no longer.
const LONGEST: usize = 64 << 20;

static WRITING: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

/// Answers a request as planned.
pub(super) async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let asked = Asked {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: request.uri().query().unwrap_or_default().to_owned(),
        headers: request
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or_default().to_owned()))
            .collect(),
    };
    let deed = shared.deed(asked.operation());
    // counted when it is answered, so that whoever waits sees what came of it; one that is never answered counts at once
    match deed {
        Deed::Hang => {
            shared.note(asked);
            std::future::pending().await
        }
        Deed::Say(status, text) => {
            shared.note(asked);
            Ok(said(status, text))
        }
        Deed::Serve | Deed::BreakOff => {
            let mut request = request.map(Body::from);
            let _turn = if asked.method == "PUT" {
                // a sender that falls silent must not keep others from writing
                if let Err(error) = request.body_mut().store_all_limited(LONGEST).await {
                    shared.note(asked);
                    return Ok(said(400, error.to_string()));
                }
                // s3s-fs writes an object and its checksum one after the other; S3 does not
                Some(WRITING.lock().await)
            } else {
                None
            };
            let served = shared.service.call(request).await;
            let answer = served.unwrap_or_else(|error| said(500, format!("{error:?}")));
            shared.note(asked);
            Ok(if deed == Deed::BreakOff { cut(answer) } else { answer })
        }
    }
}

fn said(status: u16, text: String) -> Response<Body> {
    let mut answer = Response::new(Body::from(text));
    *answer.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer
}

/// The head of an answer and too little of its body.
fn cut(answer: Response<Body>) -> Response<Body> {
    answer.map(|_| Body::from(Box::pin(Cut(0)) as DynByteStream))
}

struct Cut(u8);

impl Stream for Cut {
    type Item = Result<Bytes, s3s::StdError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.0 += 1;
        match self.0 {
            1 => Poll::Ready(Some(Ok(Bytes::from_static(b"too little")))),
            // when there is nothing to send at the moment, what was given is sent
            2 => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            _ => Poll::Ready(Some(Err(io::Error::other("gone").into()))),
        }
    }
}

impl s3s::stream::ByteStream for Cut {}
