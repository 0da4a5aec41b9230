//! Customers.

use std::{collections::BTreeSet, time::Duration};

use simulators::{ExpectedEnd, SentCall, SimulatedTenant, SimulatorSettings, corpus};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::support::{Otto, settings, start_with, within};

async fn made(seed: u64, count: u64) -> Vec<SentCall> {
    let otto = Otto::start();
    let simulators = start_with(&otto, SimulatorSettings { seed, ..settings() });
    let (reports, mut received) = mpsc::unbounded_channel();
    within(simulators.traffic(SimulatedTenant::demo(seed)).make(count, 8, &reports)).await;
    drop(reports);
    let mut calls = Vec::new();
    while let Some(call) = received.recv().await {
        calls.push(call);
    }
    calls.sort_by_key(|call| call.legacy_call_id);
    simulators.stop().await;
    calls
}

#[tokio::test]
async fn the_same_seed_makes_the_same_calls() {
    let calls = made(3, 60).await;
    assert_eq!(calls.len(), 60);
    assert_eq!(calls, made(3, 60).await);
    assert_ne!(calls, made(4, 60).await);
    for call in &calls {
        let talk = corpus::find(&call.conversation).unwrap();
        let end = if talk.is_missed() { ExpectedEnd::Missed } else { ExpectedEnd::Analysed };
        assert_eq!((call.expected, call.booked), (end, talk.is_booked()), "{}", talk.id);
    }
    let companies: BTreeSet<_> = calls.iter().map(|call| &call.company_id).collect();
    let talks: BTreeSet<_> = calls.iter().map(|call| &call.conversation).collect();
    assert_eq!(companies.len(), 3);
    assert!(talks.len() > 20, "{}", talks.len());
    assert!(calls.iter().any(|call| call.booked));
}

#[tokio::test]
async fn gentle_traffic_goes_on_until_it_is_stopped() {
    let otto = Otto::start();
    let simulators = start_with(&otto, settings());
    let traffic = simulators.traffic(SimulatedTenant::demo(1)).starting_at(100);
    assert_eq!(traffic.order(100), traffic.clone().order(100));
    let (reports, mut received) = mpsc::unbounded_channel();
    let stop = CancellationToken::new();
    let making = {
        let stop = stop.clone();
        tokio::spawn(async move { traffic.keep_making(Duration::from_secs(6), &stop, &reports).await })
    };
    for _ in 0..5 {
        within(received.recv()).await.unwrap();
    }
    stop.cancel();
    within(making).await.unwrap();
    let mut rest = 5;
    while received.recv().await.is_some() {
        rest += 1;
    }
    assert_eq!(simulators.stats().callrail.calls, rest, "every call under way was ended and reported");
}

#[tokio::test]
async fn traffic_goes_on_where_it_was() {
    let otto = Otto::start();
    let simulators = start_with(&otto, settings());
    let (reports, mut received) = mpsc::unbounded_channel();
    let tenants = SimulatedTenant::demo(7);
    within(simulators.traffic(tenants.clone()).make(3, 1, &reports)).await;
    within(simulators.traffic(tenants).make(3, 1, &reports)).await;
    drop(reports);
    let mut ids = BTreeSet::new();
    while let Some(call) = received.recv().await {
        ids.insert(call.provider_call_id);
    }
    assert_eq!(ids.len(), 6);
}
