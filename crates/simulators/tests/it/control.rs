//! The control API, and starting and stopping.

use serde_json::json;
use simulators::{Faults, ScriptedAnswer, SimulatorPorts, SimulatorSettings, StandIn, StartError};

use crate::support::{CallrailClient, Otto, ShunyaClient, ask, http, now, settings, start_with};

#[tokio::test]
async fn answers_are_scripted_and_requests_remembered() {
    let otto = Otto::start();
    let simulators = start_with(&otto, settings());
    let shunya = ShunyaClient::of(&simulators);
    let control = simulators.control_url(StandIn::Shunya);
    let script = json!({
        "path_prefix": "/api/v1/analysis", "times": 2, "status": 418, "headers": {"Retry-After": "7"},
        "body": {"short": "and stout"},
    });
    assert_eq!(ask(http().post(format!("{control}/script")).json(&script)).await.status, 204);
    for _ in 0..2 {
        let answer = shunya.get("/api/v1/analysis/status/7").await;
        assert_eq!((answer.status, &answer.body), (418, &json!({"short": "and stout"})));
        assert_eq!(answer.headers["retry-after"], "7");
    }
    assert_eq!(shunya.get("/api/v1/analysis/status/7").await.status, 404);
    let cut: ScriptedAnswer = serde_json::from_value(json!({"path_prefix": "/health", "status": 0})).unwrap();
    simulators.script(StandIn::Shunya, cut.clone());
    assert!(http().get(format!("{}/health", simulators.shunya_url())).send().await.is_err());
    simulators.script(StandIn::Shunya, cut);
    assert_eq!(ask(http().delete(format!("{control}/script"))).await.status, 204);
    assert_eq!(ask(http().get(format!("{}/health", simulators.shunya_url()))).await.status, 200);

    let seen = ask(http().get(format!("{control}/requests?since=2"))).await.body;
    let seen: Vec<_> =
        seen["requests"].as_array().unwrap().iter().map(|request| request["status"].clone()).collect();
    assert_eq!(seen, [json!(404), json!(null), json!(200)]);
    let first = &simulators.requests(StandIn::Shunya, 0)[0];
    assert_eq!((first.method.as_str(), first.path.as_str()), ("GET", "/api/v1/analysis/status/7"));
    let stats = ask(http().get(format!("{control}/stats"))).await.body;
    assert_eq!((&stats["requests"], &stats["stats"]["jobs"]), (&json!(5), &json!(0)));
}

#[tokio::test]
async fn faults_and_clock_are_set_over_http() {
    let otto = Otto::start();
    let simulators = start_with(&otto, settings());
    let control = simulators.control_url(StandIn::Callrail);
    let faults = json!({"preset": "light", "throttled": 1.0});
    let answer = ask(http().post(format!("{control}/faults")).json(&faults)).await;
    assert_eq!((answer.status, &answer.body["throttled"]), (200, &json!(1.0)));
    assert_eq!(ask(http().get(format!("{control}/faults"))).await.body, answer.body);
    let wrong = ask(http().post(format!("{control}/faults")).json(&json!({"preset": "storm"}))).await;
    assert_eq!(wrong.status, 400);
    let before = now();
    let clock = ask(http().post(format!("{control}/clock")).json(&json!({"advance_seconds": 3600}))).await;
    let now: chrono::DateTime<chrono::Utc> = clock.body["now"].as_str().unwrap().parse().unwrap();
    assert!(now - before >= chrono::Duration::hours(1));
    let back = ask(http().post(format!("{control}/clock")).json(&json!({"advance_seconds": -1}))).await;
    assert_eq!(back.status, 400);
    // the others are as they were
    let others = ask(http().get(format!("{}/faults", simulators.control_url(StandIn::Shunya)))).await;
    assert_eq!(serde_json::from_value::<Faults>(others.body).unwrap(), Faults::NONE);
}

#[test]
fn they_run_in_a_runtime_of_many_threads_and_in_none_at_all() {
    assert!(matches!(simulators::start(settings()), Err(StartError::NoRuntime)));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let simulators = simulators::start(settings()).unwrap();
        assert_eq!(CallrailClient::of(&simulators).get("/calls.json").await.status, 200);
        let url = format!("{}/health", simulators.shunya_url());
        let environment = simulators.environment();
        assert!(environment.contains(&("UWC_BASE_URL", simulators.shunya_url().to_owned())));
        assert!(environment.iter().all(|(_, value)| !value.is_empty()));
        simulators.stop().await;
        assert!(http().get(url).send().await.is_err());
    });
}

#[tokio::test]
async fn a_port_is_free_again_after_the_stop() {
    let first = simulators::start(settings()).unwrap();
    let port = first.shunya_url().rsplit(':').next().unwrap().parse().unwrap();
    let ports = SimulatorPorts { shunya: port, ..SimulatorPorts::default() };
    let taken = simulators::start(SimulatorSettings { ports, ..settings() });
    assert!(matches!(taken, Err(StartError::Bind { port: p, .. }) if p == port));
    first.stop().await;
    let second = simulators::start(SimulatorSettings { ports, ..settings() }).unwrap();
    assert!(second.shunya_url().ends_with(&port.to_string()));
}
