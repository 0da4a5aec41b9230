use std::io;

/// Why a server or a program does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// It is not on this machine.
    #[error("{program} is not installed: {remedy}")]
    Missing {
        /// What.
        program: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// The operating system refused something.
    #[error("cannot {what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It ended, or did not do what it was to do.
    #[error("{what}\n{told}")]
    Failed {
        /// What was expected.
        what: String,
        /// The last it said.
        told: String,
    },
}

impl ServerError {
    /// For `map_err`: what was tried.
    pub(crate) fn when(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::System { what: what.into(), source }
    }
}
