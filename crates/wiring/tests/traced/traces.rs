//! What a trace holds.

use std::{collections::BTreeSet, sync::Arc};

use reqwest::Client;
use serde_json::{Value, json};
use simulators::{SimulatedTenant, SimulatorSettings, StandIn, callrail_signature};
use testkit::Database;
use wiring::Parts;

use crate::{
    collector::{Collector, Mood, Span},
    house::House,
};

const CONVERSATION: &str = "roofing-storm-leak-booked";

async fn house(database: Database) -> House {
    let stand_ins = SimulatorSettings { time_scale: 0.01, ..SimulatorSettings::default() };
    let tenant = SimulatedTenant::demo(1).remove(0);
    House::furnished(database, stand_ins, Parts::all(), tenant, &[], Arc::new(String::new)).await
}

/// The trace a row says it belongs to.
async fn trace_of(database: &Database, query: &str) -> String {
    let stored = database.texts(query).await;
    let [traceparent] = stored.as_slice() else { panic!("{query}: {stored:?}") };
    let parts: Vec<_> = traceparent.split('-').collect();
    assert_eq!((parts.len(), parts[0], parts[3]), (4, "00", "01"), "{traceparent}");
    parts[1].to_owned()
}

fn named<'a>(spans: &'a [Span], name: &str) -> Option<&'a Span> {
    spans.iter().find(|span| span.name == name)
}

/// From CallRail's webhook to what Shunya's answer became: one trace over all jobs and both providers.
pub async fn one_trace_holds_a_call_from_its_webhook_to_its_result(collector: &Collector) {
    for database in [testkit::sqlite().await, testkit::postgres().await] {
        let house = house(database).await;
        house.call(CONVERSATION, 1).await;
        house.analysed(1).await;
        let trace = trace_of(&house.database, "SELECT trace FROM jobs WHERE kind = 'recording.fetch'").await;
        let wished = [
            "app.accept_call_webhook",
            "app.apply_call_event",
            "job.recording.fetch",
            "app.fetch_recording",
            "provider.callrail.open_recording",
            "job.shunya.submit",
            "app.submit_to_shunya",
            "provider.shunya.submit",
            "app.store_result",
        ];
        let spans = collector
            .trace(&trace, |spans| {
                let ids: BTreeSet<_> = spans.iter().map(|span| span.id.as_str()).collect();
                let whole =
                    spans.iter().all(|span| span.parent.is_empty() || ids.contains(span.parent.as_str()));
                whole && wished.iter().all(|name| named(spans, name).is_some())
            })
            .await;
        let roots: Vec<_> = spans.iter().filter(|span| span.parent.is_empty()).collect();
        assert_eq!(roots.len(), 1, "{roots:?}");
        assert!(roots[0].name.starts_with("http.wh_callrail_"), "{roots:?}");
        assert_eq!(roots[0].attributes["http.response.status_code"], "200");
        assert!(roots[0].attributes["request.id"].starts_with("req_"));
        assert!(spans.iter().all(|span| span.service == "otto-test"));

        // what was sent out named the span it was sent in
        for (stand_in, operation) in [
            (StandIn::Callrail, "provider.callrail.open_recording"),
            (StandIn::Shunya, "provider.shunya.submit"),
        ] {
            let span = named(&spans, operation).unwrap();
            let sent = format!("00-{trace}-{}-01", span.id);
            let requests = house.simulators.requests(stand_in, 0);
            assert!(
                requests.iter().any(|request| request.traceparent.as_ref() == Some(&sent)),
                "{operation}"
            );
        }

        // what happened is stored with the trace it happened in
        let stored =
            trace_of(&house.database, "SELECT trace FROM events WHERE event = 'call.analysis.completed'")
                .await;
        assert_eq!(stored, trace);
        assert_eq!(trace_of(&house.database, "SELECT trace FROM shunya_jobs").await, trace);
        answers_are_linked(collector, &house, &trace).await;
        house.close().await;
    }
    let head = collector.heads().remove(0);
    assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
    assert!(head.to_ascii_lowercase().contains("content-type: application/x-protobuf"), "{head}");
    assert!(head.contains("x-team: otto"), "{head}");
}

/// Shunya's own webhooks come without a trace: each has one of its own, which the request's trace and it know of.
async fn answers_are_linked(collector: &Collector, house: &House, trace: &str) {
    let applied = "SELECT count(*) FROM jobs WHERE kind = 'shunya.apply_event' AND state <> 'done'";
    house.until(applied, 0).await;
    let query =
        "SELECT trace FROM webhook_inbox WHERE provider = 'shunya' AND state = 'applied' AND reason IS NULL";
    let webhooks = house.database.texts(query).await;
    assert!(!webhooks.is_empty(), "Shunya sent no webhook that was applied");
    for webhook in webhooks {
        let (theirs, their_span) = (webhook[3..35].to_owned(), webhook[36..52].to_owned());
        assert_ne!(theirs, trace);
        let to_ours = |span: &Span| span.links.iter().any(|(linked, _)| linked == trace);
        collector
            .trace(&theirs, |spans| {
                spans.iter().any(|span| span.name == "http.wh_shunya") && spans.iter().any(to_ours)
            })
            .await;
        let to_theirs =
            |span: &Span| span.links.iter().any(|link| *link == (theirs.clone(), their_span.clone()));
        let spans =
            collector.trace(trace, |spans| spans.iter().filter(|span| to_theirs(span)).count() >= 2).await;
        let linked: BTreeSet<_> =
            spans.iter().filter(|span| to_theirs(span)).map(|span| span.name.as_str()).collect();
        assert_eq!(linked, BTreeSet::from(["app.apply_engine_event", "app.take_engine_event"]));
    }
}

/// A webhook of Shunya's that overtakes the confirmation of its request waits, and is applied in the request's trace.
pub async fn an_answer_that_comes_before_its_question_is_confirmed_is_in_the_trace(collector: &Collector) {
    let house = house(testkit::sqlite().await).await;
    house.call(CONVERSATION, 2).await;
    house.analysed(1).await;
    let trace = trace_of(&house.database, "SELECT trace FROM shunya_jobs").await;
    let call = house.database.number("SELECT id FROM calls").await;
    // the request is open again and nobody has told us the vendor's id: as at the moment before the confirmation
    house.database.run("UPDATE shunya_jobs SET state = 'pending', vendor_task_id = NULL").await;
    let before = house.database.number("SELECT count(*) FROM jobs WHERE kind = 'shunya.apply_event'").await;
    let event = json!({
        "event_type": "call.analysis.failed", "task_id": "unheard-of", "shunya_job_id": "unheard-of",
        "call_id": call, "company_id": house.tenant.company_id, "status": "failed",
    });
    assert_eq!(house.shunya(&event).await, 200);
    let count = "SELECT count(*) FROM jobs WHERE kind = 'shunya.apply_event'";
    house.until(count, before + 1).await;
    let jobs =
        format!("SELECT count(*) FROM jobs WHERE kind = 'shunya.apply_event' AND trace LIKE '00-{trace}-%'");
    assert_eq!(house.database.number(&jobs).await, house.database.number(count).await);
    collector
        .trace(&trace, |spans| spans.iter().filter(|span| span.name == "job.shunya.apply_event").count() > 0)
        .await;
    house.close().await;
}

fn incoming(house: &House, id: &str) -> String {
    let body: Value = json!({
        "resource_id": id, "company_resource_id": house.tenant.callrail_company_resource_id,
        "tracking_phone_number": house.tenant.tracking_numbers[0], "customer_phone_number": "+12105550177",
        "start_time": "2026-11-22T18:00:00Z", "direction": "inbound",
    });
    body.to_string()
}

/// Whoever calls may say which trace it is in, and no more than that.
pub async fn a_caller_names_a_trace_and_nothing_else(collector: &Collector) {
    let house = house(testkit::sqlite().await).await;
    let http = Client::builder().no_proxy().build().unwrap();
    let send = async |id: &str, headers: &[(&str, &str)]| {
        let body = incoming(&house, id);
        let signature = callrail_signature(house.tenant.signing_key.expose(), body.as_bytes());
        let mut request = http
            .post(house.at("/callrail/call.incoming"))
            .header("Content-Type", "application/json")
            .header("Signature", signature);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        assert_eq!(request.body(body).send().await.unwrap().status(), 200);
        let query = "SELECT trace FROM webhook_inbox ORDER BY received_at DESC, id DESC LIMIT 1";
        house.database.texts(query).await.remove(0)
    };
    let given = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{given}-00f067aa0ba902b7-00");
    let stored =
        send("CAL-1", &[("traceparent", &parent), ("tracestate", "vendor=evil"), ("baggage", "user=evil")])
            .await;
    assert!(stored.starts_with(&format!("00-{given}-")), "{stored}");
    assert!(stored.ends_with("-01"), "whether it is recorded is ours to say: {stored}");
    let spans = collector.trace(given, |spans| spans.iter().any(|span| span.name.starts_with("http."))).await;
    let http_span = spans.iter().find(|span| span.name.starts_with("http.")).unwrap();
    assert_eq!(http_span.parent, "00f067aa0ba902b7");
    assert!(!format!("{spans:?}").contains("evil"), "{spans:?}");

    for (at, wrong) in [
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
        "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "'; DROP TABLE calls; --",
    ]
    .into_iter()
    .enumerate()
    {
        let stored = send(&format!("CAL-wrong-{at}"), &[("traceparent", wrong)]).await;
        assert!(stored.len() == 55 && !stored.contains(given), "{wrong}: {stored}");
    }
    house.close().await;
}

/// Calls go through while the collector refuses or hangs; spans of that time are lost, later ones arrive.
pub async fn a_collector_that_is_away_costs_spans_and_nothing_else(collector: &Collector) {
    for mood in [Mood::Refusing, Mood::Hanging] {
        let house = house(testkit::sqlite().await).await;
        let before = collector.turned_away();
        collector.set(mood);
        house.call(CONVERSATION, 3).await;
        house.analysed(1).await;
        let deadline = tokio::time::Instant::now() + std::time::Duration::from_mins(1);
        while collector.turned_away() == before {
            assert!(tokio::time::Instant::now() < deadline, "nothing was sent");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        collector.set(Mood::Taking);
        house.call(CONVERSATION, 4).await;
        house.analysed(2).await;
        let query = "SELECT trace FROM jobs WHERE kind = 'recording.fetch' ORDER BY created_at DESC LIMIT 1";
        let trace = trace_of(&house.database, query).await;
        collector.trace(&trace, |spans| named(spans, "app.store_result").is_some()).await;
        house.close().await;
    }
}
