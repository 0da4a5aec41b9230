//! Opening one connection to PostgreSQL, as Otto needs it.

use std::time::Duration;

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use tokio::runtime::Handle;
use tokio_postgres::{NoTls, config::SslMode};

use crate::{
    address::{Address, Mode},
    pools::{PoolSettings, Role},
    tls::{self, Encryption, TlsError},
};

/// From when a server has taken a connection until it has let us in; after that it is not going to.
const ADMISSION: Duration = Duration::from_secs(10);

/// How connections of one role are opened.
#[derive(Clone)]
pub struct Connector {
    url: String,
    setup: String,
    // what carries a connection's bytes is a task of the runtime it was made in, and a web server has a runtime for each
    // of its threads: those end first when we stop, and would take connections of running jobs with them
    home: Option<Handle>,
}

impl Connector {
    /// Of the runtime this is called in.
    pub fn new(url: &str, role: Role, settings: &PoolSettings) -> Self {
        let (statements, locks) = (settings.statement_timeout.as_millis(), settings.lock_timeout.as_millis());
        // a client that went away in the middle of a statement is noticed within a second, and its locks are freed; not
        // every platform's server can do that
        let setup = format!(
            "SET ROLE {}; SET statement_timeout = {statements}; SET lock_timeout = {locks}; \
             SET idle_in_transaction_session_timeout = '60s'; SET timezone = 'UTC'; \
             DO $$ BEGIN PERFORM set_config('client_connection_check_interval', '1s', false); \
             EXCEPTION WHEN OTHERS THEN NULL; END $$",
            role.name()
        );
        Self { url: url.to_owned(), setup, home: Handle::try_current().ok() }
    }

    /// Opens one.
    pub async fn connect(self) -> ConnectionResult<AsyncPgConnection> {
        let home = self.home.clone();
        match home {
            Some(home) => match home.spawn(self.connect_here()).await {
                Ok(connected) => connected,
                Err(error) => Err(ConnectionError::BadConnection(error.to_string())),
            },
            None => self.connect_here().await,
        }
    }

    async fn connect_here(self) -> ConnectionResult<AsyncPgConnection> {
        let (mut conn, _) = open(&self.url).await.map_err(|error| match error {
            Unopened::Tls(error) => ConnectionError::BadConnection(error.to_string()),
            Unopened::Otherwise(error) => error,
        })?;
        conn.batch_execute(&self.setup).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(conn)
    }
}

/// Why there is no connection.
pub(crate) enum Unopened {
    /// It would not be as safe as was asked for.
    Tls(TlsError),
    /// Anything else.
    Otherwise(ConnectionError),
}

impl From<TlsError> for Unopened {
    fn from(error: TlsError) -> Self {
        Self::Tls(error)
    }
}

impl From<ConnectionError> for Unopened {
    fn from(error: ConnectionError) -> Self {
        Self::Otherwise(error)
    }
}

/// Opens a connection as a URL says, and tells how well it is kept from others.
pub(crate) async fn open(url: &str) -> Result<(AsyncPgConnection, Encryption), Unopened> {
    let address = Address::parse(url)?;
    let hosts = u32::try_from(address.config.get_hosts().len().max(1)).unwrap_or(1);
    let patience = address.config.get_connect_timeout().copied().unwrap_or_default() * hosts + ADMISSION;
    match tokio::time::timeout(patience, open_at(address)).await {
        Ok(opened) => opened,
        Err(_) => Err(ConnectionError::BadConnection("the server does not answer".to_owned()).into()),
    }
}

async fn open_at(address: Address) -> Result<(AsyncPgConnection, Encryption), Unopened> {
    let mode = address.mode;
    if mode == Mode::Disable {
        return open_plainly(&address).await;
    }
    // reads files
    let prepared =
        tokio::task::spawn_blocking(move || tls::Connector::new(&address).map(|tls| (tls, address)));
    let (connector, address) = match prepared.await {
        Ok(prepared) => prepared?,
        Err(error) => return Err(ConnectionError::BadConnection(error.to_string()).into()),
    };
    match address.config.connect(connector.clone()).await {
        Ok((client, connection)) => {
            let conn = AsyncPgConnection::try_from_client_and_connection(client, connection).await?;
            Ok((conn, if connector.was_spoken() { spoken(mode) } else { Encryption::None }))
        }
        Err(error) if mode == Mode::Prefer && connector.was_spoken() && tls::may_do_without(&error) => {
            tracing::debug!(error = in_full(&error), "not with TLS; trying without");
            open_plainly(&address).await
        }
        Err(error) => Err(why(&error, mode)),
    }
}

async fn open_plainly(address: &Address) -> Result<(AsyncPgConnection, Encryption), Unopened> {
    let mut config = address.config.clone();
    config.ssl_mode(SslMode::Disable);
    let (client, connection) = config.connect(NoTls).await.map_err(|error| why(&error, address.mode))?;
    let conn = AsyncPgConnection::try_from_client_and_connection(client, connection).await?;
    Ok((conn, Encryption::None))
}

fn spoken(mode: Mode) -> Encryption {
    match mode {
        Mode::Disable | Mode::Prefer | Mode::Require => Encryption::Unchecked,
        Mode::VerifyCa => Encryption::Vouched,
        Mode::VerifyFull => Encryption::Checked,
    }
}

fn why(error: &tokio_postgres::Error, mode: Mode) -> Unopened {
    match tls::of_tls(error, mode) {
        Some(error) => Unopened::Tls(error),
        None => Unopened::Otherwise(ConnectionError::BadConnection(in_full(error))),
    }
}

/// The driver's own text leaves out why.
fn in_full(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
