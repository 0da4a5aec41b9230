use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use servers::{Process, Signal, free_port};
use tokio::{
    process::Command,
    time::{Instant, sleep},
};

use crate::{Balancer, FleetError, FleetSettings, Member, Role, Surroundings, companies};

/// A program that is not there by then never will be. Real seconds of a machine that may be busy.
const PATIENCE: Duration = Duration::from_mins(1);
/// What a program gets to end: its own grace period, and some.
const GRACE: Duration = Duration::from_secs(30);
/// How often what is waited for is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Otto's programs, and everything around them.
pub struct Fleet {
    /// What they need.
    pub around: Surroundings,
    /// What stands before the servers.
    pub balancer: Balancer,
    settings: FleetSettings,
    environment: Vec<(String, String)>,
    members: Vec<Member>,
}

/// What became of a program that was stopped.
#[derive(Debug)]
pub struct Ended {
    /// As its log is called.
    pub name: String,
    /// How it ended.
    pub status: ExitStatus,
}

impl Fleet {
    /// Starts everything and waits until all of it is ready.
    pub async fn start(settings: FleetSettings) -> Result<Self, FleetError> {
        for program in ["otto", "otto-server", "otto-worker", "otto-cron"] {
            settings.program(program)?;
        }
        let failed = format!("make the folder {}", settings.logs.display());
        fs::create_dir_all(&settings.logs).map_err(FleetError::when(failed))?;
        let logs = settings.logs.canonicalize().map_err(FleetError::when("find the folder of logs"))?;
        let settings = FleetSettings { logs, ..settings };
        let balancer = Balancer::start(settings.port).await;
        let balancer = balancer.map_err(FleetError::when(format!("listen on port {}", settings.port)))?;
        let around = Surroundings::start(&settings).await?;
        let public_url = format!("http://{}", balancer.address);
        around.simulators.set_otto_url(&public_url);
        let mut environment = around.environment(&public_url);
        for (name, value) in &settings.settings {
            environment.retain(|(known, _)| known != name);
            environment.push((name.clone(), value.clone()));
        }
        let mut fleet = Self { around, balancer, settings, environment, members: Vec::new() };
        fleet.prepare_database().await?;
        for (role, count) in [
            (Role::Server, fleet.settings.servers),
            (Role::Worker, fleet.settings.workers),
            (Role::Cron, fleet.settings.crons),
        ] {
            for _ in 0..count {
                fleet.add(role)?;
            }
        }
        for (role, number) in fleet.places() {
            fleet.ready(role, number).await?;
        }
        Ok(fleet)
    }

    async fn prepare_database(&self) -> Result<(), FleetError> {
        let mut migrate = self.otto();
        migrate.arg("migrate");
        self.done("migrate", migrate).await?;
        for (at, company) in demo::companies().iter().enumerate() {
            self.done("tenants set", companies::set_up(self.otto(), company, at == 0)).await?;
        }
        Ok(())
    }

    async fn done(&self, name: &str, mut command: Command) -> Result<(), FleetError> {
        let output = command.output().await.map_err(FleetError::when(format!("run otto {name}")))?;
        if output.status.success() {
            return Ok(());
        }
        let told = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        Err(FleetError::Command { command: name.to_owned(), told: told.concat() })
    }

    /// Where clients and providers reach Otto: the balancer.
    pub fn url(&self) -> String {
        format!("http://{}", self.balancer.address)
    }

    /// Where logs are kept.
    pub fn logs(&self) -> &Path {
        &self.settings.logs
    }

    /// Whoever is there or should be.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Role and number of everybody.
    pub fn places(&self) -> Vec<(Role, usize)> {
        self.members.iter().map(|member| (member.role, member.number)).collect()
    }

    /// One of them.
    pub fn member(&self, role: Role, number: usize) -> Result<&Member, FleetError> {
        let mut members = self.members.iter();
        members
            .find(|member| member.role == role && member.number == number)
            .ok_or_else(|| FleetError::NoSuchMember(format!("{role}-{number}")))
    }

    fn member_mut(&mut self, role: Role, number: usize) -> Result<&mut Member, FleetError> {
        let mut members = self.members.iter_mut();
        members
            .find(|member| member.role == role && member.number == number)
            .ok_or_else(|| FleetError::NoSuchMember(format!("{role}-{number}")))
    }

    fn process_mut(&mut self, role: Role, number: usize) -> Result<&mut Process, FleetError> {
        let member = self.member_mut(role, number)?;
        let name = member.name();
        member.process.as_mut().ok_or(FleetError::NoSuchMember(format!("process of {name}")))
    }

    /// `otto`, with the fleet's settings and nothing else in its environment.
    pub fn otto(&self) -> Command {
        self.program(&self.settings.programs.join("otto"))
    }

    fn program(&self, path: &Path) -> Command {
        let mut command = Command::new(path);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            // nothing of a developer's .env
            .current_dir(self.around.folder())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    fn log(&self, name: &str) -> PathBuf {
        self.settings.logs.join(format!("{name}.log"))
    }

    /// Adds a place to the fleet and starts a process in it.
    fn add(&mut self, role: Role) -> Result<usize, FleetError> {
        let number = 1 + self.members.iter().filter(|member| member.role == role).count();
        let address = (role == Role::Server).then(|| SocketAddr::from(([127, 0, 0, 1], free_port())));
        let log = self.log(&format!("{role}-{number}"));
        self.members.push(Member { role, number, address, log, process: None });
        self.spawn(role, number)?;
        let servers = self.members.iter().filter_map(|member| member.address);
        self.balancer.set_servers(servers.collect());
        Ok(number)
    }

    /// Starts a process where one has ended, and does not wait for anything.
    pub fn spawn(&mut self, role: Role, number: usize) -> Result<(), FleetError> {
        let path = self.settings.program(role.program())?;
        let mut command = self.program(&path);
        if self.settings.hears_no_terminal {
            command.process_group(0);
        }
        let member = self.member(role, number)?;
        if let Some(address) = member.address {
            command.env("PORT", address.port().to_string());
        }
        let process = Process::start(&member.name(), command, &member.log)?;
        self.member_mut(role, number)?.process = Some(process);
        Ok(())
    }

    /// Waits until a process does its work.
    pub async fn ready(&mut self, role: Role, number: usize) -> Result<(), FleetError> {
        let deadline = Instant::now() + PATIENCE;
        let url = self.member(role, number)?.url("/health/ready");
        loop {
            let process = self.process_mut(role, number)?;
            let ready = match &url {
                Some(url) => matches!(demo::answers(url, PATIENCE).await, Ok(200)),
                None => process.said().contains(" started "),
            };
            if ready {
                return Ok(());
            }
            if let Some(status) = process.ended()? {
                return Err(process.failed(&format!("ended with {status}")).into());
            }
            if Instant::now() > deadline {
                return Err(process.failed("does not become ready").into());
            }
            sleep(LOOK_EVERY).await;
        }
    }

    /// Starts a process where one has ended, and waits until it does its work.
    pub async fn begin(&mut self, role: Role, number: usize) -> Result<(), FleetError> {
        self.spawn(role, number)?;
        self.ready(role, number).await
    }

    /// SIGKILL, and the end of it.
    pub async fn kill(&mut self, role: Role, number: usize) -> Result<ExitStatus, FleetError> {
        Ok(self.process_mut(role, number)?.kill().await?)
    }

    /// Sends a signal.
    pub fn signal(&mut self, role: Role, number: usize, signal: Signal) -> Result<(), FleetError> {
        Ok(self.process_mut(role, number)?.signal(signal)?)
    }

    /// SIGTERM, and the end of it.
    pub async fn end(&mut self, role: Role, number: usize) -> Result<ExitStatus, FleetError> {
        self.signal(role, number, Signal::TERM)?;
        self.ended(role, number, GRACE).await
    }

    /// Waits for the end of a process, for no longer than `patience`.
    pub async fn ended(
        &mut self,
        role: Role,
        number: usize,
        patience: Duration,
    ) -> Result<ExitStatus, FleetError> {
        Ok(self.process_mut(role, number)?.end(patience).await?)
    }

    /// Adds programs of one kind, or ends those that are too many; waits until it is so.
    pub async fn scale(&mut self, role: Role, count: usize) -> Result<Vec<Ended>, FleetError> {
        let mut added = Vec::new();
        while self.members.iter().filter(|member| member.role == role).count() < count {
            added.push(self.add(role)?);
        }
        for number in added {
            self.ready(role, number).await?;
        }
        let goes = |member: &Member| member.role == role && member.number > count;
        let servers = self.members.iter().filter(|member| !goes(member));
        self.balancer.set_servers(servers.filter_map(|member| member.address).collect());
        let going = self.members.extract_if(.., |member| goes(member)).collect();
        end_all(going).await
    }

    /// Starts a process wherever one has ended by itself; answers which, and how.
    pub fn tend(&mut self) -> Result<Vec<Ended>, FleetError> {
        let mut found = Vec::new();
        for member in &mut self.members {
            if let Some(process) = &mut member.process
                && let Some(status) = process.ended()?
            {
                found.push((member.role, member.number, Ended { name: member.name(), status }));
            }
        }
        let mut ended = Vec::new();
        for (role, number, how) in found {
            self.spawn(role, number)?;
            ended.push(how);
        }
        Ok(ended)
    }

    /// Has all programs end in order, then everything around them; answers how each ended.
    pub async fn stop(self) -> Result<Vec<Ended>, FleetError> {
        let ended = end_all(self.members).await;
        drop(self.balancer);
        self.around.stop().await?;
        ended
    }
}

/// SIGTERM for all of them, then their ends.
async fn end_all(members: Vec<Member>) -> Result<Vec<Ended>, FleetError> {
    let mut processes: Vec<_> = members.into_iter().filter_map(|member| member.process).collect();
    for process in &processes {
        // one that has ended is as good
        let _ = process.signal(Signal::TERM);
    }
    let mut ended = Vec::new();
    for process in &mut processes {
        let status = process.end(GRACE).await?;
        ended.push(Ended { name: process.name().to_owned(), status });
    }
    Ok(ended)
}
