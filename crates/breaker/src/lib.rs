//! When a provider that does not answer is left alone, and when it is asked again.
//!
//! - [`Breaker`]: one circuit breaker, as a state machine. Time and chance are passed in; nothing waits.
//! - [`Breakers`]: those of one provider: one for each account, and one for the provider as a whole.
//! - [`Line`]: who is over a budget stands in line instead of coming back all at once.

mod breakers;
mod line;
mod machine;
mod policy;

pub use breakers::{Breakers, Pass, Sight};
pub use line::Line;
pub use machine::{Breaker, Change, Outcome, Permit, REMEMBERED, Reason, Refusal, Standing};
pub use policy::{BreakerPolicy, LONGEST_ASKED};
