//! Whatever goes wrong, whoever asks again gets there: a naive client against every preset.

use std::collections::BTreeMap;

use serde_json::Value;
use shunya_jobs::BookingStatus;
use simulators::{ExpectedEnd, Faults, SentCall, SimulatedTenant, SimulatorSettings, Simulators};
use tokio::sync::mpsc;

use crate::support::{CallrailClient, Otto, ShunyaClient, settings, start_with, within};

/// As often as anything is tried.
const PATIENCE: usize = 60;

/// Asks until the answer is whole and 200, or 404 where that is an answer.
async fn insist(request: impl Fn() -> reqwest::RequestBuilder, none: bool) -> Option<bytes::Bytes> {
    for _ in 0..PATIENCE {
        let Ok(response) = request().send().await else { continue };
        match response.status().as_u16() {
            200 => {
                if let Ok(body) = response.bytes().await {
                    return Some(body);
                }
            }
            404 if none => return None,
            _ => {}
        }
    }
    panic!("asked {PATIENCE} times in vain");
}

async fn insist_on_json(request: impl Fn() -> reqwest::RequestBuilder) -> Value {
    let body = insist(request, false).await.unwrap();
    serde_json::from_slice(&body).unwrap()
}

/// Everything CallRail knows, found by its list alone.
async fn listed(callrail: &CallrailClient) -> BTreeMap<String, Value> {
    let mut calls = BTreeMap::new();
    let mut next = Some("/calls.json?relative_pagination=true&per_page=5&fields=recording".to_owned());
    while let Some(path) = next {
        let page = insist_on_json(|| callrail.request(&path)).await;
        for call in page["calls"].as_array().unwrap() {
            calls.insert(call["id"].as_str().unwrap().to_owned(), call.clone());
        }
        next = page["next_page"].as_str().map(str::to_owned);
    }
    calls
}

/// Fetches a recording, has it analysed, and polls until the analysis is there.
async fn analysis(
    otto: &Otto,
    callrail: &CallrailClient,
    shunya: &ShunyaClient,
    number: i64,
    call: &SentCall,
) -> Value {
    let path = format!("/calls/{}/recording.json", call.provider_call_id);
    let audio = loop {
        let link = insist_on_json(|| callrail.request(&path)).await;
        let url = link["url"].as_str().unwrap().to_owned();
        if let Some(audio) = insist(|| callrail.request(&url), true).await {
            break audio;
        }
    };
    let url = otto.put_audio(&call.provider_call_id, audio);
    let get = |path: String| move || shunya.request(reqwest::Method::GET, &path);
    for submission in 0..5 {
        let key = format!("{number}-{submission}");
        insist(|| shunya.submission(number, &url, &key), false).await;
        loop {
            let status = insist_on_json(get(format!("/api/v1/analysis/status/{number}"))).await;
            match status["status"].as_str().unwrap() {
                "completed" => {
                    return insist_on_json(get(format!("/api/v1/analysis/complete/{number}"))).await;
                }
                "failed" => break,
                _ => tokio::task::yield_now().await,
            }
        }
    }
    panic!("failed five times");
}

async fn survive(faults: Faults, calls: u64) -> Simulators {
    let otto = Otto::start();
    let simulators =
        start_with(&otto, SimulatorSettings { faults, quirks: 0.3, time_scale: 0.001, ..settings() });
    let (callrail, shunya) = (CallrailClient::of(&simulators), ShunyaClient::of(&simulators));
    let (reports, mut received) = mpsc::unbounded_channel();
    within(simulators.traffic(SimulatedTenant::demo(7)).make(calls, 6, &reports)).await;
    drop(reports);
    let listed = within(listed(&callrail)).await;
    assert_eq!(listed.len() as u64, calls);
    let mut number = 0;
    while let Some(call) = received.recv().await {
        number += 1;
        let found = &listed[&call.provider_call_id];
        assert_eq!(found["recording"].is_string(), call.expected == ExpectedEnd::Analysed);
        if call.expected != ExpectedEnd::Analysed {
            continue;
        }
        let payload = within(analysis(&otto, &callrail, &shunya, number, &call)).await;
        let read = shunya_jobs::normalise(&payload).record;
        assert_eq!(read.booking_status == Some(BookingStatus::Booked), call.booked, "{}", call.conversation);
    }
    simulators
}

#[tokio::test]
async fn a_calm_day_is_survived() {
    let simulators = survive(Faults::NONE, 12).await;
    assert_eq!(simulators.stats().shunya.failed, 0);
}

#[tokio::test]
async fn a_light_day_is_survived() {
    survive(Faults::LIGHT, 20).await;
}

#[tokio::test]
async fn a_heavy_day_is_survived() {
    let simulators = survive(Faults::HEAVY, 20).await;
    assert!(simulators.stats().shunya.failed > 0, "something did go wrong");
}

#[tokio::test]
async fn the_worst_day_is_survived() {
    let all: BTreeMap<_, _> = serde_json::to_value(Faults::HEAVY)
        .unwrap()
        .as_object()
        .unwrap()
        .keys()
        .map(|fault| (fault.clone(), 1.0))
        .collect();
    let worst: Faults = serde_json::from_value(serde_json::to_value(all).unwrap()).unwrap();
    // the naive client does not know how to ask for an analysis
    survive(Faults { analysis_not_started: 0.0, ..worst }, 3).await;
}
