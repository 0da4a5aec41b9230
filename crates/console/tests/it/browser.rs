//! What stands in for a browser and for the guard in front of the console.

use std::{pin::Pin, sync::Arc, time::Duration};

use actix_web::{
    App, HttpMessage,
    body::{BoxBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{Method, StatusCode, header::HeaderMap},
    middleware::{Compress, Next, from_fn},
    test::{TestRequest, call_service, init_service},
};
use app::{Ports, presence::Expected, reads::Viewer};
use bytes::Bytes;
use console::ConsoleState;
use futures_util::future::poll_fn;

use crate::{
    sights,
    world::{self, World},
};

pub const NOW: &str = "2026-11-22T21:35:00Z";

/// The console as one program would serve it.
pub struct Console {
    pub world: Arc<World>,
    pub ports: Arc<Ports>,
    pub development: bool,
    pub viewer: Option<Viewer>,
    pub expected: Expected,
}

/// An answer, not read yet.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    body: Pin<Box<BoxBody>>,
}

impl Console {
    pub fn of(world: Arc<World>) -> Self {
        let expected = Expected { worker: true, scheduler: true };
        Self { ports: world.ports(), world, development: true, viewer: Some(world::viewer()), expected }
    }

    /// On a busy afternoon.
    pub fn busy() -> Self {
        Self::of(World::new(NOW, sights::busy))
    }

    /// Before the first call.
    pub fn quiet() -> Self {
        Self::of(World::new(NOW, sights::quiet))
    }

    pub async fn ask(&self, request: TestRequest) -> Answer {
        let state = ConsoleState {
            ports: self.ports.clone(),
            expected: self.expected,
            development: self.development,
            version: "1.2.3",
            stopping: tokio_util::sync::CancellationToken::new(),
        };
        let viewer = self.viewer.clone();
        let guard = move |request: ServiceRequest, next: Next<BoxBody>| {
            if let Some(viewer) = &viewer {
                request.extensions_mut().insert(viewer.clone());
            }
            next.call(request)
        };
        let app = App::new().wrap(from_fn(guard)).wrap(Compress::default()).configure(console::mount(state));
        let app = init_service(app).await;
        let answer: ServiceResponse<_> = call_service(&app, request.to_request()).await;
        let (status, headers) = (answer.status(), answer.headers().clone());
        Answer { status, headers, body: Box::pin(answer.into_body().boxed()) }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(TestRequest::default().method(Method::GET).uri(path)).await
    }

    /// The page at an address, which must be there.
    pub async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        answer.text().await
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("text")).unwrap_or_default()
    }

    /// The next piece of the body.
    pub async fn piece(&mut self) -> Option<Bytes> {
        let piece = poll_fn(|context| self.body.as_mut().poll_next(context)).await;
        piece.map(|piece| piece.map_err(|error| error.to_string()).expect("a piece of the body"))
    }

    /// The next piece, unless it takes longer.
    pub async fn piece_within(&mut self, patience: Duration) -> Option<String> {
        let piece = tokio::time::timeout(patience, self.piece()).await.ok()??;
        Some(String::from_utf8(piece.to_vec()).expect("UTF-8"))
    }

    /// The whole body.
    pub async fn text(mut self) -> String {
        let mut body = Vec::new();
        while let Some(piece) = self.piece().await {
            body.extend(piece);
        }
        String::from_utf8(body).expect("UTF-8")
    }
}
