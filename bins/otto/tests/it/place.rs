//! Where a program runs: its folder, its database, its port; and the program itself.

use std::{
    fs::{File, OpenOptions},
    net::TcpListener,
    path::PathBuf,
    process::{ExitStatus, Output, Stdio},
    sync::atomic::{AtomicU16, Ordering},
    time::Duration,
};

use simulators::{SimulatedTenant, Simulators};
use tempfile::TempDir;
use testkit::Database;
use tokio::{
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

/// Far longer than anything waited for takes: who waits this long waits for ever.
pub const GUARD: Duration = Duration::from_mins(1);

/// A folder and a port of one test's own, and the settings that name them.
pub struct Place {
    folder: TempDir,
    pub port: u16,
    settings: Vec<(String, String)>,
}

impl Place {
    /// An empty one; the database is a file in it.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the test");
        let port = free_port();
        let place = Self { folder, port, settings: Vec::new() };
        let data = place.data().to_str().expect("a path in UTF-8").to_owned();
        place.with("OTTO_DATA_DIR", &data).with("PORT", &port.to_string()).with("LOG_LEVEL", "warn")
    }

    /// With a setting more, or another value for one.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// On a database, with stand-ins for providers, as a developer would run it.
    pub fn with_world(self, database: &Database, simulators: &Simulators) -> Self {
        let mut place = self.with("DATABASE_URL", &database.url());
        for (name, value) in simulators.environment() {
            place = place.with(name, &value);
        }
        let first = tenants().first().map(|tenant| tenant.company_id.clone()).expect("a demo company");
        // who accounts for every call asks more often than a person does
        let place = place.with("ENABLE_RATE_LIMITING", "false");
        place.with("DEV_MODE", "true").with("DEV_TEST_COMPANY_ID", &first)
    }

    /// The folder the program keeps its data in. Not made by us.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A folder beside it.
    pub fn beside(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A program with this place's settings and nothing else in its environment.
    pub fn program(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(self.settings.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// `otto`.
    pub fn otto(&self, args: &[&str]) -> Command {
        self.program(env!("CARGO_BIN_EXE_otto"), args)
    }

    /// Runs a command of `otto` to its end.
    pub async fn ran(&self, args: &[&str]) -> Ran {
        Ran::of(self.otto(args), args).await
    }

    /// What `otto verify` reports, as [`testkit::aftermath::findings`] takes it.
    pub async fn verified(&self) -> String {
        let ran = self.ran(&testkit::aftermath::VERIFY).await;
        let report: serde_json::Value =
            serde_json::from_str(&ran.said).unwrap_or_else(|_| panic!("no report: {ran:?}"));
        assert_eq!(report["clean"], ran.ended_well(), "{ran:?}");
        ran.said
    }

    /// Starts `otto serve` and does not wait for anything.
    pub fn spawn(&self) -> Running {
        self.spawn_command(&["serve"])
    }

    /// Starts a command that runs until it is stopped.
    pub fn spawn_command(&self, args: &[&str]) -> Running {
        self.spawn_program(env!("CARGO_BIN_EXE_otto"), args)
    }

    /// Starts a program that runs `otto` until it is stopped.
    pub fn spawn_program(&self, program: &str, args: &[&str]) -> Running {
        let log = self.log();
        let errors = log.try_clone().expect("a second handle of the log");
        let child = self.program(program, args).stdout(log).stderr(errors).spawn().expect("otto starts");
        Running { child, url: self.url(), log: self.beside("otto.log") }
    }

    /// Starts `otto serve` and waits until it serves.
    pub async fn start(&self) -> Running {
        let mut running = self.spawn();
        running.ready().await;
        running
    }

    fn log(&self) -> File {
        let mut options = OpenOptions::new();
        options.create(true).append(true).open(self.beside("otto.log")).expect("a log")
    }

    /// Makes the demo companies, as an operator would.
    pub async fn set_up_tenants(&self) {
        for tenant in tenants() {
            let account = tenant.callrail_company_id.to_string();
            let mut args = vec!["tenants", "set", "--id", &tenant.company_id, "--name", &tenant.name];
            args.extend(["--time-zone", &tenant.time_zone, "--callrail-company", &account]);
            args.extend(["--callrail-company", &tenant.callrail_company_resource_id]);
            for number in &tenant.tracking_numbers {
                args.extend(["--tracking-number", number]);
            }
            let mut command = self.otto(&args);
            command.env("OTTO_TENANT_SIGNING_KEY", tenant.signing_key.expose());
            let ran = Ran::of(command, &args).await;
            assert!(ran.ended_well(), "{ran:?}");
            assert!(ran.said.contains("/callrail/call.completed"), "{ran:?}");
        }
    }
}

/// The demo companies.
pub fn tenants() -> Vec<SimulatedTenant> {
    demo::companies()
}

/// What came of a command.
#[derive(Debug)]
pub struct Ran {
    pub status: ExitStatus,
    /// On standard output.
    pub said: String,
    /// On standard error.
    pub complained: String,
}

impl Ran {
    /// Runs a command to its end.
    pub async fn of(mut command: Command, what: &[&str]) -> Self {
        let output = timeout(GUARD * 3, command.output()).await;
        let Output { status, stdout, stderr } =
            output.unwrap_or_else(|_| panic!("{what:?} does not end")).expect("the program starts");
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Self { status, said: text(stdout), complained: text(stderr) }
    }

    pub fn ended_well(&self) -> bool {
        self.status.success()
    }

    /// Asserts that it was refused, and that all of the words are in the complaint.
    pub fn refused(&self, words: &[&str]) {
        assert_eq!(self.status.code(), Some(1), "{self:?}");
        for word in words {
            assert!(self.complained.contains(word), "no {word:?} in {self:?}");
        }
        assert!(!self.complained.contains("panicked"), "{self:?}");
    }
}

/// A program that runs until it is stopped.
pub struct Running {
    child: Child,
    url: String,
    log: PathBuf,
}

impl Running {
    /// Waits until it serves.
    pub async fn ready(&mut self) {
        let http = reqwest::Client::builder().no_proxy().timeout(GUARD).build().expect("an HTTP client");
        let deadline = Instant::now() + GUARD;
        loop {
            let answer = http.get(format!("{}/health/ready", self.url)).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            if let Some(status) = self.child.try_wait().expect("its state is known") {
                panic!("otto ended with {status}:\n{}", self.told());
            }
            assert!(Instant::now() < deadline, "otto does not become ready:\n{}", self.told());
            sleep(Duration::from_millis(10)).await;
        }
    }

    /// SIGKILL, and the end of it.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("it can be killed");
    }

    /// Sends SIGTERM.
    pub async fn ask_to_stop(&self) {
        let id = self.child.id().expect("it runs").to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().await.expect("kill runs");
        assert!(sent.success());
    }

    /// Waits for its end, for no longer than `patience`.
    pub async fn ended(mut self, patience: Duration) -> ExitStatus {
        let Ok(status) = timeout(patience, self.child.wait()).await else {
            panic!("otto does not end:\n{}", self.told())
        };
        status.expect("its end is known")
    }

    /// SIGTERM, and the end of it, which must be a good one.
    pub async fn stop(self) {
        let log = self.log.clone();
        self.ask_to_stop().await;
        let status = self.ended(GUARD).await;
        assert!(status.success(), "{status}:\n{}", told(&log));
    }

    /// The last it wrote.
    pub fn told(&self) -> String {
        told(&self.log)
    }
}

fn told(log: &PathBuf) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

/// A port nobody listens on, below those that connections are made from: a program that is started again on it must not
/// find it taken by somebody's connection.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let process = u16::try_from(std::process::id() % 500).unwrap_or_default();
    loop {
        let port = 20_000 + (process * 20 + NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
