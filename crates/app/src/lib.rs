//! What Otto does: one file for each use case, the ports they need of the world, and the loops that drive them.
//!
//! - [`ports`]: traits the adapters implement.
//! - [`ingest`]: webhooks in, recordings copied.
//! - [`analysis`]: Shunya asked, answered, and what an answer becomes.
//! - [`sweeps`]: what should have happened by now and has not.
//! - [`reads`]: what people may look at.
//! - [`guarded`]: providers asked only when and as often as they may be.
//! - [`office`]: what operators do with work.
//! - [`import`]: a company's data moved in from Otto's predecessor.
//! - [`verify`]: whether all that must agree does.
//! - [`jobs`]: every job kind and schedule in one place.
//! - [`counts`]: what waits, for whoever watches over Otto.
//! - [`worker`], [`cron`], [`presence`]: the loops.

pub mod analysis;
pub mod counts;
pub mod cron;
pub mod guarded;
pub mod import;
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

mod again;
mod provider_call;
mod work;

pub use again::{MayBeStores, Patience, Tries, again};
pub use ports::Ports;
pub use provider_call::provider_call;
pub use work::{NewEvent, Work};
