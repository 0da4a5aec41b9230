use std::{
    fmt,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use servers::Process;

/// Which of Otto's programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// otto-server.
    Server,
    /// otto-worker.
    Worker,
    /// otto-cron.
    Cron,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Server, Self::Worker, Self::Cron];

    /// As its program is called.
    pub fn program(self) -> &'static str {
        match self {
            Self::Server => "otto-server",
            Self::Worker => "otto-worker",
            Self::Cron => "otto-cron",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.program())
    }
}

/// One of the fleet's programs: a place a process runs in, and another one after that has ended.
#[derive(Debug)]
pub struct Member {
    /// What it is.
    pub role: Role,
    /// Which of them, from 1.
    pub number: usize,
    /// Where it listens, if it does.
    pub address: Option<SocketAddr>,
    pub(crate) log: PathBuf,
    pub(crate) process: Option<Process>,
}

impl Member {
    /// As its log is called.
    pub fn name(&self) -> String {
        format!("{}-{}", self.role, self.number)
    }

    /// The process that runs there.
    pub fn process(&self) -> Option<&Process> {
        self.process.as_ref()
    }

    /// Where it writes what it says, those that ran there before it included.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// Where it is asked something over HTTP, if it can be.
    pub fn url(&self, path: &str) -> Option<String> {
        self.address.map(|address| format!("http://{address}{path}"))
    }
}
