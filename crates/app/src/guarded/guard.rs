use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use breaker::{BreakerPolicy, Breakers, Change, LONGEST_ASKED, Line, Outcome, Pass, Reason, Refusal};
use kernel::{Clock, Dice, Hold, Provider, ProviderError};

use crate::ports::{Budget, BudgetLeft, ProviderSight, Rate, RateLimiter, Ruling, Whose};

/// More lines than this are looked through for those that have come to their end.
const MANY: usize = 1_000;

/// How often a provider may be asked, over all processes, in the name of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What is limited: different for each limit of a provider.
    pub what: &'static str,
    /// How often.
    pub rate: Rate,
}

impl Limit {
    /// So many requests within any such time, wherever it begins: a fifth of them at once, the others evenly.
    pub fn within(what: &'static str, most: u32, per: Duration) -> Self {
        let at_once = (most / 5).max(1);
        let evenly = (most - at_once.min(most)).max(1);
        Self { what, rate: Rate { count: at_once, per: per.mul_f64(f64::from(at_once) / f64::from(evenly)) } }
    }
}

/// What a guard goes by.
pub struct GuardSettings {
    /// Whom it guards.
    pub provider: Provider,
    /// When breakers open.
    pub policy: BreakerPolicy,
    /// Counts over all processes.
    pub limiter: Arc<dyn RateLimiter>,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub dice: Arc<dyn Dice>,
}

/// Stands before one provider. Its breakers are this process's own; budgets, and wishes of the provider to be left alone,
/// are shared with other processes as far as anything is.
pub struct ProviderGuard {
    settings: GuardSettings,
    state: Mutex<State>,
}

struct State {
    breakers: Breakers,
    lines: HashMap<String, Line>,
    left: Option<BudgetLeft>,
}

/// In whose name a call is made.
pub(super) struct Account {
    /// Tells accounts apart. Made from a secret, it must not be one.
    pub(super) key: String,
    /// For the log.
    pub(super) name: String,
}

impl ProviderGuard {
    /// One that has seen nothing yet.
    pub fn new(settings: GuardSettings) -> Arc<Self> {
        let breakers = Breakers::new(settings.policy, settings.clock.now());
        let state = State { breakers, lines: HashMap::new(), left: None };
        Arc::new(Self { settings, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // nothing that can panic is done while it is held
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How things stand. Measures it, too.
    pub fn look(&self) -> ProviderSight {
        let now = self.settings.clock.now();
        let mut state = self.state();
        let (sight, budget) = (state.breakers.sight(now), state.left);
        drop(state);
        let provider = self.settings.provider;
        metrics::gauge!("otto_breaker_state", "provider" => provider.as_str())
            .set(f64::from(sight.standing.level()));
        ProviderSight {
            provider,
            standing: sight.standing,
            everybody: sight.everybody,
            accounts: sight.accounts,
            slowed: sight.slowed,
            since: sight.since,
            next_probe: sight.next_probe,
            budget,
        }
    }

    /// Makes a call in the name of an account, unless it must not be made now.
    pub(super) async fn call<T>(
        &self,
        account: &Account,
        limits: &[Limit],
        call: impl Future<Output = Result<T, ProviderError>>,
    ) -> Result<T, ProviderError> {
        let admitted = self.admit(account)?;
        // an admission that is dropped leaves its place to others
        self.within_budget(account, limits).await?;
        let answer = call.await;
        let outcome = outcome_of(&answer);
        let wait = admitted.settle(outcome);
        if let (Outcome::Throttled { retry_after }, Some(wait)) = (outcome, wait) {
            // other processes need not be told by the provider
            let life = retry_after.map_or(wait, |asked| asked.min(LONGEST_ASKED));
            self.settings.limiter.hold(self.whose(account), life).await;
        }
        match (answer, wait) {
            // what failed while nobody is to ask any more would fail again: the job waits instead of trying
            (Err(error), Some(retry_after)) if !matches!(outcome, Outcome::Answered) => {
                let why = match outcome {
                    Outcome::Throttled { .. } => Hold::Throttled,
                    _ => Hold::Failing,
                };
                tracing::debug!(error = &error as &dyn std::error::Error, ?retry_after, "a call was held up");
                Err(ProviderError::Held { why, retry_after })
            }
            (answer, _) => answer,
        }
    }

    fn admit<'a>(&'a self, account: &'a Account) -> Result<Admitted<'a>, ProviderError> {
        let now = self.settings.clock.now();
        let admitted = self.state().breakers.admit(&account.key, now);
        match admitted {
            Ok(pass) => Ok(Admitted { guard: self, account, pass: Some(pass) }),
            Err(Refusal { reason, retry_after }) => Err(self.refused(
                match reason {
                    Reason::Failing => Hold::Failing,
                    Reason::Throttled => Hold::Throttled,
                },
                retry_after,
            )),
        }
    }

    /// Counts the call, if anybody can; while nobody can, calls go on.
    async fn within_budget(&self, account: &Account, limits: &[Limit]) -> Result<(), ProviderError> {
        let limiter = &self.settings.limiter;
        if let Some(retry_after) = limiter.held(self.whose(account)).await {
            return Err(self.refused(Hold::Throttled, retry_after));
        }
        if limits.is_empty() {
            return Ok(());
        }
        let budgets: Vec<_> =
            limits.iter().map(|limit| Budget { what: limit.what, who: "", rate: limit.rate }).collect();
        match limiter.take(self.whose(account), &budgets).await {
            Ruling::Allowed(headroom) => {
                self.state().left = Some(BudgetLeft { remaining: headroom.remaining, limit: headroom.limit });
                Ok(())
            }
            Ruling::Denied { headroom, retry_after } => {
                let each = limits
                    .iter()
                    .find(|limit| limit.rate.count == headroom.limit)
                    .map_or(retry_after, |limit| Duration::from_micros(limit.rate.interval_micros()));
                let now = self.settings.clock.now();
                let mut state = self.state();
                state.left = Some(BudgetLeft { remaining: 0, limit: headroom.limit });
                if state.lines.len() >= MANY {
                    state.lines.retain(|_, line| !line.is_over(now));
                }
                let line = state.lines.entry(account.key.clone()).or_default();
                let turn = line.place(now, retry_after, each);
                drop(state);
                Err(self.refused(Hold::Budget, turn))
            }
            Ruling::Undecided => Ok(()),
        }
    }

    fn whose<'a>(&self, account: &'a Account) -> Whose<'a> {
        Whose::Account(self.settings.provider, &account.key)
    }

    fn refused(&self, why: Hold, retry_after: Duration) -> ProviderError {
        let reason = match why {
            Hold::Failing => "breaker",
            Hold::Throttled => "throttled",
            Hold::Budget => "budget",
        };
        let provider = self.settings.provider.as_str();
        metrics::counter!("otto_provider_refused_total", "provider" => provider, "reason" => reason)
            .increment(1);
        ProviderError::Held { why, retry_after }
    }

    fn tell(&self, account: &Account, (own, whole): (Option<Change>, Option<Change>)) {
        let provider = self.settings.provider.as_str();
        for (change, everybody) in [(own, false), (whole, true)] {
            let account = if everybody { "all" } else { account.name.as_str() };
            match change {
                Some(Change::Opened) => {
                    metrics::counter!("otto_breaker_opened_total", "provider" => provider).increment(1);
                    tracing::warn!(
                        provider,
                        account,
                        "a provider does not answer and is left alone for a while"
                    );
                }
                Some(Change::StaysOpen) => {
                    tracing::info!(provider, account, "a provider still does not answer");
                }
                Some(Change::Closed) => tracing::info!(provider, account, "a provider answers again"),
                None => {}
            }
        }
        if own.is_some() || whole.is_some() {
            self.look();
        }
    }
}

/// Only what says that the provider is not there counts against it.
fn outcome_of<T>(answer: &Result<T, ProviderError>) -> Outcome {
    match answer {
        Err(ProviderError::Unavailable { retry_after, .. }) => Outcome::Failed { retry_after: *retry_after },
        Err(ProviderError::Timeout) => Outcome::Failed { retry_after: None },
        Err(ProviderError::Throttled { retry_after }) => Outcome::Throttled { retry_after: *retry_after },
        Ok(_)
        | Err(
            ProviderError::Rejected { .. }
            | ProviderError::NotFound { .. }
            | ProviderError::KeyRefused { .. }
            | ProviderError::Held { .. },
        ) => Outcome::Answered,
    }
}

/// A call being made. One whose job is dropped meanwhile gives its place back.
struct Admitted<'a> {
    guard: &'a ProviderGuard,
    account: &'a Account,
    pass: Option<Pass>,
}

impl Admitted<'_> {
    /// Tells its end; answers how long the account is to wait now.
    fn settle(mut self, outcome: Outcome) -> Option<Duration> {
        let guard = self.guard;
        let pass = self.pass.take()?;
        let (now, roll) = (guard.settings.clock.now(), guard.settings.dice.roll());
        let mut state = guard.state();
        let changes = state.breakers.settle(&pass, outcome, now, roll);
        let wait = state.breakers.wait(&self.account.key, now);
        drop(state);
        guard.tell(self.account, changes);
        wait
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        let Some(pass) = self.pass.take() else { return };
        let guard = self.guard;
        let (now, roll) = (guard.settings.clock.now(), guard.settings.dice.roll());
        let changes = guard.state().breakers.abandon(&pass, now, roll);
        guard.tell(self.account, changes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_than_allowed_are_made_in_any_such_time() {
        for (most, per) in [(900, 3600), (9000, 86_400), (10, 60), (30, 60), (1, 60), (4, 60), (1000, 1)] {
            let rate = Limit::within("x", most, Duration::from_secs(per)).rate;
            let evenly = Duration::from_secs(per).as_micros() / u128::from(rate.interval_micros());
            let all = u128::from(rate.count) + evenly;
            // cutting to whole microseconds may let one more in
            assert!(all <= u128::from(most.max(2)) + 1, "{most} in {per} s: {all}");
            assert!(all * 10 >= u128::from(most) * 9, "{most} in {per} s: {all}");
        }
    }
}
