use std::time::Duration;

/// Whatever a provider asks for, it is asked again after this: a mistaken answer must not stop everything for a year.
pub const LONGEST_ASKED: Duration = Duration::from_hours(1);

/// When a breaker opens, and for how long.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreakerPolicy {
    /// It opens after so many failures with no success in between.
    pub failures_in_a_row: u32,
    /// Or if of the calls that ended within this time …
    pub window: Duration,
    /// … of which there must be so many; no more than [`REMEMBERED`](crate::REMEMBERED) …
    pub least_calls: usize,
    /// … at least this share failed, from 0 to 1.
    pub worst_share: f64,
    /// How long it stays open at first. Each probe that fails doubles it.
    pub first_pause: Duration,
    /// It never stays open for longer, unless the provider asked for more.
    pub longest_pause: Duration,
    /// A call that was cut off after this long was not answered in time.
    pub slow_after: Duration,
    /// How long to wait for the end of somebody else's probe.
    pub probe_wait: Duration,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self {
            failures_in_a_row: 5,
            window: Duration::from_mins(1),
            least_calls: 20,
            worst_share: 0.5,
            first_pause: Duration::from_secs(30),
            longest_pause: Duration::from_mins(5),
            slow_after: Duration::from_secs(30),
            probe_wait: Duration::from_secs(5),
        }
    }
}

impl BreakerPolicy {
    /// The pause after `failed` probes. `roll` is a random number in 0..1: up to a fifth is taken off, so that processes
    /// which opened together do not probe together.
    pub fn pause(&self, failed: u32, roll: f64) -> Duration {
        let whole = self.first_pause.saturating_mul(1 << failed.min(20)).min(self.longest_pause);
        whole.mul_f64(1.0 - 0.2 * roll.clamp(0.0, 1.0))
    }

    /// The pause after the provider asked to slow down for the `times`th time running (from 0) without saying how much.
    pub fn rest(&self, times: u32, roll: f64) -> Duration {
        let whole = Duration::from_secs(1).saturating_mul(1 << times.min(20)).min(self.longest_pause);
        whole.mul_f64(1.0 - 0.2 * roll.clamp(0.0, 1.0))
    }
}
