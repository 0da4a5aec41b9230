//! Stand-ins for the providers Otto works with, speaking the providers' own HTTP contracts: addresses, signatures,
//! rhythm and failures. Otto cannot tell them from the real ones, and they know nothing of Otto but where it is.
//!
//! ```no_run
//! use simulators::{SimulatedTenant, SimulatorSettings};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let simulators = simulators::start(SimulatorSettings::default())?;
//! // configure Otto with `simulators.shunya_url()`, `callrail_url()`, `secrets()`, then
//! simulators.set_otto_url("http://127.0.0.1:8080");
//! let traffic = simulators.traffic(SimulatedTenant::demo(1));
//! let (reports, mut made) = tokio::sync::mpsc::unbounded_channel();
//! traffic.make(10, 2, &reports).await;
//! while let Ok(call) = made.try_recv() {
//!     tracing::info!(call.provider_call_id, ?call.expected, "made");
//! }
//! simulators.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! What Shunya says of a call comes from a [corpus](corpus::all) of conversations. A recording names its conversation in
//! its own bytes, so Shunya hears what CallRail recorded although neither knows of the other.
//!
//! Everything left to chance follows from the seed. Faults can be dealt with by asking again: whatever the rates, a
//! call reaches its end.

pub mod audio;
mod background;
mod callrail;
mod control;
pub mod corpus;
mod draw;
mod faults;
mod journal;
mod remote;
mod server;
mod settings;
mod shunya;
mod sign;
mod sim;
mod simulators;
mod traffic;
mod twilio;

pub use callrail::{
    Acknowledgement, CallOrder, CallSender, CallrailStats, EventKind, ExpectedEnd, SendError, SentCall,
    SentEvent,
};
pub use control::{ScriptedAnswer, SeenRequest};
pub use faults::Faults;
pub use remote::{RemoteError, RemoteStandIns};
pub use settings::{SimulatedTenant, SimulatorPorts, SimulatorSecrets, SimulatorSettings};
pub use shunya::ShunyaStats;
pub use sign::{callrail_signature, shunya_signature};
pub use simulators::{SimulatorStats, Simulators, StandIn, StartError, start};
pub use traffic::{GENTLE, Traffic};
pub use twilio::TwilioStats;
