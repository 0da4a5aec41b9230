//! What Redis does between processes, within one: the doorbell and the event bus.

mod bus;
mod doorbell;

pub use bus::MemoryBus;
pub use doorbell::MemoryDoorbell;
