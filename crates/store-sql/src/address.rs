//! Where a PostgreSQL server is, and how much of TLS it is reached with: a URL as libpq reads it.

use std::{
    borrow::Cow,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use percent_encoding::percent_decode_str;
use tokio_postgres::{
    Config,
    config::{Host, SslMode, SslNegotiation},
};

use crate::tls::TlsError;

/// A server that does not take a connection within this is not there.
const PATIENCE: Duration = Duration::from_secs(5);
/// What was sent and not even received for so long went to a machine that is gone: without this, a connection to one that
/// lost its power would keep its caller for a quarter of an hour.
const UNRECEIVED: Duration = Duration::from_secs(15);
/// A connection on which nothing is said for this long is asked, by the kernel, whether it still leads anywhere.
const QUIET: Duration = Duration::from_secs(30);

/// `sslmode`, in libpq's words. `allow` is read as [`Mode::Prefer`], which is no less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Nothing is encrypted.
    Disable,
    /// Encrypted where the server offers it.
    Prefer,
    /// Encrypted, to whomever it may be.
    Require,
    /// Encrypted, to somebody whom a root certificate vouches for.
    VerifyCa,
    /// And whose certificate is for this host.
    VerifyFull,
}

impl Mode {
    fn read(text: &str) -> Result<Self, TlsError> {
        match text {
            "disable" => Ok(Self::Disable),
            "allow" | "prefer" => Ok(Self::Prefer),
            "require" => Ok(Self::Require),
            "verify-ca" => Ok(Self::VerifyCa),
            "verify-full" => Ok(Self::VerifyFull),
            _ => Err(TlsError::Setting(
                "its sslmode is none of disable, allow, prefer, require, verify-ca and verify-full"
                    .to_owned(),
            )),
        }
    }

    /// As libpq spells it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }
}

/// Whose word for a server's certificate counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Roots {
    /// Those the machine trusts.
    System,
    /// Those in a file, in PEM.
    File(PathBuf),
}

/// Where a server is, how to get in, and how it must prove who it is.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    /// All the driver needs.
    pub(crate) config: Config,
    /// What was asked for.
    pub(crate) mode: Mode,
    /// Whether anybody did ask, or this is how it is when nobody does.
    pub(crate) mode_given: bool,
    /// What its certificate is held against, if it is.
    pub(crate) roots: Option<Roots>,
}

impl Address {
    /// Reads a URL. What it leaves open is chosen so that nobody waits for a server that is gone.
    pub(crate) fn parse(url: &str) -> Result<Self, TlsError> {
        Self::read(url, std::env::home_dir().as_deref())
    }

    fn read(url: &str, home: Option<&Path>) -> Result<Self, TlsError> {
        let (rest, mode, file) = take_tls(url)?;
        let mut config =
            Config::from_str(&rest).map_err(|error| TlsError::Setting(why_unreadable(&error)))?;
        let (asked, roots) = settle(mode, file.as_deref(), home)?;
        // a socket is inside the machine: nothing on it is encrypted, whatever is asked for
        let on_a_socket = config.get_hostaddrs().is_empty()
            && !config.get_hosts().is_empty()
            && config.get_hosts().iter().all(|host| matches!(host, Host::Unix(_)));
        let effective = if on_a_socket { Mode::Disable } else { asked };
        if effective == Mode::Prefer && config.get_ssl_negotiation() == SslNegotiation::Direct {
            return Err(TlsError::Setting(
                "sslnegotiation=direct needs sslmode=require, verify-ca or verify-full".to_owned(),
            ));
        }
        config.ssl_mode(match effective {
            Mode::Disable => SslMode::Disable,
            Mode::Prefer => SslMode::Prefer,
            Mode::Require | Mode::VerifyCa | Mode::VerifyFull => SslMode::Require,
        });
        bound(&mut config, &rest);
        Ok(Self { config, mode: effective, mode_given: mode.is_some() || on_a_socket, roots })
    }

    /// Whether everybody it may lead to is this machine itself.
    pub(crate) fn is_local(&self) -> bool {
        self.config.get_hosts().iter().all(|host| match host {
            Host::Unix(_) => true,
            Host::Tcp(name) => {
                name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
            }
        })
    }
}

fn bound(config: &mut Config, url: &str) {
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
}

/// What is asked for and what certificates are held against, as libpq has it. A root certificate that nothing would be held
/// against is refused: who names one believes it is.
fn settle(
    mode: Option<Mode>,
    file: Option<&str>,
    home: Option<&Path>,
) -> Result<(Mode, Option<Roots>), TlsError> {
    let own = || home.map(|home| home.join(".postgresql/root.crt")).filter(|path| path.is_file());
    let refused = |what: &str| Err(TlsError::Setting(what.to_owned()));
    match (mode, file) {
        (None | Some(Mode::VerifyFull), Some("system")) => Ok((Mode::VerifyFull, Some(Roots::System))),
        (_, Some("system")) => {
            refused("sslrootcert=system needs sslmode=verify-full: anybody can have a certificate of theirs")
        }
        (None | Some(Mode::Disable | Mode::Prefer), Some(_)) => refused(
            "sslrootcert needs sslmode=verify-full or verify-ca: otherwise nothing is checked against it",
        ),
        (Some(Mode::Require | Mode::VerifyCa), Some(file)) => {
            Ok((Mode::VerifyCa, Some(Roots::File(file.into()))))
        }
        (Some(Mode::VerifyFull), Some(file)) => Ok((Mode::VerifyFull, Some(Roots::File(file.into())))),
        (Some(Mode::Require), None) => {
            let own = own();
            let mode = if own.is_some() { Mode::VerifyCa } else { Mode::Require };
            Ok((mode, own.map(Roots::File)))
        }
        (Some(Mode::VerifyCa), None) => match own() {
            Some(file) => Ok((Mode::VerifyCa, Some(Roots::File(file)))),
            None => refused(
                "sslmode=verify-ca needs sslrootcert=FILE, with the root certificate to check against",
            ),
        },
        (Some(Mode::VerifyFull), None) => {
            Ok((Mode::VerifyFull, Some(own().map_or(Roots::System, Roots::File))))
        }
        (mode, None) => Ok((mode.unwrap_or(Mode::Prefer), None)),
    }
}

/// A URL without `sslmode` and `sslrootcert`, which the driver does not know in full, and those.
fn take_tls(url: &str) -> Result<(String, Option<Mode>, Option<String>), TlsError> {
    // a password may have a question mark in it
    let after_credentials = url.find('@').map_or(0, |at| at + 1);
    let Some((query_at, _)) = url.char_indices().find(|(at, c)| *at >= after_credentials && *c == '?') else {
        return Ok((url.to_owned(), None, None));
    };
    let (base, query) = url.split_at(query_at);
    let (mut mode, mut file, mut rest) = (None, None, Vec::new());
    for pair in query.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match name {
            "sslmode" => mode = Some(Mode::read(&decoded(value)?)?),
            "sslrootcert" => file = Some(decoded(value)?.into_owned()),
            _ => rest.push(pair),
        }
    }
    let rest = if rest.is_empty() { base.to_owned() } else { format!("{base}?{}", rest.join("&")) };
    Ok((rest, mode, file.filter(|file| !file.is_empty())))
}

fn decoded(value: &str) -> Result<Cow<'_, str>, TlsError> {
    let not_text = |_| TlsError::Setting("one of its options is not in UTF-8".to_owned());
    percent_decode_str(value).decode_utf8().map_err(not_text)
}

/// What libpq knows and we do not.
const UNKNOWN: [&str; 7] =
    ["sslcert", "sslkey", "sslpassword", "sslcrl", "sslcrldir", "gssencmode", "requirepeer"];

/// What is wrong with it, and nothing of what it holds: a password that was not written as a URL has it may be anywhere.
fn why_unreadable(error: &tokio_postgres::Error) -> String {
    let said = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    if let Some(name) = UNKNOWN.iter().find(|name| said.contains(&format!("`{name}`"))) {
        return format!("its option {name} is not supported");
    }
    if said.starts_with("invalid value for option") {
        return format!("it has an {said}");
    }
    "it has an option that is unknown, or a password with characters that must be written as %40 and the like"
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(query: &str) -> Result<Address, TlsError> {
        Address::read(&format!("postgres://otto:s%20cret@db/otto{query}"), None)
    }

    #[test]
    fn what_the_url_leaves_open_is_bounded_and_what_it_says_stays() {
        let config = parse("").unwrap().config;
        assert_eq!(config.get_connect_timeout(), Some(&PATIENCE));
        assert_eq!(config.get_tcp_user_timeout(), Some(&UNRECEIVED));
        assert_eq!(config.get_keepalives_idle(), QUIET);
        let config = parse("?connect_timeout=2&keepalives_idle=9").unwrap().config;
        assert_eq!(config.get_connect_timeout(), Some(&Duration::from_secs(2)));
        assert_eq!(config.get_keepalives_idle(), Duration::from_secs(9));
    }

    #[test]
    fn modes_are_libpqs() {
        let file = || Some(Roots::File("/etc/otto/db root.pem".into()));
        for (query, mode, roots) in [
            ("", Mode::Prefer, None),
            ("?sslmode=disable", Mode::Disable, None),
            ("?sslmode=allow", Mode::Prefer, None),
            ("?sslmode=require&channel_binding=require", Mode::Require, None),
            ("?sslrootcert=/etc/otto/db%20root.pem&sslmode=require", Mode::VerifyCa, file()),
            ("?sslmode=verify-ca&sslrootcert=/etc/otto/db%20root.pem", Mode::VerifyCa, file()),
            ("?connect_timeout=1&sslmode=verify-full", Mode::VerifyFull, Some(Roots::System)),
            ("?sslrootcert=system", Mode::VerifyFull, Some(Roots::System)),
        ] {
            let address = parse(query).unwrap();
            assert_eq!((address.mode, address.roots), (mode, roots), "{query}");
            assert_eq!(address.config.get_password(), Some(b"s cret".as_slice()), "{query}");
        }
    }

    #[test]
    fn a_root_certificate_at_home_counts_where_none_is_named() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join(".postgresql/root.crt");
        let read = |mode: &str| {
            let address =
                Address::read(&format!("postgres://db/otto?sslmode={mode}"), Some(home.path())).unwrap();
            (address.mode, address.roots)
        };
        assert_eq!(read("verify-full"), (Mode::VerifyFull, Some(Roots::System)));
        std::fs::create_dir(home.path().join(".postgresql")).unwrap();
        std::fs::write(&file, "").unwrap();
        assert_eq!(read("verify-full"), (Mode::VerifyFull, Some(Roots::File(file.clone()))));
        assert_eq!(read("require"), (Mode::VerifyCa, Some(Roots::File(file))));
        assert_eq!(read("prefer"), (Mode::Prefer, None));
    }

    #[test]
    fn what_would_check_nothing_or_is_unknown_is_refused() {
        for query in [
            "?sslmode=verify-ca",
            "?sslmode=Require",
            "?sslrootcert=/root.pem",
            "?sslmode=disable&sslrootcert=/root.pem",
            "?sslmode=require&sslrootcert=system",
            "?sslnegotiation=direct",
            "?sslmode=require&sslcert=/client.pem",
        ] {
            assert!(matches!(parse(query), Err(TlsError::Setting(_))), "{query}");
        }
    }

    #[test]
    fn a_socket_is_not_encrypted_and_a_far_server_is_not_local() {
        let parse = |url: &str| Address::read(url, None).unwrap();
        let socket = parse("postgres://%2Fvar%2Frun%2Fpostgresql/otto?sslmode=require");
        assert_eq!((socket.mode, socket.is_local()), (Mode::Disable, true));
        for (host, local) in
            [("localhost", true), ("127.0.0.1", true), ("[::1]", true), ("db,localhost", false)]
        {
            assert_eq!(parse(&format!("postgres://{host}/otto")).is_local(), local, "{host}");
        }
    }

    #[test]
    fn a_password_is_never_told() {
        for url in ["postgres://otto:hun@ter2?pass=x@db/otto", "postgres://otto:a@b?hunter2@db/otto"] {
            let told = Address::read(url, None).unwrap_err().to_string();
            assert!(!told.contains("hun") && !told.contains("ter2"), "{told}");
        }
    }
}
