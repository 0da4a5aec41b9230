use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::{Output, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    process::Command,
    time::{Instant, sleep},
};

use crate::{Process, ServerError, Signal, free_port};

/// A server that does not answer by then never will.
const PATIENCE: Duration = Duration::from_mins(1);

/// Whoever drops it waits for its end no longer than this.
const LAST_PATIENCE: Duration = Duration::from_secs(2);

/// The superuser.
const SUPERUSER: &str = "postgres";

/// How PostgreSQL is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostgresStop {
    /// Transactions are rolled back and connections closed, then it ends in order.
    Fast,
    /// Everything ends at once, as in a crash; the next start recovers.
    Immediate,
}

/// A PostgreSQL server with a cluster of its own. Commits survive its end, not that of the machine.
#[derive(Debug)]
pub struct PostgresServer {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
    /// Whom it runs as, where that is not us: it refuses to be root.
    owner: Option<(u32, u32)>,
    process: Option<Process>,
}

impl PostgresServer {
    /// Makes a cluster and starts it.
    pub async fn started(max_connections: usize) -> Result<Self, ServerError> {
        let programs = programs()?;
        let folder = tempfile::tempdir().map_err(ServerError::when("make a folder for PostgreSQL"))?;
        let owner = owner().await?;
        if let Some((user, group)) = owner {
            let failed = || ServerError::when("give PostgreSQL its folder");
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).map_err(failed())?;
            chown(folder.path(), Some(user), Some(group)).map_err(failed())?;
        }
        let mut server = Self { programs, folder, port: free_port(), owner, process: None };
        server.make_cluster(max_connections).await?;
        server.start().await?;
        Ok(server)
    }

    /// The URL of a database, for a user.
    pub fn url(&self, user: &str, database: &str) -> String {
        format!("postgres://{user}@127.0.0.1:{}/{database}", self.port)
    }

    /// The URL of a database, for the superuser, whom no policy keeps from seeing everything.
    pub fn superusers_url(&self, database: &str) -> String {
        self.url(SUPERUSER, database)
    }

    /// Where it writes its log.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("postgres.log")
    }

    /// The operating system's number for it, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// One of PostgreSQL's own programs, run as the server's user.
    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command.current_dir(self.folder.path()).stdin(Stdio::null()).kill_on_drop(true);
        command
    }

    async fn make_cluster(&self, max_connections: usize) -> Result<(), ServerError> {
        let mut initdb = self.program("initdb");
        initdb.arg("-D").arg(self.data()).args([
            "-U",
            SUPERUSER,
            "-A",
            "trust",
            "--no-sync",
            "-E",
            "UTF8",
            "--locale=C",
        ]);
        done("initdb", initdb.output().await)?;
        // nothing here has to survive a power cut
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = ''\n\
             max_connections = {max_connections}\nshared_buffers = 64MB\nfsync = off\nfull_page_writes = off\n\
             max_wal_size = 256MB\nlog_min_messages = warning\n",
            self.port
        );
        let file = self.data().join("postgresql.auto.conf");
        fs::write(file, settings).map_err(ServerError::when("write PostgreSQL's settings"))
    }

    /// Starts it and waits until it lets people in.
    pub async fn start(&mut self) -> Result<(), ServerError> {
        let mut command = self.program("postgres");
        // whoever is to stop it does so in order: the terminal's Ctrl-C must not
        command.arg("-D").arg(self.data()).process_group(0);
        let mut process = Process::start("PostgreSQL", command, &self.log())?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            let mut asking = self.program("pg_isready");
            asking.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
            let asked = asking.status().await.map_err(ServerError::when("run pg_isready"))?;
            if asked.success() {
                break;
            }
            if process.ended()?.is_some() || Instant::now() > deadline {
                return Err(process.failed("does not answer"));
            }
            sleep(Duration::from_millis(20)).await;
        }
        self.process = Some(process);
        Ok(())
    }

    /// Stops it and waits for its end.
    pub async fn stop(&mut self, how: PostgresStop) -> Result<(), ServerError> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        process.signal(match how {
            PostgresStop::Fast => Signal::INT,
            PostgresStop::Immediate => Signal::QUIT,
        })?;
        process.end(PATIENCE).await?;
        Ok(())
    }

    /// Has the superuser run statements in a database.
    pub async fn run(&self, database: &str, statements: &str) -> Result<String, ServerError> {
        let mut psql = self.program("psql");
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", &self.superusers_url(database)])
            .args(["-c", statements]);
        let output = done("psql", psql.output().await)?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        // killed, it would leave its own processes to find out for themselves; the folder is about to go
        let Some(process) = &mut self.process else { return };
        let _ = process.signal(Signal::QUIT);
        let deadline = std::time::Instant::now() + LAST_PATIENCE;
        while matches!(process.ended(), Ok(None)) && std::time::Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

fn done(program: &str, output: std::io::Result<Output>) -> Result<Output, ServerError> {
    let output = output.map_err(ServerError::when(format!("run {program}")))?;
    if output.status.success() {
        return Ok(output);
    }
    let told = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    Err(ServerError::Failed { what: format!("{program} failed"), told: told.concat() })
}

/// Where the newest installed server is; Debian keeps its programs out of `PATH`.
fn programs() -> Result<PathBuf, ServerError> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let debian = versions.filter_map(|entry| {
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        Some((version, entry.path().join("bin")))
    });
    let newest = debian.filter(|(_, folder)| is_whole(folder)).max().map(|(_, folder)| folder);
    let path = std::env::var_os("PATH").unwrap_or_default();
    newest.or_else(|| std::env::split_paths(&path).find(|folder| is_whole(folder))).ok_or(
        ServerError::Missing {
            program: "PostgreSQL",
            remedy: "apt-get install postgresql (scripts/test and scripts/up do it when they may)",
        },
    )
}

fn is_whole(folder: &Path) -> bool {
    ["initdb", "postgres", "pg_isready", "psql"].iter().all(|program| folder.join(program).exists())
}

/// Whom to run the server as, if we are root.
async fn owner() -> Result<Option<(u32, u32)>, ServerError> {
    async fn number(args: &[&str]) -> Option<u32> {
        let output = Command::new("id").args(args).output().await.ok()?;
        let text = output.status.success().then_some(output.stdout)?;
        String::from_utf8(text).ok()?.trim().parse().ok()
    }
    if number(&["-u"]).await != Some(0) {
        return Ok(None);
    }
    for user in ["postgres", "nobody"] {
        if let (Some(user), Some(group)) = (number(&["-u", user]).await, number(&["-g", user]).await) {
            return Ok(Some((user, group)));
        }
    }
    Err(ServerError::Missing {
        program: "a user to run PostgreSQL as",
        remedy: "it refuses to run as root: make a user postgres, or run this as somebody else",
    })
}
