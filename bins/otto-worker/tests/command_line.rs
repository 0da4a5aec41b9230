//! What the program says of itself, and what it refuses.

#![expect(clippy::expect_used, reason = "tests fail by panicking")]

use std::process::{Command, Output};

fn run(args: &[&str]) -> Output {
    // a setting that cannot be used: whatever passes the command line ends there
    let mut command = Command::new(env!("CARGO_BIN_EXE_otto-worker"));
    command.args(args).env_clear().env("PORT", "none").output().expect("the program starts")
}

fn complained(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn help_names_the_queues_settings_signals_and_exit_codes() {
    let helped = run(&["--help"]);
    let said = String::from_utf8(helped.stdout).expect("text");
    for words in ["shunya", "DATABASE_URL", "OTTO_JOB_LEASE_SECONDS", "Examples", "SIGTERM", "Exit codes"] {
        assert!(said.contains(words), "no {words} in {said}");
    }
    assert!(helped.status.success());
}

#[test]
fn a_queue_there_is_not_is_named_with_those_there_are() {
    for (queues, wrong) in [("asr,shunia", "shunia"), ("ASR", "ASR"), ("asr,", ""), ("", "")] {
        let refused = run(&["--queues", queues]);
        assert_eq!(refused.status.code(), Some(2), "{queues:?}");
        let told = format!(
            "invalid value '{wrong}' for '--queues <QUEUES>': no such queue; there are default, asr,"
        );
        assert!(complained(&refused).contains(&told), "{queues:?}: {}", complained(&refused));
    }
}

#[test]
fn queues_there_are_pass() {
    for args in [&["--queues", "asr, shunya"][..], &["--queues", "asr", "--queues", "asr"], &[]] {
        let refused = run(args);
        assert_eq!(refused.status.code(), Some(1), "{args:?}");
        assert!(
            complained(&refused).contains("PORT  must be a port number"),
            "{args:?}: {}",
            complained(&refused)
        );
    }
}
