use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use app::ports::{Budget, Headroom, RateLimiter, Ruling, Whose};
use async_trait::async_trait;
use tokio::time::Instant;

/// More keys than this are looked through for forgotten ones.
const MANY: usize = 10_000;

type Key = (String, &'static str, String);

/// Counts requests within one process, by the generic cell rate algorithm: of each key it keeps the moment at which all
/// uses so far will be forgotten, and nothing else.
pub struct MemoryLimiter {
    began: Instant,
    forgotten_at: Mutex<HashMap<Key, u64>>,
    held_until: Mutex<HashMap<String, Instant>>,
}

impl Default for MemoryLimiter {
    fn default() -> Self {
        Self { began: Instant::now(), forgotten_at: Mutex::default(), held_until: Mutex::default() }
    }
}

#[async_trait]
impl RateLimiter for MemoryLimiter {
    async fn take(&self, whose: Whose<'_>, budgets: &[Budget<'_>]) -> Ruling {
        let now = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        let mut kept = self.forgotten_at.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() > MANY {
            kept.retain(|_, forgotten_at| *forgotten_at > now);
        }
        let mut taken = Vec::with_capacity(budgets.len());
        let mut denied: Option<(Headroom, u64)> = None;
        let mut tightest: Option<Headroom> = None;
        for budget in budgets {
            let key = (whose.to_string(), budget.what, budget.who.to_owned());
            let interval = budget.rate.interval_micros();
            let burst = interval.saturating_mul(u64::from(budget.rate.count.max(1)));
            let before = kept.get(&key).copied().unwrap_or(now).clamp(now, now.saturating_add(burst));
            let after = before.saturating_add(interval);
            let room = now.saturating_add(burst);
            if after > room {
                let wait = after - room;
                if denied.is_none_or(|(_, longest)| wait > longest) {
                    denied = Some((headroom(budget, 0, before - now), wait));
                }
            } else {
                let remaining = u32::try_from((room - after) / interval).unwrap_or(u32::MAX);
                if tightest.is_none_or(|headroom| remaining < headroom.remaining) {
                    tightest = Some(headroom(budget, remaining, after - now));
                }
            }
            taken.push((key, after));
        }
        match (denied, tightest) {
            (Some((headroom, wait)), _) => {
                Ruling::Denied { headroom, retry_after: Duration::from_micros(wait) }
            }
            (None, Some(headroom)) => {
                kept.extend(taken);
                Ruling::Allowed(headroom)
            }
            (None, None) => Ruling::Undecided,
        }
    }

    async fn hold(&self, whose: Whose<'_>, life: Duration) {
        let now = Instant::now();
        let mut held = self.held_until.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, until| *until > now);
        let until = held.entry(whose.to_string()).or_insert(now);
        *until = (*until).max(now + life);
    }

    async fn held(&self, whose: Whose<'_>) -> Option<Duration> {
        let held = self.held_until.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(&whose.to_string())
            .map(|until| until.saturating_duration_since(Instant::now()))
            .filter(|left| !left.is_zero())
    }
}

fn headroom(budget: &Budget<'_>, remaining: u32, full_in: u64) -> Headroom {
    Headroom { limit: budget.rate.count, remaining, full_in: Duration::from_micros(full_in) }
}
