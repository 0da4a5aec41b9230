//! What Otto does: one file for each use case, the ports they need of the world, and the loops that drive them.
//!
//! - [`ports`]: traits the adapters implement.
//! - [`ingest`]: webhooks in, recordings copied.
//! - [`analysis`]: Shunya asked, answered, and what an answer becomes.
//! - [`sweeps`]: what should have happened by now and has not.
//! - [`reads`]: what people may look at.
//! - [`office`]: what operators do with work.
//! - [`verify`]: whether all that must agree does.
//! - [`jobs`]: every job kind and schedule in one place.
//! - [`worker`], [`cron`], [`presence`]: the loops.

pub mod analysis;
pub mod cron;
pub mod ingest;
pub mod jobs;
pub mod office;
pub mod ports;
pub mod presence;
pub mod progress;
pub mod reads;
pub mod sweeps;
pub mod verify;
pub mod worker;

mod work;

pub use ports::Ports;
pub use work::{NewEvent, Work};
