//! [`Presence`](app::ports::Presence).

#![expect(missing_docs, reason = "the name of a case says what it is about")]

use std::time::Duration;

use app::ports::{BudgetLeft, Part, PartRole, ProviderSight};
use breaker::Standing;
use kernel::Provider;
use queue::Queue;

use super::super::bench::at;
use crate::{Process, Two, eventually};

const LONG: Duration = Duration::from_mins(10);

fn part(role: PartRole, id: &str) -> Part {
    let queues = if role == PartRole::Worker { vec![Queue::Asr, Queue::Shunya] } else { Vec::new() };
    Part {
        role,
        id: id.to_owned(),
        queues,
        version: "1.2.3".to_owned(),
        started_at: at(7),
        providers: Vec::new(),
    }
}

async fn until_present(process: &Process, wanted: &[Part]) {
    eventually("those are there, and nobody else", async || {
        process.shared.presence.present().await.is_ok_and(|parts| parts == wanted)
    })
    .await;
}

pub async fn who_announces_is_there_until_they_leave(two: &Two) {
    let (a, b, c) =
        (part(PartRole::Worker, "a"), part(PartRole::Worker, "b"), part(PartRole::Scheduler, "a"));
    for (process, part) in [(&two.there, &c), (&two.here, &b), (&two.there, &a)] {
        assert!(process.shared.presence.announce(part, LONG).await);
    }
    until_present(&two.here, &[a.clone(), b.clone(), c.clone()]).await;
    two.there.shared.presence.withdraw(&a).await;
    until_present(&two.here, &[b.clone(), c.clone()]).await;
    two.here.shared.presence.withdraw(&b).await;
    two.there.shared.presence.withdraw(&c).await;
    until_present(&two.here, &[]).await;
}

pub async fn who_falls_silent_is_gone(two: &Two) {
    let (a, b) = (part(PartRole::Worker, "a"), part(PartRole::Worker, "b"));
    two.here.shared.presence.announce(&a, LONG).await;
    two.here.shared.presence.announce(&b, Duration::from_millis(600)).await;
    until_present(&two.there, &[a]).await;
}

pub async fn who_announces_again_is_there_once(two: &Two) {
    let old = part(PartRole::Worker, "a");
    let new = Part { version: "1.2.4".to_owned(), ..old.clone() };
    two.here.shared.presence.announce(&old, Duration::from_millis(1)).await;
    two.here.shared.presence.announce(&new, LONG).await;
    until_present(&two.there, &[new]).await;
}

pub async fn what_a_worker_knows_of_providers_is_told_with_it(two: &Two) {
    let quiet = ProviderSight {
        provider: Provider::Callrail,
        standing: Standing::Closed,
        everybody: false,
        accounts: 0,
        slowed: 2,
        since: None,
        next_probe: None,
        budget: Some(BudgetLeft { remaining: 17, limit: 180 }),
    };
    let open = ProviderSight {
        provider: Provider::Shunya,
        standing: Standing::Open,
        everybody: true,
        accounts: 3,
        slowed: 0,
        since: Some(at(11)),
        next_probe: Some(at(41)),
        budget: None,
    };
    let half_open = ProviderSight { standing: Standing::HalfOpen, everybody: false, ..open.clone() };
    for providers in [vec![quiet.clone(), open], vec![quiet, half_open], Vec::new()] {
        let part = Part { providers, ..part(PartRole::Worker, "a") };
        two.here.shared.presence.announce(&part, LONG).await;
        until_present(&two.there, &[part]).await;
    }
}
