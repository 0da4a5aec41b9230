//! `otto`: Otto's everyday tool. Alone it runs everything in one process on embedded defaults, with a live demo.

mod bars;
mod cli;
mod commands;
mod output;

use std::process::ExitCode;

use clap::Parser;

use crate::{cli::Cli, output::complain};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&format!("cannot start: {error}")),
    };
    match runtime.block_on(commands::run(cli)) {
        Ok(code) => code,
        Err(error) => complain(&error.to_string()),
    }
}
