//! The web console: what operators and managers look at. Pages are written on the server and read without a script; a
//! small one keeps the overview moving.
//!
//! - [`ROUTES`], [`mount`]: what is served where, and what each page asks of a caller. Whoever mounts the console checks
//!   it, and leaves an [`app::reads::Viewer`] in the request.
//! - `pages/`: one file for each page; `parts/`: what several of them show.
//! - `live/`: the overview's stream.
//! - `visit`, `answer`, `frame`: who looks, how a page is answered, and what is around every page; `house`: what is amiss,
//!   said on every one.

mod answer;
mod ask;
mod assets;
mod frame;
mod house;
mod live;
mod pages;
mod parts;
mod routes;
mod text;
mod visit;

use std::sync::Arc;

use app::{Ports, presence::Expected};
use tokio_util::sync::CancellationToken;

pub use routes::{ROUTES, mount};

/// What the console needs of the program it is part of.
#[derive(Clone)]
pub struct ConsoleState {
    /// The world.
    pub ports: Arc<Ports>,
    /// Which parts this deployment is to have.
    pub expected: Expected,
    /// Whether people may choose who they are; then the header offers it.
    pub development: bool,
    /// Of this program.
    pub version: &'static str,
    /// Cancelled when the program stops, so that streams end and do not keep it waiting.
    pub stopping: CancellationToken,
}
