use std::{collections::HashMap, time::Duration};

use kernel::Timestamp;

use crate::{
    machine::{Breaker, Change, Outcome, Permit, Refusal, Standing},
    policy::BreakerPolicy,
};

/// So many accounts have to find the provider down, each for itself, until nobody goes there any more.
const ACCOUNTS_DOWN: u32 = 3;
/// More accounts than this are looked through for those nobody has asked for long.
const MANY: usize = 1_000;

/// May call, in the name of an account.
#[derive(Clone, Debug)]
pub struct Pass {
    account: String,
    own: Permit,
    whole: Permit,
}

/// How things stand with a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sight {
    /// The worst there is.
    pub standing: Standing,
    /// Whether nobody's calls are made, whatever their account.
    pub everybody: bool,
    /// How many accounts' breakers are not closed.
    pub accounts: u32,
    /// How many accounts the provider asked to slow down.
    pub slowed: u32,
    /// Since when the longest of these troubles lasts.
    pub since: Option<Timestamp>,
    /// When somebody may look next whether it is over.
    pub next_probe: Option<Timestamp>,
}

/// The breakers of one provider.
///
/// Each account has its own, so that a bad account holds up nobody else. The provider as a whole has one too: it opens
/// when several accounts' breakers have opened and nobody's call was answered in between, so that an outage is not found
/// out, and probed for, by each of many accounts anew.
#[derive(Clone, Debug)]
pub struct Breakers {
    policy: BreakerPolicy,
    whole: Breaker,
    each: HashMap<String, Breaker>,
}

impl Breakers {
    /// All closed.
    pub fn new(policy: BreakerPolicy, now: Timestamp) -> Self {
        let of_whole = BreakerPolicy { failures_in_a_row: ACCOUNTS_DOWN, least_calls: usize::MAX, ..policy };
        Self { policy, whole: Breaker::new(of_whole, now), each: HashMap::new() }
    }

    /// May a call be made in the name of this account?
    pub fn admit(&mut self, account: &str, now: Timestamp) -> Result<Pass, Refusal> {
        if self.each.len() >= MANY && !self.each.contains_key(account) {
            self.forget_idle(now);
        }
        let policy = self.policy;
        let breaker = self.each.entry(account.to_owned()).or_insert_with(|| Breaker::new(policy, now));
        let own = breaker.admit(now)?;
        match self.whole.admit(now) {
            Ok(whole) => Ok(Pass { account: account.to_owned(), own, whole }),
            Err(refusal) => {
                breaker.give_back(&own);
                Err(refusal)
            }
        }
    }

    /// A call has ended. Answers what that changed for the account, and for the provider as a whole.
    pub fn settle(
        &mut self,
        pass: &Pass,
        outcome: Outcome,
        now: Timestamp,
        roll: f64,
    ) -> (Option<Change>, Option<Change>) {
        let own = self.each.get_mut(&pass.account).and_then(|one| one.settle(&pass.own, outcome, now, roll));
        let whole = self.tell_whole(pass, outcome, own, now, roll);
        (own, whole)
    }

    /// A call was given up without an answer: counted as a failure if it took long, else as never made.
    pub fn abandon(&mut self, pass: &Pass, now: Timestamp, roll: f64) -> (Option<Change>, Option<Change>) {
        if pass.own.lasted(now) >= self.policy.slow_after {
            return self.settle(pass, Outcome::Failed { retry_after: None }, now, roll);
        }
        if let Some(breaker) = self.each.get_mut(&pass.account) {
            breaker.give_back(&pass.own);
        }
        self.whole.give_back(&pass.whole);
        (None, None)
    }

    /// What an account's trouble says of the provider: only what is new. An account that goes on failing has said so.
    fn tell_whole(
        &mut self,
        pass: &Pass,
        outcome: Outcome,
        own: Option<Change>,
        now: Timestamp,
        roll: f64,
    ) -> Option<Change> {
        let failed = matches!(outcome, Outcome::Failed { .. });
        let change = if !failed {
            self.whole.settle(&pass.whole, Outcome::Answered, now, roll)
        } else if own == Some(Change::Opened) || self.whole.is_probe(&pass.whole) {
            self.whole.settle(&pass.whole, outcome, now, roll)
        } else {
            None
        };
        if change == Some(Change::Closed) {
            // it is back: each account may see for itself
            for breaker in self.each.values_mut() {
                breaker.hasten(now);
            }
        }
        change
    }

    /// How long an account is to wait from now on; `None` if it need not.
    pub fn wait(&self, account: &str, now: Timestamp) -> Option<Duration> {
        let own = self.each.get(account).and_then(|breaker| breaker.wait(now));
        own.into_iter().chain(self.whole.wait(now)).max()
    }

    /// How things stand. Forgets accounts nobody has asked for long.
    pub fn sight(&mut self, now: Timestamp) -> Sight {
        self.forget_idle(now);
        let everybody = self.whole.standing(now) != Standing::Closed;
        let all = || self.each.values().chain([&self.whole]);
        let troubles = || all().filter_map(Breaker::trouble);
        let count = |counted: usize| u32::try_from(counted).unwrap_or(u32::MAX);
        let probe = match self.whole.trouble() {
            // nobody gets past it before
            Some((_, until)) => Some(until),
            None => troubles().map(|(_, until)| until).min(),
        };
        Sight {
            standing: all().map(|one| one.standing(now)).max().unwrap_or(Standing::Closed),
            everybody,
            accounts: count(self.each.values().filter(|one| one.trouble().is_some()).count()),
            slowed: count(self.each.values().filter(|one| one.resting(now).is_some()).count()),
            since: troubles().map(|(since, _)| since).min(),
            next_probe: probe,
        }
    }

    fn forget_idle(&mut self, now: Timestamp) {
        self.each.retain(|_, breaker| !breaker.is_idle(now));
        if self.whole.trouble().is_some() && self.whole.is_idle(now) {
            self.whole = Breaker::new(self.whole.policy(), now);
        }
    }
}

#[cfg(test)]
#[path = "breakers_tests.rs"]
mod tests;
