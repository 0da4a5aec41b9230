//! Stand-ins for what is outside the process: the telephony provider, the AI vendor, storage, the bell and the bus. They
//! do as they are told and remember what was asked of them.

mod engine;
mod provider;
mod signals;
mod storage;

pub use engine::{FakeEngine, FakeEngineWebhooks};
pub use provider::{Audio, FakeCallWebhooks, FakeProvider};
pub use signals::{FakeBell, FakeBus};
pub use storage::{FakeBlobs, FakeSecrets};
