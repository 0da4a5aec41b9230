//! Asked to stop, each program says that it is not ready any more, ends what it has begun, hands back the rest and exits
//! with 0.

use std::time::Duration;

use fleet::{FleetSettings, Role};
use servers::Signal;
use simulators::{ScriptedAnswer, StandIn};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::mpsc::unbounded_channel,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

use crate::ground::{Ground, eventually};

/// What running jobs and requests get to end, and some for the rest.
const GRACE: Duration = Duration::from_secs(25);
/// How long a server still takes requests.
const STOP_DELAY: &str = "2";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_program_drains() {
    let mut ground = Ground::with(|settings| {
        FleetSettings { workers: 1, ..settings }.with("OTTO_STOP_DELAY_SECONDS", STOP_DELAY)
    })
    .await;
    a_server_says_so_first_and_answers_who_has_come(&mut ground).await;
    no_webhook_is_lost_when_all_servers_are_restarted(&mut ground).await;
    a_cron_driver_hands_over(&mut ground).await;
    a_worker_hands_back_what_does_not_end(&mut ground).await;
    ground.stop().await;
}

async fn ends_well(ground: &mut Ground, role: Role, number: usize) -> String {
    let said = ground.said(role, number);
    let begun = Instant::now();
    let status = ground.fleet.ended(role, number, GRACE).await.unwrap();
    assert_eq!(status.code(), Some(0), "{status}: {said}");
    eprintln!("{role} ended after {:.1} s", begun.elapsed().as_secs_f64());
    ground.said(role, number)
}

async fn says_that_it_is_not_ready(ground: &Ground, role: Role, number: usize) {
    let url = ground.fleet.member(role, number).unwrap().url("/health/ready");
    eventually("it says that it is not ready", async || {
        let asked = ground.ask(&url).await;
        asked.is_ok_and(|(status, body)| status == 503 && body.contains("\"stopping\":true"))
    })
    .await;
}

/// A request of which half has come.
async fn half_a_request(ground: &Ground) -> TcpStream {
    let address = ground.fleet.member(Role::Server, 1).unwrap().address;
    let mut socket = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /callrail/call.completed HTTP/1.1\r\nHost: {address}\r\nSignature: wrong\r\n\
         Content-Type: application/json\r\nContent-Length: 20\r\n\r\n{{\"half\":"
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket
}

async fn a_server_says_so_first_and_answers_who_has_come(ground: &mut Ground) {
    let live = ground.fleet.member(Role::Server, 1).unwrap().url("/health/live");
    let ready = ground.fleet.member(Role::Server, 1).unwrap().url("/health/ready");
    let mut slow = half_a_request(ground).await;
    ground.fleet.signal(Role::Server, 1, Signal::TERM).unwrap();
    eventually("it says that it is not ready", async || {
        ground
            .ask(&ready)
            .await
            .is_ok_and(|(status, body)| status == 503 && body.contains("\"stopping\":true"))
    })
    .await;
    // it is still there for others
    assert_eq!(ground.ask(&live).await.expect("it still answers").0, 200);
    eventually("it takes no more requests", async || ground.ask(&live).await.is_err()).await;
    slow.write_all(b"\"the other\"}").await.unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401"), "who had come before is answered: {answer:?}");
    ends_well(ground, Role::Server, 1).await;
    ground.fleet.begin(Role::Server, 1).await.unwrap();
}

/// As a platform does it: one after the other, and whoever says that it is not ready gets no new connections.
async fn no_webhook_is_lost_when_all_servers_are_restarted(ground: &mut Ground) {
    let traffic = ground.fleet.around.simulators.traffic(demo::companies());
    let (enough, (reports, mut made)) = (CancellationToken::new(), unbounded_channel());
    let until = enough.clone();
    // two calls a second
    let calling =
        tokio::spawn(async move { traffic.keep_making(Duration::from_secs(5), &until, &reports).await });
    for number in [1, 2] {
        ground.fleet.signal(Role::Server, number, Signal::TERM).unwrap();
        says_that_it_is_not_ready(ground, Role::Server, number).await;
        ground.fleet.balance(|member| member.number != number);
        ends_well(ground, Role::Server, number).await;
        ground.fleet.begin(Role::Server, number).await.unwrap();
        ground.fleet.balance(|_| true);
    }
    enough.cancel();
    calling.await.unwrap();
    let mut calls = Vec::new();
    while let Ok(call) = made.try_recv() {
        calls.push(call);
    }
    let stats = ground.fleet.around.simulators.stats();
    assert!(calls.len() > 3, "{stats:?}");
    assert_eq!(stats.callrail.webhooks_lost, 0, "{stats:?}");
    ground.all_ended(&calls).await;
}

async fn a_cron_driver_hands_over(ground: &mut Ground) {
    let number = ground.somebody_has_the_watch().await;
    ground.fleet.signal(Role::Cron, number, Signal::TERM).unwrap();
    ends_well(ground, Role::Cron, number).await;
    eventually("the other has the watch", async || {
        ground.who_has_the_watch().is_some_and(|now| now != number)
    })
    .await;
    ground.fleet.begin(Role::Cron, number).await.unwrap();
}

async fn a_worker_hands_back_what_does_not_end(ground: &mut Ground) {
    // a provider that keeps people waiting longer than a worker may take to end, at a tenth of its own time
    let dawdle = ScriptedAnswer {
        path_prefix: "/v3".to_owned(),
        times: 1000,
        status: 503,
        headers: std::collections::BTreeMap::new(),
        body: serde_json::Value::Null,
        delay_seconds: 280.0,
    };
    ground.fleet.around.simulators.script(StandIn::Callrail, dawdle);
    let calls = ground.calls(4).await;
    let held = "SELECT count(*) FROM jobs WHERE kind = 'recording.fetch' AND state = 'running'";
    ground.counts("recordings are being fetched", held, |count| count > 0).await;
    let ids = "SELECT CAST(id AS TEXT) FROM jobs WHERE kind = 'recording.fetch' AND state = 'running'";
    let ids: Vec<_> = ground.database.texts(ids).await.iter().map(|id| format!("'{id}'")).collect();
    ground.fleet.signal(Role::Worker, 1, Signal::TERM).unwrap();
    says_that_it_is_not_ready(ground, Role::Worker, 1).await;
    let said = ends_well(ground, Role::Worker, 1).await;
    assert!(said.contains("worker is shutting down"), "{said}");
    // put back as if nobody had begun
    let handed_back = format!(
        "SELECT count(*) FROM jobs WHERE state = 'ready' AND attempts = 0 AND last_error IS NULL AND id IN ({})",
        ids.join(", ")
    );
    let handed_back = ground.database.number(&handed_back).await;
    assert_eq!(usize::try_from(handed_back), Ok(ids.len()), "{said}");
    assert_eq!(ground.database.number("SELECT count(*) FROM jobs WHERE state = 'running'").await, 0);
    let health = ground.health(1).await;
    assert_eq!(health["checks"]["workers"]["ok"], false, "it has taken its leave: {health}");
    ground.fleet.around.simulators.clear_scripts(StandIn::Callrail);
    ground.fleet.begin(Role::Worker, 1).await.unwrap();
    ground.all_ended(&calls).await;
}
