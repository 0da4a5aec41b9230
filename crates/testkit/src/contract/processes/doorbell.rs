//! [`Doorbell`](app::ports::Doorbell).

#![expect(missing_docs, reason = "the name of a case says what it is about")]

use std::collections::BTreeSet;

use app::ports::Bell;
use queue::Queue;

use crate::Two;

async fn until_rung(bell: &mut dyn Bell, wanted: &[Queue]) {
    let mut missing: BTreeSet<_> = wanted.iter().copied().collect();
    while !missing.is_empty() {
        for queue in bell.rung().await {
            missing.remove(&queue);
        }
    }
}

pub async fn a_ring_is_heard_in_the_other_process(two: &Two) {
    let mut bell = two.there.doorbell.listen().await;
    two.here.doorbell.ring(&[Queue::Asr]);
    assert_eq!(bell.rung().await, [Queue::Asr]);
    two.here.doorbell.ring(&[Queue::Shunya, Queue::Default]);
    until_rung(bell.as_mut(), &[Queue::Shunya, Queue::Default]).await;
}

pub async fn a_ring_is_heard_in_ones_own_process(two: &Two) {
    let mut bell = two.here.doorbell.listen().await;
    two.here.doorbell.ring(&[Queue::Asr]);
    assert_eq!(bell.rung().await, [Queue::Asr]);
}

pub async fn a_ring_before_anybody_waits_is_heard(two: &Two) {
    let mut bell = two.there.doorbell.listen().await;
    two.here.doorbell.ring(&[Queue::Uwc]);
    two.here.doorbell.ring(&[Queue::Asr]);
    until_rung(bell.as_mut(), &[Queue::Uwc, Queue::Asr]).await;
}

pub async fn every_listener_hears_a_ring(two: &Two) {
    let mut bells = [
        two.here.doorbell.listen().await,
        two.there.doorbell.listen().await,
        two.there.doorbell.listen().await,
    ];
    two.here.doorbell.ring(&[Queue::Indexing]);
    for bell in &mut bells {
        until_rung(bell.as_mut(), &[Queue::Indexing]).await;
    }
}

pub async fn many_rings_unheard_lose_no_queue(two: &Two) {
    let mut bell = two.there.doorbell.listen().await;
    let [first, second, ..] = Queue::ALL;
    for queue in [first, second].into_iter().cycle().take(2000) {
        two.here.doorbell.ring(&[queue]);
    }
    two.here.doorbell.ring(&[Queue::Followups]);
    until_rung(bell.as_mut(), &[first, second, Queue::Followups]).await;
}
