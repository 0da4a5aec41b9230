//! Providers, asked only when and as often as they may be. Use cases do not know: each decorator is the port it wraps, and
//! answers [`ProviderError::Held`] instead of asking, on which a job is put off without losing an attempt.

mod engine;
mod guard;
mod recordings;

pub use engine::{EngineBudgets, GuardedEngine};
pub use guard::{GuardSettings, Limit, ProviderGuard};
pub use recordings::GuardedRecordings;

#[cfg(doc)]
use kernel::ProviderError;
