//! The HTTP API.
//!
//! A request passes [`guard`] first: it gets an id, a span and a time; its route is looked up in the route table, and one
//! that is not in it is refused whatever handler might be mounted; then who calls is checked against what the route asks.
//! Handlers read parameters, call one use case or read, and answer its view. Errors have one shape, made in one place.

mod body;
mod caller;
mod cors;
mod envelope;
mod error;
mod guard;
mod limit;
mod openapi;
mod params;
mod probe;
mod routes;
mod server;
mod state;
mod table;

pub use caller::Caller;
pub use error::{ApiError, ErrorCode};
pub use openapi::document;
pub use probe::{ProbeState, run_probes};
pub use server::{BoundServer, Mount, RunningServer, ServerError, bind};
pub use state::{ApiSettings, ApiState, ClientLimits};
pub use table::{ROUTES, RouteTable};
