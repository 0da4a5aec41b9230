//! `otto-worker`: runs jobs.

use std::process::ExitCode;

use clap::Parser;
use queue::Queue;
use wiring::{Parts, program};

/// Otto's worker: claims jobs from its queues and runs them.
///
/// Any number may run, with the same queues or with others. Sleeps until a doorbell rings (`REDIS_URL`) or a job is due;
/// without Redis it looks every 15 s. Settings come from the environment: `otto config check` shows them.
///
/// SIGTERM: no more jobs are claimed, running ones get 20 s to end and are put back otherwise. SIGKILL: its jobs are taken up
/// by others when their lease runs out (`OTTO_JOB_LEASE_SECONDS`).
#[derive(Parser)]
#[command(name = "otto-worker", version, about, long_about)]
struct Cli {
    /// Queues to serve, separated by commas: default, asr, analysis, followups, indexing, uwc, shunya. All unless given.
    #[arg(long, value_delimiter = ',', value_parser = queue_of)]
    queues: Vec<Queue>,
}

fn queue_of(name: &str) -> Result<Queue, String> {
    name.parse().map_err(|_| format!("must be one of {}", Queue::ALL.map(Queue::as_str).join(", ")))
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let queues = if cli.queues.is_empty() { Queue::ALL.to_vec() } else { cli.queues };
    program::main("otto-worker", Parts { worker: Some(queues), ..Parts::default() })
}
