use std::path::PathBuf;

use servers::ServerError;

/// Why a fleet cannot be started, or does not do what it is to do.
#[derive(Debug, thiserror::Error)]
pub enum FleetError {
    /// A server or a program.
    #[error(transparent)]
    Server(#[from] ServerError),
    /// The stand-ins for the providers.
    #[error("the stand-ins cannot be started: {0}")]
    StandIns(#[from] simulators::StartError),
    /// One of Otto's programs is not there.
    #[error(
        "{0} is missing: build the programs with `cargo build --bins`, as scripts/up and scripts/test do"
    )]
    NotBuilt(PathBuf),
    /// A file, a folder or a port.
    #[error("cannot {what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A command of `otto` did not end well.
    #[error("`otto {command}` failed\n{told}")]
    Command {
        /// Which.
        command: String,
        /// What it said.
        told: String,
    },
    /// Somebody asked for what the fleet does not have.
    #[error("there is no {0}")]
    NoSuchMember(String),
}

impl FleetError {
    /// For `map_err`: what was tried.
    pub(crate) fn when(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::System { what: what.into(), source }
    }
}
