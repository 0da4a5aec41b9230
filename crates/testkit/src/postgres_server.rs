use std::{
    fs, io,
    net::TcpListener,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
};

use store_sql::Target;
use tempfile::TempDir;

use crate::{Certificate, Database, databases::run};

/// A PostgreSQL server of one test's own, which it may stop, kill and copy. Gone when dropped.
pub struct PostgresServer {
    folder: TempDir,
    port: u16,
    bin: PathBuf,
    /// PostgreSQL refuses to run as root.
    user: Option<(u32, u32)>,
}

/// How a server stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// In order: transactions are rolled back, connections told so.
    Fast,
    /// Like a power cut.
    Immediate,
}

impl PostgresServer {
    /// One that runs and has nothing in it.
    pub fn started() -> Self {
        let server = Self::prepared();
        let data = server.data();
        server.command("initdb").arg("-D").arg(&data).args(SETUP).check();
        server.configure(
            "fsync = off\nfull_page_writes = off\nshared_buffers = 32MB\nmax_connections = 80\n\
             wal_level = replica\nhot_standby = on\nmax_wal_senders = 4\n",
        );
        server.start();
        server
    }

    /// A server that follows this one and lets people read.
    #[must_use]
    pub fn standby(&self) -> Self {
        let standby = Self::prepared();
        standby
            .command("pg_basebackup")
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "otto"])
            .args(["--checkpoint=fast", "--write-recovery-conf", "--wal-method=stream", "--no-sync", "-D"])
            .arg(standby.data())
            .check();
        standby.configure("");
        standby.start();
        standby
    }

    fn prepared() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let folder = tempfile::tempdir().expect("a folder for the test");
        let user = (id("-u", None) == Some(0)).then(|| {
            let user = ["postgres", "nobody"].into_iter().find(|name| id("-u", Some(name)).is_some());
            let of = |what| id(what, user).expect("a user who is not root");
            (of("-u"), of("-g"))
        });
        if let Some((user, group)) = user {
            chown(folder.path(), Some(user), Some(group)).expect("root may give a folder away");
        }
        Self { folder, port, bin: programs(), user }
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn configure(&self, settings: &str) {
        let path = self.data().join("postgresql.auto.conf");
        let mut text = fs::read_to_string(&path).unwrap_or_default();
        let folder = self.folder.path().display();
        text.push_str(settings);
        let reached = format!("listen_addresses = '127.0.0.1'\nport = {}\n", self.port);
        text.push_str(&reached);
        text.extend(["unix_socket_directories = '", &folder.to_string(), "'\n"]);
        fs::write(&path, text).expect("its settings are written");
        fs::set_permissions(self.data(), fs::Permissions::from_mode(0o700)).expect("it stays its own");
    }

    /// One of PostgreSQL's programs, run as who may.
    fn command(&self, program: &str) -> Run {
        let path = self.bin.join(program);
        let mut command = match self.user {
            None => Command::new(path),
            Some((user, group)) => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid", &user.to_string(), "--regid", &group.to_string(), "--clear-groups"]);
                command.arg(path);
                command
            }
        };
        command.env("HOME", self.folder.path()).current_dir(self.folder.path());
        Run(command)
    }

    fn control(&self, arguments: &[&str]) -> Run {
        self.command("pg_ctl").arg("-D").arg(self.data()).arg("-w").args(arguments)
    }

    /// Starts it, and waits until it takes connections.
    pub fn start(&self) {
        let log = self.folder.path().join("log");
        self.control(&["-l", log.to_str().expect("a path in UTF-8"), "start"]).check();
    }

    /// Stops it, and waits until it has.
    pub fn stop(&self, how: Stop) {
        let how = match how {
            Stop::Fast => "fast",
            Stop::Immediate => "immediate",
        };
        self.control(&["-m", how, "stop"]).check();
    }

    /// From now on it offers TLS, with this certificate.
    pub fn speak_tls(&self, certificate: &Certificate) {
        self.put("server.crt", &certificate.chain);
        self.put("server.key", &certificate.key);
        self.configure("ssl = on\nssl_cert_file = 'server.crt'\nssl_key_file = 'server.key'\n");
        self.stop(Stop::Fast);
        self.start();
    }

    /// From now on it lets in whom these lines of `pg_hba.conf` do, before whom it let in so far.
    pub fn let_in(&self, lines: &str) {
        let so_far = fs::read_to_string(self.data().join("pg_hba.conf")).expect("it lets somebody in");
        self.put("pg_hba.conf", &format!("{lines}{so_far}"));
        self.stop(Stop::Fast);
        self.start();
    }

    /// A file among its data, which it alone may read.
    fn put(&self, name: &str, text: &str) {
        let path = self.data().join(name);
        fs::write(&path, text).expect("a file of its own is written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("and is kept from others");
        if let Some((user, group)) = self.user {
            chown(&path, Some(user), Some(group)).expect("root may give a file away");
        }
    }

    /// Where it listens, on this machine.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// It follows no more and takes writes itself.
    pub fn promote(&self) {
        self.control(&["promote"]).check();
    }

    /// The URL of one of its databases.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://otto@127.0.0.1:{}/{database}", self.port)
    }

    /// Has it do something.
    pub async fn run(&self, statement: &str) {
        run(&self.url("postgres"), statement).await;
    }

    /// Makes a migrated database on it.
    pub async fn database(&self) -> Database {
        self.run("CREATE DATABASE otto").await;
        let target = Target::Postgres(self.url("otto"));
        store_sql::migrate(&target).await.expect("the migrations run");
        Database::open(target, None, None)
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // there may be nothing to stop
        let _ = self.control(&["-m", "immediate", "stop"]).quietly();
    }
}

const SETUP: [&str; 8] = ["-U", "otto", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"];

/// A program to be run to its end.
struct Run(Command);

impl Run {
    fn arg(mut self, argument: impl AsRef<std::ffi::OsStr>) -> Self {
        self.0.arg(argument);
        self
    }

    fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<std::ffi::OsStr>>) -> Self {
        self.0.args(arguments);
        self
    }

    /// What it starts in the background would keep its output open for ever, so that is not listened to.
    fn quietly(&mut self) -> io::Result<ExitStatus> {
        self.0.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status()
    }

    fn check(mut self) {
        let ended = self.quietly().unwrap_or_else(|error| panic!("{:?}: {error}", self.0));
        assert!(ended.success(), "{:?}: {ended}", self.0);
    }
}

/// A user's or group's number, of the current user where none is named.
fn id(what: &str, user: Option<&str>) -> Option<u32> {
    let found = Command::new("id").arg(what).args(user).stderr(Stdio::null()).output().ok()?;
    String::from_utf8(found.stdout).ok()?.trim().parse().ok()
}

/// Where the newest server's programs are; Debian keeps them out of the path.
fn programs() -> PathBuf {
    let of_debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let version = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = of_debian.map(|entry| entry.path()).filter(|path| path.join("bin/initdb").exists());
    if let Some(newest) = newest.max_by_key(|path| version(path)) {
        return newest.join("bin");
    }
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths)
        .find(|path| path.join("initdb").exists())
        .expect("PostgreSQL is installed: scripts/test does it when it may")
}
