//! What operators watch.

use app::reads::{PipelineCounts, PipelineReads, PipelineSnapshot, Reads};
use calls::CallStage;
use crm::SignalSeverity;
use idempotency::InboxState;
use queue::{JobState, Queue};
use shunya_jobs::{BookingStatus, LeadQuality};

use super::seed::{NewCall, Seed, verdict};
use crate::{
    Database,
    contract::bench::{ELSEWHERE, WORK, at},
};

async fn snapshot(seed: &Seed<'_>) -> PipelineSnapshot {
    seed.bench.db.store.pipeline(&seed.manager()).await.unwrap()
}

pub async fn the_database_answers(db: &Database) {
    Reads::ping(&db.store).await.unwrap();
}

pub async fn an_empty_pipeline_names_every_stage(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let found = snapshot(&seed).await;
    let stages: Vec<_> = found.stages.iter().map(|stage| (stage.stage.as_str(), stage.count)).collect();
    let expected: Vec<_> = CallStage::ALL.into_iter().map(|stage| (stage.as_str(), 0)).collect();
    assert_eq!(stages, expected);
    assert!(found.inbox.is_empty() && found.queues.is_empty());
    assert_eq!(found.counts, PipelineCounts::default());
}

pub async fn a_pipeline_counts_calls_and_what_became_of_them(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let (contact, lead) = seed.lead(1, at(0)).await;
    seed.contact(2).await;
    seed.call(NewCall { stage: CallStage::Ringing, ..NewCall::default() }).await;
    seed.call(NewCall { stage: CallStage::Ringing, ..NewCall::default() }).await;
    seed.judged(NewCall::default(), &verdict(Some(LeadQuality::Hot), Some(BookingStatus::Booked), &[])).await;
    seed.judged(NewCall::default(), &verdict(None, None, &[])).await;
    seed.appointment(contact, lead, at(10)).await;
    seed.task(Some(contact), None, None).await;
    seed.task(Some(contact), None, None).await;
    seed.signal(contact, SignalSeverity::Low, at(0)).await;
    let found = snapshot(&seed).await;
    let taken: Vec<_> = found.stages.iter().filter(|stage| stage.count > 0).collect();
    let taken: Vec<_> = taken.iter().map(|stage| (stage.stage.as_str(), stage.count)).collect();
    assert_eq!(taken, [("ringing", 2), ("analysed", 2)]);
    let expected = PipelineCounts {
        calls: 4,
        analysed: 2,
        booked: 1,
        contacts: 2,
        leads: 1,
        appointments: 1,
        tasks: 2,
        signals: 1,
        retries: 0,
        dead_jobs: 0,
    };
    assert_eq!(found.counts, expected);
}

pub async fn a_pipeline_counts_the_tenants_webhooks_by_state(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let other = Seed::tenant(db, "org_b").await;
    for (key, state) in [("a", InboxState::Applied), ("b", InboxState::Applied), ("c", InboxState::Waiting)] {
        seed.bench.received(&seed.scope, &seed.bench.webhook(key, state)).await;
    }
    for key in ["a", "a", "b"] {
        seed.bench.received(&seed.scope, &seed.bench.webhook(key, InboxState::Applied)).await;
    }
    other.bench.received(&other.scope, &other.bench.webhook("other", InboxState::Applied)).await;
    let found: Vec<_> = snapshot(&seed)
        .await
        .inbox
        .into_iter()
        .map(|line| (line.provider, line.state, line.count, line.duplicates))
        .collect();
    let callrail = || "callrail".to_owned();
    assert_eq!(found, [(callrail(), "applied".to_owned(), 2, 3), (callrail(), "waiting".to_owned(), 1, 0)]);
}

pub async fn a_pipeline_counts_the_tenants_jobs_by_queue_and_state(db: &Database) {
    let seed = Seed::tenant(db, "org_a").await;
    let other = Seed::tenant(db, "org_b").await;
    let bench = &seed.bench;
    let mut ready = Vec::new();
    for seconds in [30, 20] {
        let job = bench.job(&WORK, None, at(seconds));
        ready.push(bench.try_enqueue(&seed.scope, &job).await.unwrap());
    }
    let elsewhere = bench.enqueue(&seed.scope, &ELSEWHERE).await;
    assert_eq!(bench.claim(Queue::Asr, 1, at(5)).await[0].lease.job, elsewhere);
    for (state, attempts) in [("dead", 3), ("done", 2), ("cancelled", 0), ("done", 1)] {
        let job = bench.enqueue(&seed.scope, &WORK).await;
        let values = format!("state = '{state}', attempts = {attempts}");
        seed.sql(&format!("UPDATE jobs SET {values} WHERE id = {}", seed.id(job.0))).await;
    }
    other.bench.enqueue(&other.scope, &WORK).await;
    let found = snapshot(&seed).await;
    let depths: Vec<_> = found
        .queues
        .iter()
        .map(|depth| (depth.queue.as_str(), depth.state, depth.count, depth.oldest))
        .collect();
    let expected = [
        ("asr", JobState::Running, 1, Some(at(5))),
        ("default", JobState::Dead, 1, Some(at(0))),
        ("default", JobState::Ready, 2, Some(at(20))),
    ];
    assert_eq!(depths, expected);
    // the third attempt of one and the second of another were repetitions
    assert_eq!((found.counts.retries, found.counts.dead_jobs), (3, 1));
}
