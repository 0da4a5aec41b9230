//! The vendor's own published example, byte for byte, from its webhook to what people read.

use kernel::Secret;
use serde_json::{Value, json};
use simulators::{SimulatedTenant, SimulatorSettings};
use testkit::Database;
use wiring::Parts;

use crate::house::House;

/// What its recording is of.
const CONVERSATION: &str = "roofing-storm-leak-booked";

async fn goes_through(database: Database) {
    let vector: Value =
        serde_json::from_str(include_str!("../fixtures/callrail_published_vector.json")).expect("JSON");
    let case = &vector["cases"][0];
    let text = |field: &Value| field.as_str().expect("a text").to_owned();
    let (body, signature) = (text(&case["body"]), text(&case["headers"]["Signature"]));
    let mut tenant = SimulatedTenant::demo(1).remove(0);
    tenant.callrail_company_id = 155_920_786;
    tenant.signing_key = Secret::new(text(&case["signing_key"]));
    let fast = SimulatorSettings { time_scale: 0.01, quirks: 0.0, ..SimulatorSettings::default() };
    let house = House::with(database, fast, Parts::all(), tenant).await;
    assert!(house.simulators.register_recording("766970532", CONVERSATION));

    let forged = house.callrail_signed("call.completed", format!("{body} ").as_bytes(), &signature).await;
    assert_eq!(forged, 401, "one byte more");
    assert_eq!(house.callrail_signed("call.completed", body.as_bytes(), &signature).await, 200);
    assert_eq!(house.callrail_signed("call.completed", body.as_bytes(), &signature).await, 200, "again");
    house.analysed(1).await;

    let list = house.read("/api/v1/calls?date_from=2018-02-01T00:00:00Z").await;
    let [call] = list["calls"].as_array().expect("calls").as_slice() else { panic!("{list}") };
    for (field, value) in [
        ("provider_call_id", json!("766970532")),
        ("phone_number", json!("+12148654559")),
        ("customer_name", json!("Kaylah Mills")),
        ("stage", json!("analysed")),
        ("booked", json!(true)),
    ] {
        assert_eq!(call[field], value, "{field} of {call}");
    }
    let details = house.read(&format!("/api/v1/calls/{}", call["call_id"])).await;
    let shown = details.to_string();
    assert!(shown.contains("2018-02-19T18:41:00"), "{shown}");
    let facts = house.database.texts("SELECT CAST(facts AS TEXT) FROM calls").await.remove(0);
    for fact in ["Rochester", "PA", "inbound", "+14045558514", "Google AdWords"] {
        assert!(facts.contains(fact), "{fact} in {facts}");
    }
    assert_eq!(house.database.number("SELECT CAST(duration_seconds AS BIGINT) FROM calls").await, 13);
    // eight seconds of voicemail, says the example; the recording is what the stand-in has under that id
    assert_eq!(house.database.rows("call_transcripts").await, 1);
    assert_eq!(
        house
            .database
            .number("SELECT CAST(duplicates AS BIGINT) FROM webhook_inbox WHERE provider = 'callrail'")
            .await,
        1
    );
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_published_example_is_analysed_on_sqlite() {
    Box::pin(goes_through(testkit::sqlite().await)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_published_example_is_analysed_on_postgres() {
    Box::pin(goes_through(testkit::postgres().await)).await;
}
