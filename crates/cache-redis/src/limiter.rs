use std::{sync::Arc, time::Duration};

use app::ports::{Budget, Headroom, RateLimiter, Ruling, Whose};
use async_trait::async_trait;
use deadpool_redis::redis::{self, Script};

use crate::{link::Link, locks::millis};

/// Counts requests over all processes, by the generic cell rate algorithm, in one script on Redis' own clock.
pub(crate) struct RedisLimiter {
    link: Arc<Link>,
    script: Script,
    hold: Script,
}

impl RedisLimiter {
    pub(crate) fn new(link: Arc<Link>) -> Self {
        Self {
            link,
            script: Script::new(include_str!("scripts/limiter.lua")),
            hold: Script::new(include_str!("scripts/limiter_hold.lua")),
        }
    }
}

#[async_trait]
impl RateLimiter for RedisLimiter {
    async fn take(&self, whose: Whose<'_>, budgets: &[Budget<'_>]) -> Ruling {
        let mut run = self.script.prepare_invoke();
        let of = whose.to_string();
        for budget in budgets {
            let rest = format!("limit:{}:{}", budget.what, budget.who);
            run.key(self.link.key(&of, &rest));
            run.arg(budget.rate.interval_micros()).arg(budget.rate.count.max(1));
        }
        let answer: Result<(u8, usize, u32, u64, u64), _> = self.link.run(&run).await;
        let Ok((allowed, which, remaining, full_in, wait)) = answer else { return Ruling::Undecided };
        let Some(budget) = which.checked_sub(1).and_then(|at| budgets.get(at)) else {
            return Ruling::Undecided;
        };
        let full_in = Duration::from_micros(full_in);
        let headroom = Headroom { limit: budget.rate.count, remaining, full_in };
        match allowed {
            1 => Ruling::Allowed(headroom),
            _ => Ruling::Denied { headroom, retry_after: Duration::from_micros(wait) },
        }
    }
    async fn hold(&self, whose: Whose<'_>, life: Duration) {
        let mut run = self.hold.prepare_invoke();
        run.key(self.link.key(&whose.to_string(), "hold")).arg(millis(life));
        // who does not hear of it finds out for itself
        let _ = self.link.run::<u8>(&run).await;
    }

    async fn held(&self, whose: Whose<'_>) -> Option<Duration> {
        let mut ask = redis::cmd("PTTL");
        ask.arg(self.link.key(&whose.to_string(), "hold"));
        // negative where there is none
        let left = self.link.query::<i64>(&ask).await.ok()?;
        u64::try_from(left).ok().filter(|left| *left > 0).map(Duration::from_millis)
    }
}
