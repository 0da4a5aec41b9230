//! One customer, many calls at once.

use app::{
    jobs::{JobRun, PollShunya, TenantJob, run_tenant_job},
    ports::{Claim, JobClaims},
};
use calls::CallEventKind;
use futures_util::future::join_all;
use kernel::{CallId, Scope, ShunyaJobId};
use queue::Queue;
use serde_json::json;
use shunya_jobs::{JobState, ShunyaJob};
use testkit::World;

use crate::setup::{apply, event, in_time, on_both, phone, stored, tenant};

on_both!(
    concurrent_first_events_of_one_call_make_one_of_everything,
    concurrent_calls_of_one_customer_make_one_card_and_one_lead,
    a_call_heard_of_under_both_its_names_is_one_call,
    of_two_names_of_a_call_the_one_being_analysed_goes_on,
    results_and_calls_of_one_customer_do_not_stand_in_each_others_way,
);

async fn concurrent_first_events_of_one_call_make_one_of_everything(world: &World) {
    let scope = tenant(world, "org_a").await;
    let kinds = [
        CallEventKind::Incoming,
        CallEventKind::Answered,
        CallEventKind::Listed,
        CallEventKind::Completed,
        CallEventKind::Modified,
    ];
    let events = kinds.map(|kind| {
        let mut event = event("CAL1", Some("1001"), Some(phone(1)));
        event.kind = kind;
        event
    });
    let calls = join_all(events.iter().map(|event| apply(world, &scope, event))).await;
    let calls: Vec<CallId> = calls.into_iter().map(Result::unwrap).collect();
    assert!(calls.iter().all(|call| Some(call) == calls.first()), "{calls:?}");
    let (found, _) = stored(world, &scope, *calls.first().unwrap()).await;
    assert_eq!(found.facts.seen, kinds, "none of them is lost");
    for table in ["calls", "contact_cards", "leads", "lead_status_history"] {
        assert_eq!(world.db.rows(table).await, 1, "{table}");
    }
    let told = world.bus.published();
    assert_eq!(told.iter().filter(|event| **event == "lead.created").count(), 1, "{told:?}");
    assert_eq!(told.iter().filter(|event| **event == "call.completed").count(), 1, "{told:?}");
}

async fn concurrent_calls_of_one_customer_make_one_card_and_one_lead(world: &World) {
    let scope = tenant(world, "org_a").await;
    let events: Vec<_> = (0..8).map(|number| event(&format!("CAL{number}"), None, Some(phone(1)))).collect();
    for applied in join_all(events.iter().map(|event| apply(world, &scope, event))).await {
        applied.unwrap();
    }
    assert_eq!(world.db.rows("calls").await, 8);
    assert_eq!(world.db.rows("contact_cards").await, 1);
    assert_eq!(world.db.rows("leads").await, 1);
    let told = world.bus.published();
    assert_eq!(told.iter().filter(|event| **event == "lead.created").count(), 1, "{told:?}");
}

async fn a_call_heard_of_under_both_its_names_is_one_call(world: &World) {
    let scope = tenant(world, "org_a").await;
    // an old payload knows the number alone, the provider's list the new name alone
    let old = apply(world, &scope, &event("1001", Some("1001"), Some(phone(1)))).await.unwrap();
    let new = apply(world, &scope, &event("CAL1", None, Some(phone(1)))).await.unwrap();
    assert_ne!(old, new);
    let mut both = event("CAL1", Some("1001"), Some(phone(1)));
    both.kind = CallEventKind::Modified;
    let applied = apply(world, &scope, &both).await.unwrap();
    assert_eq!((world.db.rows("calls").await, world.db.rows("leads").await), (1, 1));
    let (found, _) = stored(world, &scope, applied).await;
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    assert_eq!(found.facts.seen, [CallEventKind::Completed, CallEventKind::Modified]);
    for name in ["1001", "CAL1"] {
        assert_eq!(apply(world, &scope, &event(name, None, Some(phone(1)))).await.unwrap(), applied);
    }
    // a call known by its old name alone learns the new one
    let third = apply(world, &scope, &event("3003", Some("3003"), Some(phone(1)))).await.unwrap();
    assert_eq!(apply(world, &scope, &event("CAL3", Some("3003"), Some(phone(1)))).await.unwrap(), third);
    assert_eq!(apply(world, &scope, &event("CAL3", None, Some(phone(1)))).await.unwrap(), third);
}

async fn of_two_names_of_a_call_the_one_being_analysed_goes_on(world: &World) {
    let scope = tenant(world, "org_a").await;
    let old = apply(world, &scope, &event("1001", Some("1001"), Some(phone(1)))).await.unwrap();
    submitted(world, &scope, old).await;
    let new = apply(world, &scope, &event("CAL1", None, Some(phone(1)))).await.unwrap();
    let both = event("CAL1", Some("1001"), Some(phone(1)));
    assert_eq!(apply(world, &scope, &both).await.unwrap(), old);
    assert_eq!(world.db.rows("calls").await, 1);
    // where both are, neither analysis may be lost: each stays, and people can see why
    let third = apply(world, &scope, &event("3003", Some("3003"), Some(phone(1)))).await.unwrap();
    let fourth = apply(world, &scope, &event("CAL3", None, Some(phone(1)))).await.unwrap();
    for call in [third, fourth] {
        submitted(world, &scope, call).await;
    }
    let both = event("CAL3", Some("3003"), Some(phone(1)));
    assert_eq!(
        apply(world, &scope, &both).await.expect("a provider that is refused never asks again"),
        fourth
    );
    let (found, _) = stored(world, &scope, fourth).await;
    assert!(found.problems.iter().any(|problem| problem.code == "names_two_calls"), "{:?}", found.problems);
    assert_ne!(new, old);
}

/// A request of a call that the vendor has taken.
async fn submitted(world: &World, scope: &Scope, call: CallId) -> ShunyaJobId {
    let now = world.clock_now();
    let job = ShunyaJob {
        id: ShunyaJobId::fresh(world.ports.ids.as_ref()),
        company: scope.company.clone(),
        call,
        state: JobState::Pending,
        vendor_task_id: None,
        submissions: 0,
        submitted_at: None,
        created_at: now,
    };
    let mut work = world.ports.begin(scope).await.unwrap();
    assert!(work.analyses().insert_job(&job, "sha", now).await.unwrap());
    work.analyses().mark_submitted(job.id, Some(&format!("task-{call}")), now).await.unwrap();
    work.enqueue(&PollShunya { shunya_job: job.id }, now).await.unwrap();
    work.commit().await.unwrap();
    job.id
}

/// Runs every poll there is, all at once.
async fn poll_all(world: &World, scope: &Scope, limit: i64) {
    let now = world.clock_now();
    let token = world.ports.ids.next();
    let lease_until = now + chrono::Duration::hours(1);
    let claim = Claim { queue: Queue::Shunya, limit, worker: "w", token, now, lease_until };
    let claimed = world.db.system.claim(&claim).await.unwrap();
    let polls = claimed.into_iter().map(async |job| {
        let run = JobRun {
            ports: &world.ports,
            scope: scope.clone(),
            lease: job.lease,
            attempt: job.attempt,
            snoozes: job.snoozes,
            trace: None,
        };
        let job = TenantJob::read(&job.kind, &job.args).unwrap();
        run_tenant_job(&job, &run).await
    });
    for done in join_all(polls).await {
        done.expect("no result is stopped by a call");
    }
}

async fn results_and_calls_of_one_customer_do_not_stand_in_each_others_way(world: &World) {
    let scope = tenant(world, "org_a").await;
    *world.engine.result.lock().unwrap() = json!({
        "summary": { "summary": "They booked.", "key_points": [] },
        "qualification": { "qualification_status": "hot", "booking_status": "not_booked" },
        "entities": { "name": "Maria Cruz", "email": "maria@example.com" },
        "pending_actions": [{ "action": "Send the quote" }, { "action": "Call back" }],
    });
    for round in 0..12 {
        let call = |number: i64| {
            let mut event = event(&format!("CAL{round}-{number}"), None, Some(phone(1)));
            // each is newer than the last, so that each is written down on the lead
            let seconds = 10 * round + number;
            event.facts.started_at = Some(world.clock_now() - chrono::Duration::seconds(1_000 - seconds));
            event
        };
        let mut requests = Vec::new();
        for number in 0..4 {
            let known = apply(world, &scope, &call(number)).await.unwrap();
            requests.push(submitted(world, &scope, known).await);
        }
        let events: Vec<_> = (4..8).map(call).collect();
        let calling = join_all(events.iter().map(|event| apply(world, &scope, event)));
        let (applied, ()) = futures_util::future::join(calling, poll_all(world, &scope, 4)).await;
        for applied in applied {
            applied.expect("no call is stopped by a result");
        }
        let mut work = world.ports.begin(&scope).await.unwrap();
        for request in requests {
            let job = work.analyses().find_job(request).await.unwrap().unwrap();
            assert_eq!(job.state, JobState::Succeeded);
        }
        work.rollback().await.unwrap();
    }
    assert_eq!(world.db.rows("leads").await, 1);
    assert_eq!(world.db.rows("call_analyses").await, 48);
}

/// Two events of one call at the same moment, of which the first does not know who called: only a database that lets
/// both go on side by side can lose the lead the second one made.
#[tokio::test(flavor = "multi_thread")]
async fn a_lead_made_by_an_event_that_came_second_is_told() {
    in_time(async {
        let world = World::new(testkit::postgres().await);
        let scope = tenant(&world, "org_a").await;
        let now = world.clock_now();
        let mut first = world.ports.begin(&scope).await.unwrap();
        let unknown = event("CAL1", None, None);
        app::ingest::apply_call_event(&mut first, kernel::Provider::Callrail, &unknown, now).await.unwrap();
        // whatever is asked makes what is due be written first
        first.calls().named(kernel::Provider::Callrail, &["CAL1"]).await.unwrap();
        let mut named = event("CAL1", None, Some(phone(1)));
        named.kind = CallEventKind::Modified;
        let second = apply(&world, &scope, &named);
        let first = async {
            while world.db.number("SELECT count(*) FROM pg_locks WHERE NOT granted").await == 0 {
                tokio::task::yield_now().await;
            }
            first.commit().await.unwrap();
        };
        let (call, ()) = futures_util::future::join(second, first).await;
        let (found, _) = stored(&world, &scope, call.unwrap()).await;
        assert!(found.contact.is_some() && found.lead.is_some());
        assert_eq!(world.db.rows("calls").await, 1);
        assert!(world.bus.published().contains(&"lead.created".to_owned()), "{:?}", world.bus.published());
    })
    .await;
}
