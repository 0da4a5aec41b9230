//! A worker as a process of its own: what it answers whoever looks after it.

#![expect(clippy::expect_used, reason = "tests fail by panicking, and their words are plain")]

use std::{net::TcpListener, path::Path, process::Stdio, time::Duration};

use tokio::{
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

/// Far longer than anything waited for takes.
const GUARD: Duration = Duration::from_mins(2);

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    listener.local_addr().expect("an address").port()
}

fn worker(folder: &Path, port: u16) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_otto-worker"));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("OTTO_DATA_DIR", folder.join("data"))
        .env("BACKEND_URL", "http://127.0.0.1:1")
        .env("OTTO_PROBE_PORT", port.to_string())
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// What is answered, once anything is.
async fn answered(port: u16, path: &str, child: &mut Child) -> (u16, String) {
    let http = reqwest::Client::builder().no_proxy().timeout(GUARD).build().expect("an HTTP client");
    let deadline = Instant::now() + GUARD;
    loop {
        if let Ok(answer) = http.get(format!("http://127.0.0.1:{port}{path}")).send().await {
            return (answer.status().as_u16(), answer.text().await.expect("a text"));
        }
        assert_eq!(child.try_wait().expect("its state is known"), None, "the worker ended");
        assert!(Instant::now() < deadline, "nobody answers");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_worker_answers_probes_and_says_what_it_measured() {
    let folder = tempfile::tempdir().expect("a folder");
    let port = free_port();
    let mut child = worker(folder.path(), port).spawn().expect("it starts");
    assert_eq!(answered(port, "/health/live", &mut child).await.0, 200);
    let (status, ready) = answered(port, "/health/ready", &mut child).await;
    assert_eq!((status, ready.contains("\"ready\":true")), (200, true), "{ready}");
    let deadline = Instant::now() + GUARD;
    loop {
        let (status, metrics) = answered(port, "/metrics", &mut child).await;
        assert_eq!(status, 200);
        let wanted = [
            "otto_build_info{",
            "otto_jobs_given_up_total{kind=\"shunya.submit\"} 0",
            "otto_parts_alive{role=\"worker\"} 1",
            "otto_queue_workers{queue=\"asr\"} 1",
            "otto_inbox_webhooks{state=\"received\"} 0",
            "otto_db_pool_limit{",
            "process_resident_memory_bytes ",
        ];
        if wanted.iter().all(|line| metrics.contains(line)) {
            break;
        }
        assert!(Instant::now() < deadline, "{metrics}");
        sleep(Duration::from_millis(200)).await;
    }
    // nothing else is to be had here
    for path in ["/", "/health", "/api/v1/calls", "/console", "/callrail/call.completed"] {
        assert_eq!(answered(port, path, &mut child).await.0, 404, "{path}");
    }
    let id = child.id().expect("it runs").to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().await.expect("kill runs").success());
    let status = timeout(GUARD, child.wait()).await.expect("it ends").expect("its end is known");
    assert!(status.success(), "{status}");
}

#[tokio::test]
async fn a_port_in_use_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let other = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = other.local_addr().expect("an address").port();
    let output =
        timeout(GUARD, worker(folder.path(), port).output()).await.expect("it ends").expect("it starts");
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("OTTO_PROBE_PORT") && told.contains(&port.to_string()), "{told}");
}
