use std::{sync::Arc, time::Duration};

use app::ports::{Budget, Headroom, RateLimiter, Ruling};
use async_trait::async_trait;
use deadpool_redis::redis::Script;
use kernel::CompanyId;

use crate::link::Link;

/// Counts requests over all processes, by the generic cell rate algorithm, in one script on Redis' own clock.
pub(crate) struct RedisLimiter {
    link: Arc<Link>,
    script: Script,
}

impl RedisLimiter {
    pub(crate) fn new(link: Arc<Link>) -> Self {
        Self { link, script: Script::new(include_str!("scripts/limiter.lua")) }
    }
}

#[async_trait]
impl RateLimiter for RedisLimiter {
    async fn take(&self, company: &CompanyId, budgets: &[Budget<'_>]) -> Ruling {
        let mut run = self.script.prepare_invoke();
        for budget in budgets {
            let rest = format!("limit:{}:{}", budget.what, budget.who);
            run.key(self.link.key(company.as_str(), &rest));
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
}
