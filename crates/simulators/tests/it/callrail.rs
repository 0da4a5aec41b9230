//! CallRail's REST API.

use std::{collections::BTreeSet, time::Duration};

use serde_json::{Value, json};
use simulators::{CallOrder, Faults, SimulatedTenant, SimulatorSettings, StandIn, audio};

use crate::support::{CallrailClient, Otto, ask, http, now, settings, start_with, tenant, within};

fn order(conversation: &str, index: u64) -> CallOrder {
    CallOrder { tenant: tenant(), conversation: conversation.to_owned(), index, customer_phone: None }
}

#[tokio::test]
async fn keys_and_accounts_are_checked() {
    let otto = Otto::start();
    let simulators = start_with(&otto, settings());
    let base = simulators.callrail_url();
    let url = format!("{base}/a/{}/calls.json", simulators.secrets().callrail_account_id);
    let key = simulators.secrets().callrail_api_key.expose();
    let status = async |url: &str, authorization: String| {
        ask(http().get(url).header("Authorization", authorization)).await.status
    };
    assert_eq!(status(&url, format!("Token token=\"{key}\"")).await, 200);
    assert_eq!(status(&url, format!("Token token={key}")).await, 200);
    assert_eq!(status(&url, format!("Bearer {key}")).await, 401);
    assert_eq!(status(&url, "Token token=\"guess\"".to_owned()).await, 401);
    let unsigned = ask(http().get(&url)).await;
    assert_eq!((unsigned.status, &unsigned.body), (401, &json!({"error": "HTTP Token: Access denied."})));
    let other = format!("{base}/a/ACC1/calls.json");
    assert_eq!(status(&other, format!("Token token=\"{key}\"")).await, 404);
    let accounts =
        ask(http().get(format!("{base}/a.json")).header("Authorization", format!("Token token=\"{key}\"")));
    assert_eq!(accounts.await.body["accounts"][0]["id"], simulators.secrets().callrail_account_id.as_str());
}

#[tokio::test]
async fn a_recording_is_behind_a_link_that_expires() {
    let otto = Otto::start();
    let simulators = start_with(&otto, settings());
    let callrail = CallrailClient::of(&simulators);
    let call = simulators.send_call(&order("roofing-storm-leak-booked", 0)).await.unwrap();
    let link = callrail.get(&format!("/calls/{}/recording.json", call.provider_call_id)).await;
    let url = link.body["url"].as_str().unwrap().to_owned();
    let response = http().get(&url).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "audio/wav");
    let length = response.content_length().unwrap();
    let bytes = response.bytes().await.unwrap();
    assert_eq!(bytes.len() as u64, length);
    let heard = audio::listen(&bytes).unwrap();
    assert_eq!(heard.conversation, "roofing-storm-leak-booked");
    assert_eq!(heard.name.as_ref(), Some(&call.provider_call_id));

    let part = http().get(&url).header("Range", "bytes=0-43").send().await.unwrap();
    assert_eq!(part.status(), 206);
    assert_eq!(part.headers()["content-range"], format!("bytes 0-43/{length}"));
    assert_eq!(part.bytes().await.unwrap(), bytes[..44]);

    let tampered = url.replace(&call.provider_call_id, "CAL0");
    assert_eq!(http().get(tampered).send().await.unwrap().status(), 403);
    simulators.advance(StandIn::Callrail, Duration::from_mins(4));
    assert_eq!(http().get(&url).send().await.unwrap().status(), 200);
    simulators.advance(StandIn::Callrail, Duration::from_mins(2));
    assert_eq!(http().get(&url).send().await.unwrap().status(), 403);
    // by the older id just as well
    assert_eq!(callrail.get(&format!("/calls/{}/recording.json", call.legacy_call_id)).await.status, 200);
}

#[tokio::test]
async fn calls_nobody_heard_of_have_recordings_where_registered() {
    let otto = Otto::start();
    let simulators = start_with(&otto, settings());
    let callrail = CallrailClient::of(&simulators);
    let path = "/calls/766970532/recording.json";
    assert_eq!(callrail.get(path).await.status, 404);
    assert!(!simulators.register_recording("766970532", "nothing"));
    assert!(!simulators.register_recording("766970532", "roofing-missed-call-after-hours"));
    let register = json!({"call_id": "766970532", "conversation_id": "plumbing-voicemail-burst-pipe"});
    let url = format!("{}/recordings", simulators.control_url(StandIn::Callrail));
    assert_eq!(ask(http().post(&url).json(&register)).await.status, 204);
    let whose = callrail.get("/calls/766970532.json?fields=company_id").await.body;
    assert_eq!(whose["company_id"], SimulatedTenant::demo(1)[0].callrail_company_resource_id);
    let link = callrail.get(path).await;
    let bytes = http().get(link.body["url"].as_str().unwrap()).send().await.unwrap().bytes().await.unwrap();
    assert_eq!(audio::listen(&bytes).unwrap().conversation, "plumbing-voicemail-burst-pipe");
    let nonsense = json!({"call_id": "1", "conversation_id": "nothing"});
    assert_eq!(ask(http().post(&url).json(&nonsense)).await.status, 404);
}

#[tokio::test]
async fn lost_calls_are_found_page_by_page() {
    let otto = Otto::start();
    otto.answer(|_| 503);
    let simulators = start_with(&otto, settings());
    let callrail = CallrailClient::of(&simulators);
    let before = now() - chrono::Duration::hours(1);
    let traffic = simulators.traffic(vec![tenant()]);
    let (reports, mut made) = tokio::sync::mpsc::unbounded_channel();
    within(traffic.make(25, 5, &reports)).await;
    drop(reports);
    let mut ids = BTreeSet::new();
    while let Some(call) = made.recv().await {
        assert!(!call.is_known());
        ids.insert(call.provider_call_id);
    }
    assert_eq!(ids.len(), 25);

    let since = before.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
    let mut next = Some(format!(
        "/calls.json?relative_pagination=true&per_page=4&start_date={since}&fields=company_id,recording"
    ));
    let (mut found, mut pages) = (Vec::new(), 0);
    while let Some(path) = next {
        let page = callrail.get(&path).await;
        assert_eq!(page.status, 200, "{page:?}");
        found.extend(page.body["calls"].as_array().unwrap().clone());
        next = page.body["next_page"].as_str().map(str::to_owned);
        assert_eq!(page.body["has_next_page"], next.is_some());
        pages += 1;
    }
    assert_eq!((pages, found.len()), (7, 25));
    assert_eq!(
        found.iter().map(|call| call["id"].as_str().unwrap().to_owned()).collect::<BTreeSet<_>>(),
        ids
    );
    let starts_of = |calls: &[Value]| -> Vec<_> {
        calls.iter().map(|call| call["start_time"].as_str().unwrap().to_owned()).collect()
    };
    let starts = starts_of(&found);
    assert!(starts.is_sorted_by(|a, b| a >= b), "{starts:?}");
    // the other way round, and by page
    let oldest = "/calls.json?relative_pagination=true&sort=start_time&order=asc&per_page=4";
    let mut rising = Vec::new();
    for offset in 0..7 {
        let page = callrail.get(&format!("{oldest}&offset={offset}")).await.body;
        assert_eq!(page["has_next_page"], offset < 6);
        rising.extend(page["calls"].as_array().unwrap().clone());
    }
    assert_eq!(starts_of(&rising), starts.iter().rev().cloned().collect::<Vec<_>>());
    let until = callrail.get(&format!("/calls.json?end_date={}", starts[10].replace('+', "%2B"))).await.body;
    // what is told is cut to the millisecond
    assert!(matches!(until["total_records"].as_u64(), Some(14 | 15)), "{}", until["total_records"]);
    let by_length = callrail.get("/calls.json?sort=duration&order=asc").await.body;
    let lengths: Vec<_> =
        by_length["calls"].as_array().unwrap().iter().map(|call| call["duration"].as_u64()).collect();
    assert!(lengths.is_sorted(), "{lengths:?}");
    for nonsense in ["sort=mood", "order=upwards"] {
        assert_eq!(callrail.get(&format!("/calls.json?{nonsense}")).await.status, 400, "{nonsense}");
    }
    for call in &found {
        assert_eq!(call["company_id"], tenant().callrail_company_resource_id);
        assert!(call["duration"].is_u64() && call["answered"].is_boolean() && call["voicemail"].is_boolean());
        assert!(call["customer_phone_number"].as_str().unwrap().starts_with("+1"));
        let silent = call["answered"] == false && call["voicemail"] == false;
        assert_eq!(call["recording"].is_null(), silent, "{call}");
    }

    let plain = callrail.get("/calls.json?per_page=10&page=3").await.body;
    assert_eq!((&plain["total_records"], &plain["total_pages"]), (&json!(25), &json!(3)));
    assert_eq!(plain["calls"].as_array().unwrap().len(), 5);
    assert!(plain["calls"][0].get("company_id").is_none(), "only where asked for");
    let tomorrow = (now() + chrono::Duration::days(1)).format("%Y-%m-%d");
    let none = callrail.get(&format!("/calls.json?start_date={tomorrow}")).await;
    assert_eq!(none.body["total_records"], 0);
    assert_eq!(callrail.get("/calls.json?start_date=2001-01-01").await.status, 400);
    assert_eq!(callrail.get("/calls.json?start_date=lately").await.status, 400);
    let id = ids.first().unwrap();
    assert_eq!(callrail.get(&format!("/calls/{id}.json?fields=tags,note")).await.body["tags"], json!([]));
    let whose = callrail.get(&format!("/calls/{id}.json?fields=company_id")).await.body;
    assert_eq!(whose["company_id"], tenant().callrail_company_resource_id);
    assert_eq!(callrail.get("/calls/CAL0.json").await.status, 404);
}

#[tokio::test]
async fn recordings_may_be_late_and_downloads_may_break_off() {
    let otto = Otto::start();
    let faults = Faults { recording_not_ready: 1.0, truncated_recording: 1.0, ..Faults::NONE };
    let simulators = start_with(&otto, SimulatorSettings { faults, ..settings() });
    let callrail = CallrailClient::of(&simulators);
    let call = simulators.send_call(&order("roofing-storm-leak-booked", 0)).await.unwrap();
    let path = format!("/calls/{}/recording.json", call.provider_call_id);
    let mut missing = 0;
    let url = loop {
        let answer = callrail.get(&path).await;
        match answer.status {
            200 => break answer.body["url"].as_str().unwrap().to_owned(),
            404 => missing += 1,
            other => panic!("{other}"),
        }
    };
    assert!((1..=3).contains(&missing), "{missing}");
    for attempt in 0..4 {
        let response = http().get(&url).send().await.unwrap();
        let length = response.content_length().unwrap();
        let body = response.bytes().await;
        assert!(length > 100_000);
        assert_eq!(body.is_ok(), attempt == 3, "attempt {attempt}");
    }
}

#[tokio::test]
async fn the_api_has_bad_days() {
    let otto = Otto::start();
    let simulators = start_with(&otto, settings());
    let callrail = CallrailClient::of(&simulators);
    simulators.set_faults_of(StandIn::Callrail, Faults { throttled: 1.0, ..Faults::NONE });
    let answer = callrail.get("/calls.json").await;
    assert_eq!(answer.status, 429);
    assert!(!answer.headers.contains_key("retry-after"));
    simulators.set_faults_of(StandIn::Callrail, Faults { server_error: 1.0, ..Faults::NONE });
    assert!(callrail.get("/calls.json").await.status >= 500);
    simulators.set_faults_of(StandIn::Callrail, Faults { timeout: 1.0, ..Faults::NONE });
    assert!(callrail.request("/calls.json").send().await.is_err());
    assert_eq!(callrail.get("/calls.json").await.status, 200, "the fourth goes well");
    simulators.set_faults_of(StandIn::Callrail, Faults { reset: 1.0, ..Faults::NONE });
    let response = callrail.request("/calls.json").send().await.unwrap();
    assert!(response.bytes().await.is_err(), "breaks off");
    let seen = simulators.requests(StandIn::Callrail, 0);
    let statuses: Vec<_> = seen.iter().map(|request| request.status).collect();
    assert_eq!(statuses.len(), 5);
    assert_eq!((statuses[0], statuses[2], statuses[3], statuses[4]), (Some(429), None, Some(200), None));
}
