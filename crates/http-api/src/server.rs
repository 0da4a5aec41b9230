use std::{
    future::Future,
    io,
    net::{SocketAddr, TcpListener},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use actix_web::{
    App, HttpServer,
    dev::ServerHandle,
    middleware::{Compress, from_fn},
    web::{Data, ServiceConfig},
};

use crate::{
    ApiState,
    guard::guard,
    routes::{begin_counting, mount, nowhere},
};

/// What somebody else serves beside the API. Its routes must be in the table.
pub type Mount = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

/// Why the server cannot be.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The port is taken, or not ours to take.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// Where.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The server stopped.
    #[error("the server stopped: {0}")]
    Run(#[from] io::Error),
}

/// A server that listens and does not answer yet: its port is known, which others may need before it starts.
pub struct BoundServer {
    pub(crate) listener: TcpListener,
    /// Where it listens.
    pub address: SocketAddr,
}

/// Takes a port.
pub fn bind(address: SocketAddr) -> Result<BoundServer, ServerError> {
    let failed = |source| ServerError::Bind { address, source };
    let listener = TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    Ok(BoundServer { listener, address })
}

/// A server that answers until it is stopped.
pub struct RunningServer {
    /// Ends when it has stopped.
    pub ended: Pin<Box<dyn Future<Output = io::Result<()>> + Send>>,
    pub(crate) handle: ServerHandle,
}

impl RunningServer {
    /// Stops taking requests, lets running ones end within the grace period, and stops.
    pub fn stop(&self) -> impl Future<Output = ()> + Send + use<> {
        self.handle.stop(true)
    }
}

impl BoundServer {
    /// Starts answering.
    pub fn run(
        self,
        state: ApiState,
        mounts: Vec<Mount>,
        workers: usize,
        grace: Duration,
    ) -> Result<RunningServer, ServerError> {
        begin_counting();
        let state = Data::new(state);
        let server = HttpServer::new(move || {
            let mounts = mounts.clone();
            App::new()
                .app_data(state.clone())
                .wrap(from_fn(guard))
                .wrap(Compress::default())
                .configure(mount)
                .configure(|config| mounts.iter().for_each(|mount| mount(config)))
                .default_service(actix_web::web::to(nowhere))
        })
        .workers(workers)
        .shutdown_timeout(grace.as_secs())
        .client_request_timeout(Duration::from_secs(10))
        .keep_alive(Duration::from_secs(75))
        // whoever runs the process hears its signals
        .disable_signals()
        .listen(self.listener)?
        .run();
        let handle = server.handle();
        Ok(RunningServer { ended: Box::pin(server), handle })
    }
}
