//! `otto-server`: the HTTP API, provider webhooks and the console.

use std::process::ExitCode;

use clap::Parser;
use wiring::{Parts, program};

const SETTINGS: &str = "\
Settings that matter most, of the environment (`otto config example` explains all of them):
  HOST, PORT                where to listen
  BACKEND_URL               the public address providers and clients reach it by
  DATABASE_URL              PostgreSQL; OTTO_DB_POOL_SIZE connections, OTTO_DB_POOL_OVERFLOW more under load
  REDIS_URL                 wakes workers and counts requests; it goes on without
  S3_BUCKET                 where recordings are
  OTTO_STOP_DELAY_SECONDS   how long requests are still taken after readiness turned false
  LOG_LEVEL                 info, or a filter such as info,app=debug

Examples:
  otto migrate && PORT=8080 otto-server
  curl -f http://127.0.0.1:8080/health/ready     # may requests be sent here?
  curl -s http://127.0.0.1:8080/health/detailed  # what is missing?
";

/// Otto's HTTP API, provider webhooks and console.
///
/// Answers a webhook once it is committed to the database, and leaves all work to otto-worker. Any number may run behind one
/// address. In production the database must be up to date: run `otto migrate` first.
///
/// When it is asked to stop, /health/ready turns 503 first, requests are taken for `OTTO_STOP_DELAY_SECONDS` more, and
/// those that run get 20 s to end.
#[derive(Parser)]
#[command(
    name = "otto-server",
    version,
    about,
    long_about,
    after_long_help = format!("{SETTINGS}\n{}", program::SIGNALS_AND_EXIT_CODES)
)]
struct Cli {}

fn main() -> ExitCode {
    Cli::parse();
    program::main("otto-server", Parts { server: true, ..Parts::default() })
}
