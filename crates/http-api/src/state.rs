use std::{sync::Arc, time::Duration};

use app::{
    Ports,
    ports::{Authenticator, Rate},
    presence::Expected,
};
use kernel::{Calendar, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::{ApiError, Caller, RouteTable};

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
}

impl ApiState {
    /// What time it is.
    pub fn now(&self) -> Timestamp {
        self.ports.clock.now()
    }

    /// The caller's company's calendar.
    pub async fn calendar(&self, caller: &Caller) -> Result<Calendar, ApiError> {
        let company = self.ports.tenants.find(&caller.identity.company).await?;
        Ok(company.map_or(Calendar::UTC, |company| company.calendar))
    }
}
