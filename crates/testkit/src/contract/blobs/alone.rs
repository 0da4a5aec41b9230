//! Tests that need a process of their own.

use std::{env, process::Stdio};

use tokio::process::Command;

const ALONE: &str = "OTTO_TEST_ALONE";

/// Whether this process was started by [`alone`].
pub fn is_alone() -> bool {
    env::var_os(ALONE).is_some()
}

/// Runs one test of this binary, named by its `module_path!()`, again in a process of its own with some more environment,
/// and fails if it fails.
pub async fn alone(test: &str, environment: &[(&str, &str)]) {
    alone_after(test, ":", environment).await;
}

/// The same, after a shell has set limits.
pub async fn alone_after(test: &str, limits: &str, environment: &[(&str, &str)]) {
    let (_, test) = test.split_once("::").expect("a path that begins with the crate");
    let run = Command::new("sh")
        .args(["-c", &format!("{limits}; exec \"$0\" \"$@\"")])
        .arg(env::current_exe().expect("a test is a program"))
        .args(["--exact", test, "--nocapture"])
        .env(ALONE, "1")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .expect("the test can be started again");
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{said}\n{}", String::from_utf8_lossy(&run.stderr));
    assert!(said.contains("1 passed"), "no test is named {test}: {said}");
}
