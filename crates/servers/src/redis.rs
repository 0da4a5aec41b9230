use std::{
    io::{Read, Write},
    net::TcpStream,
    path::PathBuf,
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    process::Command,
    time::{Instant, sleep},
};

use crate::{Process, ServerError, Signal, free_port};

/// A server that does not answer by then never will.
const PATIENCE: Duration = Duration::from_secs(20);

/// A Redis that keeps nothing on disk.
#[derive(Debug)]
pub struct RedisServer {
    port: u16,
    folder: TempDir,
    process: Option<Process>,
}

impl RedisServer {
    /// One that does not run yet, on a port that is free.
    pub fn prepared() -> Result<Self, ServerError> {
        let folder = tempfile::tempdir().map_err(ServerError::when("make a folder for Redis"))?;
        Ok(Self { port: free_port(), folder, process: None })
    }

    /// One that runs.
    pub async fn started() -> Result<Self, ServerError> {
        let mut server = Self::prepared()?;
        server.start().await?;
        Ok(server)
    }

    /// Where it is or will be.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Where it writes its log.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("redis.log")
    }

    /// Starts it, with nothing in it, and waits until it answers.
    pub async fn start(&mut self) -> Result<(), ServerError> {
        let mut command = Command::new("redis-server");
        command
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1"])
            .args(["--save", "", "--appendonly", "no", "--loglevel", "warning"])
            .arg("--dir")
            .arg(self.folder.path())
            // whoever is to stop it does so in order: the terminal's Ctrl-C must not
            .process_group(0);
        let mut process = Process::start("Redis", command, &self.log()).map_err(missing)?;
        let deadline = Instant::now() + PATIENCE;
        while !self.say("PING").is_some_and(|said| said.contains("PONG")) {
            if process.ended()?.is_some() || Instant::now() > deadline {
                return Err(process.failed("does not answer"));
            }
            sleep(Duration::from_millis(10)).await;
        }
        self.process = Some(process);
        Ok(())
    }

    /// The operating system's number for it, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.process.as_ref().map(Process::id)
    }

    /// Kills it like a power cut.
    pub async fn kill(&mut self) -> Result<(), ServerError> {
        if let Some(mut process) = self.process.take() {
            process.kill().await?;
        }
        Ok(())
    }

    /// It stays connected and does nothing.
    pub fn freeze(&self) -> Result<(), ServerError> {
        self.process.iter().try_for_each(|process| process.signal(Signal::STOP))
    }

    /// It goes on.
    pub fn thaw(&self) -> Result<(), ServerError> {
        self.process.iter().try_for_each(|process| process.signal(Signal::CONT))
    }

    /// Has it do one command, on a connection of its own; nothing if it does not answer.
    pub fn say(&self, command: &str) -> Option<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
        stream.write_all(format!("{command}\r\n").as_bytes()).ok()?;
        let mut answer = [0; 512];
        let read = stream.read(&mut answer).ok()?;
        Some(String::from_utf8_lossy(answer.get(..read)?).into_owned())
    }
}

fn missing(error: ServerError) -> ServerError {
    match error {
        ServerError::System { source, .. } if source.kind() == std::io::ErrorKind::NotFound => {
            ServerError::Missing {
                program: "Redis",
                remedy: "apt-get install redis-server (scripts/test and scripts/up do it when they may)",
            }
        }
        other => other,
    }
}
