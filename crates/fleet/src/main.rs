//! `fleet`: runs all of Otto on this machine until it is told to stop.

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
    time::Duration,
};

use clap::Parser;
use fleet::{Fleet, FleetError, FleetSettings, programs_beside_us};
use simulators::{Faults, GENTLE, SimulatorSettings};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc::unbounded_channel,
    time::sleep,
};
use tokio_util::sync::CancellationToken;

/// How soon a program that ended by itself is started again.
const TEND_EVERY: Duration = Duration::from_secs(1);

/// All of Otto on this machine, as it runs in production.
///
/// Starts a PostgreSQL, a Redis, an S3 server and stand-ins for CallRail and Shunya, brings the database up to date, makes
/// the demo companies, and starts otto-server, otto-worker and otto-cron as processes of their own behind a balancer, all on
/// free private ports. A program that is killed is started again. `otto demo --base-url URL` sends calls through it and
/// accounts for every one.
///
/// Ctrl-C or SIGTERM: the programs end what they have begun, then everything else ends. Logs are kept; data is not.
#[derive(Parser)]
#[command(name = "fleet", version, about, long_about)]
struct Cli {
    /// How many otto-server.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=50))]
    servers: u16,
    /// How many otto-worker.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(0..=50))]
    workers: u16,
    /// How many otto-cron.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(0..=50))]
    crons: u16,
    /// Where the balancer listens; 0 is any free port.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Where logs are kept.
    #[arg(long, default_value = "./otto-data/fleet")]
    logs: PathBuf,
    /// Where Otto's programs are, if not beside this one.
    #[arg(long)]
    programs: Option<PathBuf>,
    /// No calls but those somebody else makes.
    #[arg(long)]
    no_traffic: bool,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&error.to_string()),
    };
    match runtime.block_on(run(cli)) {
        Ok(code) => code,
        Err(error) => complain(&error.to_string()),
    }
}

fn complain(text: &str) -> ExitCode {
    let _ = writeln!(io::stderr().lock(), "fleet: {text}");
    ExitCode::FAILURE
}

fn say(text: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

async fn run(cli: Cli) -> Result<ExitCode, FleetError> {
    let programs = match cli.programs {
        Some(programs) => programs,
        None => programs_beside_us()?,
    };
    let settings = FleetSettings {
        servers: cli.servers.into(),
        workers: cli.workers.into(),
        crons: cli.crons.into(),
        port: cli.port,
        stand_ins: SimulatorSettings { faults: Faults::LIGHT, ..SimulatorSettings::default() },
        hears_no_terminal: true,
        ..FleetSettings::new(programs, cli.logs)
    };
    let failed = |source| FleetError::System { what: "listen for signals".to_owned(), source };
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let mut hangup = signal(SignalKind::hangup()).map_err(failed)?;
    say("starting everything");
    let starting = Fleet::start(settings);
    // told to stop before it has begun: what there is of it ends with us
    let mut fleet = tokio::select! {
        started = starting => started?,
        _ = terminate.recv() => return Ok(ExitCode::SUCCESS),
        _ = interrupt.recv() => return Ok(ExitCode::SUCCESS),
        _ = hangup.recv() => return Ok(ExitCode::SUCCESS),
    };
    say(&overview(&fleet));
    let stop = CancellationToken::new();
    let (reports, mut made) = unbounded_channel();
    if !cli.no_traffic {
        let (traffic, until) = (fleet.around.simulators.traffic(demo::companies()), stop.clone());
        tokio::spawn(async move { traffic.keep_making(GENTLE, &until, &reports).await });
        tokio::spawn(async move { while made.recv().await.is_some() {} });
    }
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            _ = hangup.recv() => break,
            () = sleep(TEND_EVERY) => {}
        }
        for ended in fleet.tend()? {
            say(&format!("{} ended ({}) and is started again", ended.name, ended.status));
        }
    }
    say("\nstopping: programs end what they have begun");
    stop.cancel();
    let mut code = ExitCode::SUCCESS;
    for ended in fleet.stop().await? {
        say(&format!("  {:<16} {}", ended.name, ended.status));
        if !ended.status.success() {
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

/// Where to look.
fn overview(fleet: &Fleet) -> String {
    let url = fleet.url();
    let mut text = format!(
        "\n  Otto {version} runs, as in production, on this machine.\n\n\
         \x20   {url}/console   watch calls become leads, appointments, tasks and signals\n\
         \x20   {url}/health/detailed\n\
         \x20   otto demo --base-url {url}   sends calls through it and accounts for every one\n\n\
         \x20 {:<16} {:>8}  {:<22} {}\n",
        "PROGRAM",
        "PID",
        "LISTENS ON",
        "LOG",
        version = env!("CARGO_PKG_VERSION"),
    );
    let around = &fleet.around;
    let database = around.database_url();
    let database = database.rsplit_once('/').map_or("", |(server, _)| server);
    let database = database.rsplit_once('@').map_or(database, |(_, address)| address);
    let redis = around.redis.url();
    let mut line = |name: &str, id: Option<u32>, address: &str, log: String| {
        let id = id.map_or_else(|| "-".to_owned(), |id| id.to_string());
        // writing to a String cannot fail
        let _ = writeln!(text, "  {name:<16} {id:>8}  {address:<22} {log}");
    };
    for member in fleet.members() {
        let address = member.address.map_or_else(|| "-".to_owned(), |address| address.to_string());
        let id = member.process().map(servers::Process::id);
        line(&member.name(), id, &address, member.log().display().to_string());
    }
    let own = Some(std::process::id());
    line("balancer", own, &fleet.balancer.address.to_string(), String::new());
    line("postgres", around.postgres.id(), database, around.postgres.log().display().to_string());
    line(
        "redis",
        around.redis.id(),
        redis.trim_start_matches("redis://"),
        around.redis.log().display().to_string(),
    );
    line("s3", own, &around.s3.address().to_string(), String::new());
    line("callrail", own, around.simulators.callrail_url().trim_start_matches("http://"), String::new());
    line("shunya", own, around.simulators.shunya_url().trim_start_matches("http://"), String::new());
    text.push_str("\n  Kill any of them and watch. Ctrl-C stops everything; logs are kept.");
    text
}
