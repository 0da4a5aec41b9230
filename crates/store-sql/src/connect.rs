//! Opening one connection to PostgreSQL, as Otto needs it.

use std::{str::FromStr, time::Duration};

use diesel::{ConnectionError, ConnectionResult};
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use tokio::runtime::Handle;
use tokio_postgres::{Config, NoTls};

use crate::pools::{PoolSettings, Role};

/// A server that does not take a connection within this is not there.
const PATIENCE: Duration = Duration::from_secs(5);
/// What was sent and not even received for so long went to a machine that is gone: without this, a connection to one that
/// lost its power would keep its caller for a quarter of an hour.
const UNRECEIVED: Duration = Duration::from_secs(15);
/// A connection on which nothing is said for this long is asked, by the kernel, whether it still leads anywhere.
const QUIET: Duration = Duration::from_secs(30);

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
        let bad = |error: tokio_postgres::Error| ConnectionError::BadConnection(in_full(&error));
        let config = config_of(&self.url).map_err(bad)?;
        let (client, connection) = config.connect(NoTls).await.map_err(bad)?;
        let mut conn = AsyncPgConnection::try_from_client_and_connection(client, connection).await?;
        conn.batch_execute(&self.setup).await.map_err(ConnectionError::CouldntSetupConfiguration)?;
        Ok(conn)
    }
}

/// As the URL says; what it leaves open is chosen so that nobody waits for a server that is gone.
fn config_of(url: &str) -> Result<Config, tokio_postgres::Error> {
    let mut config = Config::from_str(url)?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(PATIENCE);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(UNRECEIVED);
    }
    if !url.contains("keepalives") {
        config.keepalives_idle(QUIET).keepalives_interval(UNRECEIVED / 3).keepalives_retries(3);
    }
    if config.get_application_name().is_none() {
        config.application_name("otto");
    }
    Ok(config)
}

/// The driver's own text leaves out why.
fn in_full(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_url_leaves_open_is_bounded_and_what_it_says_stays() {
        let config = config_of("postgres://otto@db/otto").unwrap();
        assert_eq!(config.get_connect_timeout(), Some(&PATIENCE));
        assert_eq!(config.get_tcp_user_timeout(), Some(&UNRECEIVED));
        assert_eq!(config.get_keepalives_idle(), QUIET);
        let config = config_of("postgres://otto@db/otto?connect_timeout=2&keepalives_idle=9").unwrap();
        assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(2)));
        assert_eq!(config.get_keepalives_idle(), Duration::from_secs(9));
    }
}
