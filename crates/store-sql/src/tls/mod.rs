//! TLS to PostgreSQL: whose certificate is believed, and what is told when one is not.

mod stream;
mod trust;

use std::{error::Error, fmt, io, path::PathBuf};

use rustls::CertificateError;
pub(crate) use stream::Connector;
use tokio_postgres::error::SqlState;

use crate::address::Mode;

/// How well a connection to PostgreSQL is kept from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Encryption {
    /// Anybody on the way can read it, and write in it.
    None,
    /// Nobody who only listens can read it. Who is at the other end was not checked.
    Unchecked,
    /// A root certificate vouches for who is at the other end, whatever it is called.
    Vouched,
    /// It is the host that was meant.
    Checked,
}

impl fmt::Display for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "not encrypted",
            Self::Unchecked => "TLS, certificate not checked",
            Self::Vouched => "TLS, certificate checked, host name not",
            Self::Checked => "TLS, certificate and host name checked",
        })
    }
}

/// Why a server is not reached with TLS as its URL asks for. Never holds anything of the URL but names of options and files.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The URL.
    #[error("the address cannot be used: {0}")]
    Setting(String),
    /// The root certificates.
    #[error("the root certificates in {} cannot be used: {reason}", place(.path.as_ref()))]
    Roots {
        /// The file, or none where they are the machine's.
        path: Option<PathBuf>,
        /// Why.
        reason: String,
    },
    /// The server speaks no TLS.
    #[error("the server offers no TLS, and sslmode={mode} asks for it")]
    NotOffered {
        /// What was asked for.
        mode: &'static str,
    },
    /// The server lets nobody in without.
    #[error("the server refuses connections that are not encrypted: {reason}")]
    Demanded {
        /// In its words.
        reason: String,
    },
    /// No root certificate of ours vouches for the server's.
    #[error("the server's certificate is not trusted: {reason}")]
    Untrusted {
        /// Why.
        reason: String,
    },
    /// It is for another host.
    #[error("the server's certificate is for another host: {reason}")]
    WrongHost {
        /// For which.
        reason: String,
    },
    /// Something else about the handshake.
    #[error("cannot agree on TLS with the server: {reason}")]
    Handshake {
        /// What.
        reason: String,
    },
}

fn place(path: Option<&PathBuf>) -> String {
    path.map_or("the machine's store".to_owned(), |path| path.display().to_string())
}

/// What of a failure to connect is TLS's.
pub(crate) fn of_tls(error: &tokio_postgres::Error, mode: Mode) -> Option<TlsError> {
    if let Some(refused) = error.as_db_error() {
        let demanded = mode == Mode::Disable
            && is_refusal(error)
            && ["no encryption", "SSL off"].iter().any(|words| refused.message().contains(words));
        return demanded.then(|| TlsError::Demanded { reason: refused.message().to_owned() });
    }
    if !is_handshake(error) {
        return None;
    }
    let source = error.source()?;
    let reason = source.to_string();
    if reason == "server does not support TLS" {
        return Some(TlsError::NotOffered { mode: mode.as_str() });
    }
    let by_rustls = source.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
    Some(match by_rustls.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        )) => TlsError::WrongHost { reason },
        Some(rustls::Error::InvalidCertificate(_)) if reason.contains("UnsupportedCertVersion") => {
            TlsError::Handshake {
                reason: "its certificate is of X.509's first version; make one of the third".to_owned(),
            }
        }
        Some(rustls::Error::InvalidCertificate(_)) => TlsError::Untrusted { reason },
        _ => TlsError::Handshake { reason },
    })
}

/// The driver tells these from others by their text alone.
fn is_handshake(error: &tokio_postgres::Error) -> bool {
    error.to_string() == "error performing TLS handshake"
}

fn is_refusal(error: &tokio_postgres::Error) -> bool {
    error.code() == Some(&SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
}

/// Whether a server that was asked with TLS, and need not have been, may be asked without: the handshake failed, or it lets
/// nobody in with it. Not for a wrong password, which is not sent again for all to read.
pub(crate) fn may_do_without(error: &tokio_postgres::Error) -> bool {
    is_handshake(error) || is_refusal(error)
}
