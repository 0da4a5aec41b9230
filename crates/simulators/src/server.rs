//! Serving HTTP on loopback, and breaking connections on purpose.

use std::{
    any::Any,
    io,
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    os::fd::AsFd,
    sync::Arc,
    time::Duration,
};

use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    body::SizedStream,
    dev::{Extensions, ServerHandle},
    middleware::from_fn,
    web::{self, Bytes, ServiceConfig},
};
use futures_util::{StreamExt, stream};
use tokio::task::JoinHandle;

use crate::{
    StartError,
    control::{Control, gate},
    faults::RequestFault,
    sim::Sim,
};

/// Longer than any client waits: at the end of it a held connection is closed.
const HELD: Duration = Duration::from_secs(35);

/// A stand-in's listener, bound before anything is started so that its address is known.
pub(crate) struct Bound {
    listener: TcpListener,
    /// `http://127.0.0.1:PORT`
    pub(crate) base_url: String,
}

/// Binds a port of the loopback interface; 0 is any free one.
pub(crate) fn bind(port: u16) -> Result<Bound, StartError> {
    let refused = |source| StartError::Bind { port, source };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(refused)?;
    let base_url = format!("http://{}", listener.local_addr().map_err(refused)?);
    Ok(Bound { listener, base_url })
}

/// A server that runs until it is stopped or dropped.
pub(crate) struct Running {
    handle: ServerHandle,
    task: Option<JoinHandle<()>>,
}

impl Running {
    /// Closes the port and every connection.
    pub(crate) async fn stop(mut self) {
        self.handle.stop(false).await;
        if let Some(task) = self.task.take() {
            // it has nothing to say but that it ended
            let _ended = task.await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.task.is_some() {
            // the order is given at once; nobody is there to wait for it
            drop(self.handle.stop(false));
        }
    }
}

/// Serves what `routes` configures, behind the control API's gate.
pub(crate) fn serve<F>(bound: Bound, control: Arc<Control>, routes: F) -> Result<Running, StartError>
where
    F: Fn(&mut ServiceConfig) + Clone + Send + 'static,
{
    let control = web::Data::from(control);
    let port = bound.listener.local_addr().map_or(0, |address| address.port());
    let server = HttpServer::new(move || {
        App::new().app_data(control.clone()).wrap(from_fn(gate)).configure(routes.clone())
    })
    .on_connect(keep_wire)
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1)
    // reading a request is not what is slow here; a machine under load may still be
    .client_request_timeout(Duration::from_secs(30))
    .listen(bound.listener)
    .map_err(|source| StartError::Bind { port, source })?
    .run();
    let handle = server.handle();
    let task = tokio::spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "a stand-in's server ended");
        }
    });
    Ok(Running { handle, task: Some(task) })
}

/// The connection a request came on, beside the server's back.
#[derive(Clone)]
struct Wire(Arc<TcpStream>);

fn keep_wire(connection: &dyn Any, data: &mut Extensions) {
    let Some(stream) = connection.downcast_ref::<actix_web::rt::net::TcpStream>() else { return };
    if let Ok(copy) = stream.as_fd().try_clone_to_owned() {
        data.insert(Wire(Arc::new(TcpStream::from(copy))));
    }
}

fn cut(wire: Option<&Wire>) {
    if let Some(Wire(stream)) = wire {
        // gone already is as good
        let _gone = stream.shutdown(Shutdown::Both);
    }
}

/// That an answer never reached the other side, for the log of requests.
#[derive(Clone, Copy)]
pub(crate) struct CutShort;

/// Closes the connection without an answer.
pub(crate) fn no_answer(request: &HttpRequest) -> HttpResponse {
    cut(request.conn_data::<Wire>());
    let mut response = HttpResponse::InternalServerError().finish();
    response.extensions_mut().insert(CutShort);
    response
}

/// Waits longer than any client would, then closes the connection.
pub(crate) async fn hold(sim: &Sim, request: &HttpRequest) -> HttpResponse {
    sim.sleep(HELD).await;
    no_answer(request)
}

/// Announces the whole body, sends the first half, and closes the connection.
pub(crate) fn break_off(sim: &Sim, request: &HttpRequest, content_type: &str, body: &Bytes) -> HttpResponse {
    let head = HttpResponse::Ok().content_type(content_type).finish().drop_body();
    broken(sim, request, head, body)
}

fn broken(sim: &Sim, request: &HttpRequest, head: HttpResponse<()>, body: &Bytes) -> HttpResponse {
    let wire = request.conn_data::<Wire>().cloned();
    let sim = sim.clone();
    let half = body.slice(..body.len() / 2);
    let rest = async move {
        // let the first half out
        sim.moment().await;
        cut(wire.as_ref());
        Err(io::Error::from(io::ErrorKind::ConnectionReset))
    };
    let chunks = stream::iter([Ok(half)]).chain(stream::once(rest));
    let body = SizedStream::new(body.len() as u64, Box::pin(chunks));
    let mut response = head.set_body(body).map_into_boxed_body();
    response.extensions_mut().insert(CutShort);
    response
}

/// Answers a request with the fault it meets. `good` does what was asked; `throttled` and `failed` are the provider's
/// own error answers.
pub(crate) async fn answer<G>(
    sim: &Sim,
    request: &HttpRequest,
    fault: Option<RequestFault>,
    errors: &dyn ErrorAnswers,
    good: G,
) -> HttpResponse
where
    G: Future<Output = HttpResponse>,
{
    match fault {
        None => good.await,
        Some(RequestFault::Throttled) => errors.throttled(),
        Some(RequestFault::ServerError { status, done }) => {
            if done {
                // the worst kind: done, and said to have failed
                drop(good.await);
            }
            errors.failed(status)
        }
        Some(RequestFault::Hold) => {
            drop(good.await);
            hold(sim, request).await
        }
        Some(RequestFault::Reset) => {
            let (head, body) = good.await.into_parts();
            match actix_web::body::to_bytes(body).await {
                Ok(body) if body.len() > 1 => broken(sim, request, head, &body),
                _ => no_answer(request),
            }
        }
    }
}

/// How a provider words its own failures.
pub(crate) trait ErrorAnswers {
    /// 429.
    fn throttled(&self) -> HttpResponse;
    /// A 5xx.
    fn failed(&self, status: u16) -> HttpResponse;
}
