//! `otto-cron`: enqueues what is due.

use std::process::ExitCode;

use clap::Parser;
use wiring::{Parts, program};

/// Otto's cron driver: enqueues recurring jobs when they are due.
///
/// Each slot of a schedule is enqueued once, by a unique key in the database, whoever comes first: run two, so that one is
/// left when a machine dies. Settings come from the environment: `otto config check` shows them.
///
/// Answers /metrics, /health/live and /health/ready on HOST:`OTTO_PROBE_PORT`, if that is set.
#[derive(Parser)]
#[command(name = "otto-cron", version, about, long_about)]
struct Cli {}

fn main() -> ExitCode {
    Cli::parse();
    program::main("otto-cron", Parts { cron: true, ..Parts::default() })
}
