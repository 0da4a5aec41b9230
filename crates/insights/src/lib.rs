//! What the dashboard numbers mean: windows, rates, rounding, objection keys (contract `metrics.md` §0).

mod numbers;
mod window;

pub use numbers::{is_qualified, objection_key, percentage, rate};
pub use window::{DayRange, Window, WindowError, parse_instant};
