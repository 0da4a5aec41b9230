//! `otto-cron`: enqueues what is due.

use std::process::ExitCode;

use clap::Parser;
use wiring::{Parts, program};

const SETTINGS: &str = "\
Settings that matter most, of the environment (`otto config example` explains all of them):
  DATABASE_URL                 PostgreSQL
  REDIS_URL                    where the watch is kept; without, all of them enqueue, and each slot is still enqueued once
  OTTO_CALLRAIL_LIST_SECONDS   how often CallRail is asked for calls whose webhooks never came
  LOG_LEVEL                    info, or a filter such as info,app=debug

Example:
  otto-cron    # on two machines
";

/// Otto's cron driver: enqueues recurring jobs when they are due.
///
/// Run two: one has the watch, the other stands by and takes over within 8 s when that one dies, within 2 s when it is asked
/// to stop. Each slot of a schedule is enqueued once, by a unique key in the database, whoever comes first.
///
/// Answers /metrics, /health/live and /health/ready on HOST:`OTTO_PROBE_PORT`, if that is set.
#[derive(Parser)]
#[command(
    name = "otto-cron",
    version,
    about,
    long_about,
    after_long_help = format!("{SETTINGS}\n{}", program::SIGNALS_AND_EXIT_CODES)
)]
struct Cli {}

fn main() -> ExitCode {
    Cli::parse();
    program::main("otto-cron", Parts { cron: true, ..Parts::default() })
}
