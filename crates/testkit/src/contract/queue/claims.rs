//! Who gets which job, and when.

use std::collections::{BTreeMap, HashSet};

use app::ports::{Claim, JobClaims, Release};
use kernel::{IdSource, JobId};
use queue::{ClaimedJob, JobState, Priority, Queue};
use serde_json::json;

use crate::{
    Database,
    contract::bench::{Bench, ELSEWHERE, LEASE_SECONDS, SWEEP, URGENT, WORK, at, together},
};

fn jobs_of(claimed: &[ClaimedJob]) -> Vec<JobId> {
    let mut jobs: Vec<_> = claimed.iter().map(|job| job.lease.job).collect();
    jobs.sort();
    jobs
}

fn per_tenant(claimed: &[ClaimedJob]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for job in claimed {
        let company = job.company.as_ref().map(ToString::to_string).unwrap_or_default();
        *counts.entry(company).or_default() += 1;
    }
    counts
}

pub async fn a_claim_tells_all_about_its_job(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let job = bench.job(&WORK, None, at(0));
    let mut unit = bench.begin(&scope).await;
    assert!(unit.jobs().enqueue(&job, Some("00-trace"), at(0)).await.unwrap());
    unit.commit().await.unwrap();
    let token = bench.ids.next();
    let claim =
        Claim { queue: Queue::Default, limit: 5, worker: "w1", token, now: at(3), lease_until: at(63) };
    let claimed = db.system.claim(&claim).await.unwrap();
    let [only] = claimed.as_slice() else { panic!("one job is due: {claimed:?}") };
    assert_eq!((only.lease.job, only.lease.token), (job.id, token));
    assert_eq!((only.company.as_ref(), only.kind.as_str()), (Some(&scope.company), WORK.name));
    assert_eq!((only.attempt, only.snoozes, only.trace.as_deref()), (1, 0, Some("00-trace")));
    assert_eq!(only.args, json!({ "v": 1, "n": 7 }));
    let line = bench.line(job.id).await;
    assert_eq!((line.state, line.attempts), (JobState::Running, 1));
    assert_eq!((line.worker.as_deref(), line.lease_until), (Some("w1"), Some(at(63))));
    assert_eq!((line.started_at, line.finished_at), (Some(at(3)), None));
}

pub async fn a_claim_takes_no_more_than_its_limit_and_the_oldest_first(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let mut expected = Vec::new();
    // added youngest first, so that age and order of arrival differ
    for age in 1..=6 {
        expected.push(bench.try_enqueue(&scope, &bench.job(&WORK, None, at(-age))).await.unwrap());
    }
    expected.reverse();
    let mut taken = Vec::new();
    for _ in 0..3 {
        let claimed = bench.claim(Queue::Default, 2, at(0)).await;
        assert_eq!(claimed.len(), 2);
        taken.push(jobs_of(&claimed));
    }
    let expected: Vec<_> = expected
        .chunks(2)
        .map(|pair| {
            let mut pair = pair.to_vec();
            pair.sort();
            pair
        })
        .collect();
    assert_eq!(taken, expected);
    assert!(bench.claim(Queue::Default, 2, at(0)).await.is_empty());
}

pub async fn a_job_is_not_claimed_before_it_is_due(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let job = bench.try_enqueue(&scope, &bench.job(&WORK, None, at(10))).await.unwrap();
    let just_before = at(10) - chrono::Duration::microseconds(1);
    assert!(bench.claim(Queue::Default, 5, just_before).await.is_empty());
    assert_eq!(jobs_of(&bench.claim(Queue::Default, 5, at(10)).await), [job]);
}

pub async fn the_more_urgent_of_a_tenant_goes_first(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let low = bench.try_enqueue(&scope, &bench.job(&SWEEP, None, at(-300))).await.unwrap();
    let normal = bench.try_enqueue(&scope, &bench.job(&WORK, None, at(-200))).await.unwrap();
    let high = bench.try_enqueue(&scope, &bench.job(&URGENT, None, at(-100))).await.unwrap();
    let mut order = Vec::new();
    for _ in 0..3 {
        order.extend(jobs_of(&bench.claim(Queue::Default, 1, at(0)).await));
    }
    assert_eq!(order, [high, normal, low]);
}

pub async fn the_jobs_of_a_claim_come_in_the_order_to_begin_them_in(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let mut places = BTreeMap::new();
    for (kind, age, place) in
        [(&SWEEP, 300, 5), (&WORK, 100, 4), (&URGENT, 50, 2), (&WORK, 200, 3), (&URGENT, 60, 1)]
    {
        let job = bench.try_enqueue(&scope, &bench.job(kind, None, at(-age))).await.unwrap();
        places.insert(job, place);
    }
    let claimed = bench.claim(Queue::Default, 5, at(0)).await;
    let order: Vec<_> = claimed.iter().map(|job| places.get(&job.lease.job).copied()).collect();
    assert_eq!(order, [1, 2, 3, 4, 5].map(Some));
}

pub async fn jobs_of_every_priority_are_claimed(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    // a priority the claim does not know would be left lying for ever
    for priority in Priority::ALL {
        let job = bench.enqueue(&scope, &WORK).await;
        let text = format!("UPDATE jobs SET priority = {} WHERE id = {}", priority.rank(), db.id(job.0));
        db.run(&text).await;
        assert_eq!(jobs_of(&bench.claim(Queue::Default, 5, at(0)).await), [job], "{priority:?}");
    }
}

pub async fn a_busy_tenant_does_not_starve_another(db: &Database) {
    let bench = Bench::new(db);
    let (busy, quiet) = (bench.tenant("org_busy").await, bench.tenant("org_quiet").await);
    bench.enqueue_many(&busy, &WORK, 200).await;
    let single = bench.enqueue(&quiet, &WORK).await;
    let claimed = bench.claim(Queue::Default, 4, at(0)).await;
    assert_eq!(claimed.len(), 4);
    assert!(jobs_of(&claimed).contains(&single), "{claimed:?}");
}

pub async fn a_tenant_behind_a_long_backlog_is_not_starved(db: &Database) {
    let bench = Bench::new(db);
    let (busy, quiet) = (bench.tenant("org_busy").await, bench.tenant("org_quiet").await);
    // more than any claim looks at, and all of it older and more urgent
    bench.enqueue_many(&busy, &URGENT, 700).await;
    let late = bench.job(&SWEEP, None, at(5));
    let late = bench.try_enqueue(&quiet, &late).await.unwrap();
    let claimed = bench.claim(Queue::Default, 4, at(5)).await;
    assert_eq!(
        per_tenant(&claimed),
        BTreeMap::from([("org_busy".to_owned(), 3), ("org_quiet".to_owned(), 1)])
    );
    assert!(jobs_of(&claimed).contains(&late));
}

pub async fn no_tenant_of_very_many_is_starved(db: &Database) {
    let bench = Bench::new(db);
    // behind more jobs of one than any claim looks at wait more tenants than one claim walks over
    let busy = bench.tenant("org_0").await;
    bench.enqueue_many(&busy, &WORK, 1_200).await;
    let many = 300;
    for tenant in 1..=many {
        let scope = bench.tenant(&format!("org_{tenant}")).await;
        bench.try_enqueue(&scope, &bench.job(&WORK, None, at(5))).await.unwrap();
    }
    let mut served = BTreeMap::new();
    for _ in 0..9 {
        for (tenant, jobs) in per_tenant(&bench.claim(Queue::Default, 60, at(5)).await) {
            *served.entry(tenant).or_insert(0) += jobs;
        }
    }
    // nine claims of sixty have room for all of them, whatever the busy one gets
    assert_eq!(served.len(), many + 1, "{served:?}");
}

pub async fn the_urgent_one_of_a_long_backlog_goes_first(db: &Database) {
    let bench = Bench::new(db);
    let (busy, other) = (bench.tenant("org_busy").await, bench.tenant("org_other").await);
    bench.enqueue_many(&busy, &SWEEP, 400).await;
    bench.enqueue_many(&other, &WORK, 400).await;
    let urgent = bench.try_enqueue(&busy, &bench.job(&URGENT, None, at(5))).await.unwrap();
    let claimed = bench.claim(Queue::Default, 2, at(5)).await;
    assert_eq!(per_tenant(&claimed).into_values().collect::<Vec<_>>(), [1, 1]);
    assert!(jobs_of(&claimed).contains(&urgent));
}

pub async fn a_long_backlog_of_one_tenant_fills_its_claims(db: &Database) {
    let bench = Bench::new(db);
    let busy = bench.tenant("org_busy").await;
    bench.enqueue_many(&busy, &WORK, 600).await;
    // others have jobs too, but none that is due
    for tenant in 0..30 {
        let scope = bench.tenant(&format!("org_{tenant}")).await;
        bench.try_enqueue(&scope, &bench.job(&WORK, None, at(900))).await.unwrap();
    }
    for _ in 0..3 {
        assert_eq!(bench.claim(Queue::Default, 50, at(0)).await.len(), 50);
    }
}

pub async fn an_urgent_job_of_a_busy_tenant_waits_its_turn_too(db: &Database) {
    let bench = Bench::new(db);
    let (busy, quiet) = (bench.tenant("org_busy").await, bench.tenant("org_quiet").await);
    bench.enqueue_many(&busy, &URGENT, 50).await;
    let single = bench.enqueue(&quiet, &SWEEP).await;
    assert!(jobs_of(&bench.claim(Queue::Default, 2, at(0)).await).contains(&single));
}

pub async fn what_a_tenant_has_running_counts_against_its_turn(db: &Database) {
    let bench = Bench::new(db);
    let busy = bench.tenant("org_busy").await;
    bench.enqueue_many(&busy, &WORK, 50).await;
    assert_eq!(bench.claim(Queue::Default, 4, at(0)).await.len(), 4);
    let quiet = bench.tenant("org_quiet").await;
    bench.enqueue_many(&quiet, &WORK, 50).await;
    // four of one are running, so the other has four turns before it
    let claimed = bench.claim(Queue::Default, 4, at(0)).await;
    assert_eq!(per_tenant(&claimed), BTreeMap::from([("org_quiet".to_owned(), 4)]));
    let claimed = bench.claim(Queue::Default, 4, at(0)).await;
    let even = BTreeMap::from([("org_busy".to_owned(), 2), ("org_quiet".to_owned(), 2)]);
    assert_eq!(per_tenant(&claimed), even);
}

pub async fn what_a_tenant_has_running_elsewhere_does_not_count(db: &Database) {
    let bench = Bench::new(db);
    let (a, b) = (bench.tenant("org_a").await, bench.tenant("org_b").await);
    bench.enqueue_many(&a, &ELSEWHERE, 5).await;
    assert_eq!(bench.claim(Queue::Asr, 5, at(0)).await.len(), 5);
    bench.enqueue_many(&a, &WORK, 5).await;
    bench.enqueue_many(&b, &WORK, 5).await;
    let claimed = bench.claim(Queue::Default, 4, at(0)).await;
    assert_eq!(per_tenant(&claimed).into_values().collect::<Vec<_>>(), [2, 2]);
}

pub async fn a_claim_of_one_queue_leaves_the_others_alone(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    let here = bench.enqueue(&scope, &WORK).await;
    let there = bench.enqueue(&scope, &ELSEWHERE).await;
    assert!(bench.claim(Queue::Shunya, 5, at(0)).await.is_empty());
    assert_eq!(jobs_of(&bench.claim(Queue::Asr, 5, at(0)).await), [there]);
    assert_eq!(bench.line(here).await.state, JobState::Ready);
}

pub async fn concurrent_claimers_take_every_job_once(db: &Database) {
    let bench = Bench::new(db);
    let mut expected = HashSet::new();
    for tenant in 0..5 {
        let scope = bench.tenant(&format!("org_{tenant}")).await;
        for kind in [&WORK, &URGENT, &SWEEP] {
            expected.extend(bench.enqueue_many(&scope, kind, 20).await);
        }
    }
    assert_eq!(expected.len(), 300);
    let claimer = async || {
        let mut mine = Vec::new();
        let mut empty = 0;
        // what another claimer is just taking is passed over, so that one empty claim proves nothing
        while empty < 5 {
            let some = bench.claim(Queue::Default, 7, at(0)).await;
            assert!(some.len() <= 7);
            empty = if some.is_empty() { empty + 1 } else { 0 };
            mine.extend(some);
        }
        mine
    };
    let taken: Vec<_> = together((0..8).map(|_| claimer())).await.into_iter().flatten().collect();
    assert_eq!(taken.len(), 300, "a job was claimed twice or left lying");
    assert_eq!(taken.iter().map(|job| job.lease.job).collect::<HashSet<_>>(), expected);
    assert!(taken.iter().all(|job| job.attempt == 1));
    // each claim's token is that of its jobs, as stored
    for job in taken.iter().step_by(50) {
        assert!(db.system.release(job.lease, &Release::HandBack, at(1)).await.unwrap());
    }
}

pub async fn a_full_claim_is_shared_out_over_all_tenants(db: &Database) {
    let bench = Bench::new(db);
    for tenant in 0..12 {
        let scope = bench.tenant(&format!("org_{tenant:02}")).await;
        bench.enqueue_many(&scope, &WORK, 10).await;
    }
    let claimed = bench.claim(Queue::Default, 24, at(0)).await;
    assert_eq!(per_tenant(&claimed).into_values().collect::<Vec<_>>(), [2; 12]);
}

pub async fn the_next_due_time_of_a_queue_is_that_of_its_first_ready_job(db: &Database) {
    let bench = Bench::new(db);
    let scope = bench.tenant("org_a").await;
    assert_eq!(db.system.next_due(&Queue::ALL).await.unwrap(), []);
    bench.try_enqueue(&scope, &bench.job(&WORK, None, at(90))).await.unwrap();
    bench.try_enqueue(&scope, &bench.job(&SWEEP, None, at(30))).await.unwrap();
    bench.try_enqueue(&scope, &bench.job(&ELSEWHERE, None, at(7))).await.unwrap();
    let due = db.system.next_due(&[Queue::Default, Queue::Asr, Queue::Shunya]).await.unwrap();
    assert_eq!(due, [(Queue::Default, at(30)), (Queue::Asr, at(7))]);
    assert_eq!(db.system.next_due(&[Queue::Asr]).await.unwrap(), [(Queue::Asr, at(7))]);
    // what is running is not due
    assert_eq!(bench.claim(Queue::Asr, 1, at(7)).await.len(), 1);
    assert_eq!(db.system.next_due(&[Queue::Asr]).await.unwrap(), []);
    assert!(at(7 + LEASE_SECONDS) > at(30));
}
