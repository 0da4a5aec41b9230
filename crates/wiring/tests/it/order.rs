//! A call is what its events say, in whatever order they come and however often.

use serde_json::{Value, json};
use simulators::{SimulatedTenant, SimulatorSettings};
use testkit::Database;
use wiring::Parts;

use crate::house::House;

/// Every order of some things.
fn orders<T: Copy>(of: &[T]) -> Vec<Vec<T>> {
    let Some((first, rest)) = of.split_first() else { return vec![Vec::new()] };
    let mut all = Vec::new();
    for order in orders(rest) {
        for place in 0..=order.len() {
            let mut order = order.clone();
            order.insert(place, *first);
            all.push(order);
        }
    }
    all
}

/// What CallRail says of a call when this happens.
fn body(tenant: &SimulatedTenant, call: usize, kind: &str, answered: bool) -> Vec<u8> {
    let mut body = json!({
        "resource_id": format!("CAL{call:032x}"), "id": 700_000 + call, "direction": "inbound",
        "company_resource_id": tenant.callrail_company_resource_id, "company_id": tenant.callrail_company_id,
        "customer_phone_number": format!("+1{}55501{:02}", 210 + call / 100, call % 100),
        "tracking_phone_number": tenant.tracking_numbers[0], "customer_name": "Pat Doe", "customer_city": "Tempe",
        "start_time": "2026-11-22T10:00:00.000-07:00", "voicemail": false,
    });
    let mut add = |name: &str, value: Value| body[name] = value;
    match kind {
        // placeholders
        "call.incoming" => {
            add("answered", json!(false));
            add("call_type", json!("missed"));
            add("duration", json!("0"));
        }
        "call.answered" => {
            add("csr_id", json!("front desk"));
            add("answered", json!(true));
            add("call_type", json!("answered"));
            add("duration", json!("0"));
        }
        _ => {
            add("answered", json!(answered));
            add("call_type", json!(if answered { "answered" } else { "missed" }));
            add("duration", json!("61"));
            add("source_name", json!("Google Ads"));
            // the exchange knows another name than the ring did
            add("customer_name", json!("Patricia Doe"));
            add("utm_campaign", json!("Spring"));
        }
    }
    if kind == "call.modified" {
        add("tags", json!(["follow up"]));
        add("note", json!("Checked"));
        if answered {
            add("recording", json!("https://app.callrail.com/calls/1/recording/redirect?access_key=a"));
            add("recording_duration", json!(60));
        }
    }
    body.to_string().into_bytes()
}

/// Facts without what they are ranked by, which differs as the bytes of two calls' events do.
fn values_of(mut facts: Value) -> Value {
    for fact in facts.as_object_mut().into_iter().flat_map(|facts| facts.values_mut()) {
        if let Some(fact) = fact.as_object_mut() {
            fact.remove("rank");
        }
    }
    facts
}

/// Sends the events of one call after another, each call's in another order, and compares what is stored.
async fn compare(database: Database, kinds: &[&str], answered: bool) {
    let parts = Parts { server: true, ..Parts::default() };
    let tenant = SimulatedTenant::demo(1).remove(0);
    let house = House::with(database, SimulatorSettings::default(), parts, tenant).await;
    let orders = orders(kinds);
    for (call, order) in orders.iter().enumerate() {
        for (place, kind) in order.iter().enumerate() {
            let bytes = body(&house.tenant, call, kind, answered);
            assert_eq!(house.callrail(kind, &bytes).await, 200);
            // an earlier one once more, each call another one
            let again = order[(call + place) % (place + 1)];
            let bytes = body(&house.tenant, call, again, answered);
            assert_eq!(house.callrail(again, &bytes).await, 200);
        }
    }
    let calls = i64::try_from(orders.len()).expect("a few orders");
    assert_eq!(house.database.rows("calls").await, calls);
    assert_eq!(house.database.rows("leads").await, calls);
    assert_eq!(house.database.rows("contact_cards").await, calls);
    let mut stored = Vec::new();
    for (table, columns) in [
        (
            "calls",
            "status stage missed direction call_type tracking_number customer_name customer_city customer_state \
             campaign owner_id assigned_rep_id duration_seconds problems created_at lead_quality booking_status",
        ),
        (
            "contact_cards",
            "first_name last_name email address city state postal_code version learned metadata",
        ),
        ("leads", "status source campaign last_contacted_at version learned score priority deal_status"),
        ("recordings", "provider state duration_seconds blob_key content_type size_bytes error"),
    ] {
        for column in columns.split_whitespace() {
            let cells = format!("SELECT DISTINCT coalesce(CAST({column} AS TEXT), 'nothing') FROM {table}");
            let cells = house.database.texts(&cells).await;
            assert!(cells.len() < 2, "{table}.{column}: {cells:?}");
            stored.extend(cells);
        }
    }
    // what was told of each call, one line a call
    let told = if house.database.is_postgres() {
        "string_agg(event, ' ' ORDER BY event)"
    } else {
        "group_concat(event, ' ')"
    };
    let told = format!(
        "SELECT DISTINCT told FROM (SELECT {told} AS told FROM (SELECT event, call_id FROM events ORDER BY event) e \
         GROUP BY call_id) t"
    );
    let told = house.database.texts(&told).await;
    assert_eq!(told.len(), 1, "{told:?}");
    let unkeyed = "SELECT count(*) FROM events WHERE event NOT LIKE 'lead.%' \
                   AND event_key <> event || ':call:' || CAST(call_id AS TEXT)";
    assert_eq!(house.database.number(unkeyed).await, 0);
    let leadless = "SELECT count(*) FROM events WHERE lead_id IS NULL";
    assert_eq!(house.database.number(leadless).await, 0);
    let recordings = house.database.rows("recordings").await;
    assert_eq!(recordings, if answered { calls } else { 0 });
    assert_eq!(stored[0], if answered { "completed" } else { "missed" });
    // what it is built from, but for the ids in it
    let facts = house.database.texts("SELECT CAST(facts AS TEXT) FROM calls ORDER BY id").await;
    let known: Vec<Value> = facts
        .iter()
        .enumerate()
        .map(|(call, text)| {
            let text = text
                .replace(&format!("{call:032x}"), "ID")
                .replace(&(700_000 + call).to_string(), "LEGACY")
                .replace(&format!("+1{}55501{:02}", 210 + call / 100, call % 100), "PHONE");
            values_of(serde_json::from_str(&text).expect("JSON"))
        })
        .collect();
    for (order, facts) in orders.iter().zip(&known) {
        assert_eq!(facts, &known[0], "{order:?} and {:?}", orders[0]);
    }
    let fetches = house.database.number("SELECT count(*) FROM jobs WHERE kind = 'recording.fetch'").await;
    assert_eq!(fetches, if answered { calls } else { 0 });
    house.close().await;
}

const ANSWERED: [&str; 4] = ["call.incoming", "call.answered", "call.completed", "call.modified"];
const MISSED: [&str; 4] = ["call.incoming", "call.missed", "call.completed", "call.modified"];
/// As a broken exchange might tell it: taken after all.
const ALL: [&str; 5] = ["call.incoming", "call.answered", "call.missed", "call.completed", "call.modified"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answered_call_in_every_order_on_sqlite() {
    compare(testkit::sqlite().await, &ANSWERED, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answered_call_in_every_order_on_postgres() {
    compare(testkit::postgres().await, &ANSWERED, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missed_call_in_every_order_on_sqlite() {
    compare(testkit::sqlite().await, &MISSED, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missed_call_in_every_order_on_postgres() {
    compare(testkit::postgres().await, &MISSED, false).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_there_is_in_every_order_on_sqlite() {
    compare(testkit::sqlite().await, &ALL, true).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_event_there_is_in_every_order_on_postgres() {
    compare(testkit::postgres().await, &ALL, true).await;
}
