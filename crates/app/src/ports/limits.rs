use std::{fmt, time::Duration};

use async_trait::async_trait;
use kernel::{CompanyId, Provider};

/// How often something may be done: so many times in any one period, evenly, with a burst of as many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// So many times; at least one.
    pub count: u32,
    /// In this time; at least a millisecond.
    pub per: Duration,
}

impl Rate {
    /// How long one use takes to be forgotten, in microseconds.
    pub fn interval_micros(self) -> u64 {
        let per = u64::try_from(self.per.as_micros()).unwrap_or(u64::MAX).max(1000);
        (per / u64::from(self.count.max(1))).max(1)
    }
}

/// Whose uses are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose<'a> {
    /// What a company asks of us.
    Company(&'a CompanyId),
    /// What we ask of a provider in the name of one of its accounts.
    Account(Provider, &'a str),
}

/// Different for each: no company's id has a slash.
impl fmt::Display for Whose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Company(company) => company.fmt(f),
            Self::Account(provider, account) => write!(f, "{provider}/{account}"),
        }
    }
}

/// One limit a request counts against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget<'a> {
    /// What is limited, such as `user`.
    pub what: &'static str,
    /// Whose it is within the company or account; empty for itself.
    pub who: &'a str,
    /// How often.
    pub rate: Rate,
}

/// What is left of the tightest budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Headroom {
    /// How many are allowed in a period.
    pub limit: u32,
    /// How many are left at this moment.
    pub remaining: u32,
    /// When all of them are there again.
    pub full_in: Duration,
}

/// What a limiter says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Go on; it was counted.
    Allowed(Headroom),
    /// Not now; it was counted against none of the budgets.
    Denied {
        /// Of the budget that is used up; if several are, of the one that takes longest.
        headroom: Headroom,
        /// It is allowed again after this.
        retry_after: Duration,
    },
    /// Nobody can tell at the moment. Whoever asks decides what that means and counts it.
    Undecided,
}

/// Counts uses over all processes.
#[async_trait]
pub trait RateLimiter: Send + Sync {
    /// Counts one use against all these budgets, or against none if one of them is used up.
    /// Answers soon, whatever state the limiter is in.
    async fn take(&self, whose: Whose<'_>, budgets: &[Budget<'_>]) -> Ruling;
    /// Lets everybody know, as far as anybody can hear it, that nothing more is wanted of these for so long. A hold that
    /// lasts longer stays.
    async fn hold(&self, whose: Whose<'_>, life: Duration);
    /// How much longer nothing is wanted. `None` if something is, or if nobody can tell.
    async fn held(&self, whose: Whose<'_>) -> Option<Duration>;
}
