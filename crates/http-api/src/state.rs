use std::{future::Future, sync::Arc, time::Duration};

use app::{
    Ports,
    ports::{Authenticator, Rate},
    presence::Expected,
};
use kernel::{Calendar, ErrorKind, Timestamp};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use tracing::Instrument;

use crate::{ApiError, Caller, RouteTable, error::internal, params::Params};

/// What the API needs to know of its deployment.
#[derive(Clone, Debug)]
pub struct ApiSettings {
    /// development, staging or production.
    pub environment: &'static str,
    /// Of this program.
    pub version: &'static str,
    /// Web origins allowed to call us; `*` matches part of one.
    pub allowed_origins: Vec<String>,
    /// Longer webhooks are refused.
    pub max_webhook_bytes: usize,
    /// A webhook is tried again for so long while the database is away.
    pub webhook_patience: Duration,
    /// How often the client API may be asked.
    pub limits: Option<ClientLimits>,
    /// Which parts this deployment is to have.
    pub expected: Expected,
    /// Where providers are reached, by name. Told to whoever asks in development only, where they are stand-ins.
    pub stand_ins: Option<Vec<(&'static str, String)>>,
}

/// How often the client API may be asked. Webhooks, probes and the console are not counted.
#[derive(Clone, Copy, Debug)]
pub struct ClientLimits {
    /// By one person.
    pub user: Rate,
    /// By one company.
    pub tenant: Rate,
}

/// What handlers share.
pub struct ApiState {
    /// The world.
    pub ports: Arc<Ports>,
    /// Who is calling.
    pub authenticator: Arc<dyn Authenticator>,
    /// What each route asks.
    pub table: RouteTable,
    /// Of the deployment.
    pub settings: ApiSettings,
    /// The process was asked to stop: it is not ready from then on, while it goes on answering for a while.
    pub stopping: CancellationToken,
    /// Writes what Prometheus reads.
    pub metrics: Arc<dyn Fn() -> String + Send + Sync>,
    /// The runtime the process began with. Database connections live there: work that asks the database many times is
    /// done there too, since each answer would otherwise have to wake another thread; and it outlives the web server's.
    pub home: tokio::runtime::Handle,
}

impl ApiState {
    /// What time it is.
    pub fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    /// Reads at home, and gives up when nobody waits for the answer any more.
    pub async fn read<T, E, F>(&self, read: impl FnOnce(Arc<Ports>) -> F) -> Result<T, ApiError>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Into<ApiError> + Send + 'static,
    {
        let reading = self.home.spawn(read(self.ports.clone()).in_current_span());
        match AbortOnDropHandle::new(reading).await {
            Ok(done) => done.map_err(Into::into),
            Err(error) => Err(internal(ErrorKind::Internal, &error)),
        }
    }

    /// The caller's company's calendar.
    pub async fn calendar(&self, caller: &Caller) -> Result<Calendar, ApiError> {
        let id = caller.identity.company.clone();
        let company = self.read(|ports| async move { ports.tenants.find(&id).await }).await?;
        Ok(company.map_or(Calendar::UTC, |company| company.calendar))
    }

    /// The same for reading these parameters, if any of them is there to be read.
    pub async fn calendar_for(
        &self,
        caller: &Caller,
        params: &Params,
        names: [&str; 2],
    ) -> Result<Calendar, ApiError> {
        if params.has_any(&names) { self.calendar(caller).await } else { Ok(Calendar::UTC) }
    }
}
