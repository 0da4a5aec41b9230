//! Saying that one is there, for as long as one is.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use kernel::Provider;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::{
    Ports,
    guarded::ProviderGuard,
    ports::{Part, PartRole, ProviderSight},
};

/// How often a part says that it is there.
pub const ANNOUNCED_EVERY: Duration = Duration::from_secs(5);
/// How long it is believed.
const BELIEVED_FOR: Duration = Duration::from_secs(16);

/// Says that a part is there, and how it gets on with the providers it asks, until shutdown is asked for; then that it
/// leaves.
pub async fn run_presence(
    ports: Arc<Ports>,
    mut part: Part,
    providers: Vec<Arc<ProviderGuard>>,
    shutdown: CancellationToken,
) {
    while !shutdown.is_cancelled() {
        part.providers = providers.iter().map(|guard| guard.look()).collect();
        ports.shared.presence.announce(&part, BELIEVED_FOR).await;
        let _ = timeout(ANNOUNCED_EVERY, shutdown.cancelled()).await;
    }
    ports.shared.presence.withdraw(&part).await;
}

/// Which parts a deployment is to have, wherever they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expected {
    /// Workers.
    pub worker: bool,
    /// Cron drivers.
    pub scheduler: bool,
}

impl Expected {
    /// The roles nobody fills of those there are who should be there.
    pub fn absent(self, parts: &[Part]) -> Vec<PartRole> {
        [(PartRole::Worker, self.worker), (PartRole::Scheduler, self.scheduler)]
            .into_iter()
            .filter(|(role, expected)| *expected && !parts.iter().any(|part| part.role == *role))
            .map(|(role, _)| role)
            .collect()
    }
}

/// What it means that nobody fills a role.
pub fn consequence(role: PartRole) -> &'static str {
    match role {
        PartRole::Worker => "no live worker: calls are stored, and nothing is done with them",
        PartRole::Scheduler => "no live scheduler: recurring work is not enqueued",
    }
}

/// What all workers together know of each provider: the worst of it. Workers find out for themselves; where each knows of
/// other accounts, the most one of them knows of is told.
pub fn providers(parts: &[Part]) -> Vec<ProviderSight> {
    let mut all: BTreeMap<Provider, ProviderSight> = BTreeMap::new();
    for one in parts.iter().flat_map(|part| &part.providers) {
        let Some(known) = all.get_mut(&one.provider) else {
            all.insert(one.provider, one.clone());
            continue;
        };
        known.standing = known.standing.max(one.standing);
        known.everybody |= one.everybody;
        known.accounts = known.accounts.max(one.accounts);
        known.slowed = known.slowed.max(one.slowed);
        known.since = known.since.into_iter().chain(one.since).min();
        known.next_probe = known.next_probe.into_iter().chain(one.next_probe).min();
        known.budget = known.budget.into_iter().chain(one.budget).min_by_key(|left| left.remaining);
    }
    all.into_values().collect()
}

#[cfg(test)]
mod tests {
    use breaker::Standing;
    use kernel::Timestamp;

    use super::*;
    use crate::ports::BudgetLeft;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_timestamp(second, 0).unwrap()
    }

    fn sight(provider: Provider, standing: Standing, accounts: u32, since: Option<i64>) -> ProviderSight {
        ProviderSight {
            provider,
            standing,
            everybody: false,
            accounts,
            slowed: 0,
            since: since.map(at),
            next_probe: since.map(|since| at(since + 30)),
            budget: None,
        }
    }

    fn worker(id: &str, providers: Vec<ProviderSight>) -> Part {
        let (queues, version) = (Vec::new(), "1".to_owned());
        Part { role: PartRole::Worker, id: id.to_owned(), queues, version, started_at: at(0), providers }
    }

    #[test]
    fn who_is_expected_and_not_there_is_absent() {
        let both = Expected { worker: true, scheduler: true };
        assert_eq!(both.absent(&[]), [PartRole::Worker, PartRole::Scheduler]);
        assert_eq!(both.absent(&[worker("a", Vec::new())]), [PartRole::Scheduler]);
        assert!(Expected { worker: false, scheduler: false }.absent(&[]).is_empty());
        let worker_alone = Expected { worker: true, scheduler: false };
        assert_eq!(worker_alone.absent(&[]), [PartRole::Worker]);
    }

    #[test]
    fn the_worst_any_worker_knows_of_is_told() {
        let shunya = |standing, accounts, since| sight(Provider::Shunya, standing, accounts, since);
        let callrail = sight(Provider::Callrail, Standing::Closed, 0, None);
        let tight = ProviderSight {
            budget: Some(BudgetLeft { remaining: 2, limit: 180 }),
            everybody: true,
            ..shunya(Standing::Open, 1, Some(40))
        };
        let parts = [
            worker("a", vec![callrail.clone(), shunya(Standing::HalfOpen, 3, Some(20))]),
            worker("b", vec![tight]),
            worker("c", vec![shunya(Standing::Closed, 0, None)]),
        ];
        let told = providers(&parts);
        let worst = ProviderSight {
            everybody: true,
            budget: Some(BudgetLeft { remaining: 2, limit: 180 }),
            ..shunya(Standing::Open, 3, Some(20))
        };
        assert_eq!(told, [callrail, worst]);
        assert!(providers(&[]).is_empty());
    }
}
