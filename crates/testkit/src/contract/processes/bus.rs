//! [`EventBus`](app::ports::EventBus).

#![expect(missing_docs, reason = "the name of a case says what it is about")]

use app::ports::{Event, NoEvents};
use kernel::{CallId, EventId, LeadId, UserId};
use serde_json::json;

use super::super::bench::{at, company};
use crate::{TestIds, Two};

fn event(ids: &TestIds, number: usize) -> Event {
    Event {
        id: EventId::fresh(ids),
        event: "call.completed".into(),
        key: format!("call.completed:{number}"),
        lead: Some(LeadId::fresh(ids)),
        user: Some(UserId::try_new("user_1").unwrap()),
        call: Some(CallId(i64::try_from(number).unwrap())),
        data: json!({ "z": 1.5, "a": [null, "ü"] }),
        at: at(1),
    }
}

pub async fn an_event_is_heard_as_it_was_told(two: &Two) {
    let (ids, a) = (TestIds::default(), company("org_a"));
    let mut stream = two.there.events.subscribe(&a).await;
    let told = event(&ids, 1);
    let bare = Event { lead: None, user: None, call: None, ..event(&ids, 2) };
    two.here.events.publish(&a, &[told.clone(), bare.clone()]);
    assert_eq!(stream.next().await.unwrap(), told);
    assert_eq!(stream.next().await.unwrap(), bare);
}

pub async fn an_event_is_heard_once_in_ones_own_process(two: &Two) {
    let (ids, a) = (TestIds::default(), company("org_a"));
    let mut near = two.here.events.subscribe(&a).await;
    let mut far = two.there.events.subscribe(&a).await;
    let (first, second) = (event(&ids, 1), event(&ids, 2));
    two.here.events.publish(&a, std::slice::from_ref(&first));
    assert_eq!(far.next().await.unwrap(), first, "it has been everywhere");
    two.here.events.publish(&a, std::slice::from_ref(&second));
    assert_eq!(near.next().await.unwrap(), first);
    assert_eq!(near.next().await.unwrap(), second);
}

pub async fn a_tenant_hears_its_own_events_alone(two: &Two) {
    let (ids, a, b) = (TestIds::default(), company("org_a"), company("org_b"));
    let mut stream = two.there.events.subscribe(&a).await;
    let _other = two.there.events.subscribe(&b).await;
    two.here.events.publish(&b, &[event(&ids, 1)]);
    let ours = event(&ids, 2);
    two.here.events.publish(&a, std::slice::from_ref(&ours));
    assert_eq!(stream.next().await.unwrap(), ours);
}

pub async fn events_are_heard_in_order(two: &Two) {
    let (ids, a) = (TestIds::default(), company("org_a"));
    let mut stream = two.there.events.subscribe(&a).await;
    let told: Vec<_> = (0..100).map(|number| event(&ids, number)).collect();
    for some in told.chunks(7) {
        two.here.events.publish(&a, some);
    }
    for event in told {
        assert_eq!(stream.next().await.unwrap(), event);
    }
}

pub async fn a_slow_listener_is_told_that_it_missed_some(two: &Two) {
    let (ids, a) = (TestIds::default(), company("org_a"));
    let mut slow = two.there.events.subscribe(&a).await;
    let mut quick = two.there.events.subscribe(&a).await;
    let last = event(&ids, 3000);
    for number in 0..3000 {
        two.here.events.publish(&a, &[event(&ids, number)]);
        // one who listens all the time; it may be too slow as well
        let _ = quick.next().await;
    }
    two.here.events.publish(&a, std::slice::from_ref(&last));
    let (mut heard, mut missed) = (0_u64, 0);
    loop {
        match slow.next().await {
            Ok(event) if event == last => break,
            Ok(_) => heard += 1,
            Err(NoEvents::Missed(count)) => missed += count,
            Err(NoEvents::Closed) => panic!("the bus is there"),
        }
    }
    assert!(missed > 0, "3000 events were kept for somebody who did not listen");
    assert_eq!(heard + missed, 3000);
}
