//! `otto-worker`: runs jobs.

use std::process::ExitCode;

use clap::Parser;
use queue::Queue;
use wiring::{Parts, program};

const SETTINGS: &str = "\
Settings that matter most, of the environment (`otto config example` explains all of them):
  BACKEND_URL              the server's public address: links to recordings may lead there
  DATABASE_URL             PostgreSQL; OTTO_DB_POOL_SIZE connections, OTTO_DB_POOL_OVERFLOW more under load
  REDIS_URL                hears the doorbell; without, it looks for jobs every 15 s
  S3_BUCKET                where recordings are
  OTTO_JOB_LEASE_SECONDS   how long the jobs of a worker that vanished wait for another
  LOG_LEVEL                info, or a filter such as info,app=debug

Examples:
  otto-worker                        # all queues
  otto-worker --queues asr,shunya    # copying recordings and asking Shunya; another serves the rest
";

/// Otto's worker: claims jobs from its queues and runs them.
///
/// Any number may run, with the same queues or with others; one more or one less needs no other change. Sleeps until a
/// doorbell rings or a job is due. A queue nobody serves is named by the servers' /health/detailed.
///
/// When it is asked to stop, /health/ready turns 503 and no more jobs are claimed; running ones get 20 s to end and are put
/// back otherwise, which costs them no attempt. When it is killed, its jobs are taken up by others as soon as their lease
/// runs out.
///
/// Answers /metrics, /health/live and /health/ready on HOST:`OTTO_PROBE_PORT`, if that is set.
#[derive(Parser)]
#[command(
    name = "otto-worker",
    version,
    about,
    long_about,
    after_long_help = format!("{SETTINGS}\n{}", program::SIGNALS_AND_EXIT_CODES)
)]
struct Cli {
    /// Queues to serve, separated by commas: default, asr, analysis, followups, indexing, uwc, shunya. All unless given.
    #[arg(long, value_delimiter = ',', value_parser = queue_of)]
    queues: Vec<Queue>,
}

fn queue_of(name: &str) -> Result<Queue, String> {
    name.trim().parse().map_err(|error: queue::UnknownQueue| error.to_string())
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let queues = if cli.queues.is_empty() { Queue::ALL.to_vec() } else { of_each_one(&cli.queues) };
    program::main("otto-worker", Parts { worker: Some(queues), ..Parts::default() })
}

/// In their own order, whatever was named twice left out.
fn of_each_one(named: &[Queue]) -> Vec<Queue> {
    Queue::ALL.into_iter().filter(|queue| named.contains(queue)).collect()
}
