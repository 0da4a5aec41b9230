use std::{sync::Arc, time::Duration};

use app::ports::{BudgetLeft, Part, PartRole, Presence, ProviderSight, Unknowable};
use async_trait::async_trait;
use breaker::Standing;
use deadpool_redis::redis::Script;
use kernel::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{link::Link, locks::millis};

/// A part as it is kept. Newer versions may add fields, and know queues we do not.
#[derive(Serialize, Deserialize)]
struct Kept {
    role: String,
    id: String,
    queues: Vec<String>,
    version: String,
    started_at: Timestamp,
    #[serde(default)]
    providers: Vec<KeptSight>,
}

#[derive(Serialize, Deserialize)]
struct KeptSight {
    provider: String,
    standing: String,
    everybody: bool,
    accounts: u32,
    slowed: u32,
    since: Option<Timestamp>,
    next_probe: Option<Timestamp>,
    /// What is left, and of how much.
    budget: Option<(u32, u32)>,
}

impl KeptSight {
    fn of(sight: &ProviderSight) -> Self {
        Self {
            provider: sight.provider.as_str().to_owned(),
            standing: sight.standing.as_str().to_owned(),
            everybody: sight.everybody,
            accounts: sight.accounts,
            slowed: sight.slowed,
            since: sight.since,
            next_probe: sight.next_probe,
            budget: sight.budget.map(|left| (left.remaining, left.limit)),
        }
    }

    fn read(self) -> Option<ProviderSight> {
        Some(ProviderSight {
            provider: self.provider.parse().ok()?,
            standing: Standing::ALL.into_iter().find(|standing| standing.as_str() == self.standing)?,
            everybody: self.everybody,
            accounts: self.accounts,
            slowed: self.slowed,
            since: self.since,
            next_probe: self.next_probe,
            budget: self.budget.map(|(remaining, limit)| BudgetLeft { remaining, limit }),
        })
    }
}

fn kept(part: &Part) -> Option<String> {
    let kept = Kept {
        role: part.role.as_str().to_owned(),
        id: part.id.clone(),
        queues: part.queues.iter().map(|queue| queue.as_str().to_owned()).collect(),
        version: part.version.clone(),
        started_at: part.started_at,
        providers: part.providers.iter().map(KeptSight::of).collect(),
    };
    serde_json::to_string(&kept).ok()
}

fn read(text: &str) -> Option<Part> {
    let kept: Kept = serde_json::from_str(text).ok()?;
    let role = [PartRole::Worker, PartRole::Scheduler].into_iter().find(|role| role.as_str() == kept.role)?;
    let queues = kept.queues.iter().filter_map(|name| name.parse().ok()).collect();
    let providers = kept.providers.into_iter().filter_map(KeptSight::read).collect();
    Some(Part { role, id: kept.id, queues, version: kept.version, started_at: kept.started_at, providers })
}

/// Who is there, over all processes.
pub(crate) struct RedisPresence {
    link: Arc<Link>,
    announce: Script,
    withdraw: Script,
    list: Script,
    settle: Duration,
}

impl RedisPresence {
    pub(crate) fn new(link: Arc<Link>, settle: Duration) -> Self {
        Self {
            link,
            announce: Script::new(include_str!("scripts/presence_announce.lua")),
            withdraw: Script::new(include_str!("scripts/presence_withdraw.lua")),
            list: Script::new(include_str!("scripts/presence_list.lua")),
            settle,
        }
    }

    fn keys(&self) -> [String; 3] {
        ["until", "parts", "since"].map(|what| self.link.key("presence", what))
    }
}

#[async_trait]
impl Presence for RedisPresence {
    async fn announce(&self, part: &Part, life: Duration) -> bool {
        let Some(text) = kept(part) else { return false };
        let mut run = self.announce.prepare_invoke();
        for key in self.keys() {
            run.key(key);
        }
        run.arg(format!("{}:{}", part.role.as_str(), part.id)).arg(text).arg(millis(life));
        self.link.run::<u8>(&run).await.is_ok()
    }

    async fn withdraw(&self, part: &Part) {
        let mut run = self.withdraw.prepare_invoke();
        for key in self.keys() {
            run.key(key);
        }
        run.arg(format!("{}:{}", part.role.as_str(), part.id));
        // if Redis does not hear it, the entry runs out by itself
        let _ = self.link.run::<u8>(&run).await;
    }

    async fn present(&self) -> Result<Vec<Part>, Unknowable> {
        let mut run = self.list.prepare_invoke();
        for key in self.keys() {
            run.key(key);
        }
        run.arg(millis(self.settle));
        let (settled, parts): (u8, Vec<String>) =
            self.link.run(&run).await.map_err(|_| Unknowable::Unreachable)?;
        if settled == 0 {
            return Err(Unknowable::Settling);
        }
        let mut parts: Vec<_> = parts.iter().filter_map(|text| read(text)).collect();
        parts.sort_by(|a, b| (a.role, &a.id).cmp(&(b.role, &b.id)));
        Ok(parts)
    }
}
