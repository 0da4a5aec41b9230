use std::{
    fs::{self, OpenOptions},
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use rustix::process::{Pid, kill_process};
use tokio::{
    process::{Child, Command},
    time::timeout,
};

use crate::ServerError;

pub use rustix::process::Signal;

/// So much of a log is quoted where something went wrong.
const QUOTED_LINES: usize = 40;

/// A program that runs until it is stopped. Killed when dropped.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    id: u32,
    log: PathBuf,
    /// How long the log was when it started.
    log_begins: usize,
}

impl Process {
    /// Starts a program that writes what it says to the end of a log.
    pub fn start(name: &str, mut command: Command, log: &Path) -> Result<Self, ServerError> {
        let failed = || format!("write {}", log.display());
        let opened = OpenOptions::new().create(true).append(true).open(log);
        let said = opened.map_err(ServerError::when(failed()))?;
        let complained = said.try_clone().map_err(ServerError::when(failed()))?;
        let log_begins = fs::metadata(log).map(|file| file.len()).unwrap_or_default();
        command.stdin(Stdio::null()).stdout(said).stderr(complained).kill_on_drop(true);
        let child = command.spawn().map_err(ServerError::when(format!("start {name}")))?;
        let id = child.id().unwrap_or_default();
        let log_begins = usize::try_from(log_begins).unwrap_or_default();
        Ok(Self { name: name.to_owned(), child, id, log: log.to_owned(), log_begins })
    }

    /// As it was called when it was started.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The operating system's number for it.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Where it writes what it says.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Everything it has said, those that wrote to the log before it left out.
    pub fn said(&self) -> String {
        let bytes = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(bytes.get(self.log_begins..).unwrap_or_default()).into_owned()
    }

    /// The last it has said.
    pub fn told(&self) -> String {
        let said = self.said();
        let lines: Vec<_> = said.lines().collect();
        lines.get(lines.len().saturating_sub(QUOTED_LINES)..).unwrap_or_default().join("\n")
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> Result<(), ServerError> {
        let what = || format!("send {signal:?} to {}", self.name);
        let gone = || io::Error::other("it has ended");
        // after it was waited for, its number may be another's
        let id = self.child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        let id = id.ok_or_else(gone).map_err(ServerError::when(what()))?;
        kill_process(id, signal).map_err(|error| ServerError::System { what: what(), source: error.into() })
    }

    /// SIGKILL, and the end of it.
    pub async fn kill(&mut self) -> Result<ExitStatus, ServerError> {
        let failed = format!("kill {}", self.name);
        // one that has just ended by itself is as good
        let _ = self.child.start_kill();
        self.child.wait().await.map_err(ServerError::when(failed))
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>, ServerError> {
        self.child.try_wait().map_err(ServerError::when(format!("wait for {}", self.name)))
    }

    /// Waits for its end, for no longer than `patience`.
    pub async fn end(&mut self, patience: Duration) -> Result<ExitStatus, ServerError> {
        match timeout(patience, self.child.wait()).await {
            Ok(status) => status.map_err(ServerError::when(format!("wait for {}", self.name))),
            Err(_) => Err(self.failed(&format!("does not end within {patience:?}"))),
        }
    }

    /// That it did not do what it was to do, with the last it said.
    pub fn failed(&self, what: &str) -> ServerError {
        ServerError::Failed { what: format!("{} {what}", self.name), told: self.told() }
    }
}
