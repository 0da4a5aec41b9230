//! `pg_dump` and `pg_restore`: which of those installed, how they are told where the server is, and what they say.

use std::{
    collections::VecDeque,
    env,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
    process::Stdio,
};

use app::progress::Progress;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::Command,
};
use tokio_postgres::config::{ChannelBinding, Host, SslNegotiation};

use super::BackupError;
use crate::{
    address::{Address, Roots},
    migrate::MigrateError,
};

/// Where Debian keeps the programs of each version.
const VERSIONS: &str = "/usr/lib/postgresql";
/// So many of a program's last lines are told when it fails.
const LAST_LINES: usize = 15;

/// A program of PostgreSQL's that is installed.
#[derive(Clone, Debug)]
pub(super) struct Program {
    name: &'static str,
    path: PathBuf,
    /// The major version.
    major: u32,
    /// What it calls itself.
    pub(super) version: String,
}

impl Program {
    /// The first that is no older than the server: from `PATH`, else the newest installed.
    pub(super) async fn find(name: &'static str, server: u32) -> Result<Self, BackupError> {
        Self::among(name, server, candidates(name, env::var_os("PATH").as_deref(), Path::new(VERSIONS))).await
    }

    async fn among(name: &'static str, server: u32, paths: Vec<PathBuf>) -> Result<Self, BackupError> {
        let mut older = Vec::new();
        for path in paths {
            let Some((major, version)) = version_of(&path).await else { continue };
            if major >= server {
                return Ok(Self { name, path, major, version });
            }
            older.push(format!("{} is version {major}", path.display()));
        }
        let remedy = format!(
            "Install the client programs of PostgreSQL {server} or newer (on Debian: postgresql-client-{server})."
        );
        Err(BackupError::Program(if older.is_empty() {
            format!("{name} is not installed\n{remedy}")
        } else {
            format!(
                "{name} is older than the server, which is version {server}: {}\n{remedy}",
                older.join(", ")
            )
        }))
    }

    /// The program, told where the server is and how to get in: by its environment alone, because anybody may list
    /// what processes were started with.
    pub(super) fn command(&self, server: &Server) -> Command {
        tracing::debug!(program = self.name, major = self.major, path = %self.path.display(), "running");
        let mut command = Command::new(&self.path);
        command
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // certificates and the like; nothing of Otto's own secrets
        let passed_on = |name: &OsString| {
            let name = name.to_string_lossy();
            name.starts_with("PG") || ["PATH", "HOME", "LANG", "TMPDIR"].contains(&name.as_ref())
        };
        command.envs(env::vars_os().filter(|(name, _)| passed_on(name)));
        command.envs(server.environment(self.major));
        command.arg("--no-password");
        command
    }

    /// Runs it to its end. Its lines that begin with one of the words are steps.
    pub(super) async fn run(
        &self,
        mut command: Command,
        step: &str,
        progress: &dyn Progress,
    ) -> Result<(), BackupError> {
        let failed = |said: String| BackupError::Failed { program: self.name, said };
        let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
        let said = match child.stderr.take() {
            Some(lines) => listen(lines, step, progress).await,
            None => String::new(),
        };
        let status = child.wait().await.map_err(|error| failed(error.to_string()))?;
        if status.success() { Ok(()) } else { Err(failed(said)) }
    }
}

async fn listen(lines: impl AsyncRead + Unpin, step: &str, progress: &dyn Progress) -> String {
    let mut lines = BufReader::new(lines).lines();
    let mut last = VecDeque::new();
    // what is not text ends the listening, not the program
    while let Ok(Some(line)) = lines.next_line().await {
        if line.contains(step) {
            progress.advance(1);
        }
        if last.len() == LAST_LINES {
            last.pop_front();
        }
        last.push_back(line);
    }
    Vec::from(last).join("\n")
}

fn candidates(name: &str, path: Option<&OsStr>, versions: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = path
        .iter()
        .flat_map(env::split_paths)
        .map(|folder| folder.join(name))
        .filter(|path| path.is_file())
        .collect();
    let mut installed: Vec<(u32, PathBuf)> = std::fs::read_dir(versions)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin").join(name)))
        })
        .filter(|(_, path)| path.is_file())
        .collect();
    installed.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.extend(installed.into_iter().map(|(_, path)| path));
    found
}

async fn version_of(path: &Path) -> Option<(u32, String)> {
    let said = Command::new(path).arg("--version").stdin(Stdio::null()).output().await.ok()?;
    let text = String::from_utf8(said.stdout).ok()?;
    let text = text.trim();
    Some((major_of(text)?, text.to_owned()))
}

/// `pg_dump (PostgreSQL) 15.18 (Debian 15.18-1)` is 15.
fn major_of(text: &str) -> Option<u32> {
    let number = text.split_once("(PostgreSQL)")?.1.trim_start();
    number.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Where a server is and how to get in.
pub(super) struct Server {
    address: Address,
}

impl Server {
    pub(super) fn parse(url: &str) -> Result<Self, BackupError> {
        let address = Address::parse(url).map_err(|error| BackupError::Database(MigrateError::Tls(error)))?;
        Ok(Self { address })
    }

    /// The database's name: as given, else the user's.
    pub(super) fn database(&self) -> String {
        let config = &self.address.config;
        config.get_dbname().or(config.get_user()).unwrap_or("postgres").to_owned()
    }

    /// For a program of this major version.
    fn environment(&self, major: u32) -> Vec<(&'static str, OsString)> {
        let config = &self.address.config;
        let hosts: Vec<_> = config
            .get_hosts()
            .iter()
            .map(|host| match host {
                Host::Tcp(name) => name.clone(),
                Host::Unix(path) => path.display().to_string(),
            })
            .collect();
        let ports: Vec<_> = config.get_ports().iter().map(ToString::to_string).collect();
        let mut all = vec![("PGDATABASE", OsString::from(self.database()))];
        let mut set =
            |name, value: Option<String>| all.extend(value.map(|value| (name, OsString::from(value))));
        set("PGHOST", (!hosts.is_empty()).then(|| hosts.join(",")));
        set("PGPORT", (!ports.is_empty()).then(|| ports.join(",")));
        set("PGUSER", config.get_user().map(str::to_owned));
        set("PGOPTIONS", config.get_options().map(str::to_owned));
        set("PGPASSWORD", config.get_password().map(|bytes| String::from_utf8_lossy(bytes).into_owned()));
        set("PGSSLMODE", self.address.mode_given.then(|| self.address.mode.as_str().to_owned()));
        set(
            "PGSSLROOTCERT",
            self.address.roots.as_ref().map(|roots| match roots {
                Roots::File(path) => path.display().to_string(),
                Roots::System if major >= KNOWS_SYSTEM => "system".to_owned(),
                Roots::System => bundle(),
            }),
        );
        set(
            "PGCHANNELBINDING",
            match config.get_channel_binding() {
                ChannelBinding::Disable => Some("disable".to_owned()),
                ChannelBinding::Require => Some("require".to_owned()),
                _ => None,
            },
        );
        let direct = config.get_ssl_negotiation() == SslNegotiation::Direct;
        set("PGSSLNEGOTIATION", direct.then(|| "direct".to_owned()));
        all
    }
}

/// As of this version programs of PostgreSQL know `sslrootcert=system`.
const KNOWS_SYSTEM: u32 = 16;

/// Where systems keep the roots they trust in one file, for programs that want a file.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

fn bundle() -> String {
    let named = env::var("SSL_CERT_FILE").ok();
    let found = BUNDLES.iter().find(|path| Path::new(path).is_file()).map(|path| (*path).to_owned());
    named.or(found).unwrap_or_else(|| "system".to_owned())
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    #[test]
    fn versions_are_read() {
        assert_eq!(major_of("pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)"), Some(15));
        assert_eq!(major_of("pg_restore (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major_of("pg_dump 15"), None);
    }

    #[test]
    fn the_server_is_told_by_environment_alone() {
        let server = Server::parse("postgres://otto:s%20cret@db.example:5433/calls?sslmode=require").unwrap();
        let told: Vec<_> = server
            .environment(15)
            .into_iter()
            .map(|(name, value)| (name, value.into_string().unwrap()))
            .collect();
        let wanted = [
            ("PGDATABASE", "calls"),
            ("PGHOST", "db.example"),
            ("PGPORT", "5433"),
            ("PGUSER", "otto"),
            ("PGPASSWORD", "s cret"),
            ("PGSSLMODE", "require"),
        ];
        assert_eq!(told, wanted.map(|(name, value)| (name, value.to_owned())));
    }

    /// A folder with a program that says it is of this version.
    fn installed(folder: &Path, version: &str) -> PathBuf {
        fs::create_dir_all(folder).unwrap();
        let path = folder.join("pg_dump");
        fs::write(&path, format!("#!/bin/sh\necho 'pg_dump (PostgreSQL) {version}'\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    #[tokio::test]
    async fn the_first_that_is_new_enough_is_taken() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let in_path = installed(&at("usr/bin"), "14.2");
        installed(&at("lib/13/bin"), "13.9");
        let newest = installed(&at("lib/17/bin"), "17.1");
        installed(&at("lib/15/bin"), "15.1");
        let found = candidates("pg_dump", Some(at("usr/bin").as_os_str()), &at("lib"));
        let take = async |server| Program::among("pg_dump", server, found.clone()).await;
        assert_eq!(take(14).await.unwrap().path, in_path);
        assert_eq!(take(15).await.unwrap().path, newest);
        let told = take(18).await.unwrap_err().to_string();
        for words in
            ["older than the server, which is version 18", "is version 14", "is version 17", "Install"]
        {
            assert!(told.contains(words), "{told}");
        }
        let none = Program::among("pg_dump", 15, Vec::new()).await.unwrap_err().to_string();
        assert!(none.starts_with("pg_dump is not installed\nInstall"), "{none}");
    }
}
