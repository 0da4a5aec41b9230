//! The vendor's API.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use simulators::{Faults, shunya_signature};

use crate::support::{Otto, ShunyaClient, ask, http, settings, start_with, within};

const BOOKED: &str = "roofing-storm-leak-booked";

#[tokio::test]
async fn a_call_is_heard_analysed_and_told_of() {
    let mut otto = Otto::start();
    let simulators = start_with(&otto, settings());
    let shunya = ShunyaClient::of(&simulators);
    let answer = shunya.submit(48213, &otto.put_talk(BOOKED), "key-1").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["success"], true);
    assert!(answer.body["transcript_id"].is_i64());
    let task = answer.body["task_id"].as_str().unwrap().to_owned();

    let secret = simulators.secrets().shunya_hmac_secret.expose().clone();
    let told = otto.next_many(2).await;
    for webhook in &told {
        assert_eq!(webhook.path, "/api/v1/shunya/webhook");
        let at: i64 = webhook.headers["x-shunya-timestamp"].parse().unwrap();
        assert!(at > 1_700_000_000_000, "milliseconds");
        assert_eq!(webhook.headers["x-shunya-signature"], shunya_signature(&secret, at, &webhook.body));
        assert_eq!(webhook.headers["content-type"], "application/json");
        let body = webhook.json();
        assert_eq!((&body["call_id"], &body["company_id"]), (&json!(48213), &json!("org_1")));
        assert_eq!(body["status"], "completed");
        let work = if webhook.event().contains("transcription") { "transcription" } else { "analysis" };
        let ids = [task.clone(), format!("call_48213_org_1_{work}")];
        assert!(ids.contains(&webhook.headers["x-shunya-task-id"]), "{:?}", webhook.headers);
    }
    let events: Vec<_> = told.iter().map(crate::support::Received::event).collect();
    assert!(events.contains(&"call.transcription.complete".to_owned()), "{events:?}");
    assert!(events.contains(&"call.analysis.complete".to_owned()), "{events:?}");
    let analysis = told.iter().find(|webhook| webhook.event() == "call.analysis.complete").unwrap();
    let read = shunya_jobs::normalise(&analysis.json());
    assert_eq!(read.record.booking_status, Some(shunya_jobs::BookingStatus::Booked));
    let transcription = told.iter().find(|webhook| webhook.event() == "call.transcription.complete").unwrap();
    let body = transcription.json();
    let content = body.get("result").or_else(|| body.get("data")).unwrap();
    assert!(shunya_jobs::normalise_transcript(content).unwrap().segments.len() > 10);

    let status = shunya.get("/api/v1/analysis/status/48213").await;
    assert_eq!((status.status, &status.body["status"]), (200, &json!("completed")));
    let status = shunya.get("/api/v1/transcription/status/48213").await;
    assert_eq!(
        (&status.body["status"], &status.body["transcript_id"]),
        (&json!("completed"), &answer.body["transcript_id"])
    );
    let transcript = shunya.get("/api/v1/transcription/transcript/48213").await;
    assert_eq!(&transcript.body, content);
    for path in ["/api/v1/analysis/complete/48213", "/api/v1/call-analysis/complete/48213"] {
        let complete = shunya.get(path).await;
        assert_eq!(shunya_jobs::normalise(&complete.body).record, read.record);
    }
    for section in ["summary", "objections", "qualification", "compliance"] {
        let answer = shunya.get(&format!("/api/v1/analysis/{section}/48213")).await;
        assert_eq!((answer.status, &answer.body["call_id"]), (200, &json!(48213)), "{section}");
    }
    simulators.stop().await;
}

#[tokio::test]
async fn what_is_not_there_says_so() {
    let otto = Otto::start();
    let simulators = start_with(&otto, settings());
    let shunya = ShunyaClient::of(&simulators);
    let code =
        |answer: &crate::support::Answer| answer.body["error"]["error_code"].as_str().unwrap().to_owned();
    for path in
        ["/api/v1/analysis/status/1", "/api/v1/transcription/transcript/1", "/api/v1/analysis/complete/1"]
    {
        let answer = shunya.get(path).await;
        assert_eq!((answer.status, code(&answer).as_str()), (404, "CALL_NOT_FOUND"), "{path}");
    }
    let answer = shunya.get("/api/v1/analysis/status/seven").await;
    assert_eq!((answer.status, code(&answer).as_str()), (400, "VALIDATION_ERROR"));
    let answer = shunya.get("/api/v1/weather").await;
    assert_eq!((answer.status, code(&answer).as_str()), (404, "NOT_FOUND"));

    otto.hold_audio();
    shunya.submit(2, &otto.put_talk(BOOKED), "k").await;
    let pending = shunya.get("/api/v1/analysis/status/2").await;
    assert_eq!(pending.body["status"], "pending");
    let early = shunya.get("/api/v1/analysis/complete/2").await;
    assert_eq!((early.status, code(&early).as_str()), (404, "ANALYSIS_NOT_AVAILABLE"));
    assert_eq!(shunya.get("/api/v1/transcription/transcript/2").await.status, 404);
    let early = shunya.post("/api/v1/analysis/start/2", &json!({})).await;
    assert_eq!(early.status, 404);
    otto.release_audio();
    simulators.wait_for(|stats| stats.shunya.completed == 1).await;
    assert_eq!(ask(http().get(format!("{}/health", simulators.shunya_url()))).await.status, 200);
}

#[tokio::test]
async fn bad_requests_are_refused_in_the_documented_words() {
    let otto = Otto::start();
    let simulators = start_with(&otto, settings());
    let shunya = ShunyaClient::of(&simulators);
    let good = json!({"call_id": 1, "audio_url": "http://127.0.0.1:9/a.wav"});
    for (field, value) in [
        ("call_id", json!("1")),
        ("call_id", json!(null)),
        ("call_id", json!(1.5)),
        ("audio_url", json!("s3://bucket/key")),
        ("audio_url", json!(null)),
        ("call_type", json!("chat")),
        ("timezone", json!("Mars/Olympus")),
        ("call_started_at", json!("2026-11-22T10:00:00")),
    ] {
        let mut body = good.clone();
        body[field] = value;
        let answer = shunya.post("/api/v1/transcription/transcribe", &body).await;
        assert_eq!(answer.status, 400, "{body}");
        let error = &answer.body["error"];
        assert_eq!(answer.body["success"], false);
        assert_eq!(error["error_code"], "VALIDATION_ERROR");
        assert_eq!((&error["retryable"], &error["details"]["field"]), (&json!(false), &json!(field)));
        assert!(error["request_id"].is_string() && error["timestamp"].is_string());
    }
    let request = shunya.request(reqwest::Method::POST, "/api/v1/transcription/transcribe");
    let answer = ask(request.header("X-Request-ID", "mine").body("{")).await;
    assert_eq!((answer.status, &answer.body["error"]["request_id"]), (400, &json!("mine")));
    assert_eq!(simulators.stats().shunya.jobs, 0);
}

fn token(secret: &str, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&json!({"alg": "HS256", "typ": "JWT"})), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

#[tokio::test]
async fn callers_prove_who_they_are() {
    let otto = Otto::start();
    let simulators = start_with(&otto, settings());
    let path = "/api/v1/analysis/status/1";
    let status = async |token: &str| ShunyaClient::of(&simulators).with_token(token).get(path).await.status;
    let secret = simulators.secrets().shunya_jwt_secret.clone().unwrap().expose().clone();
    let claims =
        |company: &str| json!({"company_id": company, "iat": 0, "exp": 4_000_000_000_u64, "type": "access"});
    assert_eq!(status(&token(&secret, &claims("org_1"))).await, 404, "let in");
    assert_eq!(status(&token(&secret, &claims("org_2"))).await, 403);
    assert_eq!(status(&token("other", &claims("org_1"))).await, 401);
    assert_eq!(status(&token(&secret, &json!({"company_id": "org_1", "exp": 1_000}))).await, 401);
    assert_eq!(status("guess").await, 401);
    let url = format!("{}{path}", simulators.shunya_url());
    assert_eq!(ask(http().get(&url)).await.status, 401);
    let key = simulators.secrets().shunya_api_key.expose().clone();
    assert_eq!(ask(http().get(&url).bearer_auth(key)).await.status, 400, "for which company?");
}

#[tokio::test]
async fn one_key_is_one_job() {
    let mut otto = Otto::start();
    let simulators = start_with(&otto, settings());
    let shunya = ShunyaClient::of(&simulators);
    let url = otto.put_talk(BOOKED);
    let (first, again) = tokio::join!(shunya.submit(7, &url, "k"), shunya.submit(7, &url, "k"));
    assert_eq!(first.body, again.body);
    otto.next_many(2).await;
    simulators.wait_for(|stats| stats.shunya.webhooks_delivered == 2).await;
    assert_eq!(shunya.submit(7, &url, "k").await.body, first.body);
    assert_eq!(simulators.stats().shunya.jobs, 1);
    let other = shunya.submit(7, &url, "l").await;
    assert_ne!(other.body["task_id"], first.body["task_id"]);
    otto.next_many(2).await;
    assert_eq!(simulators.stats().shunya.jobs, 2);
}

#[tokio::test]
async fn what_cannot_be_heard_fails() {
    let mut otto = Otto::start();
    let simulators = start_with(&otto, settings());
    let shunya = ShunyaClient::of(&simulators);
    let missing = format!("{}/audio/nothing.wav", otto.url);
    let talk = simulators::audio::recording(simulators::corpus::find(BOOKED).unwrap(), "CAL1");
    let torn = otto.put_audio("torn.wav", talk[..talk.len() / 2].to_vec());
    let noise = otto.put_audio("noise.mp3", vec![7_u8; 1000]);
    for (call, url) in [(1, missing), (2, torn), (3, noise)] {
        shunya.submit(call, &url, "k").await;
        let told = otto.next().await;
        assert_eq!(told.event(), "call.transcription.failed");
        let body = told.json();
        assert_eq!(body["status"], "failed");
        let code = body.pointer("/error/error_code").or_else(|| body.pointer("/error/error/error_code"));
        assert_eq!(code, Some(&json!("TRANSCRIPTION_FAILED")), "{body}");
        let status = shunya.get(&format!("/api/v1/analysis/status/{call}")).await;
        assert_eq!(status.body["status"], "failed");
        assert!(status.body["error_message"].as_str().unwrap().starts_with("TRANSCRIPTION_FAILED"));
        assert_eq!(
            shunya.get(&format!("/api/v1/transcription/status/{call}")).await.body["status"],
            "failed"
        );
        assert_eq!(shunya.get(&format!("/api/v1/analysis/complete/{call}")).await.status, 500);
    }
}

#[tokio::test]
async fn the_analysis_may_have_to_be_asked_for() {
    let mut otto = Otto::start();
    let faults = Faults { analysis_not_started: 1.0, ..Faults::NONE };
    let simulators = start_with(&otto, simulators::SimulatorSettings { faults, ..settings() });
    let shunya = ShunyaClient::of(&simulators);
    shunya.submit(7, &otto.put_talk(BOOKED), "k").await;
    assert_eq!(otto.next().await.event(), "call.transcription.complete");
    let status = shunya.get("/api/v1/analysis/status/7").await;
    assert_eq!((status.status, &status.body["error"]["error_code"]), (404, &json!("ANALYSIS_NOT_AVAILABLE")));
    assert_eq!(shunya.get("/api/v1/transcription/status/7").await.body["status"], "completed");
    let started = shunya.post("/api/v1/analysis/start/7", &json!({})).await;
    assert_eq!((started.status, &started.body["status"]), (200, &json!("processing")));
    within(simulators.wait_for(|stats| stats.shunya.completed == 1)).await;
    assert_eq!(otto.next().await.event(), "call.analysis.complete");
    let again = shunya.post("/api/v1/analysis/start/7", &json!({})).await;
    assert_eq!(again.body["status"], "completed");
}

#[tokio::test]
async fn who_asks_too_often_is_told_for_how_long_to_wait() {
    let otto = Otto::start();
    let faults = Faults { throttled: 1.0, ..Faults::NONE };
    let simulators = start_with(&otto, simulators::SimulatorSettings { faults, ..settings() });
    let answer = ShunyaClient::of(&simulators).get("/api/v1/analysis/status/7").await;
    assert_eq!(answer.status, 429);
    let error = &answer.body["error"];
    assert_eq!((&error["error_code"], &error["retryable"]), (&json!("RATE_LIMIT_EXCEEDED"), &json!(true)));
    assert_eq!(error["details"]["retry_after"], 1, "whole seconds, however fast time goes");
    assert_eq!(answer.headers["retry-after"], "1");
    assert_eq!(answer.headers["x-ratelimit-remaining"], "0");
}
