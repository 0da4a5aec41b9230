use std::{io, net::SocketAddr, path::PathBuf};

use http_api::ServerError;
use kernel::StoreError;
use settings::Problems;
use store_sql::{MigrateError, TlsError};

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
    /// The key that must be there is not.
    #[error(
        "the key stored credentials were sealed with is missing: there is no {}\nBring the file back from where you keep \
         its copy, or put the key into OTTO_ENCRYPTION_KEY.",
        path.display()
    )]
    LostKey {
        /// Where it was.
        path: PathBuf,
    },
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

pub(crate) fn chain(error: &dyn std::error::Error) -> String {
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

pub(crate) fn remedy_for_database(source: &MigrateError) -> &'static str {
    match source {
        MigrateError::Tls(error) => remedy_for_tls(error),
        MigrateError::Failed(error) if lacks_roles(&chain(error.as_ref())) => LACKS_ROLES,
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

fn remedy_for_tls(error: &TlsError) -> &'static str {
    match error {
        TlsError::Setting(_) => "Correct the options after the question mark in DATABASE_URL.",
        TlsError::Roots { .. } => {
            "Set sslrootcert in DATABASE_URL to a file this user may read, with the root certificates in PEM that your \
             provider of PostgreSQL gives out; or to `system` for those of the machine (on Debian: the package \
             ca-certificates)."
        }
        TlsError::NotOffered { .. } => {
            "Turn TLS on at the server (ssl = on, and a certificate). Only where nobody can listen on the way, set \
             sslmode=disable in DATABASE_URL instead."
        }
        TlsError::Demanded { .. } => {
            "Set sslmode=verify-full in DATABASE_URL, with sslrootcert=FILE where its certificate is signed by nobody the \
             machine trusts."
        }
        TlsError::Untrusted { .. } => {
            "Set sslrootcert in DATABASE_URL to a file with the root certificate that signed the server's, in PEM, as your \
             provider of PostgreSQL gives it out; if it has expired, renew it. If neither is so, somebody is in between."
        }
        TlsError::WrongHost { .. } => {
            "Name the server in DATABASE_URL as its certificate does (as a subject alternative name), or have one made for \
             this name. Where neither is possible, sslmode=verify-ca checks everything but the name."
        }
        TlsError::Handshake { .. } => {
            "Check that the server speaks TLS 1.2 or 1.3, with a certificate of X.509 version 3."
        }
    }
}

/// PostgreSQL's words when the login may not make the roles of the migrations, or may not become them.
pub(crate) fn lacks_roles(text: &str) -> bool {
    ["permission denied to create role", "permission denied to grant role", "must have admin option on role"]
        .iter()
        .any(|known| text.contains(known))
}

pub(crate) const LACKS_ROLES: &str = "Otto works as the roles otto_app and otto_system, which this login may neither make \
     nor join. Have an administrator run, once, with the login of DATABASE_URL in place of LOGIN:\n  \
     CREATE ROLE otto_app NOLOGIN; CREATE ROLE otto_system NOLOGIN; GRANT otto_app, otto_system TO LOGIN;\n\
     Leave out what is there already, then try again.";

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

#[cfg(test)]
mod tests {
    use super::*;

    fn told(source: MigrateError) -> String {
        StartError::Database { source }.to_string()
    }

    #[test]
    fn a_login_that_may_not_make_roles_is_told_which_and_by_whom() {
        let told = told(MigrateError::Failed("failed with: permission denied to create role".into()));
        for words in ["otto_app", "otto_system", "administrator", "GRANT otto_app, otto_system TO"] {
            assert!(told.contains(words), "{told}");
        }
        assert!(!told.contains("may create tables"), "{told}");
    }

    #[test]
    fn whatever_is_wrong_with_tls_there_is_something_to_do() {
        let reason = || "why".to_owned();
        for (error, remedy) in [
            (TlsError::Setting(reason()), "question mark"),
            (TlsError::Roots { path: None, reason: reason() }, "ca-certificates"),
            (TlsError::NotOffered { mode: "require" }, "ssl = on"),
            (TlsError::Demanded { reason: reason() }, "sslmode=verify-full"),
            (TlsError::Untrusted { reason: reason() }, "sslrootcert"),
            (TlsError::WrongHost { reason: reason() }, "subject alternative name"),
            (TlsError::Handshake { reason: reason() }, "TLS 1.2"),
        ] {
            let told = told(MigrateError::Tls(error));
            assert!(told.starts_with("cannot open the database: ") && told.contains(remedy), "{told}");
        }
    }
}
