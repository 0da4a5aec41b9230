//! [`Presence`](app::ports::Presence).

#![expect(missing_docs, reason = "the name of a case says what it is about")]

use std::time::Duration;

use app::ports::{Part, PartRole};
use queue::Queue;

use super::super::bench::at;
use crate::{Process, Two, eventually};

const LONG: Duration = Duration::from_mins(10);

fn part(role: PartRole, id: &str) -> Part {
    let queues = if role == PartRole::Worker { vec![Queue::Asr, Queue::Shunya] } else { Vec::new() };
    Part { role, id: id.to_owned(), queues, version: "1.2.3".to_owned(), started_at: at(7) }
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
