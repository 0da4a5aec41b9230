//! Twilio's recordings.

use serde_json::json;
use simulators::{Faults, SimulatorSettings, Simulators, StandIn, audio};

use crate::support::{Answer, Otto, ask, http, settings, start_with};

const SID: &str = "RE00000000000000000000000000000001";

async fn get(simulators: &Simulators, account: &str, token: &str, file: &str) -> Answer {
    let url = format!("{}/2010-04-01/Accounts/{account}/Recordings/{file}", simulators.twilio_url());
    ask(http().get(url).basic_auth(&simulators.secrets().twilio_account_sid, Some(token))).await
}

#[tokio::test]
async fn recordings_are_files_behind_a_password() {
    let otto = Otto::start();
    let simulators = start_with(&otto, settings());
    let account = simulators.secrets().twilio_account_sid.clone();
    let token = simulators.secrets().twilio_auth_token.expose().clone();
    assert!(simulators.register_twilio_recording(SID, "hvac-angry-no-show-booked"));
    assert!(!simulators.register_twilio_recording(SID, "nothing"));
    for file in [SID.to_owned(), format!("{SID}.wav")] {
        let url = format!("{}/2010-04-01/Accounts/{account}/Recordings/{file}", simulators.twilio_url());
        let response = http().get(url).basic_auth(&account, Some(&token)).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "audio/x-wav");
        let bytes = response.bytes().await.unwrap();
        assert_eq!(audio::listen(&bytes).unwrap().conversation, "hvac-angry-no-show-booked");
    }
    let code = |answer: &Answer| (answer.status, answer.body["code"].clone());
    assert_eq!(code(&get(&simulators, &account, "guess", SID).await), (401, json!(20003)));
    assert_eq!(code(&get(&simulators, &account, &token, &format!("{SID}.mp3")).await), (404, json!(20404)));
    assert_eq!(code(&get(&simulators, "AC2", &token, SID).await), (404, json!(20404)));
    assert_eq!(code(&get(&simulators, &account, &token, "RE2").await), (404, json!(20404)));
    simulators.set_faults_of(StandIn::Twilio, Faults { throttled: 1.0, ..Faults::NONE });
    let throttled = get(&simulators, &account, &token, SID).await;
    assert_eq!(code(&throttled), (429, json!(20429)));
    assert_eq!(throttled.body["status"], 429);
    assert_eq!(simulators.stats().twilio.downloads, 2);
}

#[tokio::test]
async fn recordings_are_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let kept = || SimulatorSettings { state_dir: Some(folder.path().to_owned()), ..settings() };
    let simulators = simulators::start(kept()).unwrap();
    let register = json!({"recording_sid": SID, "conversation_id": "hvac-angry-no-show-booked"});
    let url = format!("{}/recordings", simulators.control_url(StandIn::Twilio));
    assert_eq!(ask(http().post(url).json(&register)).await.status, 204);
    drop(simulators);
    let simulators = simulators::start(kept()).unwrap();
    let account = simulators.secrets().twilio_account_sid.clone();
    let token = simulators.secrets().twilio_auth_token.expose().clone();
    assert_eq!(get(&simulators, &account, &token, SID).await.status, 200);
}
