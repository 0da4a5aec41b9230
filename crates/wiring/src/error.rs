use std::{io, net::SocketAddr, path::PathBuf};

use http_api::ServerError;
use kernel::StoreError;
use settings::Problems;
use store_sql::MigrateError;

/// Why Otto cannot start. Each message names the thing and the remedy.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Settings.
    #[error(transparent)]
    Settings(#[from] Problems),
    /// One setting that only turned out to be unusable when it was used.
    #[error("{name} cannot be used: {what}")]
    Setting {
        /// Its name.
        name: &'static str,
        /// What is wrong and what would be right.
        what: String,
    },
    /// The data directory.
    #[error("cannot write {path}: {source}\n{}", remedy_for_folder(.source))]
    DataDir {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The database.
    #[error("{source}\n{}", remedy_for_database(.source))]
    Database {
        /// Why.
        source: MigrateError,
    },
    /// The database, once open.
    #[error("the database does not work: {}", chain(.0))]
    Store(#[from] StoreError),
    /// Its key does not open what is stored.
    #[error(
        "OTTO_ENCRYPTION_KEY does not open {shut} of {of} stored secrets called {name}\nSet it to the key they were \
         sealed with; to change keys, set the new and the old one, separated by a comma. Where none is set it is kept in \
         encryption.key in the data directory."
    )]
    WrongKey {
        /// So many do not open.
        shut: usize,
        /// So many there are.
        of: usize,
        /// Which secret of a company.
        name: &'static str,
    },
    /// The port.
    #[error("{}", describe_server(.0))]
    Server(#[from] ServerError),
    /// An HTTP client.
    #[error("cannot prepare the client of {provider}: {reason}")]
    Client {
        /// Whose.
        provider: &'static str,
        /// Why.
        reason: String,
    },
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

fn remedy_for_folder(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "Make the folder writable for this user, or set OTTO_DATA_DIR to another one."
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "The disk is full. Free some space, or set OTTO_DATA_DIR to a folder on another disk."
        }
        _ => "Check the folder, or set OTTO_DATA_DIR to another one.",
    }
}

fn remedy_for_database(source: &MigrateError) -> &'static str {
    match source {
        MigrateError::Connect { reason } if is_damaged(reason) => {
            "The file is something else, or is damaged; nothing was changed. Restore a backup of it, or set \
             OTTO_DATA_DIR or DATABASE_URL to another place."
        }
        MigrateError::Connect { .. } => {
            "Check that the server runs and that DATABASE_URL names it, its user and its password rightly."
        }
        MigrateError::NewerSchema { .. } => {
            "Start the version that made it, or a newer one; or restore a backup made by this version."
        }
        MigrateError::Outdated { .. } => {
            "Run `otto migrate` with the same DATABASE_URL, once, before starting."
        }
        MigrateError::Busy => {
            "See what it does (pg_stat_activity), and run `otto migrate` again once it is done or was stopped."
        }
        MigrateError::Failed(error) if is_full(&chain(error.as_ref())) => {
            "The disk is full or read-only. Nothing was changed; free some space and start again."
        }
        MigrateError::Failed(_) => {
            "The migration that failed changed nothing. Check that the database user may create tables."
        }
    }
}

fn is_damaged(text: &str) -> bool {
    ["not a database", "malformed"].iter().any(|known| text.contains(known))
}

fn is_full(text: &str) -> bool {
    ["disk is full", "No space left", "readonly database", "disk I/O error"]
        .iter()
        .any(|known| text.contains(known))
}

fn describe_server(error: &ServerError) -> String {
    match error {
        ServerError::Bind { address, source } => describe_bind(*address, source),
        ServerError::Run(error) => format!("the server stopped: {error}"),
    }
}

fn describe_bind(address: SocketAddr, source: &io::Error) -> String {
    match source.kind() {
        io::ErrorKind::AddrInUse => {
            format!(
                "port {} is in use by another program\nStop that program, or set PORT to a free port.",
                address.port()
            )
        }
        io::ErrorKind::PermissionDenied => {
            format!("this user may not listen on port {}\nSet PORT to one above 1023.", address.port())
        }
        io::ErrorKind::AddrNotAvailable => {
            format!(
                "{} is not an address of this machine\nSet HOST to one that is, such as 0.0.0.0.",
                address.ip()
            )
        }
        _ => format!("cannot listen on {address}: {source}"),
    }
}
