//! `otto-server`: the HTTP API, provider webhooks and the console.

use std::process::ExitCode;

use clap::Parser;
use wiring::{Parts, program};

/// Otto's HTTP API, provider webhooks and console.
///
/// Answers a webhook once it is committed to the database, and leaves all work to otto-worker. Any number may run behind one
/// address. Listens on HOST:PORT. Settings come from the environment: `otto config check` shows them, `otto config example`
/// explains them. In production the database must be up to date: run `otto migrate` first.
///
/// SIGTERM: /health/ready turns 503 first, running requests get 20 s to end.
#[derive(Parser)]
#[command(name = "otto-server", version, about, long_about)]
struct Cli {}

fn main() -> ExitCode {
    Cli::parse();
    program::main("otto-server", Parts { server: true, ..Parts::default() })
}
